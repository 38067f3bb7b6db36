"""One run of the demo with a simulated robot: its processes, the story and the verdict."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.household.things import SHIPPED, find_things
from omnibind_ros.demo.processes import (
    ChildError,
    ChildProcesses,
    config_file,
    prepare_environment,
    private_domain,
    signals_as_exceptions,
)
from omnibind_ros.encoders.bundle import resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.simulation.robot.rendered import (
    RenderPlan,
    default_folder,
    render_all,
)
from omnibind_ros.simulation.robot.rendering import streamed_modalities
from omnibind_ros.simulation.robot.story import ordered

from .figures import RoomSummary, summarise
from .record import Done, RoomRecord
from .script import APPROACH, EVENTS, LEAD_IN, SECONDS, TAUGHT, Event, object_count
from .table import events_table, figures_table
from .truth import right_of

SEED = 0
"""Of the robot, and of the order of the objects."""

SHOWN = 12
"""Objects of the room where no story is told."""

SHOW_SECONDS, SHOW_APPROACH = 6.0, 2.0
"""Seconds at each object, and of the way to it, where no story is told."""

AHEAD = 2
"""Objects that are rendered before such a show begins; the others while it runs."""

START = 60.0
"""Seconds in which the processes must have begun."""

VISIT = 86400.0
"""Seconds that the page is looked at where a story is told, unless it ends before."""

CLI = "omnibind_ros.cli"

PAGE_FIGURES = "page.json"

PORT = 8080
"""The page's port, or the next one that is free."""


class RoomClient(Protocol):
    """Changes what the robot does; each call waits for the answer."""

    def listens(self) -> bool:
        """Return whether the perception node subscribes to all sensors."""
        ...

    def unplug(self, sensor: str) -> None:
        """Unplug a sensor; an empty name plugs all in."""
        ...

    def let_lie(self, sensor: str) -> None:
        """Let a sensor lie; an empty name: none."""
        ...

    def teach(self, label: str, seconds: float) -> tuple[bool, str]:
        """Teach a label; returns whether it was learnt, and the answer."""
        ...


Connect = Callable[[RoomRecord], AbstractContextManager[RoomClient]]
"""Makes a client that records into a record until the with statement ends."""


@dataclass(frozen=True)
class RoomOptions:
    """What is asked of a run.

    Attributes:
        duration: Seconds; infinite: until Ctrl-C.
        scripted: Whether the story is told, and ends with a verdict.
        page: Whether there is a page.
        json_file: Where to write the figures; None: nowhere.
    """

    duration: float
    scripted: bool
    page: bool = True
    json_file: Path | None = None


