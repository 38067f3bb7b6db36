"""What the modules of this room share: checks of data, and pixels to bytes and back."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.datasets.errors import DatasetError

Array = npt.NDArray[Any]
Features = npt.NDArray[np.float32]


class CodecError(DatasetError):
    """Data that does not fit its modality, or bytes that cannot be decoded."""


def check_array(
    modality: str, data: Any, dtype: type[np.generic], shape: tuple[int | None, ...]
) -> Array:
    """Return data as an array of the type and shape that its modality has.

    Args:
        modality: For the error.
        data: What to check.
        dtype: The type that it must have.
        shape: The length of each dimension; None for any length above 0.

    Raises:
        CodecError: Another type or shape, or values that are not finite.
    """
    array = np.asarray(data)
    fits = array.ndim == len(shape) and all(
        length > 0 if wanted is None else length == wanted
        for length, wanted in zip(array.shape, shape, strict=False)
    )
    if array.dtype != dtype or not fits:
        wanted_shape = ", ".join("n" if n is None else str(n) for n in shape)
        raise CodecError(
            f"{modality} data is {array.dtype} {list(array.shape)}, "
            f"not {np.dtype(dtype)} [{wanted_shape}]"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CodecError(f"{modality} data holds values that are not finite")
    return array


def encode_pixels(pixels: Array, suffix: str, parameters: tuple[int, ...]) -> bytes:
    """Return pixels as the bytes of an image file.

    Args:
        pixels: uint8 [H, W, 3] in OpenCV's order BGR, or uint16 [H, W].
        suffix: The file format as OpenCV knows it, e.g. '.png'.
        parameters: Of cv2.imencode.

    Raises:
        CodecError: The format does not take such pixels.
    """
    good, data = cv2.imencode(suffix, pixels, parameters)
    if not good:
        raise CodecError(f"pixels of shape {list(pixels.shape)} cannot be stored as {suffix}")
    return bytes(data)


def decode_pixels(stored: bytes | memoryview, flags: int) -> Array:
    """Return the pixels of an image file.

    Args:
        stored: Its bytes.
        flags: Of cv2.imdecode.

    Raises:
        CodecError: They are damaged.
    """
    pixels = cv2.imdecode(np.frombuffer(stored, np.uint8), flags) if len(stored) else None
    if pixels is None:
        raise CodecError("a stored picture cannot be decoded: the shard is damaged")
    return np.asarray(pixels)


def shrink(values: Array, rows: int, columns: int) -> Features:
    """Return values [H, W] averaged over a grid, float32 [rows * columns]."""
    small = cv2.resize(values.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()
