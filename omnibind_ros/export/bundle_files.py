"""The version of a bundle of `omnibind export`, and the files beside it that are the user's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError, FileSpec, read_manifest
from omnibind_ros.encoders.manifest_writing import content_version
from omnibind_ros.recognition.label_cache import CACHE

RECIPE = "0.2.0"
"""Version of the code that makes a bundle: another one means other networks from the same data."""

WRITTEN_BY = "`omnibind export`"


def bundle_version(encoders: Mapping[str, FileSpec], fusion: FileSpec | None) -> str:
    """Return the version of a bundle of these networks."""
    return content_version(RECIPE, [*encoders.values(), *([fusion] if fusion else [])])


def copy_parts(
    source: Bundle, stage: Path, parts: Iterable[FileSpec], *, missing: bool = False
) -> None:
    """Copy parts of a bundle with the files that belong to them, and the cache of label embeddings.

    Args:
        source: The bundle.
        stage: The folder to copy to; files have the same names there.
        parts: Such as encoders, labels and fusion.
        missing: Whether a file may be missing, and is then left out.

    Raises:
        OSError: A file cannot be copied.
    """
    for part in parts:
        for file in (part, *part.extra.values()):
            if not missing or (source.root / file.path).is_file():
                shutil.copyfile(source.root / file.path, stage / file.path)
    if (source.root / CACHE).is_file():
        shutil.copyfile(source.root / CACHE, stage / CACHE)


def copy_files(source: Path, stage: Path) -> None:
    """Copy all files of a bundle's folder, also those that are not the bundle's; raises OSError."""
    for path in source.iterdir():
        if path.is_file():
            shutil.copy2(path, stage / path.name)


def require_replaceable(out: Path, read: Iterable[Path]) -> None:
    """Check before long work that a folder may become a bundle's.

    Args:
        out: The folder; it need not exist.
        read: Folders of the bundles that the new one is made of.

    Raises:
        BundleError: It is one of these, or holds something else than a bundle.
    """
    if out.resolve() in {path.resolve() for path in read}:
        raise BundleError(
            f"--out {out} is a bundle that is read, which stays as it is; give another folder"
        )
    if out.exists() and not out.is_dir():
        raise BundleError(f"{out} is a file; give another folder for --out")
    inside = list(out.iterdir()) if out.is_dir() else []
    if inside and not (out / "bundle.yaml").is_file():
        raise BundleError(f"{out} holds something that is no bundle; give another folder for --out")
    for path in inside:
        if path.is_dir():
            raise BundleError(
                f"{path} is a folder in the place of a bundle; move it away, or give another --out"
            )


def keep_other_files(out: Path, stage: Path) -> None:
    """Copy files of a bundle's folder that belong to no bundle, such as a README.

    Args:
        out: The folder that will be replaced; it need not exist.
        stage: The new bundle's folder.

    Raises:
        BundleError: One of them is a folder.
        OSError: A file cannot be copied.
    """
    try:
        old = read_manifest(out)
    except BundleError:
        named = set()
    else:
        others = [spec for spec in (old.fusion, old.matching) if spec is not None]
        specs = [*old.encoders.values(), old.labels, *others]
        named = {file.path for spec in specs for file in (spec, *spec.extra.values())}
    for path in out.iterdir() if out.is_dir() else ():
        if path.name in named or path.name == CACHE or (stage / path.name).exists():
            continue
        if path.is_file():
            shutil.copy2(path, stage / path.name)
        else:
            raise BundleError(
                f"{path} is a folder in the place of a bundle; move it away, or give another --out"
            )
