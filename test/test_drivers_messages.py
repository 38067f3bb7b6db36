"""What the page of drivers says of their messages: each sensor's parameters give right values.

The messages are written as the drivers' sources write them, with their formulas.
"""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from driver_page import decode, sensor_named

from omnibind_ros.sensors import Doubtful, Issue, RejectedSampleError, SensorRegistry

CELSIUS = np.array([[-10.0, 0.0, 21.5], [25.0, 36.5, 90.0]])
GREY = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
FLOAT32, FLOAT64, UINT8, UINT16 = 7, 8, 2, 4


@pytest.fixture(scope="module")
def registry():
    return SensorRegistry.installed()


def picture(pixels, encoding, step):
    return SimpleNamespace(
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=step,
        data=np.ascontiguousarray(pixels).tobytes(),
    )


def mono16(values):
    pixels = np.rint(values).astype("<u2")
    return picture(np.kron(pixels, np.ones((20, 20), "<u2")), "mono16", 2 * 20 * pixels.shape[1])


@pytest.mark.parametrize(
    ("sensor", "values"),
    [
        ("seek", (CELSIUS + 40) * 64),
        ("optris", CELSIUS * 10 + 1000),
        ("lepton", CELSIUS * 100 + 27315),
    ],
)
def test_thermal_cameras_give_degrees_celsius(registry, sensor, values):
    celsius = decode(registry, sensor, mono16(values))
    np.testing.assert_allclose(celsius[10::20, 10::20], CELSIUS, atol=0.02)


def test_counts_of_a_boson_below_any_scene_are_refused(registry):
    with pytest.raises(RejectedSampleError, match="unit"):
        decode(registry, "boson", mono16(np.full((4, 4), 8000)))


def test_counts_of_a_boson_are_marked_until_they_are_calibrated(registry):
    msg = mono16(np.full((4, 4), 30_000))
    result = decode(registry, "boson", msg)
    assert isinstance(result, Doubtful)
    assert [doubt.issue for doubt in result.doubts] == [Issue.UNIT_GUESSED]
    # The formula in the page, for 20 deg C at 30 000 counts and 40 deg C at 31 000.
    scale = (40 - 20) / (31_000 - 30_000)
    changes = {"unit": "counts", "scale": scale, "offset": 20 - 30_000 * scale}
    np.testing.assert_allclose(decode(registry, "boson", msg, **changes), 20.0, atol=1e-3)


def test_an_optris_without_its_unit_is_refused(registry):
    with pytest.raises(RejectedSampleError):
        decode(registry, "optris", mono16(CELSIUS * 10 + 1000), unit="auto", scale=0.0)


def encoded(rgb, encoding):
    """Return a picture of one colour in an encoding that a driver publishes, and its step."""
    flat = np.full((4, 6, 3), rgb, np.uint8)
    if encoding in ("yuv422", "yuv422_yuy2"):
        # Studio range of BT.601, as of USB cameras.
        red, green, blue = np.array(rgb) / 255
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        y = round(16 + 219 * luma)
        u = round(128 + 224 * (blue - luma) / 1.772)
        v = round(128 + 224 * (red - luma) / 1.402)
        pair = (u, y, v, y) if encoding == "yuv422" else (y, u, y, v)
        return np.tile(np.array(pair, np.uint8), (4, 3)).reshape(4, 6, 2), 12
    if encoding == "mono8":
        return flat[..., 0], 6
    order = {"rgb8": (0, 1, 2), "bgr8": (2, 1, 0), "bgra8": (2, 1, 0)}[encoding]
    pixels = flat[..., order]
    if encoding == "bgra8":
        pixels = np.dstack([pixels, np.full((4, 6), 255, np.uint8)])
    return pixels, 6 * pixels.shape[2]


