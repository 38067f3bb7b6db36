"""config/sros2_policy.xml allows what the nodes declare, and nothing else."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

pytest.importorskip("rclpy")

from paths import ROOT

POLICY = ROOT / "config" / "sros2_policy.xml"


def test_the_policies_are_what_the_nodes_declare():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "sros2_policy.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_each_process_has_an_enclave_and_nothing_is_allowed_by_a_pattern():
    root = ET.parse(POLICY).getroot()
    paths = [enclave.get("path") for enclave in root.iter("enclave")]
    assert paths == ["/perception", "/encoder", "/picture_camera"]
    names = [e.text for kind in ("topic", "service") for e in root.iter(kind)]
    assert len(names) > 40
    assert not [name for name in names if "*" in name]
