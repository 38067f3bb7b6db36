"""Pictures: JPEG and PNG as sensor_msgs/CompressedImage, others as a PNG of the same pixels."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.recording import Recording, Timed
from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.compressed_image import open_picture
from omnibind_ros.sensors.raw_image import MAX_PIXELS

from .picture_size import MOST_BYTES, announced_size

COMPRESSED = "sensor_msgs/msg/CompressedImage"
RAW = "sensor_msgs/msg/Image"

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG"


def open_picture_file(path: Path, modality: str) -> Recording:
    """Open a picture.

    Args:
        path: JPEG, PNG, TIFF, BMP, WebP, PPM or PGM.
        modality: image, touch or thermal. A thermal picture in colour whose channels are alike is
            taken as a grey one.

    Raises:
        FileError: It does not decode.
    """
    data = path.read_bytes()
    if not data.startswith((_JPEG, _PNG)):
        pixels = _decoded(path, data)
        if pixels.dtype.kind == "f":
            return _floats(path, pixels, modality)
        data = _png(_grey_if_alike(pixels) if modality == "thermal" else pixels)
    elif modality == "thermal":
        data = _as_grey(path, data)
    message = SimpleNamespace(format="jpeg" if data.startswith(_JPEG) else "png", data=data)
    return Recording(modality, COMPRESSED, [Timed(message)])


def floats_message(pixels: npt.NDArray[Any]) -> SimpleNamespace:
    """Return a message like sensor_msgs/Image of one channel, float or uint16 [H, W]."""
    kind, encoding = ("<u2", "mono16") if pixels.dtype.kind == "u" else ("<f4", "32FC1")
    values = np.ascontiguousarray(pixels, kind)
    height, width = values.shape
    return SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=width * values.itemsize,
        data=values.tobytes(),
    )


def _floats(path: Path, pixels: npt.NDArray[Any], modality: str) -> Recording:
    if modality != "thermal" or pixels.ndim != 2:
        raise FileError(
            path,
            f"its pixels are floats, which are temperatures of a thermal picture; as {modality} "
            "use a picture of 8 or 16 bits",
        )
    return Recording(modality, RAW, [Timed(floats_message(pixels))])


def _decoded(path: Path, data: bytes) -> npt.NDArray[Any]:
    size = announced_size(data)
    if size is None:
        raise FileError(
            path,
            "its header is damaged, cut off, or that of no picture that is read; restore the file, "
            "or save it as PNG, TIFF or JPEG",
        )
    if size.width * size.height > MAX_PIXELS or size.bytes > MOST_BYTES:
        raise FileError(
            path,
            f"its header announces {size.width} x {size.height} pixels, more than a picture may "
            "have; restore the file, or reduce the picture",
        )
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # such as more pixels than OpenCV allows
        pixels = None
    if pixels is None:
        raise FileError(
            path, "the picture does not decode, so it is damaged or cut off; restore the file"
        )
    return np.asarray(pixels)


def _as_grey(path: Path, data: bytes) -> bytes:
    """Return a picture in colour as a grey PNG if its channels are alike, else as it is."""
    try:
        picture = open_picture(SimpleNamespace(format="", data=data))
        if not picture.colour:
            return data
        return _png(_grey_if_alike(picture.rgb()[..., ::-1]))
    except RejectedSampleError as error:
        raise FileError(path, str(error)) from error


def _grey_if_alike(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.ndim == 3 and (pixels[..., :1] == pixels[..., 1:3]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def _png(pixels: npt.NDArray[Any]) -> bytes:
    if pixels.dtype not in (np.uint8, np.uint16):
        pixels = pixels.astype(np.uint16)
    _, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return bytes(data)