@pytest.mark.parametrize(
    ("sensor", "encoding"),
    [
        ("usb_cam", "rgb8"),
        ("usb_cam", "yuv422_yuy2"),
        ("usb_cam", "yuv422"),
        ("usb_cam", "mono8"),
        ("v4l2_camera", "rgb8"),
        ("realsense_colour", "rgb8"),
        ("oak_colour", "bgr8"),
        ("zed_colour", "bgra8"),
        ("zed_colour", "bgr8"),
        ("kinect_colour", "bgra8"),
    ],
)
def test_encodings_of_cameras_are_decoded(registry, sensor, encoding):
    rgb = (120, 120, 120) if encoding == "mono8" else (200, 120, 40)
    pixels, step = encoded(rgb, encoding)
    decoded = decode(registry, sensor, picture(pixels, encoding, step))
    assert np.abs(decoded.astype(int) - np.array(rgb)).max() <= 3


def test_mono16_is_no_colour_picture(registry):
    with pytest.raises(RejectedSampleError, match="mono16"):
        decode(registry, "usb_cam", mono16(CELSIUS + 100))


@pytest.mark.parametrize("text", ["jpeg", "rgb8; jpeg compressed bgr8"])
def test_pictures_of_the_drivers_jpeg_are_decoded(registry, text):
    rgb = np.full((32, 48, 3), (200, 120, 40), np.uint8)
    data = cv2.imencode(".jpg", rgb[..., ::-1])[1].tobytes()
    msg = SimpleNamespace(format=text, data=data)
    decoded = decode(registry, "usb_cam", msg, type="sensor_msgs/msg/CompressedImage")
    assert np.abs(decoded.astype(int) - rgb).max() <= 4


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("16UC1; compressedDepth png", b"\0" * 12 + cv2.imencode(".png", GREY)[1].tobytes()),
        ("zstd", b"\x28\xb5\x2f\xfd" + bytes(40)),
        ("mono8; tiff compressed ", cv2.imencode(".tiff", GREY)[1].tobytes()),
    ],
)
def test_transports_that_are_not_decoded_are_refused(registry, text, data):
    msg = SimpleNamespace(format=text, data=data)
    with pytest.raises(RejectedSampleError):
        decode(registry, "usb_cam", msg, type="sensor_msgs/msg/CompressedImage")


LAYOUTS = {
    "realsense_points": (["x", "y", "z"], [FLOAT32] * 3, [0, 4, 8], 20),
    "kinect_points": (["x", "y", "z"], [FLOAT32] * 3, [0, 4, 8], 16),
    "oak_points": (["x", "y", "z", "rgb"], [FLOAT32] * 4, [0, 4, 8, 16], 32),
    "zed_points": (["x", "y", "z", "rgb"], [FLOAT32] * 4, [0, 4, 8, 12], 16),
    "velodyne": (
        ["x", "y", "z", "intensity", "ring", "time"],
        [FLOAT32] * 4 + [UINT16, FLOAT32],
        [0, 4, 8, 12, 16, 18],
        22,
    ),
    "livox": (
        ["x", "y", "z", "intensity", "tag", "line", "timestamp"],
        [FLOAT32] * 4 + [UINT8, UINT8, FLOAT64],
        [0, 4, 8, 12, 16, 17, 18],
        26,
    ),
    "ouster": (["x", "y", "z", "intensity"], [FLOAT32] * 4, [0, 4, 8, 16], 48),
}
"""Names, datatypes and offsets of the fields that the drivers publish, and the size of a point."""

FRAMES = {
    "realsense_points": "camera_depth_optical_frame",
    "kinect_points": "rgb_camera_link",
    "oak_points": "oak_right_camera_optical_frame",
    "zed_points": "zed_left_camera_frame",
    "velodyne": "velodyne",
    "livox": "livox_frame",
    "ouster": "os_sensor",
}


