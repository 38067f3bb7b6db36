"""Object models from Debian's archive, fetched without root."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .catalogue import PACKAGE, CatalogueError, find_archives

_log = logging.getLogger(__name__)

INSTALLED = Path("/usr/share/sweethome3d/furniture")
"""Folder of the package's models where it is installed."""


def cache_folder() -> Path:
    """Return the cache of models: $XDG_CACHE_HOME/omnibind_ros/sweethome3d-furniture."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "omnibind_ros" / PACKAGE


def fetch(cache: Path | None = None) -> Path:
    """Return a folder with the models; download them if there is none.

    They are taken from the installed package, from the cache, or, without root, from Debian's
    archive by `apt-get download` and `dpkg -x`.

    Args:
        cache: Folder for downloaded models; None for `cache_folder`.

    Raises:
        CatalogueError: They are not there and cannot be downloaded.
    """
    cache = cache or cache_folder()
    for folder in (INSTALLED, cache):
        if folder.is_dir() and any(folder.glob("*.sh3f")):
            return folder
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise CatalogueError(
                f"{tool} is not there to fetch the models with: download Debian's package "
                f"{PACKAGE}, unpack it and name the folder of its .sh3f files."
            )
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent, prefix=f".{PACKAGE}-") as work:
            _download(Path(work), cache)
    except OSError as error:
        raise CatalogueError(
            f"the models cannot be kept in {cache} ({error.strerror or error}): set "
            "XDG_CACHE_HOME to a folder that can be written and has 300 MB free."
        ) from error
    return cache


def _download(work: Path, cache: Path) -> None:
    """Download and unpack the package in a folder beside the cache, then move it to the cache."""
    _log.info("fetching %s (120 MB)", PACKAGE)
    _call(["apt-get", "download", PACKAGE], work, "downloaded; run `apt-get update` as root")
    packages = list(work.glob("*.deb"))
    if not packages:
        raise CatalogueError(f"apt-get downloaded no file of {PACKAGE}: try again.")
    _call(["dpkg", "-x", packages[0].name, "unpacked"], work, "unpacked; try again")
    unpacked = work / "unpacked" / INSTALLED.relative_to("/")
    find_archives(unpacked)
    shutil.copy(work / "unpacked" / "usr/share/doc" / PACKAGE / "copyright", unpacked / "copyright")
    try:
        # In one step, so that the cache is never incomplete.
        unpacked.rename(cache)
    except OSError:
        if not any(cache.glob("*.sh3f")):  # unless another process was faster
            raise


def _call(command: list[str], folder: Path, failure: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = " ".join((done.stderr or done.stdout).split()) or f"status {done.returncode}"
        raise CatalogueError(
            f"{PACKAGE} could not be {failure}, or name a folder of .sh3f files ({reason[:300]})."
        )
