"""A program that ends with the one that started it, also where that one is killed."""

import os
import signal
import subprocess
import sys

import pytest
from paths import ROOT
from processes_by_id import ends, running

from omnibind_ros.child_program import ending_with_parent

PARENT = """
import signal, subprocess, sys, time
from omnibind_ros.child_program import ending_with_parent
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
sleep = ["sleep", "600"]
children = [subprocess.Popen(ending_with_parent(sleep), start_new_session=True)]
children.append(subprocess.Popen(["nohup", *sleep], start_new_session=True))
time.sleep(float(sys.argv[1]))
print(*(child.pid for child in children), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("wait", [0.0, 0.5])  # before it has become the command, and after
def test_a_child_ends_with_its_parent_and_one_started_by_hand_goes_on(number, wait):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(wait)], stdout=subprocess.PIPE, text=True
    ) as parent:
        child, other = map(int, parent.stdout.readline().split())
        try:
            parent.send_signal(number)
            assert ends(child)
            assert running(other)
        finally:
            os.kill(other, signal.SIGKILL)
            parent.kill()


def test_what_make_has_become_in_a_recipe_ends_with_make(tmp_path):
    program = ROOT / "omnibind_ros" / "child_program.py"
    line = f"@true && exec {sys.executable} -S {program} $$PPID sh -c 'echo $$$$; exec sleep 600'"
    (tmp_path / "Makefile").write_text(f"SHELL := /bin/bash\nall:\n\t{line}\n")
    with subprocess.Popen(["make", "-C", tmp_path, "-s"], stdout=subprocess.PIPE) as make:
        child = int(make.stdout.readline())
        make.kill()
        assert ends(child)


def test_the_process_is_the_command_itself():
    command = ["sh", "-c", "echo $$ $PPID; exec sleep 600"]
    with subprocess.Popen(ending_with_parent(command), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline().split() == [str(child.pid), str(os.getpid())]
        child.terminate()
        assert child.wait(10) == -signal.SIGTERM


def test_a_program_that_is_not_there_is_a_sentence():
    done = subprocess.run(
        ending_with_parent(["/no/such/program"]), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        127,
        "/no/such/program cannot be started (No such file or directory).\n",
    )
