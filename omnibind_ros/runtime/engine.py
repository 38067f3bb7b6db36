"""The engine: messages in, fresh embeddings out. No message waits in a queue."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from omnibind_ros.sensors import Doubt, Issue
from omnibind_ros.sensors.region import Box

from .channel import Channel
from .cpu_time import CpuTime
from .doubts import CONTRADICTION
from .embeddings import FreshEmbedding
from .job import Job
from .listener import EngineListener
from .processing import JobProcessor
from .scheduler import pick
from .sensor_state import SensorState
from .stamps import NODE_STEP, NodeClock
from .workers import Runner, RunnerMaker, Workers, WorkerSettings

_log = logging.getLogger(__name__)


class Engine:
    """Runs buffers, scheduler, decoders and encoders of any number of sensors.

    Thread-safe. `offer` returns at once; decoding and encoding happen in worker threads. Sensors
    may be added, removed and renamed at any time.
    """

    def __init__(
        self,
        listener: EngineListener,
        clock_ns: Callable[[], int],
        settings: WorkerSettings | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        simulated: Callable[[], bool] = lambda: False,
        make_runner: RunnerMaker | None = None,
    ) -> None:
        """Create an engine without sensors; `start` starts it.

        Args:
            listener: Receives new embeddings, and problems of sensors and encoders.
            clock_ns: The clock that stamps are compared with, nanoseconds.
            settings: Those of the workers; None for one worker without limits.
            monotonic: A clock that never jumps, seconds.
            simulated: Whether `clock_ns` is simulated time.
            make_runner: Makes what runs its jobs; None for threads.
        """
        settings = settings or WorkerSettings()
        self.cpu_time = CpuTime()
        self._listener = listener
        self._clock_ns = clock_ns
        self._monotonic = monotonic
        self._simulated = simulated
        self._is_simulated = False
        self._node_clock = NodeClock()
        self._channels: dict[str, Channel] = {}
        self._changed = threading.Condition()
        self._processor = JobProcessor(self._changed, listener, settings, self.cpu_time, monotonic)
        self._workers: Runner = (
            Workers(self, self._changed, settings, self.cpu_time, monotonic)
            if make_runner is None
            else make_runner(self, self._changed, self.cpu_time)
        )

    def start(self) -> None:
        """Start the workers."""
        self._workers.start()

    def stop(self) -> None:
        """Stop the workers; returns when the last encode has ended, or hangs too long."""
        self._workers.stop()

    # Sensors

    def add(self, channel: Channel) -> None:
        """Add a sensor, or replace the one of its name."""
        with self._changed:
            old = self._channels.get(channel.name)
            if old is not None:
                old.removed = True
            self._channels[channel.name] = channel

    def remove(self, name: str) -> None:
        """Remove a sensor with its embedding; the result of an encode under way is not stored.

        Raises:
            KeyError: There is no sensor of that name.
        """
        with self._changed:
            self._channels.pop(name).removed = True

    def rename(self, name: str, new_name: str) -> None:
        """Rename a sensor; it keeps its place, its counters and its embedding.

        Raises:
            KeyError: There is no sensor of that name, or one of the new name already.
        """
        with self._changed:
            if new_name in self._channels:
                raise KeyError(new_name)
            self._channels[name].name = new_name
            self._channels = {channel.name: channel for channel in self._channels.values()}

    def order(self, names: Iterable[str]) -> None:
        """Put the sensors into this order; those not named come last."""
        with self._changed:
            wanted = [name for name in names if name in self._channels]
            self._channels = {
                name: self._channels[name] for name in dict.fromkeys([*wanted, *self._channels])
            }

    def channels(self) -> dict[str, Channel]:
        """Return every sensor's channel by name, in order."""
        with self._changed:
            return dict(self._channels)

    def set_publishers(self, name: str, count: int) -> None:
        """Set the number of publishers that match a sensor's subscription."""
        with self._changed:
            if name in self._channels:
                self._channels[name].publishers = count

    def set_topic_doubts(
        self, name: str, doubts: Sequence[Doubt], losses: Sequence[Doubt] = ()
    ) -> None:
        """Replace the doubts that concern a sensor's topic, such as why nothing arrives on it.

        A doubt whose text was not there before is passed to the listener, once.

        Args:
            name: Name of the sensor; nothing is done if there is none of that name.
            doubts: The present ones.
            losses: Those about messages that are lost; a text with other numbers is not a new one.
        """
        with self._changed:
            channel = self._channels.get(name)
            if channel is None:
                return
            channel.doubts.set("topic", doubts, by_text=True)
            channel.doubts.set("loss", losses)
            new = channel.doubts.take_new()
        for doubt in new:
            self._listener.on_doubt(name, doubt)

    def states(self) -> list[SensorState]:
        """Return a snapshot of every sensor."""
        _, now, step = self._read_clocks()
        with self._changed:
            self._apply_step(step)
            for channel in self._channels.values():
                channel.drop_stale(now)
            return [channel.state(now) for channel in self._channels.values()]

    def snapshot(self, patience: float) -> list[SensorState] | None:
        """Return every sensor's state, as `states`, but look at no clock of the node.

        Returns:
            None if a thread holds the lock for more than `patience` seconds, as one that hangs may.
        """
        if not self._changed.acquire(timeout=patience):
            return None
        try:
            now = self._monotonic()
            return [channel.state(now) for channel in self._channels.values()]
        finally:
            self._changed.release()

    def spoiled_sensors(self) -> dict[str, str]:
        """Return the sensors of which nothing can be learned now, each with a sentence why."""
        with self._changed:
            return {
                name: doubt.text
                for name, channel in self._channels.items()
                for doubt in channel.doubts.of("sample")
                if doubt.spoils
            }

    def set_region(self, name: str, box: Box | None, stamp_ns: int = 0) -> None:
        """Set the part of a sensor's pictures that is encoded, until its max_age has passed.

        A region that cannot be used is counted and passed to the listener, in one sentence.

        Args:
            name: Name of the sensor.
            box: In pixels; None: all of the picture, or what the parameter `roi` says.
            stamp_ns: Stamp of the picture in which it was found, nanoseconds; 0: now.
        """
        now_ns, now, step = self._read_clocks()
        with self._changed:
            self._apply_step(step)
            channel = self._channels.get(name)
            if channel is None:
                problem = (
                    f"a region of interest names the sensor '{name[:60]}', which there is not; the "
                    f"sensors are: {', '.join(self._channels) or 'none'}"
                )
            else:
                problem = channel.set_region(box, stamp_ns, now_ns, now)
        if problem:
            self._listener.on_problem(name if channel is not None else "node", problem)

    # Messages in

    def offer(
        self,
        name: str,
        message: Any,
        stamp_ns: int | None = None,
        frame_id: str = "",
        kept_for: float = 0.0,
    ) -> None:
        """Put a message into a sensor's buffer, where it replaces an older one.

        Args:
            name: Name of the sensor; the message is ignored if there is none of that name.
            message: The ROS message; it must not be changed afterwards.
            stamp_ns: header.stamp, nanoseconds; None for a message without a header.
            frame_id: header.frame_id.
            kept_for: Seconds that its publisher had kept it for later subscribers; 0 if it had not.
        """
        before = time.thread_time()
        now_ns, now, step = self._read_clocks()
        with self._changed:
            channel = self._channels.get(name)
            if channel is None or not self._workers.started:
                return
            self._apply_step(step)
            problem = channel.put(
                message, stamp_ns, frame_id, now_ns, now, kept_for, self._is_simulated
            )
            new = channel.doubts.take_new()
            self._changed.notify()
        if problem:
            self._listener.on_problem(name, problem)
        for doubt in new:
            self._listener.on_doubt(name, doubt)
        self.cpu_time.add("receive", time.thread_time() - before)

    def _read_clocks(self) -> tuple[int, float, str]:
        """Return the node's clock (ns), the monotonic one (s), and what the former has done."""
        before = self._monotonic()
        now_ns, now = self._clock_ns(), self._monotonic()
        self._is_simulated = self._simulated()
        # A thread that was interrupted between the two has not seen a step.
        if now - before > NODE_STEP / 2:
            return now_ns, now, ""
        return now_ns, now, self._node_clock.check(now_ns, now, self._is_simulated)

    def _apply_step(self, step: str) -> None:
        if not step:
            return
        for channel in self._channels.values():
            channel.clock_stepped(step)
        text = f"{step}; ages count from the arrival until the stamps are plausible again"
        self._listener.on_doubt("node", Doubt(Issue.CLOCK_OFFSET, text))

    # Embeddings out

    def fresh_embeddings(self) -> list[FreshEmbedding]:
        """Return the embeddings younger than their sensor's max_age, in the sensors' order."""
        now = self._monotonic()
        with self._changed:
            return [
                FreshEmbedding(
                    channel.name,
                    channel.config.modality,
                    channel.embedding,
                    channel.config.max_age,
                    channel.source,
                )
                for channel in self._channels.values()
                if channel.embedding is not None and channel.fresh(now)
            ]

    def set_weights(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Tell the scheduler how a fusion has weighted the sensors.

        Args:
            names: N sensors.
            weights: N shares, sum 1.
        """
        with self._changed:
            for name, weight in zip(names, weights, strict=True):
                if name in self._channels:
                    self._channels[name].add_weight(weight * len(names))

    def set_contradicting(self, names: Sequence[str], contradicting: Sequence[str]) -> None:
        """Doubt the sensors that contradict the others, and the others no more.

        Args:
            names: N sensors that were compared.
            contradicting: Those of them that contradict the others.
        """
        new = []
        with self._changed:
            for name in names:
                channel = self._channels.get(name)
                if channel is not None:
                    channel.doubts.set("others", CONTRADICTION if name in contradicting else ())
                    new += [(name, doubt) for doubt in channel.doubts.take_new()]
        for name, doubt in new:
            self._listener.on_doubt(name, doubt)

    def forget(self, before: float) -> None:
        """Drop embeddings and windows of messages from before a time: another thing is there.

        What an encode that is under way has of that time is dropped too.

        Args:
            before: Monotonic time, seconds.
        """
        with self._changed:
            for channel in self._channels.values():
                channel.forget(before)

    def switch_off(self, name: str) -> None:
        """Drop all that a sensor has shown until now; an encode under way is not stored.

        Args:
            name: Name of the sensor; nothing is done if there is none of that name.
        """
        with self._changed:
            if name in self._channels:
                self._channels[name].switch_off(self._monotonic())

    def charge(self, seconds: float) -> None:
        """Take processor seconds that another thread has spent on results out of the budget."""
        with self._changed:
            self._workers.charge(seconds)

    # Called by the workers, see `JobSource`

    def next_job(self, now: float) -> tuple[Job | None, float]:
        """Return the job of the sensor that the scheduler picks, with the lock."""
        waiting = [each for each in self._channels.values() if each.buffer.has_new]
        demands = ((channel, channel.demand(now)) for channel in waiting)
        channel, wait = pick((c, demand) for c, demand in demands if demand is not None)
        return (None, wait) if channel is None else (Job(channel, channel.take(now)), 0.0)

    def process(self, job: Job) -> None:
        """Do a job and tell the listener, without the lock."""
        if not self._processor.process(job):
            return
        name = job.channel.name
        try:
            self._listener.on_embedding(self, name)
        except Exception as error:  # noqa: BLE001 - an error of the listener must not end a worker
            _log.exception("a result could not be fused, recognised or published")
            self._listener.on_problem(name, f"a result was lost ({type(error).__name__}: {error})")

    def give_up(self, job: Job) -> None:
        """Handle a job whose encoder hangs, with the lock."""
        self._processor.give_up(job)
