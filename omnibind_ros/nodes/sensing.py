"""What every node with sensors has in common: lifecycle, sensors, their states, diagnostics."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile

from omnibind_msgs.msg import SensorStatusArray
from omnibind_msgs.srv import SetSensor
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.runtime.build import ChannelFactory, worker_settings
from omnibind_ros.runtime.callback_errors import CallbackErrors
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.discovery import Discovery
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.sensor_set import SensorSet
from omnibind_ros.runtime.throttle import Throttle
from omnibind_ros.runtime.topic_watch import TopicWatch
from omnibind_ros.sensors import Doubt, Issue

from .diagnostics import DiagnosticsPublisher
from .executor_queue import ExecutorQueue
from .graph import TopicGraph
from .memory_timers import MemoryTimers
from .parameters import NodeConfig, Parameters
from .regions import subscribe_to_regions
from .requests import answer_all_requests
from .sensing_hooks import SensingHooks
from .sensor_service import SensorService
from .sensor_status import SensorStatusPublisher
from .service_host import ServiceHost
from .subscriptions import SensorSubscription, resolved_topic
from .surroundings import Surroundings, large_message_advice
from .transitions import fails_aloud

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

UNCONFIGURED = "the node is not configured"
INACTIVE = "the node is inactive; activate it"


class SensingNode(SensingHooks, LifecycleNode, Generic[NodeConfig]):
    """A lifecycle node with sensors; a subclass takes their embeddings (`SensingHooks`).

    It is the engine's listener, the host of the sensors (`SensorHost`) and does what ~/set_sensor
    asks for (`SensorCommands`).

    Attributes:
        engine: The engine; None while the node is unconfigured.
        errors: Exceptions in callbacks.
        model: Name and version of the bundle.
        outputs: The publishers of `create_output`, by name.
        parameters: The node's parameters.
        reporter: The node's logger.
        surroundings: What is wrong around the node.
    """

    def __init__(self, name: str, config: NodeConfig, **kwargs: Any) -> None:
        """Declare the parameters, and publish diagnostics from now on.

        Args:
            name: Default name of the node.
            config: Its parameters, with their defaults.
            **kwargs: Passed on to rclpy's node.
        """
        super().__init__(name, allow_undeclared_parameters=True, **kwargs)
        self.engine: Engine | None = None
        self.model = ""
        self.outputs: dict[str, Any] = {}
        self.reporter = self.get_logger()
        self.errors = CallbackErrors(self.reporter)
        answer_all_requests(self, self.errors)
        self.surroundings = Surroundings(self)
        self._queue = ExecutorQueue(self, self.errors)
        self.parameters: Parameters[NodeConfig] = Parameters(self, config, self._on_change)
        self._fault = UNCONFIGURED
        self._problems: list[str] = []
        self._sensors: SensorSet | None = None
        self._service_host: ServiceHost | None = None
        self._active_timers: list[Any] = []
        self._regions: Any = None
        self._reload_scheduled = False
        self._throttle = Throttle(self.reporter.warning)
        self._diagnostics = DiagnosticsPublisher(self, self.errors)
        # With use_sim_time the node's own clock may stand still, or not have started yet.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, self._publish_diagnostics, clock=self._steady)
        self._memory = MemoryTimers(self, self._steady)

    # Lifecycle

    @fails_aloud
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the bundle and create outputs; for a broken bundle log one sentence and fail."""
        self.on_state("the node is being configured")
        try:
            self.parameters.reload()
            config = self.parameters.config
            bundle = Bundle.load(resolve_bundle(config.bundle))
            self.model = bundle.manifest.model
            channels = ChannelFactory(bundle, self.parameters.sensor_types, config.threads)
            channels.begin_loading(self.parameters.sensors)
            self._problems = self.prepare(bundle)
        except ValueError as error:  # its text is one sentence
            self._fault = str(error)
            self.on_state(self._fault)
            self.reporter.error(self._fault)
            return TransitionCallbackReturn.FAILURE
        for problem in [*self.parameters.problems, *self._problems]:
            self.reporter.warning(problem)
        self.create_output("sensors", SensorStatusArray, LATCHED)
        self.engine = Engine(
            self, self._clock_ns, worker_settings(config), simulated=self._clock_is_simulated
        )
        self._sensors = SensorSet(self.engine, channels, self)
        self._sensors.load(self.parameters.sensors)
        self._service_host = ServiceHost(self, self.errors)
        service = SensorService(self, self._queue, self._service_host.wait)
        self._service_host.add(SetSensor, "set_sensor", service.set_sensor)
        self.add_services(self._service_host)
        self._service_host.start()
        self.parameters.configured = True
        self._fault = ""
        self.on_state(INACTIVE)
        self.reporter.info(
            f"bundle {self.model}; sensors "
            + ", ".join(f"{c.name} ({c.config.modality})" for c in self.engine.channels().values())
        )
        return super().on_configure(state)

    @fails_aloud
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and start the workers."""
        if self.engine is None or self._sensors is None:
            return TransitionCallbackReturn.ERROR
        result = super().on_activate(state)
        self.on_start(self.engine)
        self.engine.start()
        self._sensors.activate()
        self._regions = subscribe_to_regions(self, self.engine)
        config = self.parameters.config
        self._add_timer(1.0 / config.status_rate, self._tick(self.engine, config.status_rate))
        self._add_timer(0.5, self._sensors.poll)
        graph = TopicGraph(self)
        decodable = self.parameters.sensor_types.messages_of
        watch = TopicWatch(self.engine, graph, decodable, large_message_advice())
        self._add_timer(1.0, partial(self._sensors.watch, watch))
        if config.discover:
            self._add_timer(1.0, self._discover(self._sensors, graph))
        self.on_state("")
        return result

    @fails_aloud
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and stop the workers."""
        self.on_state(INACTIVE)
        self._stop()
        return super().on_deactivate(state)

    @fails_aloud
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the bundle and the outputs."""
        self._release()
        return super().on_cleanup(state)

    @fails_aloud
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and release everything."""
        self._release()
        return super().on_shutdown(state)

    @fails_aloud
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Stop and release everything; the node can be configured again."""
        self._release()
        self._fault = f"a transition failed, so the node is not configured; {self.errors.last}"
        self.on_state(self._fault)
        self.reporter.error("a transition failed; the node is unconfigured, configure it again")
        return TransitionCallbackReturn.SUCCESS

    def autostart(self) -> None:
        """Configure and activate the node, if the parameter `autostart` is true."""
        if (
            self.parameters.config.autostart
            and self.trigger_configure() == TransitionCallbackReturn.SUCCESS
        ):
            self.trigger_activate()

    def close(self) -> None:
        """Stop the workers and the services, in any state."""
        self._release()
        self._queue.close()

    def create_output(self, name: str, kind: type, qos: Any = 10) -> None:
        """Create a publisher on ~/NAME that publishes while the node is active.

        Args:
            name: Its name, also in `outputs`.
            kind: Message class.
            qos: Profile, or a depth.
        """
        self.outputs[name] = self.create_lifecycle_publisher(kind, f"~/{name}", qos)

    def _add_timer(self, period: float, callback: Callable[[], None]) -> None:
        self._active_timers.append(self.create_timer(period, callback, clock=self._steady))

    def _stop(self) -> None:
        for timer in self._active_timers:
            self.destroy_timer(timer)
        self._active_timers = []
        if self._regions is not None:
            self.destroy_subscription(self._regions)
            self._regions = None
        if self._sensors is not None:
            self._sensors.deactivate()
        if self.engine is not None:
            self.engine.stop()
        self.on_stop()

    def _release(self) -> None:
        self.on_state(UNCONFIGURED)
        self._stop()
        if self._service_host is not None:
            self._service_host.close()
            self._service_host = None
        if self._sensors is not None:
            self._sensors.close()
            self._sensors = None
        for name in list(self.outputs):
            self.destroy_lifecycle_publisher(self.outputs.pop(name))
        self.parameters.configured = False
        self.engine = None
        self._fault = UNCONFIGURED
        self.on_release()
        self._memory.released()

    # Sensors, see `SensorHost` and `EngineListener`

    def subscribe(self, channel: Channel) -> SensorSubscription:
        """Subscribe to a sensor's topic.

        Raises:
            ValueError: It cannot be subscribed to; the text is one sentence.
        """
        if self.engine is None:
            raise ValueError("the node is not configured; configure it")
        return SensorSubscription(self, self.engine, channel, self.parameters.config.matched_events)

    def resolve(self, topic: str) -> str:
        """Return the full name of a topic, after remapping rules; raises ValueError."""
        return resolved_topic(self, topic)

    def call(self, function: Callable[[], Any]) -> Future[Any]:
        """Run a function soon in the executor's thread."""
        return self._queue.call(function)

    def on_problem(self, sensor: str, problem: str) -> None:
        """Log what is wrong with a sensor, at a limited rate."""
        self._throttle(sensor, problem)

    def on_doubt(self, sensor: str, doubt: Doubt) -> None:
        """Log why a sensor's readings may be wrong, at a limited rate."""
        # Other texts of one kind differ in their numbers alone.
        kind = doubt.text if doubt.issue is Issue.NO_MATCH else doubt.issue.name
        self._throttle(sensor, doubt.text, kind=kind)

    def on_notice(self, sensor: str, notice: str) -> None:
        """Log what the user was asked to wait for."""
        self.reporter.info(f"{sensor}: {notice}")

    # Changes of sensors, see `SensorCommands`

    def set_sensor(self, name: str, values: Mapping[str, Any]) -> Sequence[Future[Any]]:
        """Add or change a sensor; returns a future for each encoder that is being loaded."""
        self.parameters.set_sensor(name, values)
        return self._apply_parameters()

    def sensor_values(self, name: str) -> Mapping[str, Any] | None:
        """Return the values of a sensor's parameters; None if there is no such sensor."""
        return self.parameters.sensor_values(name)

    def remove_sensor(self, name: str) -> None:
        """Remove a sensor."""
        self.parameters.remove_sensor(name)
        self._apply_parameters()

    def rename_sensor(self, name: str, new_name: str) -> None:
        """Rename a sensor, which stays as it is."""
        self.parameters.rename_sensor(name, new_name)
        if self._sensors is not None:
            self._sensors.rename(name, new_name)

    def sensor_problem(self, name: str) -> str:
        """Return why a sensor cannot be used; empty if it can."""
        channel = self.engine.channels().get(name) if self.engine is not None else None
        return channel.health.problem if channel is not None else ""

    def _on_change(self) -> None:
        if not self._reload_scheduled:  # many parameters may change together
            self._reload_scheduled = True
            self._queue.call(self._apply_parameters)

    def _apply_parameters(self) -> Sequence[Future[Any]]:
        self._reload_scheduled = False
        self.parameters.reload(at_run_time_only=True)
        self.on_parameters()
        return self._sensors.apply(self.parameters.sensors) if self._sensors is not None else []

    # Timers

    def _tick(self, engine: Engine, status_rate: float) -> Callable[[], None]:
        status = SensorStatusPublisher(self, self.outputs["sensors"], status_rate)

        def tick() -> None:
            with engine.cpu_time.measure("status"):
                self.on_tick()
                status.tick(engine.states())

        return tick

    def _discover(self, sensors: SensorSet, graph: TopicGraph) -> Callable[[], None]:
        discovery = Discovery(self.parameters, self.reporter)
        return lambda: discovery.update(graph.published(), sensors.topics())

    def _publish_diagnostics(self) -> None:
        self.surroundings.update()
        present = self.present_problems()
        for problem in present:
            self._throttle("node", problem)
        problems = [
            *self.parameters.problems,
            *self._problems,
            *self.surroundings.problems,
            *present,
        ]
        self._diagnostics.publish(self._fault, problems, self.engine)

    def _clock_ns(self) -> int:
        if self._clock_is_simulated():
            return int(self.get_clock().now().nanoseconds)
        return time.time_ns()  # that is what the clock reads, faster

    def _clock_is_simulated(self) -> bool:
        return bool(self.get_clock().ros_time_is_active)
