"""Computes a report on several processor cores: what sensors show is encoded once."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from omnibind_ros.arrays import Floats
from omnibind_ros.bags.errors import ReplayError
from omnibind_ros.bags.replay.costs import COSTS, OTHER
from omnibind_ros.bags.replay.player import Player, at_rate
from omnibind_ros.bags.replay.replaying import add_bag_notes, in_place_of
from omnibind_ros.bags.replay.run import Run
from omnibind_ros.bags.replay.senses import Senses, sense, sensed_channel
from omnibind_ros.bags.replay.sensors import Recording, ReplayedSensor
from omnibind_ros.datasets.readers.bags.reader import labelled_spans
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.progress import Progress
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary
from omnibind_ros.runtime.config import PerceptionConfig
from omnibind_ros.runtime.recognising import Knowledge
from omnibind_ros.worker_processes import end_with_parent

from .truth import Truth
from .what_if import Answer, Kind, Question, answer, lie_shift, lie_window, offers_for

NS = 1_000_000_000

WHAT_IF_RATE = 5.0
"""Results a second in the runs of 'what if', and in the run that they are compared with."""


@dataclass(frozen=True)
class Computed:
    """All that a report tells.

    Attributes:
        run: What is said of the recording as it is.
        base: The same at the rate of results of the answers.
        answers: What if, by question.
        truth: The labels.
        shift: By how many seconds a lying sensor shows another part of the recording.
        liars: Sensors that lie with the messages of another recording.
    """

    run: Run
    base: Run
    answers: tuple[Answer, ...]
    truth: Truth
    shift: float
    liars: tuple[str, ...]


@dataclass(frozen=True)
class _Scenario:
    """What every run needs; it is pickled once for all processes."""

    bundle: bytes
    config: PerceptionConfig
    senses: Mapping[str, Senses]
    others: Mapping[str, Senses]
    start_ns: int
    end_ns: int


@lru_cache(maxsize=1)
def _bundle(pickled: bytes) -> Bundle:
    """Return a bundle whose files another process has checked."""
    found: Bundle = pickle.loads(pickled)  # the parent process has written it
    return found


@lru_cache(maxsize=1)
def _scenario(file: Path) -> _Scenario:
    with file.open("rb") as opened:
        found: _Scenario = pickle.load(opened)  # the parent process has written it
    return found


@lru_cache(maxsize=1)
def _knowledge(file: Path) -> Knowledge:
    return Knowledge.load(_bundle(_scenario(file).bundle), _scenario(file).config)


class _Remembering(Recogniser):
    """A recogniser that computes the entropy of each embedding of the scenario once."""

    def __init__(self, bank: LabelBank, calibration: Calibration) -> None:
        """Create it with no entropy computed."""
        super().__init__(bank, calibration)
        self._entropies: dict[int, tuple[Floats, float]] = {}

    def entropy(self, values: Floats) -> float:
        """Return the entropy; the array is kept, so that no other one has its identity."""
        found = self._entropies.get(id(values))
        if found is None:
            found = self._entropies[id(values)] = (values, super().entropy(values))
        return found[1]


@lru_cache(maxsize=1)
def _recogniser(file: Path) -> Recogniser:
    calibration = _bundle(_scenario(file).bundle).manifest.calibration
    return _Remembering(_knowledge(file).vocabulary.bank, calibration)


def _sense(bundle: bytes, threads: int, sensor: ReplayedSensor) -> Senses:
    return sense(_bundle(bundle), threads, sensor)


def _run(file: Path, question: Question, rate: float, window: tuple[int, int], shift: float) -> Run:
    scenario = _scenario(file)
    shown = dict(scenario.senses)
    if question.kind is Kind.LYING and question.sensor in scenario.others:
        shown[question.sensor] = scenario.others[question.sensor]
    channels = [sensed_channel(name, each.sensor) for name, each in shown.items()]
    config = at_rate(scenario.config, rate) if rate else scenario.config
    player = Player(
        _bundle(scenario.bundle),
        _knowledge(file),
        config,
        channels,
        scenario.start_ns,
        scenario.end_ns,
        _recogniser(file),
    )
    offers = offers_for(question, scenario.senses, window, shift, scenario.others)
    return player.play(offers, states=not rate)


class _Here(Executor):
    """Runs each task at once, in this process."""

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task."""
        future: Future[Any] = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - raised by the future
            future.set_exception(error)
        return future


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    """Give an executor of processes, each with numerical libraries of one thread."""
    if workers <= 1:
        yield _Here()
        return
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    # A fork would copy locks that threads hold.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), end_with_parent)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise ReplayError(
            "a process of the report ended, perhaps because memory was short; run the same command "
            "with --workers 1"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def compute(
    bundle: Bundle,
    config: PerceptionConfig,
    recording: Recording,
    lies: Recording | None,
    workers: int,
    progress: Progress,
) -> Computed:
    """Compute a report.

    Args:
        bundle: The bundle.
        config: The node's parameters.
        recording: The bag.
        lies: The bag from which sensors lie; None: they show another part of `recording`.
        workers: Processes.
        progress: Called with the number of steps done and of all.

    Raises:
        ReplayError: A process was ended.
        ValueError: The labels cannot be used; the text is one sentence.
    """
    other = _others(recording, lies)
    sensors = {("", name): each for name, each in recording.sensors.items()}
    sensors.update({("other", name): each for name, each in other.items()})
    questions = [Question(name, kind) for name in recording.sensors for kind in Kind]
    whole = len(sensors) + 2 + len(questions)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, whole)

    checked = pickle.dumps(bundle)
    progress(0, whole)
    with _pool(min(workers, whole)) as pool, tempfile.TemporaryDirectory() as folder:
        for _ in range(workers):  # the processes start while the labels are read here
            pool.submit(_bundle, checked)
        vocabulary, _ = Vocabulary.load(bundle, config.labels, config.threads, config.labels_file)
        truth = Truth.of(labelled_spans(recording.bag, recording.labels), vocabulary.bank)
        # The longest first, so that no process is left alone with it at the end.
        ordered = sorted(sensors, key=lambda key: -COSTS.get(sensors[key].modality, OTHER))
        tasks = {key: pool.submit(_sense, checked, config.threads, sensors[key]) for key in ordered}
        sensed = _results(tasks, step)
        senses = {name: sensed["", name] for name in recording.sensors}
        file = Path(folder, "scenario")
        scenario = _Scenario(
            checked,
            config,
            senses,
            {name: sensed["other", name] for name in other},
            recording.start_ns,
            recording.end_ns,
        )
        file.write_bytes(pickle.dumps(scenario))
        window = lie_window(truth, recording.start_ns, recording.end_ns)
        bare = Question()
        first = {
            rate: pool.submit(_run, file, bare, rate, window, 0.0) for rate in (0.0, WHAT_IF_RATE)
        }
        if truth.spans:  # then the runs need not wait for what is said
            shown = truth.as_said((recording.end_ns - recording.start_ns) / NS)
        else:
            shown = first[0.0].result().said()
        seconds = ((window[0] - recording.start_ns) / NS, (window[1] - recording.start_ns) / NS)
        shift = lie_shift(shown, seconds)
        asked = {
            each: pool.submit(_run, file, each, WHAT_IF_RATE, window, shift) for each in questions
        }
        runs = _results(first, step)
        answers = _results(asked, step)
    run, base = runs[0.0], runs[WHAT_IF_RATE]
    skipped: dict[tuple[str, str], int] = {}
    for each in senses.values():
        skipped.update(each.skipped)
    add_bag_notes(run, recording.bag, skipped)
    run.notes[:0] = [("bag", note) for note in recording.notes]
    start = seconds[0] if truth.spans else 0.0
    compared = tuple(
        answer(each, answers[each], base, truth, _first(senses[each.sensor], recording, start))
        for each in questions
    )
    return Computed(run, base, compared, truth, shift, tuple(other))


def _others(recording: Recording, lies: Recording | None) -> dict[str, ReplayedSensor]:
    """Return the sensors of another recording by the name of the sensor that they lie for."""
    by_modality = {} if lies is None else {s.modality: s for s in lies.sensors.values()}
    return {
        name: in_place_of(each, by_modality[each.modality])
        for name, each in recording.sensors.items()
        if each.modality in by_modality
    }


def _first(senses: Senses, recording: Recording, start: float) -> float:
    times = ((offer.time_ns - recording.start_ns) / NS for offer in senses.offers)
    return next((time for time in times if time >= start), start)


def _results(tasks: Mapping[Any, Future[Any]], step: Callable[[], None]) -> dict[Any, Any]:
    finished: Iterable[Future[Any]] = as_completed(tasks.values())
    for future in finished:
        future.result()
        step()
    return {key: future.result() for key, future in tasks.items()}
