"""Makes a bundle of a training run: built beside its place, verified, and only then moved there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleManifest, FileSpec
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank

from .adapted_image import export_adapted_image
from .atomic_folder import replaced_folder
from .bundle_calibration import calibrate_bundle
from .bundle_files import WRITTEN_BY, bundle_version, copy_parts, keep_other_files
from .export_encoder import ExportedEncoder
from .export_fusion import cross_fitted_figures, export_fusion_run
from .export_inputs import BundleRequest, ExportInputs
from .export_student import export_student, student_file
from .label_files import write_own_labels
from .verify import MAX_BYTES, total_bytes, verify_bundle


@dataclass(frozen=True)
class ExportReport:
    """A bundle in its place, and what was measured of its encoders.

    Attributes:
        bundle: Loaded and checked.
        figures: By modality, what was measured.
        remarks: What keeps TensorRT from reading a network, a sentence each.
    """

    bundle: Bundle
    figures: dict[str, dict[str, Any]]
    remarks: tuple[str, ...]


def build_bundle(
    out: Path, request: BundleRequest, progress: Callable[[str], None] = lambda _: None
) -> ExportReport:
    """Make a bundle.

    Args:
        out: Its folder. A bundle in it is replaced when the new one is complete and verified; files
            in it that belong to no bundle are kept.
        request: What to make it of.
        progress: Called with the step that is next, such as a modality.

    Raises:
        BundleError: The source or a network is damaged, or the bundle is too large.
        TrainingError: A file of a training run is missing or of another kind.
        DatasetError: There is no dataset.
        OSError: A file cannot be read or written.
    """
    inputs = ExportInputs.open(request)
    with replaced_folder(out) as stage:
        before = inputs.source.manifest
        copy_parts(inputs.source, stage, [before.encoders["text"], before.labels])
        labels = before.labels
        if inputs.own_labels:
            keep = request.keep_labels
            labels = write_own_labels(stage, inputs.source, inputs.dataset, keep)
        with tempfile.TemporaryDirectory() as scratch:
            exported = _export_encoders(inputs, stage, Path(scratch), progress)
        progress("fusion")
        _write_manifest(inputs, exported, labels, stage, out.resolve().name)
        bank = _embed_labels(stage)
        if inputs.own_labels and bank is not None:
            progress("calibration")
            calibrate_bundle(stage, inputs, bank)
        progress("verification")
        # A teacher of the user's may be larger than what travels with the package.
        verify_bundle(stage, limited=total_bytes(inputs.source.root) <= MAX_BYTES)
        keep_other_files(out, stage)
    return ExportReport(
        Bundle.load(out),
        {modality: encoder.figures for modality, encoder in exported.items()},
        tuple(remark for encoder in exported.values() for remark in encoder.remarks),
    )


def _export_encoders(
    inputs: ExportInputs, stage: Path, scratch: Path, progress: Callable[[str], None]
) -> dict[str, ExportedEncoder]:
    """Write the image encoder and the students that the run has, by modality."""
    exported = {}
    for modality in MODALITIES:
        if modality == "image" and not len(inputs.cache.index.rows["image"]):
            exported[modality] = _copied_image(inputs.source, stage)
        elif modality == "image":
            progress(modality)
            exported[modality] = export_adapted_image(inputs, stage, scratch)
        elif student_file(inputs, modality).is_file():
            progress(modality)
            exported[modality] = export_student(inputs, modality, stage, scratch)
    return exported


def _copied_image(source: Bundle, stage: Path) -> ExportedEncoder:
    """Copy the image encoder, which a run without pictures has not adapted."""
    spec = source.manifest.encoders["image"]
    copy_parts(source, stage, [spec])
    return ExportedEncoder(spec, {}, ())


def _write_manifest(
    inputs: ExportInputs,
    exported: dict[str, ExportedEncoder],
    labels: FileSpec,
    stage: Path,
    name: str,
) -> None:
    """Write the fusion network, if there is one, and bundle.yaml."""
    before = inputs.source.manifest
    specs = {"text": before.encoders["text"], **{m: each.spec for m, each in exported.items()}}
    encoders = {modality: specs[modality] for modality in MODALITIES if modality in specs}
    fusion, calibration, across = None, before.calibration, {}
    if inputs.request.fusion is not None:
        fusion, calibration = export_fusion_run(
            inputs.request.fusion, stage, before.embedding_size, before.calibration
        )
        across = cross_fitted_figures(inputs.request.fusion)
    manifest = BundleManifest(
        name=name,
        version=bundle_version(encoders, fusion),
        embedding_size=before.embedding_size,
        encoders=encoders,
        labels=labels,
        calibration=calibration,
        fusion=fusion,
        figures={
            "export": {
                m: _without_times(each.figures) for m, each in exported.items() if each.figures
            },
            **({"fusion": across} if across else {}),
        },
    )
    write_manifest(stage, manifest, WRITTEN_BY)


def _without_times(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of an export that are the same on every machine."""
    return {name: value for name, value in figures.items() if not name.startswith("ms")}


def _embed_labels(stage: Path) -> LabelBank | None:
    """Compute the label embeddings that the copied cache lacks, and return the labels."""
    bundle = Bundle.load(stage)
    encoder = bundle.encoder("text")
    if isinstance(encoder, TextEncoder):
        labels = stage / bundle.manifest.labels.path
        bank = LabelBank.load(stage, labels, encoder)
        bank.save(stage, labels, encoder)
        return bank
    return None
