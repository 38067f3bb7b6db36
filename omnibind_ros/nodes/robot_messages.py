"""The messages of the simulated robot: readings as their drivers would send them."""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, Quaternion, TransformStamped
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header, String

from omnibind_msgs.msg import Audio, Events
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.robot.rendering import Reading
from omnibind_ros.simulation.robot.route import ANGLE
from omnibind_ros.units import SAMPLE_RATE

from .messages import to_time

BASE, ROOM = "base_link", "room"

ABSOLUTE_ZERO = -273.15
"""Degrees Celsius."""


def frame_of(sensor: str) -> str:
    """Return the frame of a sensor: of cameras an optical one (REP 103)."""
    return f"{sensor}_optical_frame" if _looks(sensor) else f"{sensor}_frame"


def _looks(sensor: str) -> bool:
    return MODALITIES[sensor].type in ("sensor_msgs/msg/Image", "omnibind_msgs/msg/Events")


def image_message(pixels: npt.NDArray[Any], header: Header) -> Image:
    """Return a picture.

    Args:
        pixels: uint8 [H, W, 3], RGB; or float32 [H, W], degrees Celsius, which become mono16 in
            hundredths of a kelvin, as radiometric cameras give them.
        header: Stamp and frame.
    """
    encoding = "rgb8"
    if pixels.ndim == 2:
        kelvin = np.rint((pixels.astype(np.float64) - ABSOLUTE_ZERO) * 100)
        pixels, encoding = np.clip(kelvin, 0, 65535).astype("<u2"), "mono16"
    message = Image(header=header, height=pixels.shape[0], width=pixels.shape[1], encoding=encoding)
    message.step = pixels.nbytes // pixels.shape[0]
    # rclpy takes an array as it is; it checks anything else byte by byte.
    message.data = array.array("B", np.ascontiguousarray(pixels).tobytes())
    return message


def events_message(events: dict[str, Any], header: Header) -> Events:
    """Return a packet of events; their times count from the header's stamp."""
    message = Events(header=header, width=events["width"], height=events["height"])
    columns = (("x", "H", np.uint16), ("y", "H", np.uint16), ("t", "I", np.uint32))
    for name, code, dtype in (*columns, ("p", "B", np.uint8)):
        values = np.asarray(events[name]).astype(dtype)
        setattr(message, name, array.array(code, values.tobytes()))
    return message


def cloud_message(points: npt.NDArray[np.float32], header: Header) -> PointCloud2:
    """Return a cloud of points float32 [N, 3], metres, x forward, y left, z up."""
    return PointCloud2(
        header=header,
        height=1,
        width=len(points),
        point_step=12,
        row_step=12 * len(points),
        is_dense=True,
        fields=[
            PointField(name=axis, offset=4 * i, datatype=PointField.FLOAT32, count=1)
            for i, axis in enumerate("xyz")
        ],
        data=array.array("B", np.asarray(points, "<f4").tobytes()),
    )


def audio_message(samples: npt.NDArray[np.int16], header: Header) -> Audio:
    """Return a chunk of sound, int16 [N] of one channel."""
    content = array.array("h", np.asarray(samples, np.int16).tobytes())
    return Audio(header=header, sample_rate=SAMPLE_RATE, channels=1, samples=content)


def text_message(sentence: str, _header: Header) -> String:
    """Return a sentence."""
    return String(data=str(sentence))


MAKERS: dict[str, Callable[[Any, Header], Any]] = {
    "sensor_msgs/msg/Image": image_message,
    "omnibind_msgs/msg/Events": events_message,
    "sensor_msgs/msg/PointCloud2": cloud_message,
    "omnibind_msgs/msg/Audio": audio_message,
    "std_msgs/msg/String": text_message,
}
"""By type of message, what makes it of a reading."""


def sensor_message(sensor: str, reading: Reading, now_ns: int) -> Any:
    """Return the message of a reading.

    Args:
        sensor: Name of the modality.
        reading: The reading.
        now_ns: When it was finished, nanoseconds; of events and sound, the stamp is their begin.
    """
    stamp = to_time(now_ns - round(reading.duration * 1e9))
    header = Header(stamp=stamp, frame_id=frame_of(sensor))
    return MAKERS[MODALITIES[sensor].type](reading.data, header)


def camera_info(picture: Image) -> CameraInfo:
    """Return what is known of the camera of a picture: a pinhole without distortion (REP 104)."""
    width, height = picture.width, picture.height
    focal = min(width, height) / 2 / math.tan(math.radians(ANGLE) / 2)
    x, y = (width - 1) / 2, (height - 1) / 2  # pixel centres are whole numbers
    return CameraInfo(
        header=picture.header,
        width=width,
        height=height,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=[focal, 0.0, x, 0.0, focal, y, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[focal, 0.0, x, 0.0, 0.0, focal, y, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def pose_message(pose: Sequence[float], stamp: Time) -> PoseStamped:
    """Return where the robot's head is in the room: x, y, z [m], quaternion x, y, z, w."""
    message = PoseStamped()
    message.header.stamp, message.header.frame_id = stamp, ROOM
    place, turn = message.pose.position, message.pose.orientation
    place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w = pose
    return message


def base_transform(pose: PoseStamped) -> TransformStamped:
    """Return the transform from the room to the robot's head."""
    transform = TransformStamped(header=pose.header, child_frame_id=BASE)
    place, there = transform.transform.translation, pose.pose.position
    place.x, place.y, place.z = there.x, there.y, there.z
    transform.transform.rotation = pose.pose.orientation
    return transform


def static_transforms(sensors: list[str], stamp: Time) -> list[TransformStamped]:
    """Return the transform of each sensor's frame: all are in the robot's head, at its base.

    Args:
        sensors: Names of modalities; those without a header have no frame.
        stamp: When they hold.
    """
    made = []
    for sensor in sensors:
        if MODALITIES[sensor].type == "std_msgs/msg/String":
            continue
        transform = TransformStamped(child_frame_id=frame_of(sensor))
        transform.header.stamp, transform.header.frame_id = stamp, BASE
        # Optical frames: z forward, x right, y down.
        turn = Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5) if _looks(sensor) else Quaternion(w=1.0)
        transform.transform.rotation = turn
        made.append(transform)
    return made
