"""Calibrates a bundle that has the labels of its dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.learning.af.corruptions import members_of
from omnibind_ros.learning.af.cross_fitting import sentence
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.files import load_fusion
from omnibind_ros.learning.af.label_calibration import (
    LabelCalibration,
    calibrate_labels,
    mean_fused,
    with_labels,
)
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.tensors.own_labels import label_places
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import read_labels

from .bundle_files import WRITTEN_BY
from .export_fusion import cross_fitted
from .export_inputs import ExportInputs

EMBEDDINGS = "embeddings.npz"


def calibrate_bundle(stage: Path, inputs: ExportInputs, bank: LabelBank) -> None:
    """Calibrate a bundle for its labels on the embeddings of its training run.

    The manifest then says, under figures.labels, on which split and on how many samples.

    Args:
        stage: The bundle's folder; bundle.yaml and labels.yaml are in it.
        inputs: What the bundle is made of.
        bank: Its labels.

    Raises:
        TrainingError: A file of the run is damaged.
        OSError: The manifest cannot be written.
    """
    manifest = Bundle.load(stage).manifest
    figures: dict[str, Any] = {
        "which": "of the dataset, with the source's" if inputs.request.keep_labels else "its own",
        "number": len(bank.labels),
    }
    try:
        found = _calibrated(stage, inputs, bank)
    except TrainingError as error:
        text = f"with the calibration of {inputs.source.manifest.model}, since {error}"
        figures |= {"calibrated": text}
    else:
        note = f"; {found.note}" if found.note else ""
        splits = " and ".join(found.splits)
        text = f"calibrated on {found.samples} samples of the split {splits}{note}"
        figures |= {"calibrated": text, "splits": list(found.splits), "samples": found.samples}
        if found.cross_fitted is not None:
            figures["calibrated"] = f"{text}; {sentence(found.cross_fitted)}"
            figures["across_folds"] = dict(found.cross_fitted)
        manifest = replace(manifest, calibration=found.calibration)
    manifest = replace(manifest, figures={**manifest.figures, "labels": figures})
    write_manifest(stage, manifest, WRITTEN_BY)


def _calibrated(stage: Path, inputs: ExportInputs, bank: LabelBank) -> LabelCalibration:
    manifest = Bundle.load(stage).manifest
    data = EmbeddingSet.load(inputs.request.run / EMBEDDINGS)
    data = data.only([name for name in data.modalities if name in manifest.encoders])
    labels = read_labels(stage / manifest.labels.path)
    data = with_labels(data, bank, label_places(data.bank.labels, labels))
    if inputs.request.fusion is None:
        return calibrate_labels(data, manifest.calibration, mean_fused)
    trained = load_fusion(inputs.request.fusion)

    def fuse(part: EmbeddingSet) -> Floats:
        return np.asarray(trained.fuse(members_of(part, trained.temperature))[0], np.float32)

    across = cross_fitted(inputs.request.fusion)
    return calibrate_labels(data, manifest.calibration, fuse, trained.temperature, across)
