"""A perception node, a simulated robot and the page `omnibind view`, in processes of their own."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from tiny_furniture import furniture

from omnibind_ros.demo.page.visitor import find_browser
from omnibind_ros.demo.processes import ChildProcess
from omnibind_ros.modalities import MODALITIES

RATES = {"image": 8, "thermal": 6, "event": 10, "points": 5, "touch": 8, "audio": 10, "text": 1}
PIECES = [(f"c{n}", "Chair") for n in range(3)] + [(f"l{n}", "Lamp") for n in range(3)]
BROWSER = ("--disable-gpu", "--no-sandbox")


class PageWorld:
    """Starts the processes and ends them."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder = folder
        self.bundle = bundle
        self.processes: list[ChildProcess] = []
        self.catalogue = furniture(folder / "furniture", PIECES)
        self.started = 0

    def start(self, name: str, module: str, *arguments: str) -> ChildProcess:
        self.started += 1
        process = ChildProcess(f"{name}{self.started}", module, arguments, self.folder)
        self.processes.append(process)
        return process

    def start_perception(self) -> ChildProcess:
        file = self.folder / "perception.yaml"
        values = {"sensors": list(MODALITIES), "bundle": str(self.bundle), "enrolled": ""}
        values |= {"status_rate": 10.0}
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
        module = "omnibind_ros.nodes.perception_node"
        return self.start("perception", module, "--ros-args", "--params-file", str(file))

    def start_robot(self) -> ChildProcess:
        values = {"catalogue": self.catalogue, "cache": self.folder / "cache", "count": 1}
        values |= {"seconds": 2.0, "lead_in": 1.0, "seed": 0, "room": "false"}
        values |= {f"rate.{name}": float(rate) for name, rate in RATES.items()}
        arguments = [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]
        return self.start(
            "robot", "omnibind_ros.nodes.robot_simulator_node", "--ros-args", *arguments
        )

    def start_view(self, *arguments: str) -> tuple[ChildProcess, str]:
        """Start the page, and return its process and its address."""
        arguments = ("view", "--no-open", "--port", "0", *arguments)
        process = self.start("view", "omnibind_ros.cli", *arguments)
        found = wait_for(lambda: re.search(r"is at (\S+)", process.tail()), 60, process.tail)
        return process, found[1]

    def close(self) -> None:
        for process in self.processes[::-1]:
            process.interrupt()
        for process in self.processes:
            process.stop(8.0)


def wait_for(condition, seconds=30.0, why=lambda: ""):
    """Return what a condition returns once that is true; fail the test if it never is."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, why()
        time.sleep(0.05)
    return found


def browser_or_skip():
    """Return playwright's browser: the system's chromium, never a downloaded one."""
    pytest.importorskip("playwright")
    program = find_browser()
    if program is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where it is

    playwright = sync_playwright().start()
    return playwright, playwright.chromium.launch(executable_path=program, args=[*BROWSER])


def threads(process: ChildProcess) -> int:
    """Return the number of threads of a process."""
    return len(list(Path(f"/proc/{process.pid}/task").iterdir()))


def memory(process: ChildProcess) -> float:
    """Return the resident memory of a process in MB."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1000
