"""The sensors of a node: its engine's channels and their subscriptions, as the parameters say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from .channel import Channel
from .config import SensorSetup
from .engine import Engine
from .reporter import Reporter
from .topic_watch import TopicWatch, WatchedSubscription


class Subscription(WatchedSubscription, Protocol):
    """A subscription to one sensor's topic.

    Attributes:
        topic: The resolved name of the topic.
    """

    topic: str

    def poll(self) -> None:
        """Count the publishers, unless events report them."""
        ...

    def close(self) -> None:
        """Unsubscribe."""
        ...


class ChannelMaker(Protocol):
    """Makes channels; see `ChannelFactory`."""

    def make(self, name: str, setup: SensorSetup) -> Channel:
        """Make a sensor's channel; it may take seconds, as encoders are loaded."""
        ...


class SensorHost(Protocol):
    """What the sensors need of their node.

    Attributes:
        reporter: Takes messages to the user.
    """

    reporter: Reporter

    def subscribe(self, channel: Channel) -> Subscription:
        """Subscribe to a sensor's topic.

        Raises:
            ValueError: It cannot be subscribed to; the text is one sentence.
        """
        ...

    def resolve(self, topic: str) -> str:
        """Return the full name of a topic, after remapping rules.

        Raises:
            ValueError: The name is not allowed; the text is one sentence.
        """
        ...

    def call(self, function: Callable[[], Any]) -> Future[Any]:
        """Run a function soon in the executor's thread."""
        ...

    def on_sensors(self, names: Collection[str]) -> None:
        """Take notice of the sensors' names, which have changed."""
        ...


class SensorSet:
    """Adds, changes, renames and removes sensors. Used in the executor's thread alone."""

    def __init__(self, engine: Engine, channels: ChannelMaker, host: SensorHost) -> None:
        """Create an empty set.

        Args:
            engine: Gets the channels.
            channels: Makes them.
            host: The node.
        """
        self._engine = engine
        self._channels = channels
        self._host = host
        self._setups: dict[str, SensorSetup] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._active = False
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="load")

    def load(self, setups: Mapping[str, SensorSetup]) -> None:
        """Make the first sensors; returns when their encoders are loaded.

        Args:
            setups: Parameters by name, in order.
        """
        self._setups = dict(setups)
        for name, setup in setups.items():
            self._attach(name, setup, self._channels.make(name, setup))
        self._host.on_sensors(self._setups)

    def apply(self, setups: Mapping[str, SensorSetup]) -> list[Future[Any]]:
        """Add, change and remove sensors until they are as given; unchanged ones stay as they are.

        Args:
            setups: Parameters by name, in order.

        Returns:
            A future for each sensor that is being loaded: encoders are loaded in a thread of their
            own, so that the other sensors' messages are received meanwhile.
        """
        for name in [name for name in self._setups if name not in setups]:
            self._remove(name)
        loading = []
        channels = self._engine.channels()
        for name, setup in setups.items():
            old = self._setups.get(name)
            self._setups[name] = setup
            if old is None or old.structure() != setup.structure():
                loading.append(self._load(name, setup))
            elif name in channels:
                channels[name].update_parameters(setup.config)
                self._switch(name, channels[name])
        self._engine.order(setups)
        self._host.on_sensors(self._setups)
        return loading

    def rename(self, name: str, new_name: str) -> None:
        """Rename a sensor, which stays as it is; one that is being loaded is left to `apply`.

        Raises:
            KeyError: There is a sensor of the new name already.
        """
        if name not in self._engine.channels():
            return
        self._engine.rename(name, new_name)
        self._setups[new_name] = self._setups.pop(name)
        if name in self._subscriptions:
            self._subscriptions[new_name] = self._subscriptions.pop(name)
        self._host.on_sensors(self._setups)

    def activate(self) -> None:
        """Subscribe to every sensor's topic."""
        self._active = True
        for name, channel in self._engine.channels().items():
            self._subscribe(name, channel)

    def deactivate(self) -> None:
        """Unsubscribe."""
        self._active = False
        for name in tuple(self._subscriptions):
            self._unsubscribe(name)

    def close(self) -> None:
        """Unsubscribe and stop loading."""
        self.deactivate()
        self._setups = {}
        self._host.on_sensors(self._setups)
        self._loader.shutdown(wait=False, cancel_futures=True)

    def poll(self) -> None:
        """Count the publishers of the sensors for which no event reports them."""
        for subscription in self._subscriptions.values():
            subscription.poll()

    def watch(self, watch: TopicWatch) -> None:
        """Look for the reasons why sensors are silent."""
        watch.update(self._subscriptions)

    def topics(self) -> set[str]:
        """Return the resolved names of the topics of all sensors, also of those switched off."""
        off = [c.config.topic for c in self._engine.channels().values() if not c.config.enabled]
        return {subscription.topic for subscription in self._subscriptions.values()}.union(off)

    def _load(self, name: str, setup: SensorSetup) -> Future[Any]:
        finished: Future[Any] = Future()

        def attach(made: Future[Channel]) -> None:
            try:
                self._attach(name, setup, made.result())
            except Exception as error:  # noqa: BLE001 - the future passes it on
                finished.set_exception(error)
            else:
                finished.set_result(None)

        def hand_over(made: Future[Channel]) -> None:
            if made.cancelled():
                finished.cancel()
            else:
                self._host.call(partial(attach, made))

        self._loader.submit(self._channels.make, name, setup).add_done_callback(hand_over)
        return finished

    def _attach(self, name: str, setup: SensorSetup, channel: Channel) -> None:
        wanted = self._setups.get(name)
        if wanted is None or wanted.structure() != setup.structure():
            return  # changed or removed while it was loaded
        channel.update_parameters(wanted.config)
        if name in self._subscriptions:
            self._subscriptions.pop(name).close()
        self._engine.add(channel)
        self._engine.order(self._setups)
        if channel.health.problem:
            self._host.reporter.error(f"{name}: {channel.health.problem}")
        if self._active:
            self._subscribe(name, channel)

    def _remove(self, name: str) -> None:
        del self._setups[name]
        if name in self._subscriptions:
            self._subscriptions.pop(name).close()
        if name in self._engine.channels():
            self._engine.remove(name)

    def _switch(self, name: str, channel: Channel) -> None:
        """Subscribe to a sensor, or end that, as its parameter `enabled` says."""
        if not self._active or channel.config.enabled == (name in self._subscriptions):
            return
        if channel.config.enabled:
            self._subscribe(name, channel)
        else:
            self._unsubscribe(name)
            self._engine.set_publishers(name, 0)
            self._engine.switch_off(name)

    def _unsubscribe(self, name: str) -> None:
        self._subscriptions.pop(name).close()
        self._engine.set_topic_doubts(name, ())

    def _subscribe(self, name: str, channel: Channel) -> None:
        if not channel.config.topic or not channel.config.type:
            return  # its modality is unknown, so there is no topic
        try:
            if not channel.config.enabled:
                # Discovery must not take the topic for one that no sensor has.
                channel.config.topic = self._host.resolve(channel.config.topic)
                return
            subscription = self._host.subscribe(channel)
        except ValueError as error:
            channel.health.set_problem(str(error))
            self._host.reporter.error(f"{channel.name}: {error}")
        else:
            channel.config.topic = subscription.topic
            self._subscriptions[name] = subscription
