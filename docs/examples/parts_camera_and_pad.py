"""A camera and a tactile pad without hardware: ten drawn parts, to try enrolment with.

Run it in a shell after `source env.sh`, and type the name of a part, then Enter:

    python3 docs/examples/parts_camera_and_pad.py

It publishes /image_raw and /digit/image_raw, ten pictures a second each. `free` takes the part
away. A part is turned all the time, each view for half a second; `washer 3` holds its view 3. With
`--only camera` the pad stays free, with `--only pad` there is no camera. A program changes the part
by the topic /part (std_msgs/String).
"""

from __future__ import annotations

import argparse
import array
import contextlib
import sys
import threading
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import Image
from std_msgs.msg import String

Picture = npt.NDArray[np.uint8]
Heights = npt.NDArray[np.float64]

RATE = 10.0
"""Pictures a second of each sensor."""

DWELL = 5
"""Pictures for which a view is shown."""

VIEWS = 24
"""Views of a part; they differ in angle, place and size."""

FREE = "free"

PARTS = {
    "washer": (230, 190, 40),
    "nut": (60, 120, 230),
    "screw": (200, 60, 50),
    "gear": (70, 190, 90),
    "bracket": (240, 240, 235),
    "clip": (170, 70, 200),
    "spring": (30, 30, 40),
    "cross": (240, 130, 40),
    "ring of pins": (40, 200, 210),
    "grid": (150, 110, 70),
}
"""Colour of each part, RGB."""


Draw = Callable[[Picture], object]


def disc(x: float, y: float, radius: int, value: int = 255) -> Draw:
    """Return what draws a disc; value 0 makes a hole."""
    return lambda canvas: cv2.circle(canvas, (round(x), round(y)), radius, value, -1)


def bar(start: tuple[int, int], end: tuple[int, int], width: int) -> Draw:
    """Return what draws a bar from one place (x, y) to another."""
    return lambda canvas: cv2.line(canvas, start, end, 255, width)


def ring(count: int, radius: int, size: int) -> list[Draw]:
    """Return what draws discs on a circle around the middle."""
    angles = 2 * np.pi * np.arange(count) / count
    return [disc(128 + radius * np.cos(a), 128 + radius * np.sin(a), size) for a in angles]


def hexagon(canvas: Picture) -> None:
    """Draw a hexagon."""
    cv2.fillPoly(canvas, [cv2.ellipse2Poly((128, 128), (85, 85), 0, 0, 360, 60)], 255)


def arc(canvas: Picture) -> None:
    """Draw an ellipse that is open on one side."""
    cv2.ellipse(canvas, (128, 128), (80, 45), 0, 30, 330, 255, 22)


OUTLINES: dict[str, Sequence[Draw]] = {
    "washer": [disc(128, 128, 80), disc(128, 128, 40, 0)],
    "nut": [hexagon, disc(128, 128, 35, 0)],
    "screw": [bar((128, 60), (128, 205), 32), bar((98, 52), (158, 52), 45)],
    "gear": [*ring(12, 85, 14), disc(128, 128, 78), disc(128, 128, 18, 0)],
    "bracket": [bar((70, 70), (70, 190), 40), bar((70, 190), (190, 190), 40)],
    "clip": [arc],
    "spring": [bar((80, y), (176, y + 16), 14) for y in range(50, 220, 32)],
    "cross": [bar((128, 60), (128, 196), 40), bar((60, 128), (196, 128), 40)],
    "ring of pins": ring(6, 70, 20),
    "grid": [
        draw
        for at in range(50, 220, 40)
        for draw in (bar((at, 50), (at, 210), 12), bar((50, at), (210, at), 12))
    ],
}


def outline(part: str) -> Picture:
    """Return where a part is, uint8 [256, 256], 0 or 255, at angle 0."""
    canvas = np.zeros((256, 256), np.uint8)
    for draw in OUTLINES[part]:
        draw(canvas)
    return canvas


def seen(part: str, view: int, width: int, height: int, share: float) -> Heights:
    """Return the outline of a part in a view, float64 [height, width], 0 .. 1.

    Args:
        part: A key of `PARTS`.
        view: Number of the view.
        width: Columns of the picture.
        height: Rows.
        share: Size of the part as a share of the height.
    """
    rng = np.random.default_rng(view)
    angle, scale = rng.uniform(0, 360), share * rng.uniform(0.85, 1.15) * height / 180
    matrix = cv2.getRotationMatrix2D((128, 128), angle, scale)
    matrix[:, 2] += (width / 2 - 128, height / 2 - 128)
    matrix[:, 2] += rng.uniform(-0.08, 0.08, 2) * (width, height)
    turned = cv2.warpAffine(outline(part), matrix, (width, height))
    return np.asarray(turned, np.float64) / 255


