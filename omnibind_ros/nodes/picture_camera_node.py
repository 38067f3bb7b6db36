"""A camera that needs no hardware: it publishes photographs as a real one would."""

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

from omnibind_ros.drivers.pictures import ENCODINGS, PictureError, Plan, Reel, find_pictures

SENSOR_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class PictureCamera(Node):
    """Shows one photograph after the other at a fixed rate.

    Publishes image, and for whoever keeps score: subject (the file's name without suffix),
    plugged, and published (the number of frames sent while somebody was listening).
    """

    def __init__(self) -> None:
        """Read the parameters and start.

        Raises:
            PictureError: There is no picture to show, or a parameter is out of range.
        """
        super().__init__("picture_camera")
        folder = self._text(
            "folder", "", "Folder of pictures; empty: the photographs scikit-image ships"
        )
        rate = self._real("rate", 30.0, 0.1, 1000.0, "Frames per second")
        width = self._whole("width", 640, 1, 16384, "Columns of a frame")
        height = self._whole("height", 480, 1, 16384, "Rows of a frame")
        dwell = self._real("dwell", 4.0, 0.1, 86400.0, "Seconds that a subject is shown")
        encoding = self._text("encoding", "rgb8", f"One of {', '.join(ENCODINGS)}")
        after = self._real(
            "unplug_after", 0.0, 0.0, 86400.0, "Seconds until the plug is pulled; 0: never"
        )
        during = self._real(
            "unplug_for", 0.0, 0.0, 86400.0, "Seconds that it stays pulled; 0: it is not pulled"
        )
        self._frame_id = self._text("frame_id", "camera", "header.frame_id of the frames")

        self._reel = Reel(find_pictures(folder), width, height, encoding)
        for path in self._reel.unreadable:
            self.get_logger().warning(f"{path} cannot be read as a picture and is left out.")
        self._plan = Plan(len(self._reel), dwell, after, during)
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
        # A timer of rcl follows an absolute plan: a late call does not delay the next ones.
        self.create_timer(1.0 / rate, self._on_frame, clock=steady)
        self.create_timer(1.0, self.announce, clock=steady)
        self.get_logger().info(
            f"showing {len(self._reel)} pictures, {width}x{height} {encoding} at {rate:g} Hz"
        )

    def announce(self) -> None:
        """Publish how many frames were sent, if that has changed."""
        if self._sent != self._announced:
            self._published.publish(UInt64(data=self._sent))
            self._announced = self._sent

    def close(self) -> None:
        """Publish the last count and see that it arrives."""
        self.announce()
        self._published.wait_for_all_acked(rclpy.duration.Duration(seconds=1.0))
        self._reel.close()

    def _on_frame(self) -> None:
        elapsed = time.monotonic() - self._start
        self._show(self._plan.subject(elapsed))
        publisher = self._plug(self._plan.plugged(elapsed))
        if publisher is None:
            return
        listened = publisher.get_subscription_count() > 0
        message = self._frames[self._tick % len(self._frames)]
        self._tick += 1
        message.header.stamp = self.get_clock().now().to_msg()
        publisher.publish(message)
        self._sent += listened

    def _plug(self, plugged: bool) -> Publisher | None:
        """Put the plug in or pull it; return the publisher if it is in."""
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
        """Change the subject, unless it is shown already."""
        if index == self._shown:
            return
        self._shown = index
        subject = self._reel.show(index)
        self._frames = []
        for frame in subject.frames:
            message = Image(height=frame.shape[0], width=frame.shape[1], encoding=self._encoding)
            message.header.frame_id = self._frame_id
            message.is_bigendian = sys.byteorder == "big"
            message.step = frame.nbytes // frame.shape[0]
            # Only an array is taken as it is; anything else is checked byte for byte.
            message.data = array.array("B", frame.tobytes())
            self._frames.append(message)
        self._subject.publish(String(data=subject.name))

    def _text(self, name: str, default: str, description: str) -> str:
        return str(self.declare_parameter(name, default, _described(description)).value)

    def _real(self, name: str, default: float, low: float, high: float, description: str) -> float:
        descriptor = _described(f"{description} ({low:g} to {high:g})")
        descriptor.dynamic_typing = True  # so that 30 does as well as 30.0
        value = self.declare_parameter(name, default, descriptor).value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PictureError(f"parameter {name} is {value!r}: make it a number.")
        if not low <= value <= high:
            raise PictureError(
                f"parameter {name} is {value}: keep it between {low:g} and {high:g}."
            )
        return float(value)

    def _whole(self, name: str, default: int, low: int, high: int, description: str) -> int:
        descriptor = _described(description)
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
        return int(self.declare_parameter(name, default, descriptor).value)


def _described(description: str) -> ParameterDescriptor:
    """Describe a parameter that is set at the start only."""
    return ParameterDescriptor(description=description, read_only=True)


def main(args: list[str] | None = None) -> int:
    """Run the camera until it is told to stop."""
    # rclpy's own handler would end the context before the last count is sent.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.SIGTERM)
    camera = None
    try:
        camera = PictureCamera()
        rclpy.spin(camera)
    except PictureError as error:
        rclpy.logging.get_logger("picture_camera").error(str(error))
        return 1
    except rclpy.exceptions.ParameterException as error:
        rclpy.logging.get_logger("picture_camera").error(f"a parameter is wrong: {error}")
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if camera is not None:
            if rclpy.ok():
                camera.close()
            camera.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
