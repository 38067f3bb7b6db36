"""Picture files, written by OpenCV and by hand, against the arrays that were written."""

import struct

import cv2
import numpy as np
import pytest

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.samples import read_sample
from omnibind_ros.files.sensors import FileOptions
from omnibind_ros.sensors import Doubtful
from omnibind_ros.sensors.region import Region


def sample(path, modality="", **options):
    return read_sample(find_source(path, modality), FileOptions(**options)).sample


def smooth(height, width, seed):
    """Return an RGB picture without noise, which JPEG keeps."""
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 215, (4, 5, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    ("suffix", "error"),
    [
        (".png", 0),
        (".bmp", 0),
        (".tiff", 0),
        (".ppm", 0),
        (".jpg", 4),
        (".webp", 8),
    ],
)
def test_a_photograph_of_any_format(tmp_path, suffix, error):
    for seed, (height, width) in enumerate([(48, 64), (33, 21), (120, 90)]):
        rgb = smooth(height, width, seed)
        path = tmp_path / f"{seed}{suffix}"
        assert cv2.imwrite(str(path), rgb[..., ::-1])
        found = sample(path)
        assert found.dtype == np.uint8
        assert np.abs(found.astype(int) - rgb).mean() <= error


def test_a_photograph_is_turned_as_exif_says(tmp_path):
    rgb = smooth(40, 60, 3)
    _, data = cv2.imencode(".jpg", rgb[..., ::-1])
    # An Exif block of one entry: tag 0x112 (orientation), SHORT, 6: the right side is the top.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 0x112, 3, 1, 6, 0, 0)
    block = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    path = tmp_path / "turned.jpg"
    path.write_bytes(data[:2].tobytes() + block + data[2:].tobytes())
    found = sample(path)
    assert found.shape == (60, 40, 3)
    assert np.abs(found.astype(int) - np.rot90(rgb, -1)).mean() < 4


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_centikelvin_become_degrees(tmp_path, suffix):
    celsius = np.linspace(-20, 90, 30 * 40).reshape(30, 40)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), np.rint((celsius + 273.15) * 100).astype(np.uint16))
    found = sample(tmp_path / f"a{suffix}", "thermal")
    assert np.abs(found - celsius).max() < 0.006


def test_a_tiff_of_floats_is_in_its_unit(tmp_path):
    celsius = np.linspace(5, 60, 24 * 32, dtype=np.float32).reshape(24, 32)
    cv2.imwrite(str(tmp_path / "a.tiff"), celsius)
    assert np.abs(sample(tmp_path / "a.tiff", "thermal", unit="celsius") - celsius).max() < 1e-4
    cv2.imwrite(str(tmp_path / "b.tiff"), celsius + 273.15)
    assert np.abs(sample(tmp_path / "b.tiff", "thermal") - celsius).max() < 1e-3
    np.save(tmp_path / "c.npy", celsius + 273.15)
    assert np.abs(sample(tmp_path / "c.npy", "thermal") - celsius).max() < 1e-3
    with pytest.raises(FileError, match="floats, which are temperatures"):
        sample(tmp_path / "a.tiff", "image")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_a_grey_thermal_picture_may_be_stored_in_colour(tmp_path, suffix):
    grey = smooth(32, 40, 5)[..., 0]
    cv2.imwrite(str(tmp_path / f"a{suffix}"), np.repeat(grey[..., None], 3, 2))
    # Counts of 8 bits are 0.2 degrees (docs/how-to/thermal_and_touch.md).
    assert np.abs(sample(tmp_path / f"a{suffix}", "thermal") - grey * 0.2).max() <= 0.61
    cv2.imwrite(str(tmp_path / f"b{suffix}"), smooth(32, 40, 6))
    with pytest.raises(FileError, match="in colour, which holds no temperatures"):
        sample(tmp_path / f"b{suffix}", "thermal")


def test_touch_is_the_difference_from_the_nearest_reference(tmp_path):
    folder = tmp_path / "gelsight" / "coin" / "a"
    folder.mkdir(parents=True)
    rest, touched = smooth(60, 80, 1), smooth(60, 80, 2)
    cv2.imwrite(str(tmp_path / "gelsight" / "reference.png"), rest[..., ::-1])
    cv2.imwrite(str(folder / "1.png"), touched[..., ::-1])
    found = sample(folder / "1.png")  # the folder says that it is touch
    assert np.allclose(found, (touched.astype(float) - rest) / 255, atol=1e-6)
    cv2.imwrite(str(folder / "reference.png"), touched[..., ::-1])
    assert not sample(folder / "1.png").any()
    other = str(tmp_path / "gelsight" / "reference.png")
    assert np.allclose(sample(folder / "1.png", reference=other), found)


def test_touch_without_a_reference_is_a_sentence(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), smooth(60, 80, 1))
    with pytest.raises(FileError, match="needs that of the pad at rest; give it by --reference"):
        sample(tmp_path / "1.png", "touch")
    with pytest.raises(FileError, match=r"the touch reference .* cannot be used"):
        sample(tmp_path / "1.png", "touch", reference=str(tmp_path / "no.png"))
    cv2.imwrite(str(tmp_path / "reference.png"), smooth(30, 40, 1))
    with pytest.raises(FileError, match="80 x 60 pixels but its reference 40 x 30"):
        sample(tmp_path / "1.png", "touch")


def test_a_region_is_cut_out(tmp_path):
    rgb = smooth(40, 80, 4)
    cv2.imwrite(str(tmp_path / "a.png"), rgb[..., ::-1])
    region = Region.parse("0.25,0.5,0.5,0.25")
    assert np.array_equal(sample(tmp_path / "a.png", region=region), rgb[20:30, 20:60])
    cv2.imwrite(str(tmp_path / "t.png"), np.full((40, 80), 29315, np.uint16))
    found = sample(tmp_path / "t.png", "thermal", region=region)
    assert not isinstance(found, Doubtful)
    assert found.shape == (10, 40)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp"])
def test_a_picture_that_is_cut_off_is_refused(tmp_path, suffix):
    whole = tmp_path / f"whole{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    cv2.imwrite(str(whole), noise)
    data = whole.read_bytes()
    for share in (0.2, 0.5, 0.9):
        path = tmp_path / f"cut{suffix}"
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(FileError, match=r"damaged|lost data|cut off|do not decode"):
            sample(path)
