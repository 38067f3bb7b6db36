"""The part of a sensor's pictures that is encoded: parameter and boxes, against slices."""

import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
from small_engine import SmallEngine, config
from virtual_engine import VirtualEngine

from omnibind_ros.config import ParameterError, check
from omnibind_ros.encoders.base import Encoding
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.sensor_region import SensorRegion
from omnibind_ros.sensors import SensorType
from omnibind_ros.sensors.region import Box

PICTURE = np.arange(48 * 64 * 3, dtype=np.uint32).reshape(48, 64, 3)
PICTURES = SensorType("image", "test_msgs/msg/Picture", lambda message, _options: message.pixels)
NUMBERS = SensorType("audio", "test_msgs/msg/Sound", lambda message, _options: message.pixels)


class ShapeEncoder:
    """Keeps what it is given."""

    modality, model = "image", "shape"

    def __init__(self):
        self.seen = []

    def encode(self, sample):
        self.seen.append(sample)
        return Encoding(np.eye(4, dtype=np.float32)[0], 1.0)


@pytest.fixture
def make_small():
    made = []

    def make(kind=PICTURES, **changes):
        small = SmallEngine(kind)
        made.append(small)
        small.encoder = ShapeEncoder()
        small.add("cam", config(**changes))
        return small

    yield make
    for small in made:
        small.engine.stop()


def show(small):
    """Offer the picture, and return what the encoder gets, and the result."""
    count = len(small.results)
    small.engine.offer("cam", SimpleNamespace(pixels=PICTURE), time.time_ns(), "frame")
    small.wait(lambda: len(small.results) > count)
    return small.encoder.seen[-1], small.results[-1]


def test_the_parameter_cuts_what_is_encoded_and_keeps_what_is_drawn(make_small):
    small = make_small(roi=[0.25, 0.5, 0.5, 0.25])
    seen, result = show(small)
    assert np.array_equal(seen, PICTURE[24:36, 16:48])
    assert np.array_equal(result.samples[0], PICTURE)
    assert result.regions[0].pixels(64, 48) == (slice(24, 36), slice(16, 48))


def test_a_box_counts_until_max_age_or_until_it_is_cleared(make_small):
    small = make_small(max_age=0.3)
    small.engine.set_region("cam", Box(10, 20, 30, 5))
    assert np.array_equal(show(small)[0], PICTURE[20:25, 10:40])
    small.engine.set_region("cam", None)
    seen, result = show(small)
    assert np.array_equal(seen, PICTURE)
    assert result.regions == (None,)
    small.engine.set_region("cam", Box(0, 0, 8, 8), time.time_ns())
    assert show(small)[0].shape == (8, 8, 3)
    time.sleep(0.35)
    assert np.array_equal(show(small)[0], PICTURE)
    assert small.problems == []


def test_a_box_replaces_the_parameter(make_small):
    small = make_small(roi=[0.0, 0.0, 0.5, 0.5])
    small.engine.set_region("cam", Box(60, 40, 100, 100))  # its part inside the picture counts
    assert np.array_equal(show(small)[0], PICTURE[40:, 60:])
    small.engine.set_region("cam", None)
    assert np.array_equal(show(small)[0], PICTURE[:24, :32])


@pytest.mark.parametrize(
    ("box", "age", "words"),
    [
        (Box(64, 0, 10, 10), 0.0, "lies outside the picture of 64 x 48 pixels"),
        (Box(0, 48, 10, 10), 0.0, "lies outside the picture"),
        (Box(0, 0, 10, 0), 0.0, "has 10 x 0 pixels"),
        (Box(0, 0, 10, 10), 20.0, "20.0. s old"),
    ],
)
def test_a_box_that_cannot_be_used_is_told_and_counted(make_small, box, age, words):
    small = make_small()
    small.engine.set_region("cam", box, time.time_ns() - round(age * 1e9))
    seen, _ = show(small)
    assert np.array_equal(seen, PICTURE)
    assert len(small.problems) == 1
    assert small.problems[0][0] == "cam"
    assert re.search(words, small.problems[0][1])
    assert small.state("cam").refused_regions == 1
    assert small.state("cam").rejected == 0


def test_sensors_without_pictures_and_unknown_ones_have_no_region(make_small):
    small = make_small(NUMBERS, modality="audio")
    small.engine.set_region("cam", Box(0, 0, 4, 4))
    small.engine.set_region("kamera", Box(0, 0, 4, 4))
    assert [name for name, _ in small.problems] == ["cam", "node"]
    assert "are no pictures" in small.problems[0][1]
    assert "'kamera'" in small.problems[1][1]
    assert "cam" in small.problems[1][1]
    assert np.array_equal(show(small)[0], PICTURE)


