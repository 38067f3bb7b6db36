"""Framing: from a picture of any size to the fixed size that an image network takes.

Our own image network was trained with a crop that keeps 7/8 of the shorter side, and takes area
means where it shrinks. Networks of other origins (`omnibind bundle import-teacher`) were trained
with Pillow's filters, and lose accuracy with any others: their manifest says which, and how the
picture is cut. Means and deviations of the colours are no part of it: they are in the network.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from . import picture
from .manifest import BundleError, TensorSpec
from .picture import resize

Picture = npt.NDArray[np.uint8]

CROP = 224 / 256
"""Side of our own networks' centre crop as a share of the shorter side."""

FIT, INTERPOLATION, ROUNDING = "fit", "interpolation", "rounding"
"""Names of the manifest's options of an image network's input."""

SHORTER_SIDE = "shorter_side"
"""Name of the parameter that says to how many pixels the shorter side is resized before the cut;
without it, the network's own size."""

NEAREST = "nearest"
"""Value of `ROUNDING`: the middle is cut at the nearest whole pixel, as torchvision does; without
it, rounded down, as transformers does."""

CENTRE, STRETCH = "crop", "stretch"
"""Values of `FIT`: cut the middle out of the picture resized by its shorter side, or stretch the
whole picture."""

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
"""Values of `INTERPOLATION`: Pillow's filters, which average where they shrink."""


class Framed(NamedTuple):
    """A picture as a network takes it.

    Attributes:
        pixels: uint8 [h, w, 3], RGB.
        structure: Correlation of neighbouring pixels, see `picture.structure`; of the picture's own
            pixels where it was enlarged, as that makes neighbours alike even in noise.
    """

    pixels: Picture
    structure: float


def frame(image: Picture, tensor: TensorSpec) -> Framed:
    """Frame a picture for an image network.

    Args:
        image: uint8 [H, W, 3], RGB.
        tensor: The manifest's entry of the network's input, of shape [1, h, w, 3]. Without the
            option `FIT` it is one of our own networks.

    Raises:
        BundleError: An option has a value that is not known.
    """
    height, width = tensor.shape[1:3]
    if FIT not in tensor.options:
        cut = _square(image)
        pixels = resize(cut, height, width)
    else:
        left, top, right, bottom = _region(image, tensor)
        resampled = Image.fromarray(image).resize(
            (width, height), _filter(tensor), box=(left, top, right, bottom)
        )
        pixels = np.asarray(resampled)
        cut = image[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
    return Framed(pixels, structure(pixels if cut.shape[0] > height else cut))


def centre_crop(image: Picture, size: int) -> Picture:
    """Crop the middle and resize it, as our own networks need it.

    Args:
        image: uint8 [H, W, 3].
        size: Side of the result, pixels.

    Returns:
        uint8 [size, size, 3].
    """
    return resize(_square(image), size, size)


def structure(image: Picture) -> float:
    """Measure how alike neighbouring pixels are, which tells pictures from noise.

    The probabilities of an image classifier do not: they are often high for noise.

    Args:
        image: uint8 [H, W, 3], RGB.

    Returns:
        Correlation of neighbouring pixels' brightness: near 1 in pictures, near 0 in white
        noise; 0 where there is no contrast.
    """
    return picture.structure(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def check_framing(tensor: TensorSpec) -> None:
    """Check the options of an image network's input.

    Raises:
        BundleError: One has a value that is not known.
    """
    if FIT in tensor.options:
        _filter(tensor)
        _region(np.zeros((1, 1, 3), np.uint8), tensor)


def _square(image: Picture) -> Picture:
    height, width = image.shape[:2]
    side = max(round(min(height, width) * CROP), 1)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def _region(image: Picture, tensor: TensorSpec) -> tuple[float, float, float, float]:
    """Return which part of a picture becomes the input: left, top, right and bottom, pixels.

    To cut before resizing gives the same pixels as to cut after it, as Pillow's filters look
    beyond the region's border, and takes less time.
    """
    height, width = image.shape[:2]
    fit = tensor.options[FIT]
    if fit == STRETCH:
        return 0.0, 0.0, float(width), float(height)
    if fit != CENTRE:
        raise BundleError(
            f"the image network wants pictures fitted by '{fit}', which is not known; use the "
            f"version of omnibind_ros that made the bundle (known: {CENTRE}, {STRETCH})"
        )
    rows, columns = tensor.shape[1:3]
    side = int(tensor.parameters.get(SHORTER_SIDE, min(rows, columns)))
    # The longer side is cut off to whole pixels, as Hugging Face's and OpenCLIP's code does.
    if width <= height:
        resized = (side, int(side * height / width))
    else:
        resized = (int(side * width / height), side)
    spare = (resized[0] - columns) / 2, (resized[1] - rows) / 2
    whole = round if tensor.options.get(ROUNDING) == NEAREST else int
    left, top = whole(spare[0]), whole(spare[1])
    across, down = width / resized[0], height / resized[1]
    return left * across, top * down, (left + columns) * across, (top + rows) * down


def _filter(tensor: TensorSpec) -> Image.Resampling:
    name = tensor.options.get(INTERPOLATION, "")
    if name not in FILTERS:
        raise BundleError(
            f"the image network wants pictures resized by '{name}', which is not known; use the "
            f"version of omnibind_ros that made the bundle (known: {', '.join(FILTERS)})"
        )
    return FILTERS[name]
