"""The file of an enrolled label: NumPy's npz without pickled objects.

| array | type | content |
| --- | --- | --- |
| `format` | int | `FORMAT` |
| `label` | text | the label |
| `values` | float32 [sum of sizes] | the views' embeddings, one after the other |
| `sizes` | int64 [V] | the number of values of each view |
| `modalities` | text [V] | the fused modalities, joined with '+' |
| `spaces` | text [V] | `EmbeddingSpace.key` of each view |
| `models` | text [V] | name and version of the bundle, for messages |
| `part_views` | int64 [P] | which view each part is of, ascending |
| `part_modalities` | text [P] | the modality of each part |
| `part_encoders` | text [P] | hash of the encoder that made it |
| `part_shapes` | int64 [P, 3] | its rows, and the values of an embedding and of features |
| `part_values` | float32 [...] | of each part the embeddings, then the features |

Files of format 1 have no parts.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, read_npz
from omnibind_ros.format_number import NewerFormatError, check_format
from omnibind_ros.plain_text import SentenceError

from .labels import clean_label

FORMAT = 2
OLD_FORMAT = 1
MAX_BYTES = 1 << 26
"""Size from which a file is no enrolled label: 40 000 views."""

UNIT_TOLERANCE = 0.01
"""Largest allowed difference of a view's length from 1."""

_ARRAYS = ("format", "label", "values", "sizes", "modalities", "spaces", "models")
_PART_ARRAYS = ("part_views", "part_modalities", "part_encoders", "part_shapes", "part_values")


class EnrolledError(SentenceError):
    """Enrolled labels cannot be read or written; the text is one sentence."""


class NewerEnrolledError(EnrolledError):
    """A later version has written a file; the text is a clause that says what to do."""


@dataclass(frozen=True)
class Part:
    """What one sensor has shown in an enrolment: the means of some stretches of it.

    Attributes:
        modality: The sensor's modality.
        encoder: Hash of the encoder, see `EmbeddingSpace.parts`.
        values: float32 [n, D], embeddings.
        features: float32 [n, F]; F is 0 where the encoder has none.
    """

    modality: str
    encoder: str
    values: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """What one enrolment has learned.

    Attributes:
        values: float32 [D], unit vector: the mean of what was fused.
        modalities: The modalities that were fused.
        space: `EmbeddingSpace.key` of what made it.
        model: Name and version of the bundle.
        parts: One for each sensor; none in files of format 1.
    """

    values: npt.NDArray[np.float32]
    modalities: tuple[str, ...]
    space: str
    model: str
    parts: tuple[Part, ...] = ()

    def same(self, other: View) -> bool:
        """Return whether another view is this one."""
        return self.space == other.space and np.array_equal(self.values, other.values)


@dataclass(frozen=True)
class EnrolledLabel:
    """A label and its views.

    Attributes:
        name: The label, as `clean_label` makes it.
        views: In the order in which they were learned.
    """

    name: str
    views: tuple[View, ...]

    def joined(self, views: tuple[View, ...]) -> EnrolledLabel:
        """Return the label with those of the views that it does not have yet."""
        new = [view for view in views if not any(view.same(old) for old in self.views)]
        return EnrolledLabel(self.name, (*self.views, *new))


def to_bytes(label: EnrolledLabel) -> bytes:
    """Return the content of a label's file.

    Args:
        label: With at least one view.

    Raises:
        EnrolledError: It would be larger than `MAX_BYTES`.
    """
    buffer = io.BytesIO()
    parts = [(number, part) for number, view in enumerate(label.views) for part in view.parts]
    shapes = [(len(p.values), p.values.shape[1], p.features.shape[1]) for _, p in parts]
    rows = [array.ravel() for _, part in parts for array in (part.values, part.features)]
    np.savez(
        buffer,
        format=np.array(FORMAT),
        label=np.array(label.name),
        values=np.concatenate([view.values for view in label.views]).astype(np.float32),
        sizes=np.array([len(view.values) for view in label.views], np.int64),
        modalities=np.array(["+".join(view.modalities) for view in label.views]),
        spaces=np.array([view.space for view in label.views]),
        models=np.array([view.model for view in label.views]),
        part_views=np.array([number for number, _ in parts], np.int64),
        part_modalities=np.array([part.modality for _, part in parts], np.str_),
        part_encoders=np.array([part.encoder for _, part in parts], np.str_),
        part_shapes=np.array(shapes, np.int64).reshape(-1, 3),
        part_values=np.concatenate([*rows, np.zeros(0)]).astype(np.float32),
    )
    if buffer.tell() > MAX_BYTES:
        raise EnrolledError(
            f"label '{label.name}' has {len(label.views)} views, too many for a file of "
            f"{MAX_BYTES >> 20} MiB; delete the label and enroll it anew"
        )
    return buffer.getvalue()


