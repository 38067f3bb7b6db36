"""What the sensors of the load show: messages built and serialised in advance.

A message with a header is patched with the time and sent as it is, so that seven sensors cost next
to no processor time.
"""

from __future__ import annotations

import array
import struct
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import Header, String

from omnibind_msgs.msg import Audio, Events
from omnibind_ros.drivers.picture_camera import PictureSequence
from omnibind_ros.drivers.pictures import find_pictures

STAMP = 4
"""Where header.stamp lies in a serialised message: behind the four bytes that name the encoding."""

REFERENCE = "touch_reference.png"


@dataclass
class Feed:
    """What a sensor of the load publishes.

    Attributes:
        modality: Name of the modality and of the topic.
        kind: Message class.
        rate: Messages per second.
        messages: Serialised messages, published in turn.
        stamped: Whether they begin with a header.
    """

    modality: str
    kind: type
    rate: float
    messages: list[bytearray]
    stamped: bool = True

    def next(self, number: int) -> bytes:
        """Return a message as of now."""
        message = self.messages[number % len(self.messages)]
        if self.stamped:
            struct.pack_into("<iI", message, STAMP, *divmod(time.time_ns(), 10**9))
        return bytes(message)


def _feed(kind: type, modality: str, rate: float, messages: Iterator[Any]) -> Feed:
    made = [bytearray(serialize_message(message)) for message in messages]
    return Feed(modality, kind, rate, made, hasattr(kind, "header"))


def image(pixels: npt.NDArray[Any], encoding: str, frame: str = "") -> Image:
    """Return a message of pixels [H, W] or [H, W, C]; its stamp is left to whoever sends it."""
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding)
    message.header.frame_id = frame
    message.step = pixels.nbytes // pixels.shape[0]
    message.data = array.array("B", pixels.tobytes())
    return message


def camera() -> Iterator[Image]:
    """Yield VGA frames of a photograph, with a camera's noise and unsteadiness."""
    with PictureSequence(find_pictures(""), 640, 480) as pictures:
        for frame in pictures.show(0).frames:
            yield image(frame, "rgb8", "camera")


def thermal(rng: np.random.Generator) -> Iterator[Image]:
    """Yield 160 x 120 frames of a warm body that moves before a wall, in hundredths of a kelvin."""
    y, x = np.mgrid[:120, :160]
    for step in range(10):
        body = np.exp(-(((x - 60 - 4 * step) / 22) ** 2 + ((y - 70) / 40) ** 2))
        celsius = 21 + 12 * body + rng.normal(0, 0.05, body.shape)
        yield image(((celsius + 273.15) * 100).astype("<u2"), "mono16", "thermal")


def gel(press: float) -> npt.NDArray[np.float32]:
    """Return a gel image, float32 [240, 320, 3], under a fingertip pressed 0..1 deep."""
    y, x = np.mgrid[:240, :320].astype(np.float32)
    light = np.stack([90 + x / 8, 110 + y / 8, 130 - x / 10], -1)
    bump = np.exp(-(((x - 170) / 35) ** 2 + ((y - 120) / 30) ** 2))
    slope = np.stack(np.gradient(bump), -1) * 35
    shading = np.stack([slope[..., 0], slope[..., 1], -slope[..., 0] - slope[..., 1]], -1)
    return np.asarray(light + press * 60 * shading, np.float32)


def touch(rng: np.random.Generator) -> Iterator[Image]:
    """Yield 320 x 240 frames of a pad that something presses upon."""
    for press in np.sin(np.linspace(0, np.pi, 20)) ** 2:
        noisy = gel(0.3 + 0.7 * float(press)) + rng.normal(0, 1.5, (240, 320, 3))
        yield image(np.clip(noisy, 0, 255).astype(np.uint8), "rgb8", "pad")


def write_reference(folder: Path) -> Path:
    """Write the picture of the pad without contact, and return where it is."""
    path = folder / REFERENCE
    cv2.imwrite(str(path), np.clip(gel(0.0), 0, 255).astype(np.uint8)[..., ::-1])
    return path


