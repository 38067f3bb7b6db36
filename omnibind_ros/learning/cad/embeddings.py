"""Embeds samples with trained students."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from omnibind_ros.arrays import Floats
from omnibind_ros.atomic_files import atomic_file
from omnibind_ros.learning.students.files import load_student
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.learning.tensors.windows import best_rows

BATCH = 256
"""Samples that are embedded at a time."""


@torch.no_grad()
def embed(model: nn.Module, inputs: Callable[[int, int], Tensor], count: int, size: int) -> Floats:
    """Embed many samples.

    Args:
        model: In evaluation mode.
        inputs: Returns the prepared inputs from one number to another, float32 [stop - start, ...].
        count: Number of samples.
        size: Values of an embedding, D.

    Returns:
        float32 [count, D], unit vectors.
    """
    out = np.empty((count, size), np.float32)
    device = next(model.parameters()).device
    for start in range(0, count, BATCH):
        stop = min(start + BATCH, count)
        out[start:stop] = model(inputs(start, stop).to(device)).float().cpu().numpy()
    return out


def write_embeddings(
    cache: TensorCache, out: Path, image: Floats, modalities: Sequence[str]
) -> None:
    """Embed every sample of the dataset with the trained students of a run.

    Writes out/embeddings.npz. Of each modality (also image with the adapted teacher, and text):
    MODALITY (float16 [n_m, D]), MODALITY-rows (the sample of each; of a long sound, its best
    window) and MODALITY-quality. Of the n samples: labels, objects and splits. Of the classes:
    label_names, and the label bank's prototypes and owner.

    Args:
        cache: The dataset's tensors.
        out: The run's folder.
        image: float32 [n_image, D], the adapted teacher's embeddings.
        modalities: Of the students.

    Raises:
        TrainingError: A student is missing.
        OSError: The file cannot be written.
    """
    index, targets, classes = cache.index, cache.targets, cache.vocabulary.classes
    some = targets.text_count > 0
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "labels": index.labels,
        "label_names": np.array(classes.labels, np.str_),
        "prototypes": classes.prototypes,
        "owner": classes.owner,
        "objects": index.objects,
        "splits": index.splits,
        "image": image.astype(np.float16),
        "image-rows": index.rows["image"],
        "image-quality": targets.image_quality,
        "text": np.array(targets.text[some, 0]),
        "text-rows": index.rows["text"][some],
        "text-quality": np.ones(int(some.sum()), np.float32),
    }
    for modality in modalities:
        model, _, _ = load_student(out / "students" / f"{modality}.pt")
        x, quality = cache.inputs.tensors[modality], cache.inputs.quality[modality]
        place = best_rows(index.rows[modality], quality)

        def part(
            start: int,
            stop: int,
            x: npt.NDArray[np.generic] = x,
            place: npt.NDArray[np.int64] = place,
        ) -> Tensor:
            return torch.from_numpy(x[place[start:stop]].astype(np.float32))

        arrays[modality] = embed(model, part, len(place), cache.embedding_size).astype(np.float16)
        arrays[f"{modality}-rows"] = index.rows[modality][place]
        arrays[f"{modality}-quality"] = quality[place]
    with atomic_file(out / "embeddings.npz") as file:
        np.savez(file, allow_pickle=False, **arrays)
