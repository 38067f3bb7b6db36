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
"""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .labels import clean_label

FORMAT = 1
MAX_BYTES = 1 << 26
"""Size from which a file is no enrolled label: 40 000 views."""

UNIT_TOLERANCE = 0.01
"""Largest allowed difference of a view's length from 1."""

_ARRAYS = ("format", "label", "values", "sizes", "modalities", "spaces", "models")

_DAMAGE = (
    *(OSError, ValueError, KeyError, TypeError, IndexError, EOFError, MemoryError),
    *(RuntimeError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What NumPy and zipfile raise on files that are damaged, encrypted or of another kind."""


class EnrolledError(ValueError):
    """Enrolled labels cannot be read or written; the text is one sentence."""


@dataclass(frozen=True)
class View:
    """What one enrolment has learned.

    Attributes:
        values: float32 [D], unit vector.
        modalities: The modalities that were fused.
        space: `EmbeddingSpace.key` of what made it.
        model: Name and version of the bundle.
    """

    values: npt.NDArray[np.float32]
    modalities: tuple[str, ...]
    space: str
    model: str

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
    np.savez(
        buffer,
        format=np.array(FORMAT),
        label=np.array(label.name),
        values=np.concatenate([view.values for view in label.views]).astype(np.float32),
        sizes=np.array([len(view.values) for view in label.views], np.int64),
        modalities=np.array(["+".join(view.modalities) for view in label.views]),
        spaces=np.array([view.space for view in label.views]),
        models=np.array([view.model for view in label.views]),
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
        EnrolledError: It is damaged, or no file of an enrolled label; the text is a clause.
    """
    try:
        _check_size(data)
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
        return _label(arrays)
    except EnrolledError:
        raise
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise EnrolledError(f"it is damaged or no enrolled label: {reason}") from error


def _check_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES:
        raise EnrolledError(f"unpacked it has {size >> 20} MiB, too many for a label")


def _label(arrays: dict[str, npt.NDArray[Any]]) -> EnrolledLabel:
    if int(arrays["format"]) != FORMAT:
        raise EnrolledError(f"its format is {int(arrays['format'])}, not {FORMAT}")
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
    views = []
    ends = np.cumsum(sizes)
    for start, end, modalities, space, model in zip(ends - sizes, ends, *columns, strict=True):
        view = values[start:end]
        if not abs(float(np.linalg.norm(view.astype(np.float64))) - 1.0) <= UNIT_TOLERANCE:
            raise EnrolledError("it holds an embedding that is no unit vector")
        views.append(View(view, tuple(str(modalities).split("+")), str(space), str(model)))
    return EnrolledLabel(name, tuple(views))
