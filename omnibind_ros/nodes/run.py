"""Runs the command `omnibind run`: the perception node as the launch file starts it."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from omnibind_ros.child_program import ending_with_parent
from omnibind_ros.demo.processes import ChildError, config_file, signals_as_exceptions
from omnibind_ros.runtime.launch_arguments import read_arguments
from omnibind_ros.runtime.launch_command import listing, node_arguments, programs
from omnibind_ros.runtime.launch_plan import LaunchError
from omnibind_ros.runtime.middleware import profile_variables

from .perception_node import main

PATIENCE = 3.0
"""Seconds in which another program must end after SIGINT."""


def run_perception(options: argparse.Namespace) -> int:
    """Run the perception node until SIGINT or SIGTERM, and return its exit status.

    Args:
        options: Those of `omnibind_ros.nodes.commands.add_run`.

    Raises:
        LaunchError: Nothing was started; the text is one sentence.
    """
    if options.list:
        print(listing())
        return 0
    given = read_arguments(options.arguments)
    file = Path(given["config"]).expanduser()
    if not any(text.startswith("config:=") for text in options.arguments):
        file = _installed(given["config"])
    others = programs(given, _installed("perception.rviz"))
    for name in profile_variables(os.environ):
        os.environ.setdefault(name, str(_installed("fastdds.xml")))
    started: list[subprocess.Popen[bytes]] = []
    with signals_as_exceptions(), tempfile.TemporaryDirectory(prefix="omnibind-run-") as folder:
        try:
            arguments = node_arguments(given, file, Path(folder))
            _start(others, started)
            return main([*arguments, *options.ros_args])
        finally:
            _stop(started)


def _installed(name: str) -> Path:
    try:
        return config_file(name)
    except ChildError as error:
        raise LaunchError(str(error)) from error


def _start(commands: Sequence[Sequence[str]], started: list[subprocess.Popen[bytes]]) -> None:
    for command in commands:
        try:
            # Ctrl-C goes to this process alone, which ends the others.
            child = ending_with_parent(command)
            started.append(subprocess.Popen(child, start_new_session=True))
        except OSError as error:
            raise LaunchError(
                f"{command[0]} cannot be started ({error.strerror}); install it anew, or start it "
                "by itself"
            ) from error


def _stop(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