def test_a_stamp_of_another_clock_counts_from_the_arrival(make_small):
    small = make_small()
    small.engine.set_region("cam", Box(0, 0, 4, 4), time.time_ns() + 10**12)
    assert show(small)[0].shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([0.5, 0.0, 0.6, 1.0], "outside the picture"),
        ([0.0, 0.0, 1.0], "not x,y,w,h"),
        ([0.0, 0.0, 0.0, 1.0], "outside the picture"),
        ([float("nan")] * 4, "outside the picture"),
        ("0,0,1,1", "list of numbers"),
        ([True, 0, 1, 1], "list of numbers"),
    ],
)
def test_the_parameter_is_checked(value, words):
    with pytest.raises(ParameterError, match=words):
        check(SensorConfig, "roi", value)


def test_the_parameter_takes_whole_numbers_and_nothing():
    assert check(SensorConfig, "roi", [0, 0, 1, 1]) == [0.0, 0.0, 1.0, 1.0]
    assert check(SensorConfig, "roi", None) == []


def test_a_box_expires_by_the_age_of_its_picture():
    region = SensorRegion()
    assert region.set(Box(0, 0, 32, 24), now=100.0, age=0.4, max_age=0.5) == ""
    assert region.find(PICTURE, [], 100.05)[0] == (0.0, 0.0, 0.5, 0.5)
    assert region.find(PICTURE, [], 100.2) == (None, "")


TOUCH = "sensor_msgs/msg/Image"


def test_a_box_is_in_pixels_of_the_message_where_samples_are_smaller():
    """Pads of several megapixels are reduced before they are compared with their reference."""
    virtual = VirtualEngine()
    pad = virtual.add("pad", "touch", TOUCH, max_age=5.0)
    height, width = 1232, 1640
    pixels = np.full((height, width, 3), 100, np.uint8)
    shape = {"height": height, "width": width, "encoding": "rgb8", "is_bigendian": 0}
    message = {**shape, "step": 3 * width}
    for _ in range(12):  # the pad at rest
        virtual.wait(0.2)
        virtual.offer("pad", virtual.time.now_ns, **message, data=pixels.tobytes())
    pixels[150:300, 150:300] = 200  # the contact
    virtual.engine.set_region("pad", Box(150, 150, 150, 150), 0)
    virtual.wait(0.2)
    virtual.offer("pad", virtual.time.now_ns, **message, data=pixels.tobytes())
    virtual.wait(0.1)
    assert virtual.problems == []
    region = virtual.fused()["pad"].region
    wanted = (150 / width, 150 / height, 150 / width, 150 / height)
    np.testing.assert_allclose(region, wanted)
    # All but the edges of what was encoded was pressed by (200 - 100) / 255.
    assert np.median(pad.encoder.last) == pytest.approx(100 / 255, abs=0.01)


def pictures(virtual, seconds, error=0.0):
    """Offer pictures at 10 Hz, taken 20 ms before; return the stamp of the last one."""
    for _ in range(round(seconds * 10)):
        virtual.wait(0.1)
        stamp_ns = virtual.time.now_ns - 20_000_000 + round(error * 1e9)
        virtual.offer("cam", stamp_ns, pixels=PICTURE)
    return stamp_ns


@pytest.mark.parametrize(
    ("error", "settings"),
    [
        (0.0, {}),
        (-0.6, {"time_offset": 0.6}),
        (0.6, {"time_offset": -0.6}),
        (-3600.0, {"stamp": "arrival"}),
    ],
)
def test_the_age_of_a_box_is_that_of_the_picture_it_was_found_in(error, settings):
    virtual = VirtualEngine()
    virtual.add("cam", "image", "", PICTURES, max_age=0.5, **settings)
    stamp_ns = pictures(virtual, 2.0, error)
    found = virtual.time.monotonic()
    virtual.engine.set_region("cam", Box(10, 10, 20, 20), stamp_ns)
    assert virtual.problems == []
    lasted = 0.0
    for _ in range(10):
        pictures(virtual, 0.1, error)
        virtual.wait(0.01)
        if virtual.fused()["cam"].region is not None:
            lasted = virtual.time.monotonic() - found
    assert lasted == pytest.approx(0.45, abs=0.1)


@pytest.mark.parametrize("box_first", [False, True])
def test_a_step_of_the_clock_is_noticed_whatever_comes_first(box_first):
    virtual = VirtualEngine()
    virtual.add("cam", "image", "", PICTURES, max_age=0.5)
    pictures(virtual, 2.0)
    virtual.step_ns = 2_000_000_000  # the node's clock is corrected, that of the camera is not
    if box_first:
        virtual.engine.set_region("cam", Box(0, 0, 20, 20), 0)
    pictures(virtual, 3.0)
    virtual.wait(0.01)
    assert list(virtual.fused()) == ["cam"]
    assert [name for name, _ in virtual.doubts].count("node") == 1
