"""Traces: what each sensor of the simulated robot embeds before one object, kept in a file.

With them, what the perception node says is computed anew within seconds, without encoders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE
from omnibind_ros.atomic_files import atomic_file
from omnibind_ros.bags.replay.feed import Offer
from omnibind_ros.bags.replay.player import Player
from omnibind_ros.demo.processes import config_file
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.nodes.robot_messages import sensor_message
from omnibind_ros.runtime.build import ChannelFactory, fill_in_defaults
from omnibind_ros.runtime.config import PerceptionConfig, SensorConfig, SensorSetup
from omnibind_ros.runtime.embeddings import StoredEmbedding
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.launch_plan import parameters_of
from omnibind_ros.runtime.recognising import Knowledge
from omnibind_ros.runtime.stamps import to_nanoseconds
from omnibind_ros.runtime.virtual_time import NS
from omnibind_ros.sensors import SensorRegistry
from omnibind_ros.simulation.robot.playing import FREE_RATE, schedule
from omnibind_ros.simulation.robot.rendering import Reading
from omnibind_ros.simulation.robot.views import StoredViews

from .leg import LEAD_IN, Leg

START_NS = 1_000 * NS


@dataclass(frozen=True)
class Embedded:
    """One embedding; times are seconds since the arrival at the object.

    Attributes:
        at: When it was there.
        taken: When its sample was taken.
        begins: When the oldest message of its window was taken.
        quality: 0..1.
        values: float32 [D], unit vector.
    """

    at: float
    taken: float
    begins: float
    quality: float
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Trace:
    """What a robot's sensors embedded before one object.

    Attributes:
        object_id: The object.
        robot: Number of the robot; its devices are the same before each object.
        label: The object's class.
        right: The labels that are right.
        sensors: By sensor, its embeddings in the order of time.
    """

    object_id: str
    robot: int
    label: str
    right: frozenset[str]
    sensors: Mapping[str, Sequence[Embedded]]


class _Recorder(Player):
    """A replay that keeps each embedding."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.kept: list[tuple[str, Embedded]] = []
        self._last: dict[str, StoredEmbedding] = {}

    def on_embedding(self, engine: Engine, sensor: str) -> None:
        """Keep the embedding, and go on."""
        stored = self._channels[sensor].embedding
        if stored is not None and stored is not self._last.get(sensor):
            self._last[sensor] = stored
            times = (self._time.monotonic(), stored.taken, stored.oldest)
            self.kept.append((sensor, Embedded(*times, stored.quality, stored.values)))
        super().on_embedding(engine, sensor)


def _messages(leg: Leg, paths: Sequence[Path]) -> Iterator[Offer]:
    """Yield the messages of a robot that comes upon its objects, the free pad first."""

    def offer(sensor: str, reading: Reading, second: float) -> Offer:
        now_ns = START_NS + round(second * NS)
        message = sensor_message(sensor, reading, now_ns)
        header = getattr(message, "header", None)
        stamp = to_nanoseconds(header.stamp) if header is not None else None
        return Offer(now_ns, sensor, message, stamp, header.frame_id if header is not None else "")

    for place, path in enumerate(paths):
        views = StoredViews(path)
        if place == 0:
            for number in range(round(LEAD_IN * FREE_RATE)):
                pad = Reading(0.0, views.free_picture(number))
                yield offer("touch", pad, number / FREE_RATE)
        arrival = LEAD_IN + place * leg.plan.seconds
        names = [name for name, _ in leg.plan.rates]
        for due in schedule(dict.fromkeys(names, views), leg.plan.seconds):
            reading = views.reading(due.sensor, due.number)
            yield offer(due.sensor, reading, arrival + due.second)
        views.close()


def live_setup(name: str, sensor_types: SensorRegistry) -> SensorSetup:
    """Return the parameters of a sensor, as the live figure has them."""
    values = parameters_of(config_file("seven_senses.yaml"), "/perception")
    config = fill_in_defaults(name, SensorConfig(modality=name))
    options = sensor_types.find(config.modality, config.type).options()
    for owner in (config, options):
        for spec in fields(owner):
            if f"sensor.{name}.{spec.name}" in values:
                setattr(owner, spec.name, values[f"sensor.{name}.{spec.name}"])
    return SensorSetup(config, options)


