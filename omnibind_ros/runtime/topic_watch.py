"""Tells the engine why sensors are silent, lose messages, or get those of several publishers."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from omnibind_ros.sensors import Doubt, Issue

from .engine import Engine
from .losses import Loss, why_lost
from .silence import TRANSIENT_LOCAL, Endpoint, Wanted, why_mixed, why_old, why_silent

SILENT_AFTER = 2.0
"""Seconds without a message after which the reason is looked for."""


class Graph(Protocol):
    """The publishers that a node knows of."""

    def endpoints(self, topic: str) -> Sequence[Endpoint]:
        """Return the publishers on a topic."""
        ...

    def published(self) -> Mapping[str, Sequence[str]]:
        """Return the types of each topic that has a publisher, without the node's own."""
        ...


class WatchedSubscription(Protocol):
    """What is asked of a subscription.

    Attributes:
        kept_for: Seconds that the newest message had been kept by its publisher; 0 if it was not.
        policy: QoS policy that DDS has named as incompatible last; empty if it has named none.
    """

    kept_for: float
    policy: str

    def wanted(self) -> Wanted:
        """Return what is subscribed to."""
        ...

    def silent_for(self, now: float) -> float:
        """Return the seconds since the newest message, or since the subscription."""
        ...

    def alternates(self, now: float) -> bool:
        """Return whether the messages of several publishers arrive by turns."""
        ...

    def loss(self, now: float) -> Loss | None:
        """Return how many messages were lost on the way; None if it is not worth a report."""
        ...

    def adapt(self, endpoints: Sequence[Endpoint]) -> None:
        """Ask for what the publishers on the topic offer."""
        ...


class TopicWatch:
    """Looks for the reason of each silent sensor. Used in the executor's thread alone.

    A sensor whose messages arrive from one publisher costs nothing.
    """

    def __init__(
        self,
        engine: Engine,
        graph: Graph,
        decodable: Callable[[str], Collection[str]],
        profile: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create it.

        Args:
            engine: Gets the reasons.
            graph: The publishers.
            decodable: Returns the message types that a modality takes.
            profile: What to do so that large messages are not lost, see `why_lost`.
            monotonic: A clock that never jumps, seconds.
        """
        self._engine = engine
        self._graph = graph
        self._decodable = decodable
        self._profile = profile
        self._monotonic = monotonic

    def update(self, subscriptions: Mapping[str, WatchedSubscription]) -> None:
        """Replace the reasons of all sensors.

        Args:
            subscriptions: By the sensor's name.
        """
        now = self._monotonic()
        used = {subscription.wanted().topic for subscription in subscriptions.values()}
        published: Mapping[str, Sequence[str]] | None = None
        for name, channel in self._engine.channels().items():
            subscription = subscriptions.get(name)
            if subscription is None:
                continue
            silent = subscription.silent_for(now) >= SILENT_AFTER
            alternates = subscription.alternates(now)
            loss = subscription.loss(now)
            wanted = subscription.wanted()
            # Then publishers that keep nothing are not connected.
            keeping = wanted.durability == TRANSIENT_LOCAL
            sentences: list[str] = []
            losses: list[str] = []
            if silent or alternates or keeping or loss:
                endpoints = self._graph.endpoints(wanted.topic)
                if silent or keeping:
                    subscription.adapt(endpoints)
                wanted = subscription.wanted()
                sentences = why_mixed(wanted, endpoints, alternates)
                losses = why_lost(wanted, endpoints, loss, self._profile)
                if silent:
                    if published is None:
                        published = self._graph.published()
                    others = {t: types for t, types in published.items() if t not in used}
                    policy = subscription.policy if channel.publishers == 0 else ""
                    decodable = self._decodable(channel.config.modality)
                    sentences += why_silent(wanted, endpoints, others, decodable, policy)
            doubts = [Doubt(Issue.NO_MATCH, " | ".join(sentences))] if sentences else []
            old = why_old(subscription.wanted(), subscription.kept_for, channel.config.max_age)
            doubts += [Doubt(Issue.DELAYED, sentence) for sentence in old]
            lost = [Doubt(Issue.NO_MATCH, sentence) for sentence in losses]
            self._engine.set_topic_doubts(name, doubts, lost)