def from_bytes(data: bytes) -> EnrolledLabel:
    """Read the content of a label's file; nothing in it is run.

    Args:
        data: The file.

    Raises:
        NewerEnrolledError: A later version has written it.
        EnrolledError: It is damaged, or no file of an enrolled label; the text is a clause.
    """
    try:
        _check_size(data)
        form = read_npz(data, ("format",), MAX_BYTES)["format"].item()
        old = check_format(form, FORMAT) == OLD_FORMAT
        return _label(read_npz(data, (*_ARRAYS, *(() if old else _PART_ARRAYS)), MAX_BYTES))
    except EnrolledError:
        raise
    except NewerFormatError as error:
        raise NewerEnrolledError(str(error)) from error
    except DAMAGED_ARCHIVE as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise EnrolledError(f"it is damaged or no enrolled label: {reason}") from error


def _check_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES:
        raise EnrolledError(f"unpacked it has {size >> 20} MiB, too many for a label")


def _label(arrays: dict[str, npt.NDArray[Any]]) -> EnrolledLabel:
    name = str(arrays["label"].item())
    if clean_label(name) != name:
        raise EnrolledError("its label has characters that no label has")
    values, sizes = arrays["values"], arrays["sizes"]
    columns = [arrays[key] for key in ("modalities", "spaces", "models")]
    if (
        values.dtype != np.float32
        or values.ndim != 1
        or sizes.dtype != np.int64
        or not all(column.dtype.kind == "U" for column in columns)
        or not len(sizes)
        or any(column.shape != sizes.shape for column in columns)
        or sizes.min() < 1
        or sizes.sum() != len(values)
    ):
        raise EnrolledError("its arrays do not fit each other")
    parts = _parts(arrays, len(sizes)) if "part_views" in arrays else [()] * len(sizes)
    views = []
    ends = np.cumsum(sizes)
    for start, end, modalities, space, model, of in zip(
        ends - sizes, ends, *columns, parts, strict=True
    ):
        view = values[start:end]
        if not abs(float(np.linalg.norm(view.astype(np.float64))) - 1.0) <= UNIT_TOLERANCE:
            raise EnrolledError("it holds an embedding that is no unit vector")
        names = tuple(str(modalities).split("+"))
        views.append(View(view, names, str(space), str(model), tuple(of)))
    return EnrolledLabel(name, tuple(views))


def _parts(arrays: dict[str, npt.NDArray[Any]], views: int) -> list[list[Part]]:
    """Return the parts of each view."""
    numbers, modalities, encoders, shapes, values = (arrays[name] for name in _PART_ARRAYS)
    count = len(numbers)
    if (
        any(array.dtype != np.int64 for array in (numbers, shapes))
        or any(array.dtype.kind != "U" for array in (modalities, encoders))
        or values.dtype != np.float32
        or values.ndim != 1
        or numbers.shape != (count,)
        or shapes.shape != (count, 3)
        or any(array.shape != (count,) for array in (modalities, encoders))
        or (count and not (shapes.min() >= 0 and shapes.max() <= len(values)))
        or (count and not (shapes[:, :2].min() >= 1 and 0 <= numbers.min() <= numbers.max()))
        or (count and numbers.max() >= views)
        or int((shapes[:, 0] * (shapes[:, 1] + shapes[:, 2])).sum()) != len(values)
    ):
        raise EnrolledError("the arrays of its parts do not fit each other")
    if not np.isfinite(values).all():
        raise EnrolledError("it holds features that are not finite")
    parts: list[list[Part]] = [[] for _ in range(views)]
    start = 0
    for number, modality, encoder, shape in zip(
        numbers, modalities, encoders, shapes.tolist(), strict=True
    ):
        rows, size, features = shape
        middle, end = start + rows * size, start + rows * (size + features)
        part = Part(
            str(modality),
            str(encoder),
            values[start:middle].reshape(rows, size),
            values[middle:end].reshape(rows, features),
        )
        parts[number].append(part)
        start = end
    return parts
