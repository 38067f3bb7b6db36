"""The file of an enrolled label: what is written is read, and nothing else is."""

import io
import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.plain_text import clean_text
from omnibind_ros.recognition.enrolled_file import (
    EnrolledError,
    EnrolledLabel,
    Part,
    View,
    from_bytes,
    to_bytes,
)

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "150"))


def view(seed, size=8, modalities=("image",)):
    values = np.random.default_rng(seed).normal(size=size)
    values = (values / np.linalg.norm(values)).astype(np.float32)
    return View(values, modalities, f"space {seed}", f"bundle@{seed}")


def part(seed, modality="image", rows=2, size=8, features=3):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, size)).astype(np.float32)
    return Part(modality, f"enc {seed}", values, rng.normal(size=(rows, features)).astype("f4"))


PARTS = (part(0), part(1, "touch", 5, 8, 0))
LABEL = EnrolledLabel(
    "my mug",
    (view(0), replace(view(1, 16, ("image", "touch")), parts=PARTS), view(2)),
)


def same_parts(one, other):
    return len(one) == len(other) and all(
        (a.modality, a.encoder) == (b.modality, b.encoder)
        and np.array_equal(a.values, b.values)
        and np.array_equal(a.features, b.features)
        for a, b in zip(one, other, strict=True)
    )


def arrays():
    with np.load(io.BytesIO(to_bytes(LABEL)), allow_pickle=False) as file:
        return dict(file)


def packed(**changes):
    file = io.BytesIO()
    np.savez(file, **{**arrays(), **changes})
    return file.getvalue()


@given(
    name=st.text(max_size=190).map(clean_text).filter(bool),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
)
@settings(max_examples=EXAMPLES)
def test_what_is_written_is_read(name, sizes):
    label = EnrolledLabel(
        name,
        tuple(
            replace(view(i, size), parts=tuple(part(j, "event", size, 4, j) for j in range(i)))
            for i, size in enumerate(sizes)
        ),
    )
    read = from_bytes(to_bytes(label))
    assert read.name == name
    assert len(read.views) == len(sizes)
    for one, other in zip(read.views, label.views, strict=True):
        assert one.same(other)
        assert (one.modalities, one.model) == (other.modalities, other.model)
        assert same_parts(one.parts, other.parts)


def test_the_arrays_are_those_of_the_format():
    found = arrays()
    assert {k: (v.dtype.kind, v.shape) for k, v in found.items()} == {
        "format": ("i", ()),
        "label": ("U", ()),
        "values": ("f", (32,)),
        "sizes": ("i", (3,)),
        "modalities": ("U", (3,)),
        "spaces": ("U", (3,)),
        "models": ("U", (3,)),
        "part_views": ("i", (2,)),
        "part_modalities": ("U", (2,)),
        "part_encoders": ("U", (2,)),
        "part_shapes": ("i", (2, 3)),
        "part_values": ("f", (2 * (8 + 3) + 5 * 8,)),
    }
    assert found["part_views"].tolist() == [1, 1]
    assert found["part_shapes"].tolist() == [[2, 8, 3], [5, 8, 0]]
    np.testing.assert_array_equal(found["part_values"][16:22], PARTS[0].features.ravel())
    assert found["modalities"].tolist() == ["image", "image+touch", "image"]
    np.testing.assert_array_equal(found["values"][8:24], LABEL.views[1].values)


def test_a_file_of_format_1_is_read_without_parts():
    old = {name: values for name, values in arrays().items() if not name.startswith("part_")}
    file = io.BytesIO()
    np.savez(file, **{**old, "format": np.array(1)})
    read = from_bytes(file.getvalue())
    assert [one.same(other) for one, other in zip(read.views, LABEL.views, strict=True)] == [
        True
    ] * 3
    assert [one.parts for one in read.views] == [()] * 3


class Harmful:
    def __reduce__(self):
        return (os.mkdir, ("harm",))


BAD = {
    "empty": b"",
    "text": b"not a file of labels",
    "npy": np.lib.format.magic(1, 0) + b"rest",
    "pickle": pickle.dumps(Harmful()),
    "cut": to_bytes(LABEL)[:-30],
    "no values": packed(values=np.zeros(0, np.float32)),
    "pickled objects": packed(label=np.array([Harmful()], object)),
    "another format": packed(format=np.array(3)),
    "parts of no view": packed(part_views=np.array([1, 3])),
    "parts of a negative view": packed(part_views=np.array([-1, 1])),
    "too few values of parts": packed(part_values=np.zeros(61, np.float32)),
    "features that are not finite": packed(part_values=np.full(62, np.inf, np.float32)),
    "shapes of huge parts": packed(part_shapes=np.array([[2, 1 << 62, 3], [5, 8, 0]])),
    "negative shapes": packed(part_shapes=np.array([[2, 8, 3], [5, -8, 16]])),
    "shapes of other form": packed(part_shapes=np.zeros((2, 2), np.int64)),
    "no encoders": packed(part_encoders=np.array(["a"])),
    "no unit vector": packed(values=np.ones(32, np.float32)),
    "not finite": packed(values=np.full(32, np.nan, np.float32)),
    "float64": packed(values=np.ones(32)),
    "too many sizes": packed(sizes=np.array([8, 16, 8, 8])),
    "negative size": packed(sizes=np.array([-8, 32, 8])),
    "two-dimensional": packed(values=np.ones((4, 8), np.float32)),
    "control characters": packed(label=np.array("my\x07mug")),
    "no label": packed(label=np.array("")),
    "several labels": packed(label=np.array(["a", "b"])),
    "numbers for spaces": packed(spaces=np.arange(3)),
    "bomb": packed(more=np.zeros(70 << 20, np.uint8)),
}


@pytest.mark.parametrize("kind", BAD)
def test_another_file_is_refused_in_a_clause_and_nothing_of_it_is_run(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EnrolledError) as caught:
        from_bytes(BAD[kind])
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@given(st.data())
@settings(max_examples=EXAMPLES)
def test_a_damaged_file_is_read_as_it_was_or_refused(data):
    whole = to_bytes(LABEL)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.sampled_from([len(whole), len(whole) // 2]))]
    try:
        read = from_bytes(bytes(damaged))
    except EnrolledError:
        return
    assert read.name == LABEL.name
    assert [one.same(other) for one, other in zip(read.views, LABEL.views, strict=True)] == [
        True
    ] * 3


def test_views_are_joined_once():
    both = LABEL.joined((view(2), view(3)))
    assert [one.space for one in both.views] == ["space 0", "space 1", "space 2", "space 3"]


def test_a_label_that_is_too_large_is_refused_in_a_sentence():
    huge = View(np.zeros(17 << 20, np.float32), ("image",), "", "")
    with pytest.raises(EnrolledError, match="too many for a file of 64 MiB; delete"):
        to_bytes(EnrolledLabel("mug", (huge,)))