def record(
    bundle: Bundle,
    leg: Leg,
    paths: Sequence[Path],
    right: Mapping[str, frozenset[str]],
    progress: Callable[[float], None] = lambda _: None,
) -> list[Trace]:
    """Let a robot come upon its objects in virtual time, and return what its sensors embedded.

    Args:
        bundle: Has the encoders.
        leg: The objects; nothing is missing, no sensor lies.
        paths: Their rendered views.
        right: By object, the labels that are right.
        progress: Called with the seconds that are done.
    """
    config = PerceptionConfig()
    sensor_types = SensorRegistry.installed()
    factory = ChannelFactory(bundle, sensor_types, warn=False)
    channels = [factory.make(name, live_setup(name, sensor_types)) for name, _ in leg.plan.rates]
    end = LEAD_IN + len(paths) * leg.plan.seconds
    recorder = _Recorder(
        bundle,
        Knowledge.load(bundle, config),
        config,
        channels,
        START_NS,
        START_NS + round(end * NS),
    )
    recorder.play(_messages(leg, paths), states=False, progress=progress)
    traces = []
    for place, thing in enumerate(leg.things):
        arrival = LEAD_IN + place * leg.plan.seconds
        sensors: dict[str, list[Embedded]] = {name: [] for name, _ in leg.plan.rates}
        for sensor, each in recorder.kept:
            if arrival <= each.taken < arrival + leg.plan.seconds:
                sensors[sensor].append(
                    replace(
                        each,
                        at=each.at - arrival,
                        taken=each.taken - arrival,
                        begins=each.begins - arrival,
                    )
                )
        traces.append(
            Trace(thing.object_id, leg.plan.seed, thing.label, right[thing.object_id], sensors)
        )
    return traces


def save(path: Path, traces: Sequence[Trace]) -> None:
    """Write traces as NumPy arrays (npz); raises OSError."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "objects": np.array([trace.object_id for trace in traces], np.str_),
        "robots": np.array([trace.robot for trace in traces], np.int64),
        "labels": np.array([trace.label for trace in traces], np.str_),
        "right": np.array(["\n".join(sorted(trace.right)) for trace in traces], np.str_),
    }
    for sensor in traces[0].sensors if traces else ():
        rows = [(place, e) for place, trace in enumerate(traces) for e in trace.sensors[sensor]]
        arrays[f"{sensor}-trace"] = np.array([place for place, _ in rows], np.int64)
        numbers = [(e.at, e.taken, e.begins, e.quality) for _, e in rows]
        arrays[f"{sensor}-times"] = np.array(numbers, np.float64).reshape(-1, 4)
        arrays[sensor] = np.array([e.values for _, e in rows], np.float32)
    with atomic_file(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load(path: Path) -> list[Trace]:
    """Read what `save` wrote.

    Raises:
        ValueError: It cannot be read, or is no file of traces.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        sensors = [name.removesuffix("-times") for name in arrays if name.endswith("-times")]
        found: list[dict[str, list[Embedded]]] = [
            {name: [] for name in sensors} for _ in arrays["objects"]
        ]
        for name in sensors:
            rows = zip(
                arrays[f"{name}-trace"].tolist(),
                arrays[f"{name}-times"].tolist(),
                arrays[name],
                strict=True,
            )
            for place, (at, taken, begins, quality), values in rows:
                found[place][name].append(Embedded(at, taken, begins, quality, values))
        return [
            Trace(str(name), int(robot), str(label), frozenset(str(right).split("\n")), each)
            for name, robot, label, right, each in zip(
                arrays["objects"], arrays["robots"], arrays["labels"], arrays["right"], found,
                strict=True,
            )
        ]  # fmt: skip
    except (*DAMAGED_ARCHIVE, OSError) as error:
        raise ValueError(f"{path} holds no traces ({error}): record them anew") from error