def points(rng: np.random.Generator) -> Iterator[PointCloud2]:
    """Yield clouds of 60 000 points of a room 8 m wide with a box in it, as a LiDAR sees it."""
    names = ("x", "y", "z", "intensity")
    fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
        for i, name in enumerate(names)
    ]
    for _ in range(3):
        azimuth = rng.uniform(-np.pi, np.pi, 60_000)
        slope = np.tan(rng.uniform(-0.45, 0.25, azimuth.size))
        box = np.abs(azimuth) < 0.25
        walls = 4 / np.maximum(np.abs(np.cos(azimuth)), np.abs(np.sin(azimuth)))
        distance = np.where(box, 2 / np.cos(azimuth), walls)
        distance = np.where(
            slope < 0, np.minimum(distance, -1.2 / np.minimum(slope, -1e-6)), distance
        )
        distance += rng.normal(0, 0.02, distance.size)
        cloud = np.stack(
            [
                distance * np.cos(azimuth),
                distance * np.sin(azimuth),
                distance * slope,
                rng.uniform(0, 255, distance.size),
            ],
            -1,
        ).astype("<f4")
        message = PointCloud2(
            header=Header(frame_id="lidar"),
            height=1,
            width=len(cloud),
            fields=fields,
            point_step=16,
            row_step=16 * len(cloud),
            is_dense=True,
        )
        message.data = array.array("B", cloud.tobytes())
        yield message


def events(rng: np.random.Generator) -> Iterator[Events]:
    """Yield 10 ms of 10 000 events each: two edges that move through 346 x 260 pixels."""
    count = 10_000
    for packet in range(20):
        t = np.sort(rng.integers(0, 10_000_000, count))
        seconds = packet * 0.01 + t * 1e-9
        side = rng.integers(0, 2, count)
        column = 60 + 800 * seconds + 80 * side + rng.normal(0, 2, count)
        noise = rng.random(count) < 0.05
        x = np.where(noise, rng.integers(0, 346, count), np.mod(column, 346))
        message = Events(header=Header(frame_id="event_camera"), width=346, height=260)
        message.x = array.array("H", x.astype(np.uint16).tobytes())
        message.y = array.array("H", rng.integers(30, 230, count, np.uint16).tobytes())
        message.t = array.array("I", t.astype(np.uint32).tobytes())
        message.p = array.array("B", np.where(noise, 1 - side, side).astype(np.uint8).tobytes())
        yield message


def audio(rng: np.random.Generator) -> Iterator[Audio]:
    """Yield 20 ms chunks of a siren in noise, 16 kHz, mono."""
    t = np.arange(2 * 16000) / 16000
    pitch = 2 * np.pi * np.cumsum(700 + 300 * np.sin(2 * np.pi * t / 2)) / 16000
    sound = 0.3 * np.sin(pitch) + rng.normal(0, 0.01, t.size)
    for chunk in np.split((sound * 32767).astype(np.int16), 100):
        message = Audio(header=Header(frame_id="microphone"), sample_rate=16000, channels=1)
        message.samples = array.array("h", chunk.tobytes())
        yield message


def text() -> Iterator[String]:
    """Yield sentences."""
    for thing in ("a cup", "a cat", "somebody who takes photographs", "an alarm"):
        yield String(data=f"I think there is {thing} in front of us")


def feeds(sensors: Collection[str]) -> list[Feed]:
    """Return sensors at the rates of common devices.

    Args:
        sensors: The modalities wanted.
    """
    rng = np.random.default_rng(0)
    makers: dict[str, tuple[type, float, Callable[[], Iterator[Any]]]] = {
        "image": (Image, 30.0, camera),
        "text": (String, 0.5, text),
        "touch": (Image, 60.0, lambda: touch(rng)),
        "thermal": (Image, 30.0, lambda: thermal(rng)),
        "event": (Events, 100.0, lambda: events(rng)),
        "points": (PointCloud2, 10.0, lambda: points(rng)),
        "audio": (Audio, 50.0, lambda: audio(rng)),
    }
    return [
        _feed(kind, modality, rate, make())
        for modality, (kind, rate, make) in makers.items()
        if modality in sensors
    ]
