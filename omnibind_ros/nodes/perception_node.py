"""The perception node: sensors in, fused embedding and labels out, as a lifecycle node."""

from __future__ import annotations

import signal
import sys
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from omnibind_msgs.msg import FusedEmbedding, Recognition, SensorStatusArray
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.fusion import FUSIONS
from omnibind_ros.recognition.overlay import draw_overlay
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary
from omnibind_ros.runtime.assembly import make_channels
from omnibind_ros.runtime.channel import Channel, SensorState
from omnibind_ros.runtime.engine import Engine, Result
from omnibind_ros.runtime.throttle import Throttle

from . import messages
from .parameters import Parameters
from .services import Services
from .subscriptions import SensorSubscription

try:
    from vision_msgs.msg import Classification, ObjectHypothesis
except ImportError:  # not in the wheels; a full ROS 2 has it
    Classification = None


class PerceptionNode(LifecycleNode):
    """Translates between ROS and the engine."""

    def __init__(self, **kwargs: Any) -> None:
        """Declare parameters and the outputs that speak before configure: diagnostics."""
        super().__init__("perception", **kwargs)
        self.engine: Engine | None = None
        self.vocabulary: Vocabulary | None = None
        self.model = ""
        self._fault = "not configured yet"
        self._problems: list[str] = []
        self._channels: list[Channel] = []
        self._feeds: list[SensorSubscription] = []
        self._own_timers: list[Any] = []
        self._last_states: list[tuple[str, int, str]] = []
        self._ticks = 0
        self._throttle = Throttle(lambda sentence: self.get_logger().warning(sentence))
        self.parameters = Parameters(self, self._apply_live)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._diagnostics_timer = self.create_timer(1.0, self._publish_diagnostics)
        self._outputs: dict[str, Any] = {}
        self._service_set: Services | None = None

    # Lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the bundle and create outputs; a broken bundle is a FAILURE with one sentence."""
        try:
            self.parameters.reload()
            bundle = Bundle.load(resolve_bundle(self.parameters.perception.bundle))
            config = self.parameters.perception
            self.vocabulary = Vocabulary.load(bundle, config.labels, config.threads)
            self._channels = make_channels(self.parameters.sensors, bundle, config.threads)
        except ValueError as error:  # every error of ours is one, and a sentence
            self._fault = str(error)
            self.get_logger().error(self._fault)
            return TransitionCallbackReturn.FAILURE
        self.model = bundle.manifest.model
        self._problems = [*self.parameters.problems, *self.vocabulary.problems]
        for problem in self._problems:
            self.get_logger().warning(problem)
        for channel in self._channels:
            if channel.problem:
                self.get_logger().error(f"{channel.name}: {channel.problem}")
        recogniser = Recogniser(self.vocabulary.bank, bundle.manifest.calibration)
        self.engine = Engine(
            self._channels,
            FUSIONS[config.fusion](),
            recogniser,
            self._publish_result,
            self._throttle,
            lambda: int(self.get_clock().now().nanoseconds),
            config.workers,
        )
        self._apply_live()
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._outputs = {
            "embedding": self.create_lifecycle_publisher(FusedEmbedding, "~/embedding", 10),
            "recognition": self.create_lifecycle_publisher(Recognition, "~/recognition", 10),
            "sensors": self.create_lifecycle_publisher(SensorStatusArray, "~/sensors", latched),
            "markers": self.create_lifecycle_publisher(MarkerArray, "~/markers", 10),
            "overlay": self.create_lifecycle_publisher(Image, "~/overlay", 2),
        }
        if Classification is not None:
            self._outputs["classification"] = self.create_lifecycle_publisher(
                Classification, "~/classification", 10
            )
        self._service_set = Services(self, self.vocabulary, recogniser, self.model)
        self._fault = ""
        self.get_logger().info(
            f"bundle {self.model}: {len(self.vocabulary.bank.labels)} labels, sensors "
            + ", ".join(f"{c.name} ({c.config.modality})" for c in self._channels)
        )
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and start the workers."""
        engine = self.engine
        if engine is None:
            return TransitionCallbackReturn.ERROR
        result = super().on_activate(state)
        engine.start()
        config = self.parameters.perception
        for channel in self._channels:
            if not channel.config.topic or not channel.config.type:
                continue  # an unknown modality: there is nothing to subscribe to
            try:
                subscription = SensorSubscription(
                    self, engine, channel.name, channel.config, config.matched_events
                )
            except ValueError as error:
                channel.problem = channel.reason = str(error)
                self.get_logger().error(f"{channel.name}: {error}")
                continue
            except Exception as error:  # noqa: BLE001 - rclpy raises its own for a bad topic name
                channel.problem = channel.reason = (
                    f"topic '{channel.config.topic}' cannot be subscribed to ({error})"
                )
                self.get_logger().error(f"{channel.name}: {channel.problem}")
                continue
            channel.config.topic = subscription.topic
            self._feeds.append(subscription)
        self._own_timers = [
            self.create_timer(1.0 / config.status_rate, self._tick),
            self.create_timer(0.5, self._poll),
        ]
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
            self.parameters.perception.autostart
            and self.trigger_configure() == TransitionCallbackReturn.SUCCESS
        ):
            self.trigger_activate()

    def close(self) -> None:
        """Stop the workers and the services, whatever the state."""
        self._release()

    def _halt(self) -> None:
        for timer in self._own_timers:
            self.destroy_timer(timer)
        self._own_timers = []
        for subscription in self._feeds:
            subscription.close()
        self._feeds = []
        if self.engine is not None:
            self.engine.stop()

    def _release(self) -> None:
        self._halt()
        if self._service_set is not None:
            self._service_set.close()
            self._service_set = None
        for publisher in self._outputs.values():
            self.destroy_lifecycle_publisher(publisher)
        self._outputs = {}
        self.engine = None
        self._channels = []
        self._fault = "not configured"

    def _apply_live(self) -> None:
        if self.engine is not None:
            config = self.parameters.perception
            self.engine.recogniser.top_k = config.top_k
            self.engine.recogniser.min_similarity = config.min_similarity
            for channel in self._channels:
                channel.update_live(self.parameters.sensors[channel.name])

    # Outputs

    def _publish_result(self, result: Result) -> None:
        if self._service_set is not None:
            self._service_set.enrolment.see(result.values)
        outputs = self._outputs
        outputs["embedding"].publish(messages.embedding(result, self.model))
        outputs["recognition"].publish(messages.recognition(result))
        if outputs["markers"].get_subscription_count():
            outputs["markers"].publish(messages.markers(result))
        if "classification" in outputs and outputs["classification"].get_subscription_count():
            outputs["classification"].publish(self._classification(result))
        if outputs["overlay"].get_subscription_count() and "image" in result.modalities:
            picture = result.samples[result.modalities.index("image")]
            drawn = draw_overlay(picture, result.recognition, result.sensors, result.weights)
            outputs["overlay"].publish(messages.overlay(drawn, result))

    def _classification(self, result: Result) -> Any:
        message = Classification(header=messages.header(result))
        for label, p in zip(
            result.recognition.labels, result.recognition.probabilities, strict=True
        ):
            message.results.append(ObjectHypothesis(class_id=label, score=float(p)))
        return message

    def _states(self) -> list[SensorState]:
        return self.engine.states() if self.engine is not None else []

    def _tick(self) -> None:
        states = self._states()
        seen = [(state.name, int(state.state), state.reason) for state in states]
        self._ticks += 1
        periodic = self._ticks >= self.parameters.perception.status_rate
        if (seen != self._last_states or periodic) and "sensors" in self._outputs:
            for state, old in zip(states, self._last_states or seen, strict=False):
                if int(state.state) != old[1]:
                    self.get_logger().info(f"{state.name} is {state.state.name}")
            self._outputs["sensors"].publish(
                messages.sensors(states, self.get_clock().now().to_msg())
            )
            self._last_states = seen
            self._ticks = 0

    def _poll(self) -> None:
        for subscription in self._feeds:
            if subscription.polled:
                subscription.poll()

    def _publish_diagnostics(self) -> None:
        self._diagnostics.publish(
            messages.diagnostics(
                self.get_fully_qualified_name().lstrip("/"),
                self._problems or self.parameters.problems,
                self._fault,
                self._states(),
                self.get_clock().now().to_msg(),
            )
        )


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def main(args: list[str] | None = None) -> None:
    """Run the node until it is told to stop."""
    # rclpy's own handlers would take ROS away while the workers still publish.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, _interrupt)
    executor = SingleThreadedExecutor()
    node = PerceptionNode()
    executor.add_node(node)
    try:
        node.autostart()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C
        node.close()
        node.destroy_node()
        executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown()
    sys.exit(0)


if __name__ == "__main__":
    main()
