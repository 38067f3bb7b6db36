"""Pictures are framed as the networks were trained."""

import numpy as np
import pytest
from PIL import Image

from omnibind_ros.encoders.framing import FILTERS, centre_crop, check_framing, frame
from omnibind_ros.encoders.manifest import BundleError, TensorSpec
from omnibind_ros.encoders.picture import STRUCTURE

RNG = np.random.default_rng(0)


def tensor(fit="crop", interpolation="bicubic", shape=(1, 32, 32, 3), side=None, **options):
    parameters = {} if side is None else {"shorter_side": side}
    options = {"fit": fit, "interpolation": interpolation} | options
    return TensorSpec("image", shape, "uint8", parameters=parameters, options=options)


def picture(height, width):
    """Return a smooth picture, uint8 [height, width, 3]."""
    small = RNG.integers(40, 210, (6, 8, 3), np.uint8)
    return np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(("height", "width"), [(120, 160), (161, 120), (20, 30), (480, 333)])
@pytest.mark.parametrize("interpolation", list(FILTERS))
def test_the_middle_is_that_of_the_resized_picture(height, width, interpolation):
    given, side = picture(height, width), 36
    if width <= height:
        size = side, int(side * height / width)
    else:
        size = int(side * width / height), side
    whole = np.asarray(Image.fromarray(given).resize(size, FILTERS[interpolation])).astype(int)
    for rounding, whole_pixel in (({}, int), ({"rounding": "nearest"}, round)):
        left, top = (whole_pixel((each - 32) / 2) for each in size)
        wanted = whole[top : top + 32, left : left + 32]
        framed = frame(given, tensor(interpolation=interpolation, side=side, **rounding)).pixels
        assert framed.shape == (32, 32, 3)
        assert framed.dtype == np.uint8
        assert np.abs(framed - wanted).max() <= 2


def test_a_stretched_picture_is_whole():
    given = np.zeros((60, 100, 3), np.uint8)
    given[:, 90:] = 255
    framed = frame(given, tensor("stretch", "bilinear", (1, 10, 20, 3))).pixels
    assert (framed[:, 19:] == 255).all()
    assert (framed[:, :17] == 0).all()


def test_our_own_networks_get_what_they_were_trained_with():
    given = picture(120, 160)
    own = TensorSpec("image", (1, 32, 32, 3), "uint8")
    assert np.array_equal(frame(given, own).pixels, centre_crop(given, 32))


@pytest.mark.parametrize("fit", ["crop", "stretch"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [(480, 640), (33, 40), (32, 32), (35, 35), (12, 16)])
def test_noise_has_no_structure_however_it_is_framed(fit, interpolation, size):
    noise = RNG.integers(0, 256, (*size, 3), np.uint8)
    framed = frame(noise, tensor(fit, interpolation))
    assert framed.structure < STRUCTURE[0] + 0.1
    assert frame(picture(*size), tensor(fit, interpolation)).structure > STRUCTURE[1]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (tensor(fit="fold"), "fitted by 'fold', which is not known"),
        (tensor(interpolation="sinc"), "resized by 'sinc', which is not known"),
    ],
)
def test_a_manifest_of_a_later_version_is_refused(wrong, sentence):
    with pytest.raises(BundleError, match=sentence):
        check_framing(wrong)
