"""The contact sheet: one row a class, one column a modality."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.datasets.errors import DatasetError
from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.samples.drawing import BACKGROUND, Picture, write
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.sample import Sample

CELL, GAP, MARGIN, HEAD = 128, 4, 96, 20
"""Pixels: a cell's side, between cells, left of a row, above the first row."""

LETTERS = 0.4
"""Scale of OpenCV's font."""


def _empty(rows: int, columns: int) -> Picture:
    return np.full((rows, columns, 3), BACKGROUND, np.uint8)


def _cell(sample: Sample | None, modality: str, width: int) -> Picture:
    if sample is None:
        return np.full((CELL, width, 3), 235, np.uint8)
    # Pictures are square; of one that is wider than a cell is high, the top is shown.
    picture: Picture = sample_module(modality).picture(sample[modality], width)
    if sample.origin[modality] == "recorded":
        write(picture, "recorded", 3, 12, LETTERS)
    return picture[:CELL]


def _rows(dataset: Dataset, per_class: int) -> Iterator[tuple[str, dict[str, Sample]]]:
    """Yield rows: a class and, by modality, the sample to show; rows show different objects."""
    labels, objects = dataset.column("label"), dataset.column("object_id")
    names = [name for name in stored_modalities() if dataset.has(name).any()]
    for label in sorted(set(labels)):
        chosen: dict[str, list[Sample]] = {modality: [] for modality in names}
        seen: set[str] = set()
        recorded: dict[str, list[Sample]] = {modality: [] for modality in names}
        for index in np.flatnonzero(labels == label):
            if objects[index] in seen:
                continue
            seen.add(objects[index])
            sample = dataset[int(index)]
            group = chosen if len(sample.modalities) > 1 else recorded
            for modality in sample.modalities:
                if len(group[modality]) < per_class:
                    group[modality].append(sample)
            if all(len(samples) >= per_class for samples in chosen.values()):
                break
        # Modalities that only recordings have are shown from these.
        filled = {name: (chosen[name] + recorded[name])[:per_class] for name in names}
        for row in range(max(map(len, filled.values()))):
            yield label, {name: of[row] for name, of in filled.items() if len(of) > row}


def contact_sheet(dataset: Dataset, per_class: int = 1) -> Picture:
    """Draw the sheet.

    Args:
        dataset: The samples to choose from.
        per_class: Rows of each class, with a different object in each.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        DatasetError: There is no sample.
    """
    widths = {name: CELL * getattr(sample_module(name), "CELLS", 1) for name in stored_modalities()}
    strips = []
    for label, samples in _rows(dataset, per_class):
        cells = [_empty(CELL, MARGIN)]
        write(cells[0], label[:13], 4, CELL // 2, LETTERS)
        for modality, width in widths.items():
            cells += [_empty(CELL, GAP), _cell(samples.get(modality), modality, width)]
        strip = np.concatenate(cells, axis=1)
        strips += [strip, _empty(GAP, strip.shape[1])]
    if not strips:
        raise DatasetError(f"{dataset.folder} has no samples to show")
    head = _empty(HEAD, strips[0].shape[1])
    left = MARGIN + GAP
    for modality, width in widths.items():
        write(head, modality, left + 2, HEAD - 6, LETTERS)
        left += width + GAP
    return np.concatenate([head, *strips])


def write_sheet(path: Path, sheet: Picture) -> None:
    """Write the sheet in the format of the suffix, e.g. .png or .jpg.

    Raises:
        DatasetError: The suffix is of no picture format, or the file cannot be written.
    """
    try:
        good, data = cv2.imencode(path.suffix, cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise DatasetError(f"{path} is no name of a picture: end it in .png or .jpg") from error
    if not good:
        raise DatasetError(f"{path} cannot be made: end it in .png or .jpg")
    try:
        write_atomic(path, bytes(data))
    except OSError as error:
        raise DatasetError(f"{path} cannot be written ({error.strerror})") from error
