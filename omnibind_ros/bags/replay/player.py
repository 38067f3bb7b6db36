"""Runs the engine of the perception node on messages, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import PerceptionConfig
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.history import HistorySettings
from omnibind_ros.runtime.perception import PerceptionResult
from omnibind_ros.runtime.recognising import Knowledge
from omnibind_ros.runtime.virtual_time import NS, VirtualResults, VirtualTime, VirtualWorkers
from omnibind_ros.runtime.workers import JobSource, WorkerSettings
from omnibind_ros.sensors import Doubt

from .costs import PROCESSORS, RESULT, encode_cost
from .feed import Offer
from .run import Change, Result, Run

STATES_EVERY = 0.05
"""Seconds between two looks at the sensors' states, as `status_rate` of the node has it."""

MOST_NOTES = 50


class Player:
    """The perception node without ROS: engine, results and what they are remembered by."""

    def __init__(
        self,
        bundle: Bundle,
        knowledge: Knowledge,
        config: PerceptionConfig,
        channels: Sequence[Channel],
        start_ns: int,
        end_ns: int,
        recogniser: Recogniser | None = None,
    ) -> None:
        """Create it with nothing seen.

        Args:
            bundle: The bundle.
            knowledge: Its labels and fusion.
            config: The node's parameters.
            channels: The sensors, in order.
            start_ns: When the recording begins, nanoseconds since the epoch.
            end_ns: When it ends.
            recogniser: Finds the labels; None for a new one.
        """
        self._end_ns = end_ns
        self._start = start_ns
        self._time = VirtualTime(start_ns)
        names = tuple(channel.name for channel in channels)
        self._run = Run(names, (end_ns - start_ns) / NS)
        self._noted: set[tuple[str, str]] = set()
        settings = WorkerSettings(
            count=config.workers or max(1, PROCESSORS // (2 * config.threads)),
            threads=config.threads,
            budget=config.cpu_budget * PROCESSORS,
        )
        workers: list[VirtualWorkers] = []

        def runner(source: JobSource, _lock: object, cpu_time: CpuTime) -> VirtualWorkers:
            made = VirtualWorkers(source, settings, cpu_time, self._time, encode_cost)
            workers.append(made)
            return made

        self._engine = Engine(
            self, self._time.clock_ns, settings, self._time.monotonic, make_runner=runner
        )
        self._workers = workers[0]
        self._channels = {channel.name: channel for channel in channels}
        for channel in channels:
            self._engine.add(channel)
        history = HistorySettings(config.memory, config.contradiction_after)
        perception = knowledge.perception(
            bundle, history, self._on_result, self._time.monotonic, recogniser
        )
        perception.recogniser.top_k = config.top_k
        perception.recogniser.min_similarity = config.min_similarity
        for problem in (*knowledge.problems, knowledge.no_fusion):
            self.on_problem("node", problem)
        self._results = VirtualResults(
            lambda: perception.update(self._engine),
            config.result_rate,
            self._time,
            at_once=lambda: self._workers.occupy(RESULT),
            later=lambda: self._workers.charge(RESULT),
        )

    def play(
        self,
        offers: Iterable[Offer],
        states: bool = True,
        progress: Callable[[float], None] = lambda _: None,
    ) -> Run:
        """Let the messages arrive, and return what the node would have said.

        Args:
            offers: The messages, in the order of time.
            states: Whether the sensors' states are noted.
            progress: Called with the seconds that are done, about twice a second of the recording.
        """
        self._engine.start()
        if states:
            self._note_states()
        told = 0.0
        for offer in offers:
            if offer.time_ns > self._end_ns:
                break
            self._time.run_until(offer.time_ns)
            self._engine.offer(offer.sensor, offer.message, offer.stamp_ns, offer.frame_id)
            self._workers.wake()
            if self._time.monotonic() - told > 0.5:
                told = self._time.monotonic()
                progress(told)
        self._time.run_until(self._end_ns)
        for state in self._engine.states():
            self._run.figures[state.name] = {
                "received": state.received,
                "encoded": state.encoded,
                "dropped": state.dropped,
                "rejected": state.rejected,
            }
        self._engine.stop()
        progress(self._run.duration)
        return self._run

    # See `EngineListener`

    def on_embedding(self, engine: Engine, sensor: str) -> None:  # noqa: ARG002
        """Make a result, at once or later."""
        self._run.latencies.setdefault(sensor, []).append(self._channels[sensor].latency)
        self._results.embedding_arrived()

    def on_problem(self, sensor: str, problem: str) -> None:
        """Note a sentence, once."""
        note = (sensor, problem)
        if problem and note not in self._noted and len(self._noted) < MOST_NOTES:
            self._noted.add(note)
            self._run.notes.append(note)

    def on_doubt(self, sensor: str, doubt: Doubt) -> None:
        """Note a doubt, once."""
        self.on_problem(sensor, doubt.text)

    def on_notice(self, sensor: str, notice: str) -> None:
        """Note nothing: the user waits for nothing."""

    def _on_result(self, result: PerceptionResult) -> None:
        found = result.recognition
        at = self._time.monotonic() + RESULT
        weights = dict(zip(result.sensors, result.weights.tolist(), strict=True))
        self._run.results.append(
            Result(
                at=at,
                label=found.labels[0],
                probability=float(found.probabilities[0]),
                known=found.known,
                unknown=found.unknown,
                category=found.category,
                latency=at - (result.stamp_ns - self._start) / NS,
                weights=tuple(weights.get(name, 0.0) for name in self._run.sensors),
                contradicting=found.contradicting,
            )
        )

    def _note_states(self) -> None:
        at = self._time.monotonic()
        for state in self._engine.states():
            changes = self._run.states.setdefault(state.name, [])
            if not changes or changes[-1].state != state.state.name:
                changes.append(Change(at, state.state.name))
        if self._time.now_ns < self._end_ns:
            self._time.after(STATES_EVERY, self._note_states)


def at_rate(config: PerceptionConfig, rate: float) -> PerceptionConfig:
    """Return the parameters with so many results a second at most."""
    slower = min(config.result_rate, rate) if config.result_rate else rate
    return replace(config, result_rate=slower)
