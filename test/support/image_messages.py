"""Image messages as ROS has them, made of arrays."""

import array
from types import SimpleNamespace

import numpy as np

from omnibind_ros.sensors import RejectedSampleError


def image_message(pixels, encoding, padding=0, big=False, last_padding=True):
    """Make a message of [H, W] or [H, W, C]; the padding is full of 255, the data an array."""
    pixels = np.asarray(pixels)
    rows = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<"))
    rows = np.ascontiguousarray(rows).view(np.uint8).reshape(pixels.shape[0], -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    data = rows.tobytes()
    return SimpleNamespace(
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=int(big),
        step=rows.shape[1],
        data=array.array("B", data if last_padding else data[: len(data) - padding]),
    )


def attempt(decode, *args):
    """Return what a decoder makes, or None and its sentence; any other error is the test's."""
    try:
        return decode(*args), ""
    except RejectedSampleError as error:
        return None, str(error)
