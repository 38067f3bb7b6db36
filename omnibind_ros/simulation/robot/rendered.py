"""Objects rendered ahead, into a folder of files, in processes of their own."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

from omnibind_ros.simulation.interface import Subject
from omnibind_ros.simulation.language.descriptions import Description, load_descriptions
from omnibind_ros.simulation.objects.fetching import cache_folder
from omnibind_ros.simulation.objects.meshes import MeshError, ObjectModel
from omnibind_ros.simulation.scene.ray_casting import Scene, check_ray_caster
from omnibind_ros.worker_processes import end_with_parent

from .rendering import Stand, render_views
from .room import Room, fits
from .views import ViewsError, write_views

VERSION = 2
"""Of what is rendered: a change makes files of before useless."""

NICE = 10
"""How far the processes that render step back behind others."""


class Loadable(Protocol):
    """A model that can be loaded; it can be pickled."""

    def load(self) -> ObjectModel:
        """Load it; raises MeshError."""


@dataclass(frozen=True)
class Thing:
    """An object that a robot can come upon.

    Attributes:
        object_id: Its id.
        label: Its class.
        words: Other words for the class, which sentences that hide the name do not use.
        source: Its model.
        finest: Its finest label, which may be the class; empty: the class.
    """

    object_id: str
    label: str
    words: tuple[str, ...]
    source: Loadable
    finest: str = ""


@dataclass(frozen=True)
class RenderPlan:
    """How objects are rendered.

    Attributes:
        seconds: How long the robot looks at each.
        seed: The robot: its devices, and all else that is drawn.
        rates: (modality, messages a second) of each sensor.
        room: Ids of the objects of a furnished room, in the order in which the robot passes them;
            those that do not fit in are not there. Empty: each object has surroundings of its own.
        approach: In a room, seconds of the way from one object to the next.
    """

    seconds: float
    seed: int
    rates: tuple[tuple[str, float], ...]
    room: tuple[str, ...] = ()
    approach: float = 2.0

    def file_name(self, object_id: str) -> str:
        """Return the name of the file of an object."""
        drawn = asdict(self)
        if not self.room:
            del drawn["room"], drawn["approach"]
        content = json.dumps([VERSION, object_id, drawn], sort_keys=True)
        return f"{object_id}-{hashlib.sha256(content.encode()).hexdigest()[:12]}.npz"


def default_folder() -> Path:
    """Return the folder of rendered views: $XDG_CACHE_HOME/omnibind_ros/robot_views."""
    return cache_folder().parent / "robot_views"


def render(thing: Thing, plan: RenderPlan, path: Path, furniture: tuple[Thing, ...] = ()) -> None:
    """Render one object into a file.

    Args:
        thing: The object.
        plan: How it is rendered.
        path: The file.
        furniture: The objects of the plan's room.

    Raises:
        MeshError: Its model cannot be read, or there is no ray caster.
        ValueError: Nothing of it can be seen, or its class has no description.
        OSError: The file cannot be written.
    """
    model = thing.source.load()
    descriptions = _descriptions()
    if thing.label not in descriptions:
        raise ViewsError(
            f"the class '{thing.label}' has no description: add it to descriptions.yaml."
        )
    own = descriptions[thing.label].of(model.name)
    subject = Subject(model, thing.label, own, thing.words, Scene(model), thing.finest)
    stand = None
    if fits(model) and thing.object_id in plan.room:
        room, ids = furnished(furniture, plan.seed)
        stand = Stand(room, ids.index(thing.object_id), plan.approach)
    views = render_views(subject, plan.seconds, plan.seed, dict(plan.rates), stand)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_views(path, views)


@lru_cache(maxsize=1)
def furnished(furniture: tuple[Thing, ...], seed: int) -> tuple[Room, list[str]]:
    """Furnish a room, once in each process that renders; return the ids of what is in it, too."""
    models = {thing.object_id: thing.source.load() for thing in furniture}
    inside = {object_id: model for object_id, model in models.items() if fits(model)}
    return Room.furnish(list(inside.values()), seed), list(inside)


@cache
def _descriptions() -> dict[str, Description]:
    """Read the descriptions once in each process that renders; to read them takes 0.3 s."""
    return load_descriptions()


def _begin() -> None:
    """Set up a process that renders: it steps back, and computes in one thread."""
    end_with_parent()
    os.nice(NICE)
    import cv2  # noqa: PLC0415 - in the process that renders alone

    cv2.setNumThreads(1)


class Renderer:
    """Renders objects ahead of their use.

    Attributes:
        folder: Where the files are.
        plan: How objects are rendered.
    """

    def __init__(
        self,
        plan: RenderPlan,
        folder: Path,
        workers: int = 1,
        furniture: Sequence[Thing] = (),
    ) -> None:
        """Create it; processes start with the first object that is not in the folder.

        Args:
            plan: How objects are rendered.
            folder: Where the files are.
            workers: Processes that render.
            furniture: The objects of the plan's room, in its order.
        """
        self.plan, self.folder = plan, folder
        self._furniture = tuple(furniture)
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._jobs: dict[str, Future[None]] = {}

    def path(self, thing: Thing) -> Path:
        """Return the file of an object."""
        return self.folder / self.plan.file_name(thing.object_id)

    def request(self, thing: Thing) -> Path | None:
        """Return the file of an object; None while it is being rendered, which begins with this.

        Raises:
            ViewsError: It cannot be rendered; the text is one sentence.
        """
        path = self.path(thing)
        if path.is_file():
            return path
        if thing.object_id not in self._jobs:
            if self._pool is None:
                self._pool = self._open()
            self._jobs[thing.object_id] = self._pool.submit(
                render, thing, self.plan, path, self._furniture
            )
        job = self._jobs[thing.object_id]
        if not job.done():
            return None
        del self._jobs[thing.object_id]
        try:
            job.result()
        except OSError as error:
            raise ViewsError(
                f"the rendered views cannot be kept in {self.folder} "
                f"({error.strerror or error}): set cache to a folder that can be written."
            ) from error
        except BrokenProcessPool as error:
            raise ViewsError(
                f"the process that rendered {thing.object_id} was ended: look for 'out of memory' "
                "in the system's log, and start again."
            ) from error
        except ValueError as error:
            raise ViewsError(f"{thing.object_id} cannot be rendered: {error}") from error
        return path

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _open(self) -> ProcessPoolExecutor:
        try:
            check_ray_caster()
        except MeshError as error:
            raise ViewsError(str(error)) from error
        # Processes of a program with threads are started anew, not copied.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_begin)


@contextmanager
def renderer(
    plan: RenderPlan, folder: Path, workers: int, furniture: Sequence[Thing] = ()
) -> Iterator[Renderer]:
    """Give a renderer whose processes end with the block."""
    made = Renderer(plan, folder, workers, furniture)
    try:
        yield made
    finally:
        made.close()


def render_all(
    things: Sequence[Thing],
    plan: RenderPlan,
    folder: Path,
    workers: int,
    progress: Callable[[int, int], None],
    pause: Callable[[], None],
    furniture: Sequence[Thing] = (),
) -> None:
    """Render all objects that are not in the folder.

    Args:
        things: The objects.
        plan: How they are rendered.
        folder: Where the files are.
        workers: Processes that render.
        progress: Called with the number of those that are there, and of all.
        pause: Called between two looks at what is there.
        furniture: The objects of the plan's room, in its order.

    Raises:
        ViewsError: One cannot be rendered; the text is one sentence.
    """
    with renderer(plan, folder, workers, furniture) as made:
        while True:
            there = sum(made.request(thing) is not None for thing in things)
            progress(there, len(things))
            if there == len(things):
                return
            pause()