def camera_picture(part: str, view: int, rng: np.random.Generator) -> Picture:
    """Return what the camera shows, RGB, uint8 [240, 320, 3]; the table for the part 'free'."""
    rows = np.linspace(0, 1, 240)[:, None, None]
    table = np.broadcast_to(np.array([120.0, 105.0, 95.0]) + 25 * rows, (240, 320, 3))
    if part != FREE:
        there = seen(part, view, 320, 240, 0.6)[..., None]
        shadow = cv2.GaussianBlur(np.roll(there[..., 0], (6, 6), (0, 1)), (0, 0), 4)[..., None]
        table = table * (1 - 0.5 * shadow)
        light = 0.85 + 0.3 * np.linspace(0, 1, 320)[None, :, None]
        table = table * (1 - there) + there * light * np.array(PARTS[part], np.float64)
    noisy = table + rng.normal(0, 3, (240, 320, 3))
    return np.clip(noisy.round(), 0, 255).astype(np.uint8)


def pad_picture(part: str, view: int, rng: np.random.Generator) -> Picture:
    """Return the picture of the gel under three lamps, RGB, uint8 [240, 320, 3]."""
    y, x = np.mgrid[-1 : 1 : 240 * 1j, -1.33 : 1.33 : 320 * 1j]
    picture = np.stack([110 + 20 * x, 130 - 25 * y, 100 + 15 * (y - x)], -1)
    if part != FREE:
        pressed = cv2.GaussianBlur(seen(part, view, 320, 240, 0.75), (0, 0), 4)
        down, right = np.gradient(pressed)
        slopes = [right, -0.5 * right + 0.87 * down, -0.5 * right - 0.87 * down]
        picture = picture + 600 * np.stack(slopes, -1)
    noisy = picture + rng.normal(0, 1, picture.shape)
    return np.clip(noisy.round(), 0, 255).astype(np.uint8)


class PartsCameraAndPad(Node):
    """Publishes the pictures of the part that is shown.

    Attributes:
        part: Its name, or 'free'.
        view: The view that is held; None: the part is turned.
        only: 'camera' or 'pad', the sensor that it is shown to; empty: both.
    """

    def __init__(self, part: str = FREE, only: str = "") -> None:
        """Start with a part.

        Args:
            part: A key of `PARTS`, or 'free'.
            only: 'camera' or 'pad', the sensor that it is shown to; empty: both.
        """
        super().__init__("parts_camera_and_pad")
        self.part = part
        self.view: int | None = None
        self.only = only
        self._tick, self._rng = 0, np.random.default_rng()
        publisher = self.create_publisher
        self._camera = publisher(Image, "/image_raw", qos_profile_sensor_data)
        self._pad = publisher(Image, "/digit/image_raw", qos_profile_sensor_data)
        self.create_subscription(String, "/part", lambda message: self.show(message.data), 10)
        self.create_timer(1 / RATE, self._on_timer)
        self.show(part)

    def show(self, words: str) -> None:
        """Show a part, and say so.

        Args:
            words: A key of `PARTS` or 'free', perhaps with the number of a view behind it.
        """
        name, view = " ".join(words.split()), None
        first, _, last = name.rpartition(" ")
        if last.isdecimal():
            name, view = first, int(last)
        if name not in (*PARTS, FREE):
            self.get_logger().warning(f"no part {name!r}; type one of: {', '.join(PARTS)}, {FREE}")
            return
        self.part, self.view = name, view
        which = "turning" if view is None else f"view {view}"
        self.get_logger().info("showing nothing" if name == FREE else f"showing {name}, {which}")

    def _on_timer(self) -> None:
        self._tick += 1
        view = self._tick // DWELL % VIEWS if self.view is None else self.view
        stamp = self.get_clock().now().to_msg()
        if self.only != "pad":
            self._publish(self._camera, camera_picture(self.part, view, self._rng), "camera", stamp)
        part = FREE if self.only == "camera" else self.part
        self._publish(self._pad, pad_picture(part, view, self._rng), "pad", stamp)

    def _publish(self, publisher: object, rgb: Picture, frame: str, stamp: object) -> None:
        height, width = rgb.shape[:2]
        message = Image(height=height, width=width, encoding="rgb8", step=3 * width)
        message.header.stamp, message.header.frame_id = stamp, frame
        message.data = array.array("B", rgb.tobytes())
        publisher.publish(message)


def read_lines(node: PartsCameraAndPad) -> None:
    """Show the part of each line that is typed."""
    for line in sys.stdin:
        if line.strip():
            node.show(line)


def main() -> None:
    """Read the command line, and run until Ctrl+C."""
    parser = argparse.ArgumentParser(
        description="Publishes a camera and a tactile pad that show one of ten drawn parts. Type a "
        f"part and Enter: {', '.join(PARTS)}, or {FREE}; with a number behind, that view is held."
    )
    parser.add_argument(
        "part", nargs="?", default=FREE, choices=(*PARTS, FREE), help="shown at first (free)"
    )
    parser.add_argument(
        "--only",
        default="",
        choices=("camera", "pad"),
        help="show it to one sensor: camera: the pad stays free; pad: there is no camera (both)",
    )
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init(args=sys.argv)
    node = PartsCameraAndPad(options.part, options.only)
    threading.Thread(target=read_lines, args=(node,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
