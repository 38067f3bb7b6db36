"""Where the robot cannot be simulated, photographs are shown, and one sentence says why."""

import subprocess
import sys

import pytest

pytest.importorskip("rich")

PROGRAM = """
import sys
{broken}
from omnibind_ros.demo.room.command import run
print(run(5.0, True, None, None))
"""


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("sys.modules['trimesh'] = None", "trimesh is not installed: install omnibind_ros[sim]."),
        (
            "sys.modules['open3d'] = None",
            "on Debian and Ubuntu, libusb-1.0-0, libgl1 and libx11-6.",
        ),
    ],
)
def test_what_is_missing_is_one_sentence(broken, sentence):
    program = PROGRAM.format(broken=broken)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "None\n", done.stderr
    assert sentence in done.stderr
    assert done.stderr.endswith(" Photographs are shown instead.\n")
    assert done.stderr.count("\n") == 1


def test_a_story_that_is_too_short_is_one_sentence():
    program = PROGRAM.format(broken="")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "1\n", done.stderr
    assert done.stderr == "omnibind demo: a story lasts at least 9 s: give a longer one.\n"
