"""The file of an enrolled label: what is written is read, and nothing else is."""

import io
import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.plain_text import clean_text
from omnibind_ros.recognition.enrolled_file import (
    EnrolledError,
    EnrolledLabel,
    View,
    from_bytes,
    to_bytes,
)

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "150"))


def view(seed, size=8, modalities=("image",)):
    values = np.random.default_rng(seed).normal(size=size)
    values = (values / np.linalg.norm(values)).astype(np.float32)
    return View(values, modalities, f"space {seed}", f"bundle@{seed}")


LABEL = EnrolledLabel("my mug", (view(0), view(1, 16, ("image", "touch")), view(2)))


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
    label = EnrolledLabel(name, tuple(view(i, size) for i, size in enumerate(sizes)))
    read = from_bytes(to_bytes(label))
    assert read.name == name
    assert len(read.views) == len(sizes)
    for one, other in zip(read.views, label.views, strict=True):
        assert one.same(other)
        assert (one.modalities, one.model) == (other.modalities, other.model)


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
    }
    assert found["modalities"].tolist() == ["image", "image+touch", "image"]
    np.testing.assert_array_equal(found["values"][8:24], LABEL.views[1].values)


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
    "another format": packed(format=np.array(2)),
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
