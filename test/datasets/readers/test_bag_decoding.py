"""Bags of what drivers really send: each reading is right, or refused in a sentence."""

import array
import logging

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from robot_bags import SECOND, START, write_bag
from sensor_msgs.msg import CompressedImage, Image, PointCloud2, PointField

from omnibind_msgs.msg import Audio
from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.storage.skip_log import SkipLog


def stamped(message, time, frame="sensor"):
    message.header.stamp = Time(sec=time // SECOND, nanosec=time % SECOND)
    message.header.frame_id = frame
    return message


def buffer(values):
    return array.array("B", np.ascontiguousarray(values).tobytes())


def thermal(values, encoding, padding=0):
    rows = np.ascontiguousarray(values)
    width = rows.dtype.itemsize * rows.shape[1]
    padded = np.zeros((rows.shape[0], width + padding), np.uint8)
    padded[:, :width] = rows.view(np.uint8).reshape(rows.shape[0], width)
    data = padded.reshape(-1)[: padded.size - padding]  # no padding after the last row
    return Image(
        height=rows.shape[0],
        width=rows.shape[1],
        encoding=encoding,
        step=width + padding,
        data=buffer(data),
    )


def cloud(points, datatype=PointField.FLOAT32):
    values = np.asarray(points, np.float32)
    fields = [
        PointField(name=n, offset=4 * i, datatype=datatype, count=1) for i, n in enumerate("xyz")
    ]
    return PointCloud2(
        height=1,
        width=len(values),
        fields=fields,
        point_step=12,
        row_step=12 * len(values),
        data=buffer(values),
    )


def load(tmp_path, modality, *messages, topic="", options="", step=0.1, frame="sensor", log=None):
    """Write messages of one topic into a bag, and return what the reader makes of the last."""
    topic = topic or f"/{modality}"
    recorded = [
        (
            START + round(i * step * SECOND),
            topic,
            stamped(m, START + round(i * step * SECOND), frame),
        )
        for i, m in enumerate(messages)
    ]
    labels = None
    if options:
        end = len(messages) * step + 0.001
        labels = (
            f"topics: {{{modality}: {{topic: {topic}, {options}}}}}\n"
            f"labels: [{{start: 0, end: {end}, label: cup}}]\nperiod: {end}\n"
        )
    folder = write_bag(tmp_path / "bag", recorded, labels=labels)
    (item,) = READERS["bag"].read(folder, SkipLog() if log is None else log)
    return item.modalities[modality]()


@pytest.mark.parametrize(
    ("values", "encoding", "celsius"),
    [
        (np.full((12, 16), 300.0, np.float32), "32FC1", 26.85),
        (np.full((12, 16), 31.5, np.float32), "32FC1", 31.5),
        (np.full((12, 16), 30_315, np.uint16), "mono16", 30.0),
    ],
)
def test_temperatures_have_the_nodes_units(tmp_path, values, encoding, celsius):
    data = load(tmp_path, "thermal", thermal(values, encoding))
    assert data == pytest.approx(np.full((12, 16), celsius), abs=0.01)


def test_missing_pixels_are_filled_in_and_padding_may_be_missing(tmp_path):
    values = np.full((12, 16), 25.0, np.float32)
    values[3] = np.nan
    data = load(tmp_path, "thermal", thermal(values, "32FC1", padding=8))
    assert data == pytest.approx(np.full((12, 16), 25.0))


@pytest.mark.parametrize(
    ("options", "celsius"),
    [("unit: decikelvin", 26.85), ("scale: 0.04, offset: -100", 20.0), ("unit: kelvin", None)],
)
def test_options_stand_in_labels_yaml(tmp_path, options, celsius):
    message = thermal(np.full((12, 16), 3000, np.uint16), "mono16")
    if celsius is None:
        with pytest.raises(SkipError, match="outside"):
            load(tmp_path, "thermal", message, options=options)
    else:
        assert load(tmp_path, "thermal", message, options=options)[0, 0] == pytest.approx(celsius)


def test_counts_without_a_unit_are_refused(tmp_path):
    with pytest.raises(SkipError, match="unit"):
        load(tmp_path, "thermal", thermal(np.full((12, 16), 8000, np.uint16), "mono16"))


def test_a_compressed_thermal_picture_on_the_default_topic_is_read(tmp_path):
    png = cv2.imencode(".png", np.full((12, 16), 30_315, np.uint16))[1]
    message = CompressedImage(format="mono16; png compressed", data=buffer(png))
    assert load(tmp_path, "thermal", message)[0, 0] == pytest.approx(30.0, abs=0.01)


def test_image_transports_name_is_read(tmp_path):
    png = cv2.imencode(".png", np.full((12, 16, 3), (1, 2, 3), np.uint8))[1]
    message = CompressedImage(format="rgb8; png compressed bgr8", data=buffer(png))
    assert load(tmp_path, "image", message, topic="/image/compressed")[0, 0].tolist() == [3, 2, 1]


def test_the_axes_of_an_optical_frame_are_turned(tmp_path):
    points = [[0.1, 0.2, 1.0], [-0.3, 0.1, 2.0], [0.2, -0.4, 3.0]]
    data = load(tmp_path, "points", cloud(points), frame="camera_depth_optical_frame")
    expected = [[1.0, -0.1, -0.2], [2.0, 0.3, -0.1], [3.0, -0.2, 0.4]]
    assert data == pytest.approx(np.array(expected))


def test_absurd_points_are_left_out(tmp_path):
    points = [[1, 1, 1], [5e6, 0, 0], [2, -1, 1], [np.nan, 0, 0]]
    data = load(tmp_path, "points", cloud(points), options="axes: x_forward")
    assert data.tolist() == [[1, 1, 1], [2, -1, 1]]


@pytest.mark.parametrize("datatype", [0, 9, 11, 255])
def test_an_undefined_datatype_is_refused(tmp_path, datatype):
    with pytest.raises(SkipError, match=f"datatype {datatype}"):
        load(tmp_path, "points", cloud([[1, 2, 3]], datatype))


def test_lost_sound_is_not_spliced(tmp_path):
    def chunk(value):
        samples = np.full(1600, value, np.int16)
        return Audio(sample_rate=16_000, channels=1, samples=array.array("h", samples.tobytes()))

    recorded = []
    for number in [*range(12), *range(17, 21)]:  # half a second is lost
        time = START + number * SECOND // 10
        recorded.append((time, "/audio", stamped(chunk(100 + number), time)))
    (item,) = READERS["bag"].read(write_bag(tmp_path / "bag", recorded), SkipLog())
    sound = item.modalities["audio"]()
    assert sound.tolist() == [value for n in range(17, 21) for value in [100 + n] * 1600]


def test_the_pads_reference_is_taken_at_rest(tmp_path):
    rng = np.random.default_rng(0)

    def pad(value):
        pixels = np.full((24, 32, 3), value, np.uint8) + rng.integers(0, 2, (24, 32, 3), np.uint8)
        return Image(height=24, width=32, encoding="rgb8", step=96, data=buffer(pixels))

    dark = Image(
        height=24, width=32, encoding="rgb8", step=96, data=buffer(np.zeros(24 * 96, np.uint8))
    )
    data = load(tmp_path, "touch", dark, *(pad(120) for _ in range(12)), pad(180))
    assert abs(int(data[0].mean()) - 180) <= 1
    assert abs(int(data[1].mean()) - 120) <= 1


def test_a_delayed_and_a_frozen_camera_give_no_sample(tmp_path):
    def picture(value):
        pixels = np.full((24, 32, 3), value, np.uint8)
        return Image(height=24, width=32, encoding="rgb8", step=96, data=buffer(pixels))

    late, still = [], []
    for number in range(40):
        time = START + number * SECOND // 10
        taken = time - max(number - 15, 0) * 9 * SECOND // 100  # a queue grows
        late.append((time, "/image", stamped(picture(number), taken)))
        still.append((time, "/image", stamped(picture(min(number, 5)), time)))
    labels = "labels: [{start: 0, end: 1, label: cup}, {start: 2.9, end: 3.9, label: pen}]\n"
    for name, recorded, word in (("late", late, "after their stamps"), ("still", still, "frozen")):
        log = SkipLog()
        items = list(READERS["bag"].read(write_bag(tmp_path / name, recorded, labels=labels), log))
        assert [item.label for item in items] == ["cup"]
        assert any(word in reason for reason in log.counts)


def test_a_window_reaches_no_other_label(tmp_path):
    samples = array.array("h", np.ones(1600, np.int16).tobytes())
    recorded = [
        (START + n * SECOND // 10, "/audio", Audio(sample_rate=16_000, channels=1, samples=samples))
        for n in range(20)
    ]
    labels = "labels: [{start: 0.5, end: 1.1, label: cup}]\nperiod: 0.5\n"
    log = SkipLog()
    with pytest.raises(ValueError, match="holds nothing"):
        list(READERS["bag"].read(write_bag(tmp_path / "bag", recorded, labels=labels), log))
    assert any("window of 2 s is longer" in reason for reason in log.counts)


def test_what_was_guessed_is_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        message = thermal(np.full((12, 16), 300.0, np.float32), "32FC1")
        message.header.stamp = Time()
        recorded = [(START, "/thermal", message)]
        list(READERS["bag"].read(write_bag(tmp_path / "bag", recorded), SkipLog()))
    assert any("header.stamp is zero" in text for text in caplog.messages)


@pytest.mark.parametrize(
    ("options", "words"),
    [("units: kelvin", "units"), ("unit: fahrenheit", "one of"), ("depth: 3", "depth")],
)
def test_a_wrong_option_is_a_sentence(tmp_path, options, words):
    log = SkipLog()
    with pytest.raises(ValueError, match="holds nothing"):
        load(
            tmp_path,
            "thermal",
            thermal(np.full((2, 2), 9, np.uint16), "mono16"),
            options=options,
            log=log,
        )
    assert any(words in reason for reason in log.counts)
