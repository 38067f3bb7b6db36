"""Adapts a bundle to one's own recordings: from sources to a new bundle, or to a refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest_writing import record_figures
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.learning.adapt.clock_offset import clock_offsets
from omnibind_ros.learning.adapt.samples import Ints
from omnibind_ros.learning.adapt.sources import Sources
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.af.encoding import encode_dataset
from omnibind_ros.learning.af.files import TrainedFusion, load_fusion
from omnibind_ros.learning.progress import NamedProgress, Steps
from omnibind_ros.learning.released import FUSION, find_checkpoint, weights_folder
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES
from omnibind_ros.learning.tensors.cache import build_cache
from omnibind_ros.learning.tensors.own_labels import label_numbers, own_labels
from omnibind_ros.learning.tensors.sample_labels import SHIPPED
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import LabelFile, read_labels

from .adaptation_folders import check_folders, work_folder
from .adaptation_page import PAGE, write_page
from .adaptation_request import Adaptation, AdaptationError, AdaptationRequest
from .adaptation_verdict import check_better, measured
from .adapted_bundle import write_adapted
from .adapted_calibration import calibrated, image_labels
from .adapted_checkpoints import write_checkpoints
from .adapted_students import adapt_students, image_teacher, no_encoder
from .atomic_folder import replaced_folder
from .bundle_files import keep_other_files
from .verify import require_intact, verify_bundle


def adapt(
    request: AdaptationRequest, sources: Sources, progress: NamedProgress, *, keep: bool = True
) -> Adaptation:
    """Adapt a bundle.

    An interrupted adaptation goes on when the same is asked for again. The new bundle and its
    weights, OUT_checkpoints, are written when all of it is done and checked.

    Args:
        request: What to adapt.
        sources: To which recordings.
        progress: Called with the name of a task, steps done, all steps, and metrics.
        keep: Whether the folder of the adaptation under way stays in the end.

    Raises:
        AdaptationError: No sensor can be adapted, the bundle got worse, or a folder holds something
            else.
        BundleError: The bundle is damaged, or another process is writing the new one.
        TrainingError: There are no checkpoints, or too few samples.
        DatasetError: The sources cannot be used.
        LabelError: The labels cannot be used.
        OSError: A file cannot be written.
    """
    source = require_intact(request.bundle)
    check_folders(request, sources)
    for modality in request.modalities:
        if modality in source.manifest.encoders:
            find_checkpoint(source, modality, request.checkpoints)
        elif not sources.labelled:
            raise AdaptationError(f"{modality} cannot be adapted: {no_encoder(source)}")
    trained = _fusion(request)
    text = source.encoder("text")
    if not isinstance(text, TextEncoder):
        raise AdaptationError(f"the text encoder of {source.manifest.model} cannot embed labels")
    with work_folder(request.work, keep=keep):
        return _adapt(request, sources, text, trained, progress)


def _adapt(
    request: AdaptationRequest,
    sources: Sources,
    text: TextEncoder,
    trained: TrainedFusion | None,
    progress: NamedProgress,
) -> Adaptation:
    """Adapt a bundle that can be adapted."""
    source = request.bundle
    data = sources.build(
        request.work, request.workers, lambda done, total: progress("recordings", done, total, {})
    )
    cache = build_cache(
        data,
        request.work / "tensors",
        str(source.root),
        request.workers,
        lambda done, total: progress("tensors", done, total, {}),
    )
    dataset = Dataset.open(data)
    notes = list(dataset.manifest.description.get("notes", ()))
    labels = _labels(source, dataset, request.keep_labels) if sources.labelled else None
    bank, numbers = _bank(source, dataset, labels, text)
    if labels is None:
        chosen = request.modalities or STUDENT_MODALITIES
        notes += [offset.sentence() for offset in clock_offsets(cache, dataset, chosen)]
    teacher = image_teacher(source, trained)
    steps = Steps(progress)
    steps.begin("training")
    sensors = adapt_students(
        request, cache, bank, numbers, teacher, notes, progress, labelled=labels is not None
    )
    with (
        replaced_folder(weights_folder(request.out)) as weights,
        replaced_folder(request.out) as stage,
    ):
        bundle = write_adapted(
            stage,
            source,
            sensors,
            labels,
            request.precision,
            "adapted with `omnibind adapt` to recordings of one's own",
            steps.begin,
        )
        steps.end()
        after = _encoded(bundle, request, data, progress, bank)
        if any(dataset.has(modality).any() for modality in source.manifest.encoders):
            before = _encoded(source, request, data, progress, bank)
        else:
            before = after.only(())
        if labels is not None:
            before, after = (replace(each, bank=bank, labels=numbers) for each in (before, after))
        steps.begin("thresholds")
        images = image_labels(source, before, trained)
        bundle, fusion, calibration = calibrated(
            request, bundle, after, images, sensors, trained, own=labels is not None, notes=notes
        )
        steps.begin("measurement")
        figures = measured(source, bundle, before, after, images, sensors, cache)
        figures["calibration"] = calibration
        check_better(figures, request.force, notes)
        made = Adaptation(bundle, figures, notes, sensors, before, after, fusion)
        write_checkpoints(weights, request, made)
        record_figures(stage, "adaptation", figures)
        write_page(stage / PAGE, request, made, dataset)
        verify_bundle(stage, limited=False)
        keep_other_files(request.out, stage)
    steps.end()
    return replace(made, bundle=Bundle.load(request.out))


def _fusion(request: AdaptationRequest) -> TrainedFusion | None:
    """Return the fusion of the bundle, with its trainable weights; None if it has none."""
    if request.bundle.manifest.fusion is None:
        return None
    return load_fusion(find_checkpoint(request.bundle, FUSION, request.checkpoints).parent)


def _labels(source: Bundle, dataset: Dataset, keep: bool) -> LabelFile:
    """Return the labels of the new bundle: those of the recordings, and the bundle's if wanted."""
    shipped = read_labels(source.root / source.manifest.labels.path)
    return own_labels(dataset, shipped, keep)


def _bank(
    source: Bundle, dataset: Dataset, labels: LabelFile | None, text: TextEncoder
) -> tuple[LabelBank, Ints]:
    """Return the labels' bank, and the label of each sample of the dataset; -1 without labels."""
    if labels is None:
        path = source.root / source.manifest.labels.path
        return LabelBank.load(source.root, path, text), np.full(len(dataset), -1, np.int64)
    bank = LabelBank.build(labels.labels, labels.templates, text, labels.taxonomy)
    return bank, label_numbers(dataset, labels)


def _encoded(
    bundle: Bundle, request: AdaptationRequest, data: Path, progress: NamedProgress, bank: LabelBank
) -> EmbeddingSet:
    """Embed all samples of the recordings with the encoders of a bundle."""
    encoded = encode_dataset(
        bundle,
        data,
        request.work / "embeddings",
        ("train", "validation", "test"),
        request.workers,
        lambda done, total: progress("embeddings", done, total, {}),
        SHIPPED,
    ).data
    return replace(encoded, bank=bank, labels=np.full(len(encoded), -1, np.int64))
