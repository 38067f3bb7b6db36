"""The sensors of a node: channels of the engine and their subscriptions, kept as wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from rclpy.lifecycle import LifecycleNode

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.assembly import make_channel
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensingConfig, SensorSetup
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.sensors import SensorRegistry

from .executor_queue import ExecutorQueue
from .subscriptions import SensorSubscription


class SensorSet:
    """Adds, changes, renames and removes sensors. Used in the executor's thread alone."""

    def __init__(
        self,
        node: LifecycleNode,
        engine: Engine,
        bundle: Bundle,
        sensor_types: SensorRegistry,
        config: SensingConfig,
        queue: ExecutorQueue,
        on_names: Callable[[Collection[str]], None],
    ) -> None:
        """Create an empty set.

        Args:
            node: Where to subscribe.
            engine: Gets the channels.
            bundle: Where encoders come from.
            sensor_types: Where decoders come from.
            config: The node's parameters.
            queue: Leads back into the executor's thread.
            on_names: Called with the sensors' names when they have changed.
        """
        self._on_names = on_names
        self._node = node
        self._engine = engine
        self._bundle = bundle
        self._sensor_types = sensor_types
        self._config = config
        self._queue = queue
        self._wanted: dict[str, SensorSetup] = {}
        self._feeds: dict[str, SensorSubscription] = {}
        self._active = False
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="load")

    def fill(self, wanted: Mapping[str, SensorSetup]) -> None:
        """Make the first sensors, and return when their encoders are loaded."""
        self._wanted = dict(wanted)
        for name, setup in wanted.items():
            self._attach(name, setup, self._make(name, setup))
        self._on_names(self._wanted)

    def apply(self, wanted: Mapping[str, SensorSetup]) -> list[Future[Any]]:
        """Make the sensors as wanted; those that have not changed run on.

        Args:
            wanted: Parameters by name, in order.

        Returns:
            What is under way: encoders are loaded in a thread of their own, so that the other
            sensors' messages are received meanwhile.
        """
        for name in [name for name in self._wanted if name not in wanted]:
            self._remove(name)
        loading = []
        channels = self._engine.channels()
        for name, setup in wanted.items():
            old = self._wanted.get(name)
            self._wanted[name] = setup
            if old is None or old.structure() != setup.structure():
                loading.append(self._load(name, setup))
            elif name in channels:
                channels[name].update_parameters(setup.config)
        self._engine.order(wanted)
        self._on_names(self._wanted)
        return loading

    def rename(self, name: str, new_name: str) -> None:
        """Rename a sensor that runs on; one that is still being loaded is left to `apply`.

        Raises:
            KeyError: There is one of the new name already.
        """
        if name not in self._engine.channels():
            return
        self._engine.rename(name, new_name)
        self._wanted[new_name] = self._wanted.pop(name)
        if name in self._feeds:
            self._feeds[new_name] = self._feeds.pop(name)
        self._on_names(self._wanted)

    def activate(self) -> None:
        """Subscribe to every sensor's topic."""
        self._active = True
        for name, channel in self._engine.channels().items():
            self._subscribe(name, channel)

    def deactivate(self) -> None:
        """Unsubscribe."""
        self._active = False
        for feed in self._feeds.values():
            feed.close()
        self._feeds = {}

    def close(self) -> None:
        """Unsubscribe and stop loading."""
        self.deactivate()
        self._wanted = {}
        self._on_names(self._wanted)
        self._loader.shutdown(wait=False, cancel_futures=True)

    def poll(self) -> None:
        """Ask the graph for publishers, where no event tells of them."""
        for feed in self._feeds.values():
            if feed.polled:
                feed.poll()

    def topics(self) -> set[str]:
        """Return the resolved names of the topics in use."""
        return {feed.topic for feed in self._feeds.values()}

    def _make(self, name: str, setup: SensorSetup) -> Channel:
        return make_channel(name, setup, self._bundle, self._sensor_types, self._config.threads)

    def _load(self, name: str, setup: SensorSetup) -> Future[Any]:
        finished: Future[Any] = Future()

        def attach(made: Future[Channel]) -> None:
            try:
                self._attach(name, setup, made.result())
            except Exception as error:  # noqa: BLE001 - whoever waits gets it
                finished.set_exception(error)
            else:
                finished.set_result(None)

        def hand_over(made: Future[Channel]) -> None:
            if made.cancelled():
                finished.cancel()
            else:
                self._queue.call(partial(attach, made))

        self._loader.submit(self._make, name, setup).add_done_callback(hand_over)
        return finished

    def _attach(self, name: str, setup: SensorSetup, channel: Channel) -> None:
        wanted = self._wanted.get(name)
        if wanted is None or wanted.structure() != setup.structure():
            return  # changed or removed while it was loading
        channel.update_parameters(wanted.config)
        if name in self._feeds:
            self._feeds.pop(name).close()
        self._engine.add(channel)
        self._engine.order(self._wanted)
        if channel.problem:
            self._node.get_logger().error(f"{name}: {channel.problem}")
        if self._active:
            self._subscribe(name, channel)

    def _remove(self, name: str) -> None:
        del self._wanted[name]
        if name in self._feeds:
            self._feeds.pop(name).close()
        if name in self._engine.channels():
            self._engine.remove(name)

    def _subscribe(self, name: str, channel: Channel) -> None:
        if not channel.config.topic or not channel.config.type:
            return  # an unknown modality: there is nothing to subscribe to
        try:
            feed = SensorSubscription(
                self._node, self._engine, channel, self._config.matched_events
            )
        except ValueError as error:
            self._trouble(channel, str(error))
        except Exception as error:  # noqa: BLE001 - rclpy raises its own for a bad topic name
            self._trouble(
                channel, f"topic '{channel.config.topic}' cannot be subscribed to ({error})"
            )
        else:
            channel.config.topic = feed.topic
            self._feeds[name] = feed

    def _trouble(self, channel: Channel, sentence: str) -> None:
        channel.problem = channel.problem or sentence  # the first one is the cause
        channel.reason = channel.problem
        self._node.get_logger().error(f"{channel.name}: {sentence}")
