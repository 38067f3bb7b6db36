"""Finds the bag that a command names."""

from __future__ import annotations

from pathlib import Path

from omnibind_ros.bags.errors import ReplayError
from omnibind_ros.datasets.readers.bags.files import is_bag
from omnibind_ros.share import share_folders

DEMO = "demo"
"""Name of the bag that comes with this package."""


def find_bag(named: Path) -> Path:
    """Return the folder of a bag: the named one, or one that comes with this package.

    Args:
        named: Its folder, or a name such as `demo`.

    Raises:
        ReplayError: There is no bag; the text is one sentence.
    """
    named = named.expanduser()
    if is_bag(named):
        return named
    if not named.exists() and named.name == str(named):
        for folder in share_folders("sample_bags"):
            if is_bag(folder / named):
                return folder / named
    if named.is_file() and is_bag(named.parent):
        raise ReplayError(f"{named} is a file of a bag; name the bag's folder {named.parent}")
    what = "is no bag: it has no .mcap or .db3 file" if named.is_dir() else "does not exist"
    raise ReplayError(
        f"{named} {what}; name the folder of a bag, or '{DEMO}' for the one that comes with "
        "omnibind_ros"
    )
