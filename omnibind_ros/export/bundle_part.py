"""Makes a bundle of some encoders of another bundle, perhaps in another precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.lazy import LazyFunction

from .atomic_folder import replaced_folder
from .bundle_files import WRITTEN_BY, bundle_version, copy_parts, keep_other_files
from .precisions import AUTO
from .verify import require_intact, verify_bundle

AS_THEY_ARE = frozenset({"text"})
"""Encoders of other shapes than the students', which are never converted."""

WITHOUT_SAMPLES = ("fp32", "fp16")
"""Precisions that need no samples to measure ranges on."""

# Imported only where a network is converted, as only that needs the package onnx.
CONVERT = LazyFunction("omnibind_ros.export.part_conversion", "convert")


def export_part(
    out: Path,
    source: Path,
    only: Sequence[str],
    precision: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Bundle:
    """Make a bundle of some encoders of a bundle; no training run and no dataset are needed.

    Args:
        out: Its folder; it is replaced when the new bundle is complete and verified.
        source: The bundle's folder.
        only: The modalities to keep; empty for all.
        precision: `AUTO` for the encoders as they are, fp16 or fp32. A network in int8 is computed
            with its rounded weights in the new precision; the text encoder stays as it is.
        progress: Called with the modality that is next.

    Raises:
        BundleError: The source is damaged, lacks a modality, or cannot have that precision.
        OSError: A file cannot be read or written.
        ImportError: A precision is given and the package onnx is missing.
    """
    if precision != AUTO and precision not in WITHOUT_SAMPLES:
        raise BundleError(
            f"--precision {precision} needs samples to measure ranges on, which a bundle does not "
            f"have; give --run and --data, or one of: {', '.join(WITHOUT_SAMPLES)}"
        )
    bundle = require_intact(Bundle.load(source))
    manifest = bundle.manifest
    missing = [name for name in only if name not in manifest.encoders]
    if missing:
        raise BundleError(
            f"{manifest.model} has no encoder for {', '.join(missing)}; it has: "
            f"{', '.join(manifest.encoders)}"
        )
    kept = {name: spec for name, spec in manifest.encoders.items() if name in only or not only}
    others = (manifest.labels, manifest.fusion, manifest.matching)
    with replaced_folder(out) as stage:
        copy_parts(bundle, stage, [*kept.values(), *(spec for spec in others if spec is not None)])
        encoders, figures = {}, {}
        for name, spec in kept.items():
            progress(name)
            encoders[name] = spec
            if precision != AUTO and name not in AS_THEY_ARE:
                encoders[name], figures[name] = CONVERT(source, spec, stage, precision)
        new = replace(
            manifest,
            name=out.resolve().name,
            version=bundle_version(encoders, manifest.fusion),
            encoders=encoders,
            figures={"export": figures} if figures else {},
        )
        write_manifest(stage, new, WRITTEN_BY)
        verify_bundle(stage, limited=False)
        keep_other_files(out, stage)
    return Bundle.load(out)
