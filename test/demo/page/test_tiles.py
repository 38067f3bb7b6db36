"""Pictures of each sensor's messages, made of the bytes that arrive."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_messages import BAD, GOOD, TYPES

from omnibind_ros.demo.page.tiles import FASTEST, KEPT, MOST_BYTES, Tiles
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.nodes.view_topics import has_header, read_stamp
from omnibind_ros.sensors.thermal import ThermalOptions

STAMP = Time(sec=1_700_000_000, nanosec=250_000_000)


@pytest.fixture
def tiles():
    made = Tiles()
    for name, modality in MODALITIES.items():
        made.open(
            name,
            name,
            modality.type,
            lambda data, kind=TYPES[name]: deserialize_message(data, kind),
        )
    return made


def offer(tiles, name, count=1, make=None):
    for n in range(count):
        tiles.offer(name, serialize_message((make or GOOD[name])(STAMP, n)))


def pixels(shown):
    return cv2.imdecode(np.frombuffer(shown.jpeg, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize("name", [name for name in MODALITIES if name != "text"])
def test_each_modality_has_a_picture(tiles, name):
    offer(tiles, name, 25)  # the gel is touched after 20
    shown = tiles.picture(name, 1.0)
    assert shown.number == 25
    assert "problem" not in shown.about
    picture = pixels(shown)
    assert picture.shape[1] <= 480
    assert picture.std() > 5
    assert len(shown.jpeg) < 60_000


def test_a_sentence_is_its_text(tiles):
    offer(tiles, "text")
    assert tiles.picture("text", 1.0).about == {"text": "a cup of hot coffee"}


def test_the_thermal_scale_is_in_degrees(tiles):
    offer(tiles, "thermal")
    about = tiles.picture("thermal", 1.0).about
    # 295 K and a patch of 310 K
    assert about["low"] == pytest.approx(21.9, abs=0.2)
    assert about["high"] == pytest.approx(36.9, abs=0.2)


def test_messages_are_read_with_the_options_of_the_node(tiles):
    assert tiles.options_of("thermal", "sensor_msgs/msg/Image") is ThermalOptions
    tiles.set_options("thermal", ThermalOptions(unit="counts", scale=0.01, offset=-273.15 - 10))
    offer(tiles, "thermal")
    assert tiles.picture("thermal", 1.0).about["low"] == pytest.approx(11.9, abs=0.2)


def test_the_cloud_says_where_it_is(tiles):
    offer(tiles, "points")
    about = tiles.picture("points", 1.0).about
    assert about["points"] == 5000
    assert about["distance"] == pytest.approx(2.1, abs=0.2)
    assert all(0 < share < 1 for share in about["at"])


def test_events_of_both_polarities_have_colours(tiles):
    offer(tiles, "event", 3)
    shown = tiles.picture("event", 1.0)
    assert shown.about["events"] == 3 * 2000
    blue, _, red = pixels(shown).reshape(-1, 3).astype(int).T
    assert (blue > red + 40).sum() > 20
    assert (red > blue + 40).sum() > 20


@pytest.mark.parametrize(("name", "make"), BAD)
def test_a_damaged_message_is_a_sentence_and_the_next_one_a_picture(tiles, name, make):
    offer(tiles, name, 1, make)
    shown = tiles.picture(name, 1.0)
    if name != "text" or shown.about.get("text") is None:
        assert shown.about["problem"]
    assert shown.jpeg == b""
    offer(tiles, name)
    after = tiles.picture(name, 2.0)
    assert after.jpeg or after.about["text"]


def test_a_message_that_is_no_message_is_a_sentence(tiles):
    tiles.offer("image", b"\x00\x01\x00\x00")
    assert "it cannot be shown" in tiles.picture("image", 1.0).about["problem"]


def test_pictures_are_made_at_most_fifteen_times_a_second(tiles):
    offer(tiles, "image")
    first = tiles.picture("image", 1.0)
    offer(tiles, "image")
    assert tiles.picture("image", 1.0 + FASTEST / 2) is first
    assert tiles.picture("image", 1.01 + FASTEST).number == 2


def test_messages_do_not_pile_up(tiles):
    offer(tiles, "audio", 3 * KEPT["audio"])
    offer(tiles, "image", 5)
    assert len(tiles._tiles["audio"].arrived) == KEPT["audio"]
    assert len(tiles._tiles["image"].arrived) == 1
    for _ in range(5):
        tiles.offer("event", b"x" * (MOST_BYTES // 2))
    assert sum(len(raw.data) for raw in tiles._tiles["event"].arrived) <= MOST_BYTES


def test_a_sensor_that_is_gone_has_no_picture(tiles):
    offer(tiles, "image")
    tiles.close("image")
    offer(tiles, "image")
    assert tiles.picture("image", 1.0).number == 0
    assert tiles.newest("image") == 0


@pytest.mark.parametrize("name", [name for name in MODALITIES if name != "text"])
def test_the_stamp_is_read_from_the_bytes(name):
    assert has_header(TYPES[name])
    data = serialize_message(GOOD[name](STAMP, 0))
    assert read_stamp(data) == pytest.approx(1_700_000_000.25)
    assert read_stamp(data[:8]) == 0.0


def test_a_sentence_has_no_stamp():
    assert not has_header(TYPES["text"])
