"""What the sensors of a robot measure of one object, reading by reading."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from omnibind_ros.modalities import has_part, part
from omnibind_ros.simulation import simulated_modalities
from omnibind_ros.simulation.generators import modality_generators
from omnibind_ros.simulation.interface import Step, Subject
from omnibind_ros.simulation.rendering.light import draw_light
from omnibind_ros.simulation.scene.surroundings import draw_surroundings
from omnibind_ros.simulation.tactile.settings import Pixels

from .route import Route, contact_at

DISTINCT = 6
"""Different pictures of each contact of the pad; they are shown by turns."""

FREE_PICTURES = 12
"""Different pictures of the pad without contact."""

FASTEST = 10.0
"""Readings a second of an event camera, which are divided into packets: the light between two
readings is interpolated in finer steps anyhow."""


CONTINUOUS = ("event", "audio")
"""Modalities whose readings cover the time since the one before."""


class Reading(NamedTuple):
    """What one sensor measured.

    Attributes:
        second: When it was finished, seconds since the arrival at the object.
        data: As `Simulator.render` gives it, but of touch the picture alone and of text a str.
        duration: Seconds that it covers; 0 of a picture, a cloud or a sentence.
    """

    second: float
    data: Any
    duration: float = 0.0


@dataclass(frozen=True)
class RobotViews:
    """What the sensors of a robot measure of one object.

    Attributes:
        readings: By modality, in the order of time. Equal pictures are the same array.
        free_pad: Pictures of the pad without contact, uint8 [H, W, 3].
    """

    readings: Mapping[str, Sequence[Reading]]
    free_pad: Sequence[Pixels] = field(default=())


def streamed_modalities() -> dict[str, float]:
    """Return the modalities that a robot can have, each with its messages a second."""
    return {
        name: float(getattr(stream, "rate", 10.0))
        for name in simulated_modalities()
        if has_part("simulation", name)
        and (stream := getattr(part("simulation", name), "Stream", None)) is not None
    }


def render_views(
    subject: Subject,
    seconds: float,
    seed: int,
    rates: Mapping[str, float],
) -> RobotViews:
    """Let a robot drive past an object.

    Devices of which nothing depends on the object (camera, event camera, range sensor, pad) are
    those of the robot: of one seed they are the same before each object. Noise, surroundings,
    light, temperatures, room and sentences follow from seed and object.

    Args:
        subject: The object.
        seconds: How long it looks at the object.
        seed: The robot.
        rates: Messages a second by modality; others are not rendered.

    Raises:
        ValueError: Nothing of the object can be seen.
    """
    robot = _Robot(subject, seed, rates)
    readings: dict[str, list[Reading]] = {name: [] for name in rates}
    for second, names in _times(seconds, rates):
        for name, reading in robot.read(second, names):
            if name in rates:
                readings[name] += divided(reading, _packets(rates[name]))
    return RobotViews(readings, robot.free_pad())


def _packets(rate: float) -> int:
    return max(1, math.ceil(rate / FASTEST - 1e-9))


def _times(seconds: float, rates: Mapping[str, float]) -> list[tuple[float, list[str]]]:
    """Return when which modalities are read, in the order of time."""
    due: dict[float, list[str]] = {0.0: []}
    for name, rate in rates.items():
        stream = part("simulation", name).Stream
        packets = _packets(rate) if name == "event" else 1
        first = float(getattr(stream, "first", 0.0))
        count = math.ceil((seconds - first) * rate / packets - 1e-9)
        for number in range(count + (packets > 1)):
            second = round(first + number * packets / rate, 6)
            if second <= seconds:
                due.setdefault(second, []).append(name)
    return sorted(due.items())


def divided(reading: Reading, packets: int) -> list[Reading]:
    """Divide a reading of events into packets of equal duration; another reading stays whole.

    Args:
        reading: The reading. Events are a dictionary of x, y, t (ns since the begin), p, width,
            height and duration_ns.
        packets: Their number.
    """
    data = reading.data
    if not isinstance(data, dict) or packets == 1:
        return [reading]
    length = reading.duration / packets
    edges = np.round(np.arange(packets + 1) * length * 1e9).astype(np.int64)
    places = np.searchsorted(data["t"], edges, side="left")
    places[-1] = len(data["t"])
    begin = reading.second - reading.duration
    return [
        Reading(
            begin + (number + 1) * length,
            {
                **{key: data[key][start:stop] for key in ("x", "y", "p")},
                "t": data["t"][start:stop] - edges[number],
                "width": data["width"],
                "height": data["height"],
            },
            length,
        )
        for number, (start, stop) in enumerate(pairwise(places))
    ]


class _Robot:
    """The devices of a robot before one object."""

    def __init__(self, subject: Subject, seed: int, rates: Mapping[str, float]) -> None:
        shared, own = modality_generators(np.random.default_rng([subject.seed, seed]))
        _, devices = modality_generators(np.random.default_rng([seed, 1]))
        self._route = Route.draw(subject.model, shared)
        view = self._route.view_at(0.0)
        surroundings = draw_surroundings(subject.model, view, shared)
        light = draw_light(view, surroundings.outdoors, shared)
        self._first = Step(subject, surroundings, light, view, view, 0.0, 0.0, touching=True)
        self._last: dict[str, float] = {}
        self._readers: dict[str, Any] = {}
        for name in dict.fromkeys([*rates, "touch"]):  # the pad's pictures are always made
            stream = part("simulation", name).Stream
            steady = bool(getattr(stream, "steady", False))
            rng = devices[name] if steady else own[name]
            self._readers[name] = stream(subject, self._first, rng)
            if steady:  # the device is the robot's, its noise is not
                rng.bit_generator.state = own[name].bit_generator.state
        self._contacts: dict[int, list[Pixels]] = {}
        self._free: list[Pixels] = []
        self._count = 0
        self._press(0, self._first)

    def read(self, second: float, names: Sequence[str]) -> list[tuple[str, Reading]]:
        """Read sensors; of events and sound that only begin, nothing."""
        step = self._step(second)
        found = []
        for name in dict.fromkeys([*names, *(CONTINUOUS if second == 0 else ())]):
            if name not in self._readers:
                continue
            if name == "touch":
                found.append((name, Reading(second, self._touch(second, step))))
                continue
            data = self._readers[name].read(step)
            if name not in CONTINUOUS:
                found.append((name, Reading(second, data[0] if name == "text" else data)))
                continue
            if name in self._last:
                found.append((name, Reading(second, data, second - self._last[name])))
            self._last[name] = second
        return found

    def free_pad(self) -> list[Pixels]:
        """Return pictures of the pad without contact."""
        return self._free[:FREE_PICTURES]

    def _step(self, second: float) -> Step:
        # The event camera alone looks back.
        then = self._last.get("event", second)
        previous, view = self._route.view_at(then), self._route.view_at(second)
        return replace(
            self._first, previous=previous, view=view, time=second, elapsed=second - then
        )

    def _touch(self, second: float, step: Step) -> Pixels:
        contact = contact_at(second)
        self._count += 1
        pictures = self.free_pad() if contact is None else self._press(contact, step)
        return pictures[self._count % len(pictures)]

    def _press(self, contact: int, step: Step) -> list[Pixels]:
        """Return the pictures of a contact, which are rendered when it begins."""
        if contact not in self._contacts:
            pad = self._readers["touch"]
            pairs = [pad.read(step) for _ in range(DISTINCT)]
            pad.read(replace(step, touching=False))
            self._contacts[contact] = [pair[0] for pair in pairs]
            self._free += [pair[1] for pair in pairs]
        return self._contacts[contact]
