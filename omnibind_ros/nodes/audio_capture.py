"""The node of a microphone: from PortAudio to omnibind_msgs/Audio."""

from __future__ import annotations

import array
import time
from dataclasses import fields
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import ParameterDescriptor
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time

from omnibind_msgs.msg import Audio
from omnibind_ros.config import ParameterError, check
from omnibind_ros.drivers.capture import Capture
from omnibind_ros.drivers.microphone import Block, CaptureConfig, Source
from omnibind_ros.drivers.portaudio import MicrophoneError
from omnibind_ros.runtime.callback_errors import CallbackErrors, TooManyErrorsError

from .diagnostics import error_values
from .executor import spin_node
from .rclpy_features import PublisherEventCallbacks
from .requests import answer_all_requests
from .surroundings import unreached_files

QOS = QoSProfile(depth=64, reliability=ReliabilityPolicy.BEST_EFFORT)


class AudioCapture(Node):
    """Publishes the sound of a microphone on the topic audio.

    The publisher exists only while the microphone is plugged in, so that subscribers see at once
    when it is not.

    Attributes:
        errors: Exceptions in callbacks.
    """

    def __init__(self) -> None:
        """Read the parameters and start.

        Raises:
            MicrophoneError: sounddevice or PortAudio is not installed.
            ParameterError: A parameter is not allowed.
        """
        super().__init__("audio_capture")
        self.errors = CallbackErrors(self.get_logger())
        answer_all_requests(self, self.errors)
        config = self._read_parameters()
        self._frame_id = config.frame_id
        self._publisher: Publisher | None = None
        self._source: Source | None = None
        self._problem = "the microphone is being opened"
        self._capture = Capture(config, self)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(1.0, self._diagnose, clock=Clock(clock_type=ClockType.STEADY_TIME))
        if config.list_devices:
            names = ", ".join(f"'{name}'" for name in self._capture.input_names)
            self.get_logger().info(f"input devices: {names or 'none'}")
        self._capture.start()

    def close(self) -> None:
        """Close the microphone."""
        self._capture.stop()

    # Called in the capture's thread, which may create the publisher, as no executor waits for it:
    # it has no events.

    def on_opened(self, source: Source) -> None:
        """Create the publisher."""
        self._source = source
        self._problem = ""
        self._publisher = self.create_publisher(
            Audio,
            "audio",
            QOS,
            event_callbacks=PublisherEventCallbacks(use_default_callbacks=False),
        )
        self.get_logger().info(
            f"capturing '{source.name}', {source.channels} channel(s) at {source.sample_rate} Hz"
        )

    def on_block(self, source: Source, block: Block) -> None:
        """Publish a block."""
        if self._publisher is None:
            return
        age_ns = int((time.monotonic() - block.taken) * 1e9)
        taken_ns = max(self.get_clock().now().nanoseconds - age_ns, 0)  # simulated time starts at 0
        message = Audio(sample_rate=source.sample_rate, channels=source.channels)
        message.header.stamp = Time(nanoseconds=taken_ns).to_msg()
        message.header.frame_id = self._frame_id
        # rclpy takes an array as it is; it checks anything else value by value.
        message.samples = array.array("h", block.pcm)
        try:
            self._publisher.publish(message)
        except RCLError:
            if self.context.ok():  # else the node is being stopped
                raise

    def on_lost(self, reason: str) -> None:
        """Remove the publisher."""
        if self._publisher is not None:
            self.destroy_publisher(self._publisher)
            self._publisher = None
        if reason != self._problem:
            self.get_logger().warning(reason)
        self._problem = reason

    # Called in the executor's thread

    def _diagnose(self) -> None:
        counters, source, problem = self._capture.counters, self._source, self._problem
        status = DiagnosticStatus(
            level=DiagnosticStatus.ERROR if problem else DiagnosticStatus.OK,
            name=f"{self.get_fully_qualified_name()[1:]}: microphone",
            hardware_id=source.name if source else "",
            message=problem or "OK",
        )
        values: dict[str, Any] = {**vars(counters), **(source._asdict() if source else {})}
        status.values = [
            *(KeyValue(key=key, value=str(value)) for key, value in values.items()),
            *error_values(self.errors),
        ]
        array_ = DiagnosticArray(status=[status])
        array_.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array_)

    def _read_parameters(self) -> CaptureConfig:
        config = CaptureConfig()
        for spec in fields(config):
            described = ParameterDescriptor(
                description=spec.metadata["description"],
                read_only=True,
                dynamic_typing=True,  # `check` accepts 1 for 1.0 and explains errors
            )
            value = self.declare_parameter(spec.name, getattr(config, spec.name), described).value
            setattr(config, spec.name, check(CaptureConfig, spec.name, value))
        return config


def run(args: list[str] | None = None) -> int:
    """Run the node until it is stopped, and return the exit status."""
    rclpy.init(args=args)
    node = None
    try:
        node = AudioCapture()
        for problem in unreached_files(node, args):
            node.get_logger().warning(problem)
        spin_node(node, node.errors)
    except (MicrophoneError, ParameterError, ParameterException, TooManyErrorsError) as error:
        rclpy.logging.get_logger("audio_capture").error(str(error))
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
