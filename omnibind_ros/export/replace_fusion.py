"""Gives a bundle another fusion network; its encoders stay as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest_writing import write_manifest

from .atomic_folder import replaced_folder
from .bundle_files import WRITTEN_BY, bundle_version, copy_files, keep_other_files
from .export_fusion import cross_fitted_figures, export_fusion_run
from .verify import require_intact, verify_bundle


def replace_fusion(out: Path, source: Path, fusion: Path) -> Bundle:
    """Make a bundle of another bundle's encoders and a newly trained fusion.

    Args:
        out: Its folder, which may be the source's; it is replaced when the new bundle is complete
            and verified.
        source: The bundle whose encoders, labels and other files are copied.
        fusion: Folder of `omnibind train fusion`.

    Raises:
        BundleError: A file of the source is missing or damaged, or `out` holds a folder.
        TrainingError: The fusion cannot be read, or is for embeddings of another size.
        OSError: A file cannot be read or written.
    """
    manifest = require_intact(Bundle.load(source)).manifest
    with replaced_folder(out) as stage:
        copy_files(source, stage)
        if manifest.fusion is not None:
            (stage / manifest.fusion.path).unlink()
        spec, calibration = export_fusion_run(
            fusion, stage, manifest.embedding_size, manifest.calibration
        )
        # The other figures were measured with the fusion that is replaced.
        figures = {name: of for name, of in manifest.figures.items() if name == "export"}
        if across := cross_fitted_figures(fusion):
            figures["fusion"] = across
        new = replace(
            manifest,
            name=out.resolve().name,
            version=bundle_version(manifest.encoders, spec),
            calibration=calibration,
            fusion=spec,
            figures=figures,
        )
        write_manifest(stage, new, WRITTEN_BY)
        verify_bundle(stage)
        keep_other_files(out, stage)
    return Bundle.load(out)
