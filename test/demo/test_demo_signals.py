"""A program that is stopped ends its children first, also where it is told twice."""

import signal
import subprocess
import sys

import pytest

pytest.importorskip("ament_index_python")

PROGRAM = """
import time
from omnibind_ros.demo.processes import signals_as_exceptions
with signals_as_exceptions():
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("ending", flush=True)
        time.sleep(0.5)
        print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_interrupt_the_end(number):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout.readline() == "begun\n"
        program.send_signal(number)
        assert program.stdout.readline() == "ending\n"
        program.send_signal(number)
        assert program.stdout.readline() == "ended\n"
        assert program.wait(10) == 128 + number
