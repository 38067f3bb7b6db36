"""Replaces a bundle's folder atomically (`omnibind_ros.atomic_folder`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnibind_ros import atomic_folder
from omnibind_ros.encoders.manifest import BundleError

staging_folder = atomic_folder.staging_folder


@contextmanager
def replaced_folder(out: Path) -> Iterator[Path]:
    """Open an empty folder that replaces a bundle's, as `omnibind_ros.atomic_folder` does.

    Args:
        out: The folder to replace; it need not exist.

    Raises:
        BundleError: Another process is replacing it.
        OSError: A folder cannot be written.
    """
    try:
        with atomic_folder.replaced_folder(out) as stage:
            yield stage
    except atomic_folder.BusyFolderError as error:
        raise BundleError(str(error)) from error
