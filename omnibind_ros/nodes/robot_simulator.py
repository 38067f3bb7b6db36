"""The node of a simulated robot: seven sensors in a furnished room of real object models."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import String

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # the wheels lack it, a full ROS 2 has it
    TFMessage = None

from omnibind_ros.config import ParameterError, check
from omnibind_ros.datasets.household.things import choose_things, find_things
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.callback_errors import CallbackErrors, TooManyErrorsError
from omnibind_ros.simulation.robot.config import RobotConfig, check_sensors
from omnibind_ros.simulation.robot.playing import Player
from omnibind_ros.simulation.robot.rendered import (
    Renderer,
    RenderPlan,
    Thing,
    default_folder,
)
from omnibind_ros.simulation.robot.rendering import Reading, streamed_modalities
from omnibind_ros.simulation.robot.story import Story, ordered

from .diagnostics import error_values
from .executor import spin_node
from .rclpy_features import PublisherEventCallbacks
from .requests import answer_all_requests
from .robot_messages import (
    MAKERS,
    base_transform,
    camera_info,
    pose_message,
    sensor_message,
    static_transforms,
)
from .subscriptions import load_type
from .surroundings import unreached_files

RELIABLE = QoSProfile(depth=10)
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
QUIET = PublisherEventCallbacks(use_default_callbacks=False)
"""No events, so that a publisher may be created in another thread than the executor's."""

MOST_RATE = 200.0
"""Messages a second that a sensor may have."""


def sensor_qos(sensor: str) -> QoSProfile:
    """Return the profile of a sensor's publisher: best effort, but a sentence is sent again."""
    if MODALITIES[sensor].type == "std_msgs/msg/String":
        return RELIABLE
    return QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


