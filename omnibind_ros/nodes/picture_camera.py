"""The node of a camera without hardware: it publishes photographs as camera frames."""

from __future__ import annotations

import array
import sys
import time

import rclpy
from rcl_interfaces.msg import IntegerRange, ParameterDescriptor
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Bool, String, UInt64

from omnibind_ros.drivers.picture_camera import PictureSequence, Schedule
from omnibind_ros.drivers.pictures import ENCODINGS, PictureError, find_pictures
from omnibind_ros.runtime.callback_errors import CallbackErrors, TooManyErrorsError

from .executor import spin_node
from .requests import answer_all_requests
from .signals import ignore_signals, interrupt_at_signals
from .surroundings import unreached_files

SENSOR_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class PictureCamera(Node):
    """Publishes one photograph after the other on the topic image, at a fixed rate.

    It also publishes, for measurements: subject (the file's name without suffix), plugged, and
    published (the number of frames sent while there was a subscriber).

    Attributes:
        errors: Exceptions in callbacks.
    """

    def __init__(self) -> None:
        """Read the parameters and start.

        Raises:
            PictureError: There is no picture, or a parameter is out of range.
        """
        super().__init__("picture_camera")
        self.errors = CallbackErrors(self.get_logger())
        answer_all_requests(self, self.errors)
        folder = self._string(
            "folder", "", "Folder of pictures; empty: the photographs scikit-image ships"
        )
        rate = self._float("rate", 30.0, 0.1, 1000.0, "Frames per second")
        width = self._integer("width", 640, 1, 16384, "Columns of a frame")
        height = self._integer("height", 480, 1, 16384, "Rows of a frame")
        dwell = self._float("dwell", 4.0, 0.1, 86400.0, "Seconds that a subject is shown")
        encoding = self._string("encoding", "rgb8", f"One of {', '.join(ENCODINGS)}")
        after = self._float(
            "unplug_after", 0.0, 0.0, 86400.0, "Seconds until the camera is unplugged; 0: never"
        )
        during = self._float(
            "unplug_for",
            0.0,
            0.0,
            86400.0,
            "Seconds that it stays unplugged; 0: it is never unplugged",
        )
        self._frame_id = self._string("frame_id", "camera", "header.frame_id of the frames")

        self._pictures = PictureSequence(find_pictures(folder), width, height, encoding)
        for path in self._pictures.unreadable:
            self.get_logger().warning(f"{path} cannot be read as a picture and is left out.")
        self._schedule = Schedule(len(self._pictures), dwell, after, during)
        self._encoding = encoding
        self._shown = -1
        self._frames: list[Image] = []
        self._tick = 0
        self._sent = 0
        self._announced = -1
        self._image: Publisher | None = None
        self._subject = self.create_publisher(String, "subject", LATCHED_QOS)
        self._plugged = self.create_publisher(Bool, "plugged", LATCHED_QOS)
        self._published = self.create_publisher(UInt64, "published", LATCHED_QOS)
        self._show(0)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._start = time.monotonic()
        # A timer of rcl keeps absolute times: a late call does not delay the next ones.
        self.create_timer(1.0 / rate, self._on_frame, clock=steady)
        self.create_timer(1.0, self.announce, clock=steady)
        self.get_logger().info(
            f"showing {len(self._pictures)} pictures, {width}x{height} {encoding} at {rate:g} Hz"
        )

    def announce(self) -> None:
        """Publish the number of frames sent, if it has changed."""
        if self._sent != self._announced:
            self._published.publish(UInt64(data=self._sent))
            self._announced = self._sent

    def close(self) -> None:
        """Publish the last count and wait until it has arrived."""
        self.announce()
        self._published.wait_for_all_acked(rclpy.duration.Duration(seconds=1.0))
        self._pictures.close()

    def _on_frame(self) -> None:
        elapsed = time.monotonic() - self._start
        self._show(self._schedule.subject(elapsed))
        publisher = self._plug(self._schedule.plugged(elapsed))
        if publisher is None:
            return
        subscribed = publisher.get_subscription_count() > 0
        message = self._frames[self._tick % len(self._frames)]
        self._tick += 1
        message.header.stamp = self.get_clock().now().to_msg()
        publisher.publish(message)
        self._sent += subscribed

    def _plug(self, plugged: bool) -> Publisher | None:
        """Plug the camera in or unplug it; returns the publisher if it is plugged in."""
        if plugged and self._image is None:
            self._plugged.publish(Bool(data=True))
            self._image = self.create_publisher(Image, "image", SENSOR_QOS)
            self.get_logger().info("plugged in")
        elif not plugged and self._image is not None:
            self._plugged.publish(Bool(data=False))
            self.destroy_publisher(self._image)
            self._image = None
            self.get_logger().info("unplugged")
        return self._image

    def _show(self, index: int) -> None:
        """Change the subject, if it is not the present one."""
        if index == self._shown:
            return
        self._shown = index
        subject = self._pictures.show(index)
        self._frames = []
        for frame in subject.frames:
            message = Image(height=frame.shape[0], width=frame.shape[1], encoding=self._encoding)
            message.header.frame_id = self._frame_id
            message.is_bigendian = sys.byteorder == "big"
            message.step = frame.nbytes // frame.shape[0]
            # rclpy takes an array as it is; it checks anything else byte by byte.
            message.data = array.array("B", frame.tobytes())
            self._frames.append(message)
        self._subject.publish(String(data=subject.name))

    def _string(self, name: str, default: str, description: str) -> str:
        return str(self.declare_parameter(name, default, _described(description)).value)

    def _float(self, name: str, default: float, low: float, high: float, description: str) -> float:
        descriptor = _described(f"{description} ({low:g} to {high:g})")
        descriptor.dynamic_typing = True  # so that 30 is accepted for 30.0
        value = self.declare_parameter(name, default, descriptor).value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PictureError(f"parameter {name} is {value!r}: make it a number.")
        if not low <= value <= high:
            raise PictureError(
                f"parameter {name} is {value}: keep it between {low:g} and {high:g}."
            )
        return float(value)

    def _integer(self, name: str, default: int, low: int, high: int, description: str) -> int:
        descriptor = _described(description)
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
        return int(self.declare_parameter(name, default, descriptor).value)


def _described(description: str) -> ParameterDescriptor:
    """Return the descriptor of a parameter that is set at the start only."""
    return ParameterDescriptor(description=description, read_only=True)


def run(args: list[str] | None = None) -> int:
    """Run the node until it is stopped, and return the exit status."""
    # rclpy's own handlers would shut the context down before the last count is sent.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    interrupted = interrupt_at_signals()
    camera = None
    try:
        camera = PictureCamera()
        for problem in unreached_files(camera, args):
            camera.get_logger().warning(problem)
        spin_node(camera, camera.errors, closing=interrupted.is_set)
    except (PictureError, TooManyErrorsError) as error:
        rclpy.logging.get_logger("picture_camera").error(str(error))
        return 1
    except rclpy.exceptions.ParameterException as error:
        rclpy.logging.get_logger("picture_camera").error(f"a parameter is wrong: {error}")
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        ignore_signals()
        if camera is not None:
            if rclpy.ok():
                camera.close()
            camera.destroy_node()
        rclpy.try_shutdown()
    return 0
