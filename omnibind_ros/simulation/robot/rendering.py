"""What the sensors of a robot measure of one object, reading by reading."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from omnibind_ros.modalities import has_part, part
from omnibind_ros.simulation import simulated_modalities
from omnibind_ros.simulation.generators import modality_generators
from omnibind_ros.simulation.interface import Step, Subject, object_seed
from omnibind_ros.simulation.objects.placing import QUARTERS
from omnibind_ros.simulation.rendering.light import draw_light
from omnibind_ros.simulation.scene.camera import View
from omnibind_ros.simulation.scene.surroundings import draw_surroundings
from omnibind_ros.simulation.tactile.settings import Pixels

from .room import Room
from .route import Approach, Route, contact_at

DISTINCT = 6
"""Different pictures of each contact of the pad; they are shown by turns."""

FREE_PICTURES = 12
"""Different pictures of the pad without contact."""

FASTEST = 10.0
"""Readings a second of an event camera, which are divided into packets: the light between two
readings is interpolated in finer steps anyhow."""


POSES = 10
"""Poses of the sensors a second."""

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
        arrival: When the robot is at the object; before, it drives there, seconds.
        poses: Where the sensors are: second, x, y, z [m] and the quaternion x, y, z, w of x
            forward, y left, z up, in the room's frame or, without a room, in the object's;
            float64 [N, 8].
    """

    readings: Mapping[str, Sequence[Reading]]
    free_pad: Sequence[Pixels] = field(default=())
    arrival: float = 0.0
    poses: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 8)))


@dataclass(frozen=True, eq=False)
class Stand:
    """Where an object stands in a furnished room, and how the robot comes there.

    Attributes:
        room: The room.
        place: Number of the object in it.
        approach: Seconds of the way from the object before.
    """

    room: Room
    place: int
    approach: float


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
    stand: Stand | None = None,
) -> RobotViews:
    """Let a robot drive past an object, in a room after the way from the object before it.

    Devices of which nothing depends on the object (camera, event camera, range sensor, pad) are
    those of the robot: of one seed they are the same before each object. Noise, surroundings,
    light, temperatures, room and sentences follow from seed and object.

    Args:
        subject: The object.
        seconds: How long it looks at the object.
        seed: The robot.
        rates: Messages a second by modality; others are not rendered.
        stand: Where the object stands in a room; None: surroundings are drawn for it.

    Raises:
        ValueError: Nothing of the object can be seen.
    """
    robot = _Robot(subject, seed, rates, seconds, stand)
    readings: dict[str, list[Reading]] = {name: [] for name in rates}
    for second, names in _times(robot.arrival + seconds, rates, robot.arrival):
        for name, reading in robot.read(second, names):
            if name in rates:
                readings[name] += divided(reading, _packets(rates[name]))
    return RobotViews(readings, robot.free_pad(), robot.arrival, robot.poses(seconds))


def robot_steps(
    subject: Subject, seed: int, seconds: float, stand: Stand | None, times: Sequence[float]
) -> list[Step]:
    """Return what the cameras of a robot have before them at some times.

    Args:
        subject: The object.
        seed: The robot.
        seconds: How long it looks at each object.
        stand: As of `render_views`.
        times: Seconds from the begin of the way to the object on.

    Raises:
        ValueError: Nothing of the object can be seen.
    """
    robot = _Robot(subject, seed, {}, seconds, stand)
    return [robot.step(second) for second in times]


def _packets(rate: float) -> int:
    return max(1, math.ceil(rate / FASTEST - 1e-9))


def _times(
    seconds: float, rates: Mapping[str, float], arrival: float = 0.0
) -> list[tuple[float, list[str]]]:
    """Return when which modalities are read, in the order of time."""
    due: dict[float, list[str]] = {0.0: []}
    for name, rate in rates.items():
        stream = part("simulation", name).Stream
        packets = _packets(rate) if name == "event" else 1
        first = float(getattr(stream, "first", 0.0))
        first += arrival if name == "text" else 0.0  # what is said is said of what is there
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

    def __init__(
        self,
        subject: Subject,
        seed: int,
        rates: Mapping[str, float],
        seconds: float,
        stand: Stand | None,
    ) -> None:
        shared, own = modality_generators(np.random.default_rng([subject.seed, seed]))
        _, devices = modality_generators(np.random.default_rng([seed, 1]))
        self._stand, self._approach = stand, None
        self._route = Route.draw(subject.model, shared, in_room=stand is not None)
        view = self._route.view_at(0.0)
        if stand is None:
            surroundings = draw_surroundings(subject.model, view, shared)
            light = draw_light(view, surroundings.outdoors, shared)
        else:
            surroundings = stand.room.surroundings(stand.place)
            light = stand.room.light_at(stand.place)
            subject = replace(subject, around=stand.room.scene(stand.place))
            self._approach = _approach(stand, view, seed, seconds)
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
        step = self.step(second)
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

    @property
    def arrival(self) -> float:
        """When the robot is at the object, seconds."""
        return self._approach.seconds if self._approach is not None else 0.0

    def poses(self, seconds: float) -> NDArray[np.float64]:
        """Return where the sensors are, `POSES` times a second, as `RobotViews` has it."""
        rows = []
        for number in range(math.ceil((self.arrival + seconds) * POSES)):
            view = self._view_at(number / POSES)
            rows.append([number / POSES, *_pose(view, self._stand)])
        return np.array(rows, np.float64).reshape(-1, 8)

    def free_pad(self) -> list[Pixels]:
        """Return pictures of the pad without contact."""
        return self._free[:FREE_PICTURES]

    def step(self, second: float) -> Step:
        """Return the step at a time, seconds."""
        # The event camera alone looks back.
        then = self._last.get("event", second)
        previous, view = self._view_at(then), self._view_at(second)
        return replace(
            self._first, previous=previous, view=view, time=second, elapsed=second - then
        )

    def _view_at(self, second: float) -> View:
        if self._approach is not None and second < self.arrival:
            return self._approach.view_at(second)
        return self._route.view_at(second - self.arrival)

    def _touch(self, second: float, step: Step) -> Pixels:
        since = second - self.arrival
        contact = contact_at(since) if since >= 0 else None
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


def _approach(stand: Stand, view: View, seed: int, seconds: float) -> Approach:
    """Return the way from the object before, which is that of the room's end for the first one."""
    room, pose = stand.room, stand.room.poses[stand.place]
    before = (stand.place - 1) % len(room.models)
    model, there = room.models[before], room.poses[before]
    shared, _ = modality_generators(np.random.default_rng([object_seed(model), seed]))
    last = Route.draw(model, shared, in_room=True).view_at(seconds)
    begin = View(
        _triple(pose.from_room(there.to_room(last.position))),
        _triple(pose.from_room(there.to_room(last.target))),
        view.angle,
    )
    return Approach(begin, view, _triple(pose.from_room((0.0, 0.0, 0.0))), stand.approach)


def _pose(view: View, stand: Stand | None) -> list[float]:
    """Return position and quaternion of a view in the room's frame, or in the object's."""
    right, down, forward = view.rotation.T.astype(np.float64)
    axes = np.stack([forward, -right, -down], axis=1)
    place = np.asarray(view.position, np.float64)
    if stand is not None:
        pose = stand.room.poses[stand.place]
        place = pose.to_room(view.position)
        axes = QUARTERS[pose.quarter].astype(np.float64) @ axes
    return [*place.tolist(), *Rotation.from_matrix(axes).as_quat().tolist()]


def _triple(point: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = point.tolist()
    return x, y, z
