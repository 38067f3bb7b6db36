"""Names for types of arrays, and what damaged files of arrays raise."""

from __future__ import annotations

import tokenize
import zipfile
import zlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
"""float32, of any shape."""

DAMAGED_ARCHIVE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, MemoryError),
    *(RuntimeError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What NumPy and zipfile raise on npz files that are damaged, encrypted or of another kind."""
