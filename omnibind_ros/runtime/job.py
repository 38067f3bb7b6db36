"""A job: one encode, from the messages to the embedding."""

from __future__ import annotations

import math

from .buffer import Arrival
from .channel import Channel

DECODER, ENCODER = "decoder", "encoder"


class Job:
    """An encode that a worker is to do or is doing.

    Attributes:
        channel: The sensor's channel.
        arrivals: The messages to make a sample of, oldest first.
        started: Monotonic time when the decoder or the encoder was called, seconds; infinite while
            neither runs.
        part: Which of the two.
        abandoned: Whether the watchdog has given it up: its embedding is not stored.
        estimate: Processor seconds that it is expected to take.
        other_threads: Processor seconds that the encoder has spent in threads of its own.
        replaced: Whether another worker has been started in the place of its thread.
        thread: Identifier of its thread.
        rejected: Why the last message that is not in the sample was rejected; empty if all are.
    """

    __slots__ = (
        "abandoned",
        "arrivals",
        "channel",
        "estimate",
        "other_threads",
        "part",
        "rejected",
        "replaced",
        "started",
        "thread",
    )

    def __init__(self, channel: Channel, arrivals: list[Arrival]) -> None:
        """Create a job for the messages that `Channel.take` returned."""
        self.channel = channel
        self.arrivals = arrivals
        self.started = math.inf
        self.part = DECODER
        self.abandoned = False
        self.estimate = channel.cost
        self.other_threads = 0.0
        self.replaced = False
        self.thread = 0
        self.rejected = ""

    def abandon(self) -> None:
        """Give the job up, with the engine's lock."""
        self.abandoned = True
        self.started = math.inf

    def cancel(self) -> None:
        """Ask the encoder to end early, if it has a method `cancel`."""
        cancel = getattr(self.channel.encoder, "cancel", None)
        if cancel is not None and self.part == ENCODER:
            cancel(self.thread)
