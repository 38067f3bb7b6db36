"""The version of this package, which is written in package.xml alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path


def read_version() -> str:
    """Return the version of omnibind_ros, such as 0.2.0.

    In a source checkout, and in a build of colcon that links to one, package.xml lies beside the
    package's folder. An installed package has its version in its metadata, where setup.py wrote it.
    """
    manifest = Path(__file__).resolve().parent.parent / "package.xml"
    if manifest.is_file():
        return str(ET.parse(manifest).findtext("version"))  # noqa: S314 - the package's own file
    from importlib import metadata  # noqa: PLC0415 - slow to import, and not needed in a checkout

    return metadata.version("omnibind_ros")