class Room:
    """One run."""

    def __init__(
        self, options: RoomOptions, connect: Connect, console: Console, logs: Path
    ) -> None:
        """Prepare a run.

        Args:
            options: What is asked.
            connect: Connects to the topics.
            console: Where to write.
            logs: Folder for the logs of the processes.

        Raises:
            ChildError: The story would be too short.
        """
        self._options, self._connect, self._console = options, connect, console
        self._processes = ChildProcesses(logs)
        self._record = RoomRecord()
        count = object_count(options.duration) if options.scripted else SHOWN
        if not count:
            least = LEAD_IN + APPROACH + SECONDS
            raise ChildError(f"a story lasts at least {least:g} s: give a longer one.")
        pool = find_things(SHIPPED)
        self._things = ordered(pool, SEED, count)
        seconds, approach = (
            (SECONDS, APPROACH) if options.scripted else (SHOW_SECONDS, SHOW_APPROACH)
        )
        ids = tuple(thing.object_id for thing in self._things)
        rates = tuple(streamed_modalities().items())
        self._plan = RenderPlan(seconds, SEED, rates, ids, approach)
        self._right = right_of(self._things, resolve_bundle(DEFAULT_BUNDLE))

    def run(self) -> RoomSummary:
        """Do the run and return its figures.

        Raises:
            ChildError: A process did not start, or has ended.
        """
        self._render()
        with self._connect(self._record) as client, self._processes:
            return self._run(client)

    def logs_tail(self) -> str:
        """Return the last lines of the processes' logs."""
        return self._processes.tails()

    def _render(self) -> None:
        """Render what must be there at the begin, with a progress bar where that takes time."""
        # The liar shows other objects of the story, so that these suffice.
        first = self._things if self._options.scripted else self._things[:AHEAD]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task("rendering the objects, once", total=len(first))
            render_all(
                first,
                self._plan,
                default_folder(),
                os.cpu_count() or 1,
                lambda there, _: bars.update(bar, completed=there),
                lambda: time.sleep(0.1),
                self._things,
            )

    def _run(self, client: RoomClient) -> RoomSummary:
        record, options = self._record, self._options
        self._processes.start(
            "perception",
            "omnibind_ros.nodes.perception_node",
            *("--ros-args", "--params-file", str(config_file("seven_senses.yaml"))),
            *("-p", "enrolled:=''"),  # the user's own labels are no part of the demonstration
        )
        page = self._start_page() if options.page else ""
        self._processes.wait_for(
            client.listens, START, "perception did not subscribe to all sensors"
        )
        robot = ("--ros-args", "--params-file", str(self._robot_file()))
        self._processes.start("robot_simulator", "omnibind_ros.nodes.robot_simulator_node", *robot)
        self._processes.wait_for(record.began.is_set, START, "the robot showed no object")
        if page and options.scripted:  # nobody else looks at it
            self._processes.start(
                "visitor", CLI, "view", "--visit", page, "--duration", f"{VISIT:g}"
            )
        end = time.monotonic() + options.duration
        if options.scripted:
            for place, event in enumerate(EVENTS[: len(self._things)]):
                self._tell(client, place, event)
            self._processes.wait_for(
                lambda: (
                    not record.arrivals[-1].object_id and len(record.visits()) == len(self._things)
                ),
                SECONDS + START,
                "the story did not end",
            )
        else:
            try:
                self._processes.wait_until(end)
            except KeyboardInterrupt:
                if not options.json_file:
                    raise
            record.on_object(time.monotonic(), "")
        finest = {thing.object_id: thing.finest or thing.label for thing in self._things}
        return summarise(record, self._right, finest, self._page_hz())

    def _tell(self, client: RoomClient, place: int, event: Event) -> None:
        """Let an event take place at an object."""
        self._processes.wait_for(
            lambda: len(self._record.visits()) > place,
            SECONDS + START,
            f"the robot showed no object {place + 1}",
        )
        arrival = self._record.visits()[place].at
        self._processes.wait_until(arrival + event.begin)
        taught = (True, "")
        began = time.monotonic()
        if event.kind == "teach":
            taught = client.teach(TAUGHT, event.end - event.begin)
            ended = time.monotonic()
        else:
            change = client.unplug if event.kind == "unplug" else client.let_lie
            change(event.sensor)
            began = time.monotonic()
            self._processes.wait_until(arrival + event.end)
            ended = time.monotonic()
            change("")
        self._record.done.append(Done(event, place, began, ended, taught[1], taught[0]))
        self._console.print(
            f"{event.name}: object {place + 1} of {len(self._things)}", highlight=False
        )

    def _start_page(self) -> str:
        """Start the page and return its address."""
        port = free_port(PORT)
        address = f"http://127.0.0.1:{port}"
        self._console.print(f"The page: {address}", highlight=False)
        quiet = ("--no-open",) if self._options.scripted else ()
        file = self._processes.logs / PAGE_FIGURES
        self._processes.start("page", CLI, "view", "--port", str(port), "--json", str(file), *quiet)
        return address

    def _page_hz(self) -> float | None:
        """End the page and return how often it was refreshed, as it counted."""
        self._processes.end("visitor", "page")
        file = self._processes.logs / PAGE_FIGURES
        if not file.is_file():
            return None
        value = json.loads(file.read_text(encoding="utf-8"))["page_hz"]
        return None if value is None else float(value)

    def _robot_file(self) -> Path:
        values: dict[str, Any] = {
            "split": SHIPPED,
            "objects": [thing.object_id for thing in self._things],
            "seconds": self._plan.seconds,
            "approach": self._plan.approach,
            "lead_in": LEAD_IN,
            "seed": SEED,
            "loop": not self._options.scripted,
        }
        file = self._processes.logs / "robot.yaml"
        content = {"robot_simulator": {"ros__parameters": values}}
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        return file


def free_port(first: int, tries: int = 100) -> int:
    """Return the first port of this machine, from a number on, that nobody listens on.

    Raises:
        ChildError: All are in use.
    """
    for port in range(first, first + tries):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ChildError(f"the ports {first} to {first + tries - 1} are in use: end a program.")


def run_room(
    duration: float,
    scripted: bool,
    connect: Connect,
    json_file: Path | None = None,
    page: bool = True,
) -> int:
    """Run the demo with a simulated robot, print its verdict and write its figures.

    Args:
        duration: Seconds; infinite: until Ctrl-C.
        scripted: Whether the story is told, and ends with a verdict.
        connect: Connects to the topics.
        json_file: Where to write the figures; None: nowhere.
        page: Whether there is a page.

    Returns:
        The exit status: 0; 1 if nothing was right or a process failed; 130 for Ctrl-C.
    """
    options = RoomOptions(duration, scripted, page, json_file)
    console = Console()
    failure = ""
    with tempfile.TemporaryDirectory(prefix="omnibind-demo-") as folder:
        try:
            with private_domain(), signals_as_exceptions():
                prepare_environment()
                room = Room(options, connect, console, Path(folder))
                summary = room.run()
            if options.scripted:
                console.print(events_table(summary))
                console.print(figures_table(summary))
            failure = summary.verdict() if options.scripted else ""
            if options.json_file:
                write_atomic(options.json_file, json.dumps(summary.as_json(), indent=2) + "\n")
            if failure:
                failure += f"\n{room.logs_tail()}"
        except (ChildError, ValueError) as error:
            failure = str(error)
        except OSError as error:
            failure = f"the figures could not be written: {error}."
        except KeyboardInterrupt:
            print("omnibind demo: ended.", file=sys.stderr)
            return 130 if options.scripted else 0
    if failure:
        print(f"omnibind demo: {failure}", file=sys.stderr)
        return 1
    return 0
