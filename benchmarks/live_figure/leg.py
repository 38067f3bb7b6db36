"""One robot and one perception node, in processes of their own, before some objects."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from omnibind_ros.demo.processes import ChildError, ChildProcess, config_file
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.simulation.robot.rendered import RenderPlan, Thing
from runtime_designs.figures import processor

from .encounters import Encounter, Shown, measure_all
from .listener import Listener, Machine

START = 60.0
"""Seconds in which the perception node must have subscribed, and the robot must have begun."""

PATIENCE = 30.0
"""Seconds more than planned that a story may take."""

LEAD_IN = 3.0
"""Seconds in which the pad is free before the first object."""


@dataclass(frozen=True)
class Setting:
    """What all legs share.

    Attributes:
        bundle: Folder or name of the bundle.
        seconds: At each object.
        cache: Folder of rendered objects.
        catalogue: Folder of .sh3f files; empty: Debian's.
        meshes: Folder of STL files; empty: none.
        logs: Folder for logs.
        right: By object, the labels that are right.
    """

    bundle: str
    seconds: float
    cache: Path
    catalogue: str
    meshes: str
    logs: Path
    right: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Leg:
    """What a robot does.

    Attributes:
        plan: The robot.
        things: The objects that it comes upon.
        missing: A sensor that is unplugged; empty: none.
        lying: A sensor that lies on every second object; empty: none.
    """

    plan: RenderPlan
    things: Sequence[Thing]
    missing: str = ""
    lying: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a leg.

    Attributes:
        encounters: The figures of each object.
        latencies: From the newest stamp to the result, seconds.
        cpu: Processors that the perception node used on average.
        own: The share of these that is its own overhead.
        robot_cpu: Processors that the robot used on average.
        others: Processors that other processes used on average.
        load: The machine's load, of the last minute.
        late_ms: How late the robot's messages were, p99, milliseconds.
        left_out: Messages that the robot left out because they were too late.
    """

    encounters: list[Encounter]
    latencies: list[float]
    cpu: float
    own: float
    robot_cpu: float
    others: float
    load: float
    late_ms: float
    left_out: int


def run_leg(
    listener: Listener, setting: Setting, leg: Leg, progress: Callable[[int], None]
) -> Outcome:
    """Let a robot come upon its objects.

    Args:
        listener: Hears what is said.
        setting: What all legs share.
        leg: What the robot does.
        progress: Called with the number of objects that were there.

    Raises:
        ChildError: A process ended, did not start, or did not end its story in time.
    """
    perception = ChildProcess(
        "perception", "omnibind_ros.nodes.perception_node", _perception(setting), setting.logs
    )
    robot = None
    try:
        listener.begin(perception.pid)
        topics = [f"/{modality.topic}" for modality in MODALITIES.values()]
        _wait(lambda: listener.listens(topics), START, "did not subscribe", perception)
        robot = ChildProcess(
            "robot", "omnibind_ros.nodes.robot_simulator_node", _robot(setting, leg), setting.logs
        )
        _wait(lambda: bool(listener.present), START, "showed no object", robot, perception)
        machine = Machine([perception.pid, robot.pid])
        limit = len(leg.things) * setting.seconds + PATIENCE

        def ended() -> bool:
            there = sum(bool(name) for _, name in listener.present)
            progress(max(there - 1, 0))
            return listener.present[-1][1] == "" and there > 0

        _wait(ended, limit, "did not end its story", robot, perception)
        others, load = machine.others(), os.getloadavg()[0]
        time.sleep(1.2)  # the last diagnostics
        progress(len(leg.things))
        return _outcome(listener, setting, leg, others, load)
    finally:
        for child in (robot, perception):
            if child is not None:
                child.stop()
        deadline = time.monotonic() + 10.0
        while listener.speaks() and time.monotonic() < deadline:
            time.sleep(0.05)  # until discovery has noticed the end


