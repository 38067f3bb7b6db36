"""Installs the package of docs/how-to/adding_a_modality.md in a folder of a test."""

from __future__ import annotations

import os
import subprocess
import sys

from paths import ROOT

from omnibind_ros.modalities import GROUP

EXAMPLE = ROOT / "docs" / "examples" / "imu_vibration"


def install(folder):
    """Make what pip would put beside the package; return the value of PYTHONPATH with both."""
    entry_point = 'vibration = "imu_vibration"'
    project = (EXAMPLE / "pyproject.toml").read_text()
    assert f'[project.entry-points."{GROUP}"]\n{entry_point}\n' in project
    info = folder / "imu_vibration-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imu_vibration\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry_point.replace(chr(34), '')}\n")
    paths = [ROOT, EXAMPLE, folder, ROOT / "test" / "support", os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(map(str, filter(None, paths)))


def run(pythonpath, *arguments, seconds=280):
    """Run Python with the package installed; return what it printed."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": pythonpath, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