@pytest.mark.parametrize("sensor", LAYOUTS)
def test_clouds_come_with_x_forward(registry, sensor):
    """A body 2 m ahead, 0.4 m to the left and 0.3 m up, and three beams without a return."""
    names, datatypes, offsets, size = LAYOUTS[sensor]
    ahead = np.array([2.0, 0.4, 0.3], np.float32)
    if sensor_named(sensor)["axes"] == "z_forward":
        ahead = np.array([-0.4, -0.3, 2.0], np.float32)  # x right, y down, z forward (REP 103)
    body = ahead + np.linspace(-0.4, 0.4, 65)[:, None] * [1, -1, 0.25]
    xyz = np.concatenate([body, np.full((2, 3), np.nan), np.zeros((1, 3))])
    data = np.full((len(xyz), size), 7, np.uint8)
    data[:, :12] = xyz.astype("<f4").view(np.uint8)
    msg = SimpleNamespace(
        header=SimpleNamespace(frame_id=FRAMES[sensor]),
        height=1,
        width=len(xyz),
        fields=[
            SimpleNamespace(name=name, offset=offset, datatype=datatype, count=1)
            for name, datatype, offset in zip(names, datatypes, offsets, strict=True)
        ],
        is_bigendian=False,
        point_step=size,
        row_step=size * len(xyz),
        is_dense=False,
        data=data.tobytes(),
    )
    points = decode(registry, sensor, msg)
    assert isinstance(points, np.ndarray)  # and not a doubtful reading
    np.testing.assert_allclose(points.mean(axis=0), [2.0, 0.4, 0.3], atol=0.05)
    assert np.linalg.norm(points, axis=1).min() > 1


@pytest.mark.parametrize("encoding", ["libcaer", "libcaer_cmp"])
def test_encodings_of_libcaer_are_refused(registry, encoding):
    msg = SimpleNamespace(
        width=640, height=480, encoding=encoding, is_bigendian=False, time_base=0, events=bytes(64)
    )
    with pytest.raises(RejectedSampleError, match=encoding):
        decode(registry, "prophesee", msg)


def tone(hertz, peak):
    return np.rint(peak * np.sin(2 * np.pi * hertz * np.arange(320) / 16_000)).astype("<i2")


@pytest.mark.parametrize("sensor", ["microphone", "respeaker_ros2"])
def test_bare_samples_are_read(registry, sensor):
    samples = tone(440, 9000)
    sound = decode(registry, sensor, SimpleNamespace(data=samples.tobytes()))
    assert sound.rate == 16_000
    np.testing.assert_allclose(sound.samples, samples / 32768, atol=1e-4)


@pytest.mark.parametrize(("format_", "field"), [(8, "int16_data"), (1, "float32_data")])
def test_the_capturer_says_its_format(registry, format_, field):
    samples = tone(440, 9000)
    values = samples if field == "int16_data" else samples.astype(np.float32) / 32768
    info = SimpleNamespace(format=format_, channels=1, rate=16_000, chunk=320)
    audio = SimpleNamespace(info=info, audio_data=SimpleNamespace(**{field: values.tolist()}))
    sound = decode(registry, "audio_capturer", SimpleNamespace(audio=audio))
    assert sound.rate == 16_000
    np.testing.assert_allclose(sound.samples, samples / 32768, atol=1e-4)


def test_the_loudspeaker_on_channel_5_is_not_heard(registry):
    voice, loudspeaker = tone(440, 9000), tone(1000, 30_000)
    channels = np.stack([voice, *([voice // 2] * 4), loudspeaker], axis=1)
    msg = SimpleNamespace(sample_rate=16_000, channels=6, samples=channels.reshape(-1))
    sound = decode(registry, "respeaker", msg)
    np.testing.assert_allclose(sound.samples, voice / 32768, atol=1e-4)
    everything = decode(registry, "respeaker", msg, use_channels=[])
    assert np.abs(everything.samples - voice / 32768).max() > 0.05


def test_words_of_ros2_whisper_are_a_sentence(registry):
    words = [f"word{n}" for n in range(500)]  # all that was said since the start
    text = " ".join(words[-30:])  # as the page's node transform does
    assert decode(registry, "speech", SimpleNamespace(data=text)) == text
    with pytest.raises(RejectedSampleError, match="longer"):
        decode(registry, "speech", SimpleNamespace(data=" ".join(words)))
