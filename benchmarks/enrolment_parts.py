"""Ten drawn parts enrolled over DDS, and recognised by camera and pad, by each alone.

Usage: python3 benchmarks/enrolment_parts.py [--enrolments 1] [--views 3] [--json FILE]

The parts are those of docs/examples/parts_camera_and_pad.py. Each is turned for 3 s while it is
enrolled, then held in other views, one after the other; what the node says of a view after `HOLD`
seconds counts. Run it in a shell after `source env.sh`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from subprocess import STDOUT, Popen
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile

from omnibind_msgs.msg import Recognition, SensorStatusArray
from omnibind_msgs.srv import Enroll

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "examples"))
from parts_camera_and_pad import FREE, PARTS, PartsCameraAndPad

DURATION = 3.0
"""Seconds of an enrolment."""

HOLD = 4.0
"""Seconds for which a view is shown: the belief remembers the view before."""

PATIENCE = 5.0
"""Seconds in which a result must come then; without one the machine is too busy."""

FIRST_VIEW = 100
"""Number of the first view of those that are recognised; enrolment shows those from 0 on."""

CONDITIONS = {"both": "", "camera alone, the pad free": "camera", "pad alone, no camera": "pad"}


class Trial:
    """A perception node, the parts, and what the node says of them."""

    def __init__(self, folder: Path) -> None:
        """Start everything.

        Args:
            folder: Gets the log and the enrolled labels.
        """
        rclpy.init()
        self.parts = PartsCameraAndPad()
        self.log = folder / "node.log"
        parameters = {
            "sensors": "[camera, pad]",
            "sensor.camera.modality": "image",
            "sensor.camera.topic": "/image_raw",
            "sensor.pad.modality": "touch",
            "sensor.pad.topic": "/digit/image_raw",
            "enrolled": str(folder / "enrolled"),
        }
        arguments = [
            word for key, value in parameters.items() for word in ("-p", f"{key}:={value}")
        ]
        command = [sys.executable, "-m", "omnibind_ros.nodes.perception_node", "--ros-args"]
        self.node = Popen([*command, *arguments], stdout=self.log.open("w"), stderr=STDOUT)
        self.said: list[Recognition] = []
        self.sensors: list[SensorStatusArray] = []
        self.parts.create_subscription(Recognition, "/perception/recognition", self.said.append, 10)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.parts.create_subscription(
            SensorStatusArray, "/perception/sensors", self.sensors.append, latched
        )
        self._enroll = self.parts.create_client(Enroll, "/perception/enroll")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.parts)
        threading.Thread(target=self._executor.spin, daemon=True).start()

    def wait_until_free(self) -> None:
        """Wait until both sensors are fresh and the picture of the free pad was taken."""
        end = time.monotonic() + 60
        while "the picture of the free pad has been taken" not in self.log.read_text():
            if time.monotonic() > end:
                raise RuntimeError(f"the node does not work: {self.log.read_text()}")
            time.sleep(0.1)

    def enroll(self, part: str) -> None:
        """Show a part and enroll it."""
        self.parts.show(part)
        time.sleep(1.0)
        future = self._enroll.call_async(Enroll.Request(label=part, duration=DURATION))
        while not future.done():
            time.sleep(0.05)
        if not future.result().success:
            raise RuntimeError(future.result().message)

    def says(self, part: str, view: int) -> Recognition | None:
        """Return what the node says of a view; None if it says nothing."""
        self.parts.show(f"{part} {view}")
        time.sleep(HOLD)
        self.said.clear()
        end = time.monotonic() + PATIENCE
        while not self.said and time.monotonic() < end:
            time.sleep(0.05)
        if not rclpy.ok():
            raise KeyboardInterrupt
        return self.said[-1] if self.said else None

    def close(self) -> None:
        """Stop everything."""
        self.node.terminate()
        self.node.wait(20)
        self._executor.shutdown()
        rclpy.try_shutdown()


def measure(trial: Trial, only: str, views: int) -> dict[str, Any]:
    """Return how many views are named right and known, named wrong and known, and unknown."""
    trial.parts.only = only
    names = ("first", "known", "wrong and known", "no result")
    counts = Counter(dict.fromkeys(names, 0))
    for view in range(FIRST_VIEW, FIRST_VIEW + views):
        for part in PARTS:
            said = trial.says(part, view)
            if said is None:
                counts["no result"] += 1
            else:
                right = said.labels[0] == part
                counts["first"] += right
                if said.known:
                    counts["known" if right else "wrong and known"] += 1
    return {"views": views * len(PARTS), **counts}


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--enrolments", type=int, default=1, help="of each part (1)")
    parser.add_argument("--views", type=int, default=3, help="that are recognised of each part (3)")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        try:
            trial.wait_until_free()
            for _ in range(options.enrolments):
                for part in PARTS:
                    trial.enroll(part)
            figures = {
                name: measure(trial, only, options.views) for name, only in CONDITIONS.items()
            }
            trial.parts.show(FREE)
            log = trial.log.read_text()
            figures["log"] = {"disagree": log.count("disagree")}
        finally:
            trial.close()
        print(log)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
