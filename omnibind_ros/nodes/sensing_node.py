"""What every node with sensors has in common: lifecycle, sensors, their states, diagnostics."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Collection
from typing import Any, Generic

import cv2
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions

from omnibind_msgs.msg import SensorStatusArray
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.runtime.assembly import make_engine
from omnibind_ros.runtime.channel import SensorState
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.throttle import Throttle

from . import messages
from .discovery import Discovery
from .executor_queue import ExecutorQueue
from .parameters import NodeConfig, Parameters
from .sensor_set import SensorSet
from .services import Services


class SensingNode(LifecycleNode, Generic[NodeConfig]):
    """A lifecycle node with sensors; its subclasses say what becomes of their embeddings."""

    def __init__(self, name: str, config: NodeConfig, **kwargs: Any) -> None:
        """Declare parameters and the output that speaks before configure: diagnostics.

        Args:
            name: Default name of the node.
            config: Its parameters, with their defaults.
            **kwargs: Passed on to rclpy's node.
        """
        super().__init__(name, allow_undeclared_parameters=True, **kwargs)
        self.engine: Engine | None = None
        self.model = ""
        self.outputs: dict[str, Any] = {}
        self.queue = ExecutorQueue(self)
        self.parameters: Parameters[NodeConfig] = Parameters(self, config, self._on_change)
        self._fault = "not configured yet"
        self._problems: list[str] = []
        self._sensor_set: SensorSet | None = None
        self._discovery: Discovery | None = None
        self._service_set: Services | None = None
        self._own_timers: list[Any] = []
        self._last_states: list[tuple[str, int, str]] = []
        self._ticks = 0
        self._changing = False
        self._throttle = Throttle(lambda sentence: self.get_logger().warning(sentence))
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # With use_sim_time the node's own clock may stand still, or not be there yet.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics_timer = self.create_timer(
            1.0, self._publish_diagnostics, clock=self._steady
        )

    # For subclasses

    def prepare(self, bundle: Bundle, engine: Engine) -> list[str]:
        """Make what the embeddings are for, before there are sensors.

        Args:
            bundle: The bundle.
            engine: Gives the embeddings.

        Returns:
            Sentences on what does not work as it should.

        Raises:
            ValueError: It cannot be made; the text is one sentence.
        """
        raise NotImplementedError

    def make_services(self) -> Services:
        """Return the node's services; a subclass may add its own."""
        return Services(self)

    def on_parameters(self) -> None:
        """Take over the subclass's own parameters that count at once."""

    def on_tick(self) -> None:
        """Do what is to be done as often as presence is checked."""

    def on_sensors(self, names: Collection[str]) -> None:
        """Take notice of the sensors' names, which have changed."""

    # Lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the bundle and create outputs; a broken bundle is a FAILURE with one sentence."""
        try:
            self.parameters.reload()
            config = self.parameters.config
            bundle = Bundle.load(resolve_bundle(config.bundle))
            self.model = bundle.manifest.model
            self.engine = make_engine(
                config, self._throttle, lambda: int(self.get_clock().now().nanoseconds)
            )
            problems = self.prepare(bundle, self.engine)
        except ValueError as error:  # every error of ours is one, and a sentence
            self.engine = None
            self._fault = str(error)
            self.get_logger().error(self._fault)
            return TransitionCallbackReturn.FAILURE
        self._problems = problems
        for problem in [*self.parameters.problems, *problems]:
            self.get_logger().warning(problem)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_output("sensors", SensorStatusArray, latched)
        self._sensor_set = SensorSet(
            self,
            self.engine,
            bundle,
            self.parameters.sensor_types,
            config,
            self.queue,
            self.on_sensors,
        )
        self._sensor_set.fill(self.parameters.sensors)
        self._service_set = self.make_services()
        self._fault = ""
        self.get_logger().info(
            f"bundle {self.model}; sensors "
            + ", ".join(f"{c.name} ({c.config.modality})" for c in self.engine.channels().values())
        )
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and start the workers."""
        if self.engine is None or self._sensor_set is None:
            return TransitionCallbackReturn.ERROR
        result = super().on_activate(state)
        self.engine.start()
        self._sensor_set.activate()
        config = self.parameters.config
        self._own_timers = [
            self.create_timer(
                1.0 / config.status_rate, self._metered(self._tick), clock=self._steady
            ),
            self.create_timer(0.5, self._sensor_set.poll, clock=self._steady),
        ]
        if config.discover:
            self._discovery = Discovery(self, self.parameters, self._sensor_set)
            look = self.create_timer(1.0, self._discovery.look, clock=self._steady)
            self._own_timers.append(look)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and stop the workers."""
        self._halt()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of the bundle and the outputs."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop whatever runs."""
        self._release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Stop whatever runs; the node can be configured anew."""
        self._release()
        self.get_logger().error("a transition failed; the node is unconfigured, configure it anew")
        return TransitionCallbackReturn.SUCCESS

    def autostart(self) -> None:
        """Configure and activate, if the parameter says so."""
        if (
            self.parameters.config.autostart
            and self.trigger_configure() == TransitionCallbackReturn.SUCCESS
        ):
            self.trigger_activate()

    def close(self) -> None:
        """Stop the workers and the services, whatever the state."""
        self._release()
        self.queue.close()

    def create_output(self, name: str, kind: type, qos: Any = 10) -> None:
        """Create a publisher on ~/NAME that speaks while the node is active.

        Args:
            name: Its name, also in `outputs`.
            kind: Message class.
            qos: Profile, or a depth.
        """
        self.outputs[name] = self.create_lifecycle_publisher(kind, f"~/{name}", qos)

    def drop_output(self, name: str) -> None:
        """Remove a publisher again."""
        self.destroy_lifecycle_publisher(self.outputs.pop(name))

    def _halt(self) -> None:
        for timer in self._own_timers:
            self.destroy_timer(timer)
        self._own_timers = []
        self._discovery = None
        if self._sensor_set is not None:
            self._sensor_set.deactivate()
        if self.engine is not None:
            self.engine.stop()

    def _release(self) -> None:
        self._halt()
        if self._service_set is not None:
            self._service_set.close()
            self._service_set = None
        if self._sensor_set is not None:
            self._sensor_set.close()
            self._sensor_set = None
        for name in list(self.outputs):
            self.drop_output(name)
        self.engine = None
        self._fault = "not configured"

    # Sensors

    def apply_parameters(self) -> list[Any]:
        """Let the sensors follow the parameters; returns what is under way."""
        self._changing = False
        self.parameters.reload(at_run_time_only=True)
        self.on_parameters()
        if self._sensor_set is None:
            return []
        return self._sensor_set.apply(self.parameters.sensors)

    def rename_sensor(self, name: str, new_name: str) -> None:
        """Rename a sensor that runs on.

        Raises:
            ParameterError: There is none of that name, or one of the new name already.
        """
        self.parameters.rename_sensor(name, new_name)
        if self._sensor_set is not None:
            self._sensor_set.rename(name, new_name)

    def _on_change(self) -> None:
        if not self._changing:  # many parameters may change in one go
            self._changing = True
            self.queue.call(self.apply_parameters)

    # States

    def states(self) -> list[SensorState]:
        """Return a snapshot of every sensor."""
        return self.engine.states() if self.engine is not None else []

    def _metered(self, callback: Callable[[], None]) -> Callable[[], None]:
        engine = self.engine

        def metered() -> None:
            if engine is not None:
                with engine.meter.of("status"):
                    callback()

        return metered

    def _tick(self) -> None:
        self.on_tick()
        states = self.states()
        seen = [(state.name, int(state.state), state.reason) for state in states]
        self._ticks += 1
        periodic = self._ticks >= self.parameters.config.status_rate
        if (seen != self._last_states or periodic) and "sensors" in self.outputs:
            before = {name: presence for name, presence, _ in self._last_states}
            for state in states:
                if before.get(state.name, int(state.state)) != int(state.state):
                    self.get_logger().info(f"{state.name} is {state.state.name}")
            self.outputs["sensors"].publish(
                messages.sensors(states, self.get_clock().now().to_msg())
            )
            self._last_states = seen
            self._ticks = 0

    def _publish_diagnostics(self) -> None:
        self._diagnostics.publish(
            messages.diagnostics(
                self.get_fully_qualified_name().lstrip("/"),
                [*self.parameters.problems, *self._problems],
                self._fault,
                self.states(),
                self.engine.meter.read() if self.engine is not None else {},
                self.get_clock().now().to_msg(),
            )
        )


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def run(make: Callable[[], SensingNode[Any]], args: list[str] | None = None) -> None:
    """Run a node until it is told to stop.

    Args:
        make: Makes the node.
        args: Command line; None for this process's own.
    """
    # rclpy's own handlers would take ROS away while the workers still publish.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, _interrupt)
    cv2.setNumThreads(1)  # the workers are the threads; OpenCV's would fight with them
    executor = SingleThreadedExecutor()
    node = make()
    executor.add_node(node)
    try:
        node.autostart()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        for impatient in (signal.SIGINT, signal.SIGTERM):
            signal.signal(impatient, signal.SIG_IGN)
        node.close()
        node.destroy_node()
        executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
    sys.exit(0)
