"""What a file is, and files that lie about it."""

from dataclasses import fields

import cv2
import numpy as np
import pytest
import soundfile

from omnibind_ros.files.commands import AXES, UNITS
from omnibind_ros.files.commands import MODALITIES as COMMAND_MODALITIES
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.kinds import kind_of
from omnibind_ros.files.opening import find_source
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors.point_filters import PointsOptions
from omnibind_ros.sensors.thermal import ThermalOptions

PICTURE = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.wav", PICTURE, "its name is that of a sound, but it is a PNG picture; give it its"),
        ("a.npz", PICTURE, "its name is that of a recording of events, but it is a PNG picture"),
        ("a.jpg", b"fLaC" + bytes(50), "its name is that of a picture, but it is a FLAC sound"),
        ("a.pcd", b"\x93NUMPY" + bytes(50), "that of a cloud, but it is a NumPy array"),
        ("a.txt", PICTURE, "that of a text, but it is a PNG picture"),
        ("a.png", b"", "the file is empty"),
        ("a.xyz", b"1 2 3\n", "its kind is unknown; use a file that ends in"),
        ("a", b"hello", "its kind is unknown"),
        ("a.jpg", b"<!DOCTYPE html>", "it cannot be used since it is an HTML page"),
        ("a.jpg", b"GIF89a", "a GIF picture; save it as PNG"),
        ("a.png", b"version https://git-lfs.github.com/spec/v1\n", "run 'git lfs pull'"),
        ("a.mp4", b"\0\0\0\x20ftypisom", "a film or picture of the MP4 family"),
    ],
)
def test_files_that_are_not_what_they_seem(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError, match=says) as error:
        kind_of(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name))
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        kind_of(tmp_path / "no.png")
    with pytest.raises(FileError, match="this is a folder"):
        kind_of(tmp_path)


def test_a_known_content_needs_no_ending(tmp_path):
    (tmp_path / "picture").write_bytes(PICTURE)
    assert kind_of(tmp_path / "picture") == "picture"
    (tmp_path / "really_a_png.jpg").write_bytes(PICTURE)  # pictures are read by their content
    assert kind_of(tmp_path / "really_a_png.jpg") == "picture"


@pytest.mark.parametrize(
    ("place", "modality"),
    [
        ("cup/1.png", "image"),
        ("gelsight_a/cup/1.png", "touch"),
        ("lwir/cup/1.png", "thermal"),
        ("touch_and_camera/rgb/cup/1.png", "image"),
        ("set/cup/thermal_crop.png", "thermal"),
        ("set/cup/billet2_touch_3.png", "touch"),
        ("thermal/cup/1.txt", "text"),
        ("touch/tap/1.wav", "audio"),
        ("thermal/cup/1.npy", "thermal"),
        ("lidar/cup/1.npy", "points"),
        ("cup/1.npy", "points"),
    ],
)
def test_names_say_the_modality(tmp_path, place, modality):
    path = tmp_path / "root" / place
    path.parent.mkdir(parents=True)
    if path.suffix == ".png":
        path.write_bytes(PICTURE)
    elif path.suffix == ".npy":
        np.save(path, np.zeros((4, 3), np.float32))
    elif path.suffix == ".wav":
        soundfile.write(path, np.zeros(10), 16_000)
    else:
        path.write_text("a cup")
    assert find_source(path).modality == modality


def test_a_modality_that_a_file_cannot_have(tmp_path):
    (tmp_path / "a.png").write_bytes(PICTURE)
    assert find_source(tmp_path / "a.png", "touch").modality == "touch"
    with pytest.raises(FileError, match="cannot be audio; it can be image or touch or thermal"):
        find_source(tmp_path / "a.png", "audio")


def test_the_options_of_the_command_are_those_of_the_sensors():
    choices = {
        "axes": sensor_choices(PointsOptions, "axes"),
        "unit": sensor_choices(ThermalOptions, "unit"),
        "modality": tuple(MODALITIES),
    }
    assert choices == {"axes": AXES, "unit": UNITS, "modality": COMMAND_MODALITIES}


def sensor_choices(options, name):
    (field,) = (field for field in fields(options) if field.name == name)
    return field.metadata["choices"]
