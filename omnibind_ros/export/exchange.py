"""Gives a bundle another fusion; its encoders stay as they are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError, write_manifest

from .assemble import COMMENT, keep_others, version_of
from .fusion import export_run
from .replace import replaced_folder
from .verify import verify_bundle


def exchange_fusion(out: Path, source: Path, fusion: Path) -> Bundle:
    """Make a bundle of another one's encoders and a newly trained fusion.

    Args:
        out: Its folder, which may be the other's; it is replaced when the new one is whole and
            verified.
        source: The bundle whose encoders, labels and other files are taken.
        fusion: Folder of `omnibind train fusion`.

    Raises:
        BundleError: The source is not as it should be, or `out` holds a folder.
        TrainingError: The fusion cannot be read, or is for other embeddings.
        OSError: A file cannot be read or written.
    """
    old = Bundle.load(source)
    if old.problems:
        raise BundleError(next(iter(old.problems.values())))
    manifest = old.manifest
    with replaced_folder(out) as stage:
        for path in source.iterdir():
            if path.is_file():
                shutil.copy2(path, stage / path.name)
        if manifest.fusion is not None:
            (stage / manifest.fusion.path).unlink()
        spec, calibration = export_run(fusion, stage, manifest.embedding_size, manifest.calibration)
        # What was measured of the whole was measured with the other fusion.
        figures = {name: of for name, of in manifest.figures.items() if name == "export"}
        made = replace(
            manifest, name=out.resolve().name, version=version_of(manifest.encoders, spec),
            calibration=calibration, fusion=spec, figures=figures,
        )  # fmt: skip
        write_manifest(stage, made, COMMENT)
        verify_bundle(stage)
        keep_others(out, stage)
    return Bundle.load(out)
