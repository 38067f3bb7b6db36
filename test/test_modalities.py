"""Every modality has its parts in every room; other packages add modalities by entry points."""

import importlib
import sys

import pytest
from modality_parts import ROOMS, missing_parts, undocumented_names

from omnibind_ros import modalities
from omnibind_ros.modalities import (
    MODALITIES,
    RESERVED,
    STUDENTS,
    TABLE_SIZE,
    TEACHERS,
    Modality,
    has_part,
    module_name,
    part,
)

SMELL = Modality("smell", RESERVED, False, "smell", "std_msgs/msg/Float32MultiArray", 1.0)

WHOLE = {
    "__init__": "from omnibind_ros.modalities import Modality\n"
    "MODALITY = Modality('smell', 64, False, 'smell', 'std_msgs/msg/Float32MultiArray', 1.0)\n",
} | {
    room.name.rpartition(".")[2]: "\n".join(f"{name} = None" for name in room.student)
    for room in ROOMS
}


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Writes packages with an entry point each, where Python finds them."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def write(package, files, modality="smell"):
        (tmp_path / package).mkdir()
        for name, text in files.items():
            (tmp_path / package / f"{name}.py").write_text(text)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{modalities.GROUP}]\n{modality} = {package}\n")
        importlib.invalidate_caches()
        made.append(package)

    yield write
    for name in list(sys.modules):
        if name.partition(".")[0] in made:
            del sys.modules[name]


@pytest.fixture
def smell(packages, monkeypatch):
    """Writes a package with the modality smell and registers it."""

    def register(files):
        packages("smelling", files)
        for name, (modality, package) in modalities._external().items():
            monkeypatch.setitem(modalities._EXTERNAL, name, (modality, package))
            monkeypatch.setitem(MODALITIES, name, modality)

    return register


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
@pytest.mark.parametrize("modality", MODALITIES)
def test_every_modality_has_its_parts(modality, room):
    if room.name.startswith("learning"):
        pytest.importorskip("torch", reason="the room learning needs torch")
    assert list(missing_parts(modality, [room])) == []


def test_every_name_is_described_in_its_room():
    assert list(undocumented_names()) == []


def test_numbers_and_roles():
    numbers = [modality.number for modality in modalities.OWN]
    assert numbers == list(range(7))
    assert TEACHERS == ("image", "text")
    assert set(STUDENTS) == set(MODALITIES) - set(TEACHERS)
    assert max(numbers) < TABLE_SIZE


def test_a_modality_of_another_package_has_its_parts(smell):
    smell(WHOLE)
    assert MODALITIES["smell"] == SMELL
    assert module_name("datasets.samples", "smell") == "smelling.samples"
    assert part("encoders", "smell").__name__ == "smelling.encoders"
    assert list(missing_parts("smell")) == []


@pytest.mark.parametrize("room", [room for room in ROOMS if room.student], ids=lambda r: r.name)
def test_a_missing_module_is_said(smell, room):
    file = room.name.rpartition(".")[2]
    smell({name: text for name, text in WHOLE.items() if name != file})
    assert not has_part(room.name, "smell")
    assert list(missing_parts("smell")) == [
        f"modality 'smell' has no module smelling.{file} for the room {room.name}"
    ]


@pytest.mark.parametrize(
    ("room", "name"), [(room.name, name) for room in ROOMS for name in room.student]
)
def test_a_missing_name_is_said(smell, room, name):
    file = room.rpartition(".")[2]
    text = "\n".join(line for line in WHOLE[file].splitlines() if not line.startswith(f"{name} ="))
    smell({**WHOLE, file: text})
    assert list(missing_parts("smell")) == [
        f"smelling.{file}, modality 'smell' in the room {room}, has no {name}"
    ]


def test_a_part_that_cannot_be_imported_is_said(smell):
    smell({**WHOLE, "encoders": "import no_such_library"})
    (sentence,) = missing_parts("smell")
    assert sentence.startswith("the part of modality 'smell' in encoders cannot be imported")
    assert "no_such_library" in sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise OSError('no licence')", "OSError: no licence"),
        ("", "has no attribute 'MODALITY'"),
        (WHOLE["__init__"].replace("'smell', 64", "'taste', 64"), "no Modality named 'smell'"),
        (WHOLE["__init__"].replace("64", "6"), "its number 6 is in use, or below 64"),
    ],
)
def test_a_package_that_cannot_be_used_is_left_out(packages, caplog, text, words):
    packages("smelling", {"__init__": text})
    assert modalities._external() == {}
    assert "the modality 'smell' of smelling is left out" in caplog.text
    assert words in caplog.text


def test_of_two_packages_with_one_number_the_first_is_used(packages, caplog):
    packages("smelling", WHOLE)
    packages("tasting", {"__init__": WHOLE["__init__"].replace("'smell'", "'taste'")}, "taste")
    assert list(modalities._external()) == ["smell"]
    assert "the modality 'taste' of tasting is left out" in caplog.text


def test_the_name_of_an_own_modality_is_in_use(packages, caplog):
    packages("hearing", {"__init__": WHOLE["__init__"].replace("'smell'", "'audio'")}, "audio")
    assert modalities._external() == {}
    assert "its name is in use" in caplog.text


def test_an_unknown_modality_is_said():
    with pytest.raises(KeyError, match="there is no modality 'smell'; use one of: image, text"):
        part("sensors", "smell")
