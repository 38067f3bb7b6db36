"""Messages of every modality, as good drivers send them and as bad ones do."""

import array

import numpy as np
from perception_client import image, photograph
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import String

from omnibind_msgs.msg import Audio, Events

TYPES = {
    "image": Image,
    "text": String,
    "touch": Image,
    "thermal": Image,
    "event": Events,
    "points": PointCloud2,
    "audio": Audio,
}

_rng = np.random.default_rng(0)


def stamped(msg, stamp):
    msg.header.stamp = stamp
    msg.header.frame_id = "sensor"
    return msg


def bytes_of(values):
    return array.array("B", np.ascontiguousarray(values).tobytes())


def picture(stamp, count):
    pixels = photograph("coffee").copy()
    pixels.flat[count % pixels.size] ^= 1  # a camera's noise
    return image(pixels, stamp)


def text(stamp, count):
    return String(data="a cup of hot coffee")


def touch(stamp, count):
    """A gel that is touched only after a second, so that its reference can be taken before."""
    gel = np.full((120, 160, 3), 120, np.uint8) + _rng.integers(0, 3, (120, 160, 3), np.uint8)
    if count > 20:
        gel[30:90, 40:120] += 60
    msg = Image(height=120, width=160, encoding="rgb8", step=480, data=bytes_of(gel))
    return stamped(msg, stamp)


def thermal(stamp, count):
    kelvin = np.full((120, 160), 29_500, np.uint16) + _rng.integers(0, 9, (120, 160), np.uint16)
    kelvin[40:80, 50:100] += 1500
    msg = Image(height=120, width=160, encoding="mono16", step=320, data=bytes_of(kelvin))
    return stamped(msg, stamp)


def event(stamp, count):
    number = 2000
    msg = Events(width=128, height=96)
    column = (count * 3) % 120  # an edge that moves
    msg.x = array.array("H", (column + _rng.integers(0, 6, number)).astype(np.uint16).tobytes())
    msg.y = array.array("H", _rng.integers(0, 96, number).astype(np.uint16).tobytes())
    times = np.sort(_rng.integers(0, 10_000_000, number)).astype(np.uint32)
    msg.t = array.array("I", times.tobytes())
    msg.p = array.array("B", _rng.integers(0, 2, number).astype(np.uint8).tobytes())
    return stamped(msg, stamp)


def points(stamp, count):
    cloud = _rng.normal([2, 0, 0.5], [0.2, 0.3, 0.4], (5000, 3)).astype(np.float32)
    msg = PointCloud2(
        height=1,
        width=len(cloud),
        point_step=12,
        row_step=12 * len(cloud),
        is_dense=True,
        fields=[
            PointField(name=n, offset=4 * i, datatype=PointField.FLOAT32, count=1)
            for i, n in enumerate("xyz")
        ],
        data=bytes_of(cloud),
    )
    return stamped(msg, stamp)


def audio(stamp, count):
    time = (count * 800 + np.arange(800)) / 16_000
    wave = (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    msg = Audio(sample_rate=16_000, channels=1, samples=array.array("h", wave.tobytes()))
    return stamped(msg, stamp)


GOOD = {
    "image": picture,
    "text": text,
    "touch": touch,
    "thermal": thermal,
    "event": event,
    "points": points,
    "audio": audio,
}
"""By modality: (stamp, how many came before) -> message."""


def changed(make, **fields):
    """Return a maker whose messages have other fields."""

    def bad(stamp, count):
        msg = make(stamp, count)
        for name, value in fields.items():
            setattr(msg, name, value)
        return msg

    return bad


def nan_thermal(stamp, count):
    pixels = np.full((120, 160), np.nan, np.float32)
    msg = Image(height=120, width=160, encoding="32FC1", step=640, data=bytes_of(pixels))
    return stamped(msg, stamp)


def huge_cloud(stamp, count):
    return changed(points, width=2**31)(stamp, count)


def large_picture(stamp, count):
    pixels = np.zeros((4800, 6400), np.uint8)
    msg = Image(height=4800, width=6400, encoding="mono8", step=6400, data=bytes_of(pixels))
    return stamped(msg, stamp)


def large_touch(stamp, count):
    pixels = np.full((1200, 1600, 3), 120, np.uint8)
    msg = Image(height=1200, width=1600, encoding="rgb8", step=4800, data=bytes_of(pixels))
    return stamped(msg, stamp)


def large_thermal(stamp, count):
    pixels = np.full((1200, 1600), 29_500, np.uint16)
    msg = Image(height=1200, width=1600, encoding="mono16", step=3200, data=bytes_of(pixels))
    return stamped(msg, stamp)


def large_event(stamp, count):
    one = event(stamp, count)
    for name in ("x", "y", "t", "p"):
        setattr(one, name, getattr(one, name) * 100)
    return one


def large_points(stamp, count):
    one = points(stamp, count)
    one.data = one.data * 100
    one.width *= 100
    one.row_step *= 100
    return one


def large_audio(stamp, count):
    one = audio(stamp, count)
    one.samples = one.samples * 100
    return one


LARGE = {
    "image": large_picture,
    "text": changed(text, data="a cup " * 160),
    "touch": large_touch,
    "thermal": large_thermal,
    "event": large_event,
    "points": large_points,
    "audio": large_audio,
}
"""By modality: messages about a hundred times larger than usual."""

BAD = [
    ("image", changed(picture, encoding="rgb9")),
    ("image", changed(picture, data=array.array("B"))),
    ("text", changed(text, data="")),
    ("text", changed(text, data="word " * 20_000)),
    ("touch", changed(touch, encoding="32FC1")),
    ("touch", changed(touch, data=array.array("B"))),
    ("thermal", changed(thermal, encoding="rgb8")),
    ("thermal", changed(thermal, height=40_000)),
    ("thermal", nan_thermal),
    ("event", changed(event, x=array.array("H", [1, 2, 3]))),
    ("event", changed(event, width=2, height=2)),
    ("points", changed(points, data=array.array("B"))),
    ("points", changed(points, fields=[])),
    ("points", huge_cloud),
    ("audio", changed(audio, sample_rate=0)),
    ("audio", changed(audio, channels=0)),
    ("audio", changed(audio, channels=3)),
]
"""(modality, maker) of messages that cannot become samples."""
