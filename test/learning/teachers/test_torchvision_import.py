"""torchvision is imported beside a build of torch for which its library was not compiled."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="the group train is not installed")

REFERS = """
import torch

for name in ("nms", "qnms"):
    torch.library.register_fake(f"torchvision::{name}")(lambda boxes, scores, threshold: boxes)
"""


def imported(folder, source):
    """Import a package torchvision of this source in a process of its own."""
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(source)
    code = (
        "from omnibind_ros.learning.teachers.torchvision_import import import_torchvision\n"
        "import_torchvision()\n"
        "import torchvision\n"
        "print(torchvision.__file__)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_operators_that_its_library_should_define_are_declared(tmp_path):
    done = imported(tmp_path, REFERS)
    assert done.stdout.strip() == str(tmp_path / "torchvision" / "__init__.py"), done.stderr
    failed = subprocess.run(
        [sys.executable, "-c", "import torchvision"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "operator torchvision::nms does not exist" in failed.stderr


def test_another_error_is_raised(tmp_path):
    done = imported(tmp_path, "raise RuntimeError('of another kind')")
    assert done.returncode == 1
    assert "RuntimeError: of another kind" in done.stderr
