"""Plays a story: each message of each sensor when it is due."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from omnibind_ros.simulation.tactile.settings import Pixels

from .rendered import Renderer, Thing
from .rendering import Reading
from .story import Story
from .views import StoredViews

STAGGER = 0.0037
"""Seconds between the messages of two sensors that are due together: no two devices speak in the
same instant."""

TOO_LATE = 0.2
"""Seconds after which a message that was due is left out, as by a driver that cannot keep up."""

FREE_RATE = 15.0
"""Pictures a second of the free pad while there is no object."""

POSE, ARRIVAL = "pose", "arrival"
"""In the place of a sensor's name: where the sensors are, and that the robot is at the object."""

KEPT = 2000
"""Delays that are kept."""


class Robot(Protocol):
    """What the messages go to, and who says which sensors are there. One thread calls it."""

    @property
    def lying(self) -> str:
        """The sensor that lies; empty: none."""

    @property
    def lies_on(self) -> str:
        """On which objects it lies: `every` or `second`."""

    def plugged(self, sensor: str) -> bool:
        """Return whether a sensor is there."""

    def arrive(self, thing: Thing | None) -> None:
        """Take notice of the object that is there now; None: there is none."""

    def move(self, pose: Sequence[float]) -> None:
        """Take notice of where the sensors are: x, y, z [m] and the quaternion x, y, z, w."""

    def publish(self, sensor: str, reading: Reading) -> None:
        """Send a reading."""

    def wait_for(self, thing: Thing) -> None:
        """Take notice that an object is being rendered and delays the story."""


class Due(NamedTuple):
    """A message that is due.

    Attributes:
        second: When, seconds since the arrival.
        sensor: Name of the sensor.
        number: Of the reading.
    """

    second: float
    sensor: str
    number: int


def schedule(views: Mapping[str, StoredViews], seconds: float) -> list[Due]:
    """Return all messages before one object, in the order of time.

    Args:
        views: By sensor, where its readings are.
        seconds: How long it takes, with the way to the object; later messages are left out.
    """
    due = [
        Due(stored.second(sensor, number) + STAGGER * place, sensor, number)
        for place, (sensor, stored) in enumerate(views.items())
        for number in range(stored.count(sensor))
    ]
    return sorted(each for each in due if each.second < seconds)


@dataclass
class _Scene:
    """One object of the story, with its files.

    Attributes:
        place: Of the object in the story.
        own: What is measured of it.
        other: What a lying sensor measures; None: none has lied yet.
    """

    place: int
    own: StoredViews
    other: StoredViews | None = None

    def close(self) -> None:
        """Close the files."""
        self.own.close()
        if self.other is not None:
            self.other.close()