def _outcome(listener: Listener, setting: Setting, leg: Leg, others: float, load: float) -> Outcome:
    shown = shown_of(listener.present, setting.right, leg.lying)
    begin, end = shown[0].begin, shown[-1].end
    latencies = [r.at - r.stamp for r in listener.results if begin <= r.at < end]
    samples = [sample for sample in listener.samples if begin <= sample.at <= end]
    used = processor(samples, len(latencies)) if len(samples) > 1 else {}
    robot = listener.robot
    return Outcome(
        encounters=measure_all(shown, listener.said),
        latencies=latencies,
        cpu=used.get("cpu_share", math.nan),
        own=used.get("overhead_share", math.nan),
        robot_cpu=float(robot.get("processor time [s]") or "nan") / (end - begin),
        others=others,
        load=load,
        late_ms=float(robot.get("late, p99 [ms]") or "nan"),
        left_out=int(robot.get("left out") or 0),
    )


def shown_of(
    present: Sequence[tuple[float, str]], right: Mapping[str, frozenset[str]], lying: str
) -> list[Shown]:
    """Return the objects that were there, from the arrivals that the robot published.

    Args:
        present: (Unix time, id), in order; an empty id where there is no object.
        right: By object, the labels that are right.
        lying: The sensor that lies on every second object; empty: none.
    """
    found: list[Shown] = []
    for (begin, name), (end, _) in pairwise(present):
        if name:
            liar = lying if len(found) % 2 == 1 else ""
            found.append(Shown(name, begin, end, right[name], liar))
    return found


def pooled(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the legs of a run as JSON."""
    latencies = np.array([each for outcome in outcomes for each in outcome.latencies])
    cpu = np.array([outcome.cpu for outcome in outcomes])
    own = np.array([outcome.own for outcome in outcomes])
    return {
        "encounters": [e.as_json() for outcome in outcomes for e in outcome.encounters],
        "latency_p50_ms": _milliseconds(latencies, 50),
        "latency_p99_ms": _milliseconds(latencies, 99),
        "own_overhead_share": _finite(float(np.sum(own * cpu) / np.sum(cpu))),
        "perception_cores": _finite(float(np.mean(cpu))),
        "robot_cores": _finite(float(np.mean([o.robot_cpu for o in outcomes]))),
        "other_cores": _finite(float(np.mean([o.others for o in outcomes]))),
        "load": _finite(float(np.mean([o.load for o in outcomes]))),
        "robot_late_p99_ms": _finite(float(np.max([o.late_ms for o in outcomes]))),
        "robot_left_out": sum(o.left_out for o in outcomes),
    }


def _milliseconds(seconds: Any, share: float) -> float | None:
    return round(float(np.percentile(seconds, share)) * 1e3, 2) if len(seconds) else None


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _wait(
    condition: Callable[[], bool], seconds: float, what: str, *children: ChildProcess
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            raise ChildError(
                f"the {children[0].name} process {what} within {seconds:g} s; the end of its log:\n"
                f"{children[0].tail()}"
            )
        time.sleep(0.1)


def _perception(setting: Setting) -> list[str]:
    parameters = str(config_file("seven_senses.yaml"))
    arguments = ["--ros-args", "--params-file", parameters, "-p", f"bundle:={setting.bundle}"]
    return [*arguments, "-p", "enrolled:=''"]


def _robot(setting: Setting, leg: Leg) -> list[str]:
    values = {
        "objects": [thing.object_id for thing in leg.things],
        "split": "test",
        "seconds": setting.seconds,
        "lead_in": LEAD_IN,
        "seed": leg.plan.seed,
        "missing": [leg.missing] if leg.missing else [],
        "lying": leg.lying,
        "lies_on": "second",
        "loop": False,
        "render_first": True,
        "room": False,
        "cache": str(setting.cache),
        "catalogue": setting.catalogue,
        "meshes": setting.meshes,
    }
    file = setting.logs / "robot.yaml"
    file.write_text(
        yaml.safe_dump({"robot_simulator": {"ros__parameters": values}}), encoding="utf-8"
    )
    return ["--ros-args", "--params-file", str(file)]
