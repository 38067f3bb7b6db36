"""Plays a story: each message of each sensor when it is due."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
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
        seconds: How long the object is shown; later messages are left out.
    """
    due = [
        Due(stored.second(sensor, number) + STAGGER * place, sensor, number)
        for place, (sensor, stored) in enumerate(views.items())
        for number in range(stored.count(sensor))
    ]
    return sorted(each for each in due if each.second < seconds)


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
        first = True
        while True:
            for place, thing in enumerate(things):
                views = self._open(place)
                if views is None or (first and self._rest(views, lead_in)):
                    return
                first = False
                following = place + 1 if place + 1 < len(things) else 0
                if self._show(thing, views, self._needed(following)):
                    return
            if not loop:
                self._robot.arrive(None)
                return

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

    def _open(self, place: int) -> dict[str, StoredViews] | None:
        """Open the files of an object by sensor; None: the story shall end."""
        needed = self._needed(place)
        if not all(self._ready(thing) for thing in needed):
            return None
        files = [StoredViews(self._renderer.path(thing)) for thing in needed]
        return {
            name: files[-1] if name == self._robot.lying else files[0] for name in self.published
        }

    def _rest(self, views: Mapping[str, StoredViews], seconds: float) -> bool:
        """Publish the free pad for a while; True: the story shall end."""
        begin = self._monotonic()
        for number in range(math.ceil(seconds * FREE_RATE - 1e-9)):
            if "touch" in views and self._robot.plugged("touch"):
                picture: Pixels = views["touch"].free_picture(number)
                self._robot.publish("touch", Reading(0.0, picture))
            until = min((number + 1) / FREE_RATE, seconds)
            if self._wait(max(begin + until - self._monotonic(), 0.0)):
                return True
        return False

    def _show(self, thing: Thing, views: Mapping[str, StoredViews], ahead: list[Thing]) -> bool:
        """Play what one object shows, and let the next be rendered; True: the story shall end."""
        begin = self._monotonic()
        self._robot.arrive(thing)
        for each in ahead:
            self._renderer.request(each)
        seconds = self._renderer.plan.seconds
        for due in schedule(views, seconds):
            pause = begin + due.second - self._monotonic()
            if pause > 0 and self._wait(pause):
                return True
            if not self._robot.plugged(due.sensor):
                continue
            late = self._monotonic() - begin - due.second
            self.late.append(late)
            if late > TOO_LATE:
                self.left_out += 1
                continue
            self._robot.publish(due.sensor, views[due.sensor].reading(due.sensor, due.number))
            self.published[due.sensor] += 1
        ended = self._wait(max(begin + seconds - self._monotonic(), 0.0))
        for stored in set(views.values()):
            stored.close()
        return ended
