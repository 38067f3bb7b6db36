"""Messages of a bag to data of items.

Messages come from the rosbags library, without ROS, so the functions take anything with the fields
that the message definitions name.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.formats.events import Event, window
from omnibind_ros.datasets.readers.formats.files import to_audio
from omnibind_ros.sensors.base import RejectedSampleError
from omnibind_ros.sensors.image import decode_compressed_image, decode_image

CENTIKELVIN = 0.01

POINT_TYPES: dict[int, str] = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    8: "f8",
}
"""By sensor_msgs/PointField's datatype."""

NS = 1_000_000_000


def stamp_ns(msg: Any) -> int:
    """Return a header's stamp in nanoseconds."""
    return int(msg.header.stamp.sec) * NS + int(msg.header.stamp.nanosec)


def to_image(msg: Any, what: str) -> npt.NDArray[np.uint8]:
    """Decode a sensor_msgs/Image or CompressedImage.

    Args:
        msg: The message.
        what: Where it comes from, for the error.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        SkipError: It cannot be decoded.
    """
    try:
        return decode_image(msg) if hasattr(msg, "encoding") else decode_compressed_image(msg)
    except RejectedSampleError as error:
        raise SkipError(what, f"a picture cannot be used: {error}") from error


def to_thermal(msg: Any, what: str, scale: float, offset: float) -> npt.NDArray[np.float32]:
    """Decode a thermal sensor_msgs/Image: mono16 and 16UC1 are counts, 32FC1 is degrees Celsius.

    Args:
        msg: The message.
        what: Where it comes from, for the error.
        scale: Degrees a count.
        offset: Degrees Celsius at count 0.

    Returns:
        float32 [H, W], degrees Celsius.

    Raises:
        SkipError: It has another encoding, or fewer bytes than announced.
    """
    types = {"mono16": "u2", "16uc1": "u2", "32fc1": "f4"}
    kind = types.get(str(msg.encoding).lower())
    if kind is None:
        raise SkipError(what, "a thermal picture is not in mono16, 16UC1 or 32FC1")
    dtype = np.dtype((">" if msg.is_bigendian else "<") + kind)
    height, width = int(msg.height), int(msg.width)
    step = int(msg.step) or width * dtype.itemsize
    data = np.frombuffer(np.asarray(msg.data, np.uint8).tobytes(), np.uint8)
    if min(height, width) < 1 or step < width * dtype.itemsize or data.size < step * height:
        raise SkipError(what, "a thermal picture has fewer bytes than announced")
    rows = data[: step * height].reshape(height, step)[:, : width * dtype.itemsize]
    values = np.ascontiguousarray(rows).view(dtype).astype(np.float32)
    return values if kind == "f4" else values * np.float32(scale) + np.float32(offset)


def to_points(msg: Any, what: str) -> npt.NDArray[np.float32]:
    """Decode a sensor_msgs/PointCloud2.

    Args:
        msg: The message.
        what: Where it comes from, for the error.

    Returns:
        float32 [N, 3], metres, in the message's frame; points without a return are left out.

    Raises:
        SkipError: It has no x, y and z, fewer bytes than announced, or no point.
    """
    order = ">" if msg.is_bigendian else "<"
    fields = {field.name: field for field in msg.fields}
    if not {"x", "y", "z"} <= fields.keys():
        raise SkipError(what, "a point cloud has no fields x, y and z")
    dtype = np.dtype(
        {
            "names": ["x", "y", "z"],
            "formats": [order + POINT_TYPES.get(fields[n].datatype, "f4") for n in "xyz"],
            "offsets": [int(fields[n].offset) for n in "xyz"],
            "itemsize": int(msg.point_step),
        }
    )
    data = np.asarray(msg.data, np.uint8)
    height, width, row = int(msg.height), int(msg.width), int(msg.row_step)
    row = row or width * dtype.itemsize
    if data.size < row * height or row < width * dtype.itemsize or not width * height:
        raise SkipError(what, "a point cloud has no points or fewer bytes than announced")
    rows = data[: row * height].reshape(height, row)[:, : width * dtype.itemsize]
    table = np.ascontiguousarray(rows).reshape(-1).view(dtype)
    points = np.stack([table[name].astype(np.float32) for name in "xyz"], axis=1)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise SkipError(what, "a point cloud has no points or fewer bytes than announced")
    return points


def to_events(msgs: Sequence[Any], what: str) -> Event:
    """Join omnibind_msgs/Events to one window.

    Args:
        msgs: At least one, of one camera.
        what: Where they come from, for the error.

    Raises:
        SkipError: Their sizes differ, the arrays differ in length, or there is no event.
    """
    if len({(m.width, m.height) for m in msgs}) > 1:
        raise SkipError(what, "packets of events differ in the size of the sensor")
    if any(len({len(m.x), len(m.y), len(m.t), len(m.p)}) > 1 for m in msgs):
        raise SkipError(what, "a packet of events has arrays of different lengths")
    joined = SimpleNamespace(
        **{name: np.concatenate([np.asarray(getattr(m, name)) for m in msgs]) for name in "xyp"}
    )
    t = np.concatenate([stamp_ns(m) + np.asarray(m.t, np.int64) for m in msgs])
    size = int(msgs[0].width), int(msgs[0].height)
    return window(joined.x, joined.y, t, joined.p, size, what)


def to_sound(msgs: Sequence[Any], what: str) -> npt.NDArray[np.int16]:
    """Join omnibind_msgs/Audio to one sound.

    Args:
        msgs: At least one, of one microphone.
        what: Where they come from, for the error.

    Returns:
        int16 [n], mono, 16 kHz.

    Raises:
        SkipError: Their rates or channels differ, or there is no sample.
    """
    if len({(m.sample_rate, m.channels) for m in msgs}) > 1:
        raise SkipError(what, "chunks of sound differ in rate or channels")
    rate, channels = int(msgs[0].sample_rate), int(msgs[0].channels)
    samples = np.concatenate([np.asarray(m.samples, np.int16) for m in msgs])
    if channels < 1 or not samples.size or samples.size % channels:
        raise SkipError(what, "a chunk of sound is empty or not a multiple of its channels")
    mono = samples.reshape(-1, channels).mean(axis=1, dtype=np.float32) / 32768
    return to_audio(np.asarray(mono, np.float32), rate, what)
