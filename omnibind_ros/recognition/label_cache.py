"""The file labels.npz beside labels.yaml: the labels' embeddings, and what they were made from."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, read_npz

_log = logging.getLogger(__name__)

CACHE = "labels.npz"


def cache_key(path: Path, encoder_sha256: str = "") -> str:
    """Return the hash that embeddings are valid for.

    Args:
        path: labels.yaml.
        encoder_sha256: SHA-256 of the text encoder; empty for the key of the labels alone.
    """
    return hashlib.sha256(path.read_bytes() + encoder_sha256.encode()).hexdigest()


def read_cache(cache: Path) -> Mapping[str, npt.NDArray[np.generic]] | None:
    """Read the arrays key, labels_key, prototypes and owner.

    Args:
        cache: labels.npz.

    Returns:
        The arrays; None if there is no such file, or with a warning if it is damaged.
    """
    try:
        arrays = read_npz(cache, ("key", "labels_key", "prototypes", "owner"))
    except FileNotFoundError:
        return None
    except DAMAGED_ARCHIVE as error:
        _log.warning("%s is damaged (%s); the labels are embedded anew", cache, error)
        return None
    rows = arrays["prototypes"]
    if rows.ndim != 2 or rows.dtype != np.float32 or not np.isfinite(rows).all():
        _log.warning("%s holds no finite float32 matrix; the labels are embedded anew", cache)
        return None
    return arrays


def write_cache(
    cache: Path,
    path: Path,
    encoder_sha256: str,
    prototypes: npt.NDArray[np.float32],
    owner: npt.NDArray[np.intp],
) -> None:
    """Write the embeddings with the keys they are valid for.

    Args:
        cache: labels.npz.
        path: labels.yaml.
        encoder_sha256: SHA-256 of the text encoder.
        prototypes: float32 [P, D].
        owner: int [P], the label of each prototype.

    Raises:
        OSError: The file cannot be written.
    """
    np.savez(
        cache,
        key=np.array(cache_key(path, encoder_sha256)),
        labels_key=np.array(cache_key(path)),
        prototypes=prototypes,
        owner=owner,
    )