class Player:
    """Plays a story in a thread of its own.

    Attributes:
        published: Messages sent, by sensor.
        left_out: Messages that were too late.
        late: How late the last messages were sent, seconds.
    """

    def __init__(
        self,
        story: Story,
        renderer: Renderer,
        robot: Robot,
        wait: Callable[[float], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create it.

        Args:
            story: The objects.
            renderer: Gives their files; the seconds and the sensors are those of its plan.
            robot: Gets the messages.
            wait: Waits so many seconds at most; returns True if the story shall end.
            monotonic: A clock that never jumps, seconds.
        """
        self._story, self._renderer, self._robot = story, renderer, robot
        self._wait, self._monotonic = wait, monotonic
        self.published: dict[str, int] = dict.fromkeys((name for name, _ in renderer.plan.rates), 0)
        self.left_out = 0
        self.late: deque[float] = deque(maxlen=KEPT)

    def run(self, lead_in: float, loop: bool, render_first: bool) -> None:
        """Play until the end, or until `wait` says so.

        Where the next object is not rendered in time, the robot stays with the present one.

        Args:
            lead_in: Seconds before the first object, with a free pad.
            loop: Whether the story begins anew after its end.
            render_first: Whether all objects are rendered before the first one is shown.

        Raises:
            ViewsError: An object cannot be rendered or read.
        """
        things = self._story.things
        if render_first and not all(self._ready(thing) for thing in dict.fromkeys(things)):
            return
        for sensor in self.published:  # all plugs are in before the first message
            self._robot.plugged(sensor)
        place, first = 0, True
        while True:
            scene = self._open(place)
            if scene is None or (first and self._rest(scene.own, lead_in)):
                return
            first = False
            last = place + 1 == len(things)
            following = 0 if last else place + 1
            ahead = [] if last and not loop else self._needed(following)
            ended = self._show(scene, ahead)
            scene.close()
            if ended:
                return
            if last and not loop:
                self._robot.arrive(None)
                return
            place = following

    def _needed(self, place: int) -> list[Thing]:
        needed = [self._story.things[place]]
        if self._robot.lying and self._story.lies(place, self._robot.lies_on):
            needed.append(self._story.others[place])
        return needed

    def _ready(self, thing: Thing, pause: float = 0.25) -> bool:
        """Wait until an object is rendered; False: the story shall end."""
        told = False
        while self._renderer.request(thing) is None:
            if not told:
                self._robot.arrive(None)
                self._robot.wait_for(thing)
                told = True
            if self._wait(pause):
                return False
        return True

    def _open(self, place: int) -> _Scene | None:
        """Open the files of an object; None: the story shall end."""
        needed = self._needed(place)
        if not all(self._ready(thing) for thing in needed):
            return None
        return _Scene(place, StoredViews(self._renderer.path(needed[0])))

    def _rest(self, views: StoredViews, seconds: float) -> bool:
        """Publish the free pad for a while; True: the story shall end."""
        begin = self._monotonic()
        for number in range(math.ceil(seconds * FREE_RATE - 1e-9)):
            if "touch" in self.published and self._robot.plugged("touch"):
                picture: Pixels = views.free_picture(number)
                self._robot.publish("touch", Reading(0.0, picture))
            until = min((number + 1) / FREE_RATE, seconds)
            if self._wait(max(begin + until - self._monotonic(), 0.0)):
                return True
        return False

    def _show(self, scene: _Scene, ahead: list[Thing]) -> bool:
        """Play what one object shows, and let the next be rendered; True: the story shall end.

        It is played again, but for the way to the object, until the objects of `ahead` are
        rendered.
        """
        arrival = scene.own.arrival
        if arrival:
            self._robot.arrive(None)
        seconds = arrival + self._renderer.plan.seconds
        poses = [Due(row[0], POSE, n) for n, row in enumerate(scene.own.poses.tolist())]
        readings = schedule(dict.fromkeys(self.published, scene.own), seconds)
        messages = sorted([*readings, *poses, Due(arrival, ARRIVAL, scene.place)])
        told, again, driven = False, False, 0.0
        while True:
            begin = self._monotonic() - driven
            for due in messages:
                if due.second < driven or (again and due.sensor == ARRIVAL):
                    continue
                if told and not self._unready(ahead):
                    return False
                if self._send(scene, due, begin):
                    return True
            if self._wait(max(begin + seconds - self._monotonic(), 0.0)):
                return True
            unready = self._unready(ahead)
            if not unready:
                return False
            if not told:
                self._robot.wait_for(unready[0])
                told = True
            again, driven = True, arrival

    def _unready(self, things: list[Thing]) -> list[Thing]:
        """Return those that are not yet rendered, after asking for them."""
        return [thing for thing in things if self._renderer.request(thing) is None]

    def _send(self, scene: _Scene, due: Due, begin: float) -> bool:
        """Send a message when it is due; True: the story shall end."""
        pause = begin + due.second - self._monotonic()
        if pause > 0 and self._wait(pause):
            return True
        if due.sensor == ARRIVAL:
            self._robot.arrive(self._story.things[due.number])
            return False
        if due.sensor == POSE:
            self._robot.move(scene.own.poses[due.number, 1:].tolist())
            return False
        if not self._robot.plugged(due.sensor):
            return False
        late = self._monotonic() - begin - due.second
        self.late.append(late)
        if late > TOO_LATE:
            self.left_out += 1
            return False
        views = self._voice(scene, due)
        self._robot.publish(due.sensor, views.reading(due.sensor, due.number))
        self.published[due.sensor] += 1
        return False

    def _voice(self, scene: _Scene, due: Due) -> StoredViews:
        """Return whose reading a sensor sends: another object's where it lies.

        A sensor that is told to lie in the middle of an object lies as soon as the other object is
        rendered.
        """
        robot = self._robot
        if robot.lying != due.sensor or not self._story.lies(scene.place, robot.lies_on):
            return scene.own
        if scene.other is None:
            path = self._renderer.request(self._story.others[scene.place])
            if path is None:
                return scene.own
            scene.other = StoredViews(path)
        return scene.other if due.number < scene.other.count(due.sensor) else scene.own
