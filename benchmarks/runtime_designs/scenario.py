"""One design under the load for a while, in processes of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from omnibind_ros.demo.processes import ChildError, ChildProcess

from .content import REFERENCE
from .figures import Published, memory, processor, timing
from .observer import Observer

START = 30.0
"""Seconds that a design may take to subscribe."""

DESIGNS = {
    "ours": "omnibind_ros.nodes.perception_node",
    "synchroniser": "runtime_designs.synchroniser",
    "timer": "runtime_designs.timer",
}


@dataclass(frozen=True)
class Setting:
    """What all scenarios of a run share.

    Attributes:
        bundle: Folder of the bundle.
        folder: For logs and reports; the reference of the pad lies in it.
        sensors: Modalities of the load.
        seconds: Length of a measurement.
        settle: Seconds under load before it begins: every sensor has spoken, and pools are full.
        rates: Of sensors that do not have their usual rates, Hz.
    """

    bundle: Path
    folder: Path
    sensors: tuple[str, ...]
    seconds: float
    settle: float = 6.0
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Outcome:
    """What became of a scenario.

    Attributes:
        figures: As they stand in the JSON.
        results: All results, also those before the measurement.
        begin: Unix time when the measurement began, seconds.
        end: Unix time when it ended, seconds.
        pulls: (modality, begin, end) of each pull, seconds since `begin`.
    """

    figures: dict[str, Any]
    results: list[Published]
    begin: float
    end: float
    pulls: Sequence[tuple[str, float, float]] = field(default=())


def random_pulls(
    sensors: Sequence[str], seconds: float, seed: int = 0
) -> list[tuple[str, float, float]]:
    """Return a plan by which plugs are pulled at random, about two of them at any time.

    Args:
        sensors: The modalities.
        seconds: Length of the plan.
        seed: Of the chance.

    Returns:
        (modality, begin, end) of each pull, seconds.
    """
    rng = np.random.default_rng(seed)
    pulls = []
    for sensor in sensors:
        at = float(rng.exponential(4.0))
        while at < seconds:
            end = min(at + float(rng.uniform(0.5, 3.0)), seconds)
            pulls.append((sensor, round(at, 2), round(end, 2)))
            at = end + 0.5 + float(rng.exponential(4.0))
    return pulls


def run(
    observer: Observer,
    setting: Setting,
    name: str,
    design: str,
    pulls: Sequence[tuple[str, float, float]] = (),
    cpu_budget: float = 1.0,
    depth: int = 0,
    result_rate: float | None = None,
) -> Outcome:
    """Measure a design.

    Args:
        observer: Watches it.
        setting: What all scenarios share.
        name: Of the scenario.
        design: A key of `DESIGNS`.
        pulls: (modality, begin, end): when plugs are pulled, seconds since the measurement began.
        cpu_budget: Ours: the parameter of that name.
        depth: The others: of their subscriptions; 0: as ours.
        result_rate: Ours: the parameter of that name; None for its default.

    Raises:
        ChildError: A process ended, did not start, or made no embedding of a sensor's messages.
    """
    report = setting.folder / f"load-{name}.json"
    arguments = (
        _parameters(setting, cpu_budget, result_rate)
        if design == "ours"
        else _arguments(setting, depth)
    )
    child = ChildProcess(name, DESIGNS[design], arguments, setting.folder)
    load = None
    try:
        observer.watch(child.pid)
        _wait_for_subscriptions(observer, setting, child)
        start = time.time() + 1.5  # the load's process needs a moment
        begin = start + setting.settle
        end = begin + setting.seconds
        shifted = [
            (sensor, setting.settle + since, setting.settle + until)
            for sensor, since, until in pulls
        ]
        load = ChildProcess(
            f"load-{name}",
            "runtime_designs.load",
            [
                *("--start-at", repr(start)),
                *("--seconds", repr(setting.settle + setting.seconds + 0.5)),
                *("--sensors", ",".join(setting.sensors)),
                *("--rates", json.dumps(dict(setting.rates))),
                *("--pulls", json.dumps(shifted)),
                *("--report", str(report)),
            ],
            setting.folder,
        )
        while time.time() < end:
            child.check()
            if time.time() > begin:
                observer.look()
            time.sleep(0.25)
        results = list(observer.results)
        samples = [sample for sample in observer.samples if begin <= sample.at <= end]
        load.wait(10.0)
    finally:
        child.stop()
        if load is not None:
            load.stop()
        _wait_for_silence(observer)
    if len(samples) < 2:
        raise ChildError(f"{name} published no /diagnostics; its log says:\n{child.tail()}")
    figures = timing(results, begin, end)
    figures |= processor(samples, figures["results_per_s"] * (samples[-1].at - samples[0].at))
    figures |= memory(observer.memory(begin, end))
    _check_all_encoded(name, figures["sensors"], child)
    figures["load"] = json.loads(report.read_text(encoding="utf-8"))
    if design == "ours":
        figures["cpu_budget"] = cpu_budget
        figures["result_rate"] = result_rate
    return Outcome(figures, results, begin, end, pulls)


def _check_all_encoded(
    name: str, sensors: Mapping[str, Mapping[str, int]], child: ChildProcess
) -> None:
    """Refuse figures of a design that got a sensor's messages and made no embedding of them."""
    without = [
        sensor for sensor, each in sensors.items() if each["received"] and not each["encoded"]
    ]
    if without:
        raise ChildError(
            f"{name} encoded no message of {', '.join(without)}; its log says:\n{child.tail()}"
        )


def _arguments(setting: Setting, depth: int) -> list[str]:
    """Return the arguments of the other designs."""
    return [
        *("--bundle", str(setting.bundle)),
        *("--reference", str(setting.folder / REFERENCE)),
        *("--sensors", ",".join(setting.sensors)),
        *("--depth", str(depth)),
    ]


def _parameters(setting: Setting, cpu_budget: float, result_rate: float | None) -> list[str]:
    """Return the arguments of ours: a file of parameters."""
    parameters: dict[str, Any] = {
        "bundle": str(setting.bundle),
        "sensors": list(setting.sensors),
        "cpu_budget": cpu_budget,
        "enrolled": "",
    }
    if result_rate is not None:
        parameters["result_rate"] = result_rate
    if "touch" in setting.sensors:
        parameters["sensor"] = {"touch": {"reference": str(setting.folder / REFERENCE)}}
    file = setting.folder / "ours.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": parameters}}), encoding="utf-8")
    return ["--ros-args", "--params-file", str(file)]


def _wait_for_subscriptions(observer: Observer, setting: Setting, child: ChildProcess) -> None:
    deadline = time.monotonic() + START
    while not observer.listens([f"/{sensor}" for sensor in setting.sensors]):
        child.check()
        if time.monotonic() > deadline:
            raise ChildError(f"{child.name} did not subscribe; its log says:\n{child.tail()}")
        time.sleep(0.05)


def _wait_for_silence(observer: Observer) -> None:
    """Wait until discovery has noticed the end of a design, so that the next one is alone."""
    deadline = time.monotonic() + 10.0
    while observer.speaks() and time.monotonic() < deadline:
        time.sleep(0.05)
