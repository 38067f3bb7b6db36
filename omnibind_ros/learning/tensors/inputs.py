"""The prepared inputs of the students in a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.samples.base import CodecError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES

from .specs import input_spec, prepare_function
from .storage import Array, allocate, flush, open_array
from .windows import input_length, window


@dataclass(frozen=True)
class StudentInputs:
    """Prepared inputs by student modality; n_m rows in the order of `SampleIndex.rows`.

    Attributes:
        tensors: [n_m, ...], float16 or float32; memory-mapped.
        quality: float32 [n_m], 0 to 1; 0 where a sample is not usable.
        specs: The inputs of the networks.
    """

    tensors: Mapping[str, Array]
    quality: Mapping[str, Array]
    specs: Mapping[str, TensorSpec]

    @staticmethod
    def allocate(folder: Path, rows: Mapping[str, Array]) -> None:
        """Make files of zeros for the rows of each student modality; raises OSError."""
        for modality in STUDENT_MODALITIES:
            spec, count = input_spec(modality), len(rows[modality])
            allocate(folder, modality, (count, *spec.shape[1:]), _stored_type(spec))
            allocate(folder, f"{modality}-quality", (count,), np.float32)

    @classmethod
    def load(cls, folder: Path) -> StudentInputs:
        """Open the files that `allocate` made; raises OSError or ValueError."""
        return cls(
            tensors={m: open_array(folder, m) for m in STUDENT_MODALITIES},
            quality={m: np.asarray(open_array(folder, f"{m}-quality")) for m in STUDENT_MODALITIES},
            specs={m: input_spec(m) for m in STUDENT_MODALITIES},
        )


def _stored_type(spec: TensorSpec) -> type[np.floating]:
    """Return the type of stored values: float16 is too coarse for metres (8 mm at 8 m)."""
    return np.float32 if spec.layout == "NPC" else np.float16


def write_inputs(
    folder: Path,
    dataset: Dataset,
    modality: str,
    samples: Array,
    windows: Array,
    rows: Iterable[int],
    tick: Callable[[], None],
) -> None:
    """Prepare rows of a student modality.

    Samples that are damaged, or become values that are not finite, stay zeros of quality 0.

    Args:
        folder: The cache's.
        dataset: Where the samples are.
        modality: The student's.
        samples: int [n_m], the sample of each row.
        windows: int [n_audio, 2], which window of its sound a row is, and of how many.
        rows: The rows to be prepared.
        tick: Called after each row.
    """
    tensors = open_array(folder, modality, writable=True)
    quality = open_array(folder, f"{modality}-quality", writable=True)
    spec, prepare = input_spec(modality), prepare_function(modality)
    rng = np.random.default_rng(0)  # only texts draw from it
    for row in rows:
        try:
            data = dataset[int(samples[row])][modality]
            observation = sample_module(modality).to_observation(data, rng)
        except CodecError:
            tick()
            continue
        if modality == "audio":
            number, count = (int(value) for value in windows[row])
            observation = window(observation, number, count, input_length(spec))
        prepared = prepare(observation, spec)
        values = prepared.values[0].astype(tensors.dtype)
        if np.isfinite(values).all():
            tensors[row], quality[row] = values, prepared.quality
        tick()
    flush(tensors, quality)
