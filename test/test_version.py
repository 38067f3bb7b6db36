"""The version is written in package.xml alone, and everything else agrees with it."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from catkin_pkg.changelog import get_changelog_from_path

import omnibind_ros

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (ROOT, ROOT / "omnibind_msgs")


def declared(package):
    return ET.parse(package / "package.xml").findtext("version")


def test_both_packages_have_one_version():
    assert declared(PACKAGES[0]) == declared(PACKAGES[1])


def test_the_python_package_has_the_version_of_package_xml():
    assert omnibind_ros.__version__ == declared(ROOT)


def test_setup_py_builds_that_version():
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == declared(ROOT)


def test_each_change_log_ends_with_that_version():
    for package in PACKAGES:
        versions = [version for version, _, _ in get_changelog_from_path(package).foreach_version()]
        assert versions[-1] == declared(package), package


def test_an_installed_package_reads_its_metadata(tmp_path):
    package = tmp_path / "omnibind_ros"
    package.mkdir()
    for name in ("__init__.py", "version.py"):
        (package / name).write_bytes((ROOT / "omnibind_ros" / name).read_bytes())
    info = tmp_path / "omnibind_ros-9.8.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: omnibind_ros\nVersion: 9.8.7\n")
    done = subprocess.run(
        [sys.executable, "-c", "import omnibind_ros; print(omnibind_ros.__version__)"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "9.8.7"


def test_importing_the_package_imports_no_parser():
    code = "import sys, omnibind_ros; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not re.search(r"\bxml\.etree|importlib\.metadata\b", done.stdout)