class RobotSimulator(Node):
    """Publishes what the sensors of a robot measure that drives from one object to the next.

    Attributes:
        errors: Exceptions in callbacks.
        failure: Why the story ended before its end; empty: it did not.
    """

    def __init__(self) -> None:
        """Read the parameters and find the objects; `start` begins the story.

        Raises:
            ParameterError: A parameter is not allowed.
            ValueError: The objects cannot be found; the text is one sentence.
        """
        super().__init__("robot_simulator")
        self.errors = CallbackErrors(self.get_logger())
        answer_all_requests(self, self.errors)
        self.failure = ""
        self._rates: dict[str, float] = {}
        self._config = self._read_parameters()
        self._plugs: dict[str, list[Any]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thing: Thing | None = None
        self._label = self.create_publisher(String, "~/label", LATCHED, event_callbacks=QUIET)
        self._object = self.create_publisher(String, "~/object", LATCHED, event_callbacks=QUIET)
        self._pose = self.create_publisher(PoseStamped, "~/pose", 10, event_callbacks=QUIET)
        self._player, self._renderer = self._make_player()
        self._transforms = self._publish_transforms()
        self._moving = self.create_publisher(TFMessage, "/tf", 10) if TFMessage else None
        self._used = time.process_time()
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(1.0, self._diagnose, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.add_on_set_parameters_callback(self._on_parameters)
        self._thread = threading.Thread(target=self._play, name="robot", daemon=True)

    def start(self) -> None:
        """Begin the story."""
        self._thread.start()

    def close(self) -> None:
        """End the story and the processes that render."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        self._renderer.close()

    # What the player asks and sends, see `playing.Robot`; in its thread

    @property
    def lying(self) -> str:
        """The sensor that lies."""
        return self._config.lying

    @property
    def lies_on(self) -> str:
        """On which objects it lies."""
        return self._config.lies_on

    def plugged(self, sensor: str) -> bool:
        """Return whether a sensor is there; creates or removes its publishers."""
        wanted = sensor not in self._config.missing
        with self._lock:
            if self._stop.is_set():
                return False
            if wanted and sensor not in self._plugs:
                self._plugs[sensor] = self._plug(sensor)
                self.get_logger().info(f"{sensor} is plugged in")
            elif not wanted and sensor in self._plugs:
                for publisher in self._plugs.pop(sensor):
                    self.destroy_publisher(publisher)
                self.get_logger().info(f"{sensor} is unplugged")
        return wanted

    def arrive(self, thing: Thing | None) -> None:
        """Publish which object is there."""
        if thing is None and self._thing is None:
            return
        self._thing = thing
        self._label.publish(String(data=(thing.finest or thing.label) if thing else ""))
        self._object.publish(String(data=thing.object_id if thing else ""))

    def move(self, pose: Sequence[float]) -> None:
        """Publish where the sensors are."""
        message = pose_message(pose, self.get_clock().now().to_msg())
        try:
            self._pose.publish(message)
            if self._moving is not None:
                self._moving.publish(TFMessage(transforms=[base_transform(message)]))
        except RCLError:
            if self.context.ok():  # else the node is being stopped
                raise

    def wait_for(self, thing: Thing) -> None:
        """Say that an object is being rendered."""
        self.get_logger().info(
            f"{thing.object_id} is being rendered, which takes some seconds; it is kept for the "
            "next time"
        )

    def publish(self, sensor: str, reading: Reading) -> None:
        """Publish a reading, stamped with the present time."""
        message = sensor_message(sensor, reading, self.get_clock().now().nanoseconds)
        publishers = self._plugs.get(sensor, [])
        try:
            for publisher in publishers[:1]:
                publisher.publish(message)
            for publisher in publishers[1:]:
                if publisher.get_subscription_count():
                    publisher.publish(camera_info(message))
        except RCLError:
            if self.context.ok():  # else the node is being stopped
                raise

    def _plug(self, sensor: str) -> list[Any]:
        modality = MODALITIES[sensor]
        kinds = [(load_type(modality.type), modality.topic, sensor_qos(sensor))]
        if sensor in ("image", "thermal"):  # a pad's camera and an event camera have none here
            kinds.append((CameraInfo, f"{modality.topic}/camera_info", RELIABLE))
        return [
            self.create_publisher(kind, topic, qos, event_callbacks=QUIET)
            for kind, topic, qos in kinds
        ]

    def _play(self) -> None:
        config = self._config
        try:
            self._player.run(config.lead_in, config.loop, config.render_first)
        except ValueError as error:  # its text is one sentence
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - a thread that ends must say so
            if self.context.ok() and not self._stop.is_set():
                self.failure = f"the story failed: {type(error).__name__}: {error}"

    # In the executor's thread

    def _on_parameters(self, parameters: Sequence[Any]) -> SetParametersResult:
        changed = RobotConfig(**vars(self._config))
        try:
            for parameter in parameters:
                if hasattr(changed, parameter.name):
                    value = check(RobotConfig, parameter.name, parameter.value)
                    setattr(changed, parameter.name, value)
            check_sensors(changed, self._rates)
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._config = changed
        return SetParametersResult(successful=True)

    def _diagnose(self) -> None:
        late = list(self._player.late)
        behind = self._player.left_out > 0
        values: dict[str, Any] = {
            "object": self._thing.object_id if self._thing else "",
            **{f"published, {name}": count for name, count in self._player.published.items()},
            "left out": self._player.left_out,
            "late, p99 [ms]": f"{np.percentile(late, 99) * 1e3:.1f}" if late else "",
            "processor time [s]": f"{time.process_time() - self._used:.2f}",
        }
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if behind else DiagnosticStatus.OK,
            name=f"{self.get_fully_qualified_name()[1:]}: robot",
            message="messages were left out: the processor is overloaded" if behind else "OK",
            values=[
                *(KeyValue(key=key, value=str(value)) for key, value in values.items()),
                *error_values(self.errors),
            ],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    # At start

    def _make_player(self) -> tuple[Player, Renderer]:
        config = self._config
        pool = find_things(config.split, config.catalogue, config.meshes)
        things = (
            choose_things(pool, config.objects)
            if config.objects
            else ordered(pool, config.seed, config.count)
        )
        story = Story.of(things, pool, config.seed)
        ids = tuple(thing.object_id for thing in things) if config.room else ()
        rates = tuple(self._rates.items())
        plan = RenderPlan(config.seconds, config.seed, rates, ids, config.approach)
        folder = Path(config.cache).expanduser() if config.cache else default_folder()
        renderer = Renderer(plan, folder, config.workers, things if config.room else ())
        self.get_logger().info(
            f"the robot comes upon {len(things)} objects of the {config.split} split, "
            f"{config.seconds:g} s each; sensors: {', '.join(self._rates)}"
        )
        return Player(story, renderer, self, self._stop.wait), renderer

    def _publish_transforms(self) -> Any:
        if TFMessage is None:
            return None
        publisher = self.create_publisher(TFMessage, "/tf_static", LATCHED)
        stamp = self.get_clock().now().to_msg()
        publisher.publish(TFMessage(transforms=static_transforms(list(self._rates), stamp)))
        return publisher

    def _read_parameters(self) -> RobotConfig:
        config = RobotConfig()
        for spec in fields(config):
            described = ParameterDescriptor(
                description=spec.metadata["description"],
                read_only=not spec.metadata["at_run_time"],
                dynamic_typing=True,  # `check` accepts 1 for 1.0 and explains errors
            )
            value = self.declare_parameter(spec.name, getattr(config, spec.name), described).value
            setattr(config, spec.name, check(RobotConfig, spec.name, value))
        for name, rate in streamed_modalities().items():
            if MODALITIES[name].type not in MAKERS:
                continue
            described = ParameterDescriptor(
                description=f"Messages a second of {name}; 0: the robot has no such sensor.",
                read_only=True,
                dynamic_typing=True,
            )
            value = self.declare_parameter(f"rate.{name}", rate, described).value
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not 0 <= value <= MOST_RATE:
                raise ParameterError(
                    f"parameter rate.{name} is {value!r}, but must be in 0 .. {MOST_RATE:g}"
                )
            if value:
                self._rates[name] = float(value)
        check_sensors(config, self._rates)
        return config


def run(args: list[str] | None = None) -> int:
    """Run the node until it is stopped, and return the exit status."""
    rclpy.init(args=args)
    node = None
    try:
        node = RobotSimulator()
        for problem in unreached_files(node, args):
            node.get_logger().warning(problem)
        node.start()
        spin_node(node, node.errors, lambda: bool(node.failure))
        if node.failure:
            node.get_logger().error(node.failure)
            return 1
    except (ValueError, ParameterException, TooManyErrorsError) as error:
        rclpy.logging.get_logger("robot_simulator").error(str(error))
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
