"""ONNX Runtime tells its maker nothing."""

import os
import subprocess
import sys

import pytest
from paths import ROOT

TOUCH = ROOT / "models" / "household" / "touch.onnx"

ENCODE = """
import sys, time
from omnibind_ros.encoders.backend import *
import onnxruntime
onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
time.sleep(0.5)
"""


@pytest.mark.parametrize("module", ["encoders.backend", "cli", "nodes.perception_node"])
def test_no_file_of_telemetry_is_written(module, tmp_path):
    code = ENCODE.replace("encoders.backend", module)
    # In CI the library is silent by itself.
    kept = {name: value for name, value in os.environ.items() if name not in HIDING}
    done = subprocess.run(
        [sys.executable, "-c", code, str(TOUCH)],
        env=kept | {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.rglob("*onnxruntime*")] == []


HIDING = ("CI", "ORT_DISABLE_TELEMETRY", "GITHUB_ACTIONS", "XDG_CACHE_HOME")
"""Variables by which there would be no telemetry, or elsewhere."""
