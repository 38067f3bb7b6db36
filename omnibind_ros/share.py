"""Where the files lie that the package brings beside its code: config, models, objects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def share_folders(name: str) -> Iterator[Path]:
    """Yield the folders of that name, which may be missing: the source tree's, the installed one.

    Args:
        name: Of a folder in the root of the source tree, such as `config`.
    """
    yield Path(__file__).resolve().parent.parent / name
    try:
        from ament_index_python.packages import (  # noqa: PLC0415 - only where ROS is
            PackageNotFoundError,
            get_package_share_directory,
        )
    except ImportError:
        return
    with contextlib.suppress(PackageNotFoundError, LookupError, OSError):
        yield Path(get_package_share_directory("omnibind_ros")) / name
