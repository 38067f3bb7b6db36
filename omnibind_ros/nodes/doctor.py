"""Runs the command `omnibind doctor`: looks at the graph and at a node's sensors."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rclpy
from rclpy.signals import SignalHandlerOptions

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.demo.processes import ChildError, config_file
from omnibind_ros.doctor.diagnosis import diagnose
from omnibind_ros.doctor.observation import Observation
from omnibind_ros.doctor.remedies import Remedies
from omnibind_ros.doctor.report import json_report, text_report
from omnibind_ros.doctor.suggestion import suggested_sensors
from omnibind_ros.runtime.middleware import profile_variables
from omnibind_ros.sensors import SensorRegistry

from .doctor_look import Look


def run_doctor(options: argparse.Namespace) -> int:
    """Look, print what is wrong, and return the exit status: 0 nothing, 1 something.

    Args:
        options: Those of `omnibind_ros.doctor.commands.add_doctor`.

    Raises:
        RuntimeError: The graph cannot be looked at.
        OSError: The JSON file cannot be written.
    """
    profile = _profile()
    variables = profile_variables(os.environ)
    for name in variables:  # without it most large messages would be lost on the way to this node
        os.environ.setdefault(name, profile)
    if options.json is not None and not options.json.parent.is_dir():
        folder = options.json.parent
        raise OSError(f"the folder {folder} does not exist; create it, or name another")
    node = "/" + options.node.strip("/")
    remedies = Remedies(node, shutil.which("ros2") is not None, profile, variables[0])
    seen = look(node, options.duration)
    findings = diagnose(seen, remedies, options.sensors)
    kinds = SensorRegistry.installed()
    used = {sensor.wanted.topic for sensor in seen.sensors.values()}
    suggested: Mapping[str, Mapping[str, str]] = {}
    if not seen.count or not seen.sensors:
        suggested = suggested_sensors(seen.published, used, kinds)
    print(text_report(seen, findings, suggested))
    if options.json is not None:
        content: dict[str, Any] = json_report(seen, findings, suggested)
        write_atomic(options.json, json.dumps(content, indent=2) + "\n")
    return 1 if findings else 0


def look(node: str, seconds: float) -> Observation:
    """Look at a node and its sensors.

    Args:
        node: Its full name.
        seconds: How long.

    Raises:
        RuntimeError: rclpy cannot be used.
    """
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        looking = Look(node)
        try:
            return looking.run(seconds)
        finally:
            looking.close()
    finally:
        rclpy.try_shutdown()


def _profile() -> str:
    try:
        return str(config_file("fastdds.xml"))
    except ChildError:  # not built with colcon: the commands name where it would be
        return str(Path("config", "fastdds.xml"))
