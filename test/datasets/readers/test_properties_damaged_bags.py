"""Whatever the damage of a bag, no message is invented, and what is whole is read."""

from __future__ import annotations

import os

import pytest
from damaged_bags import (
    NONE,
    SQLITE3,
    Small,
    chunked,
    cut,
    damaged_copy,
    mcap_records,
    overwrite,
    storage_file,
)
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "100"))


VALUES = st.sampled_from([0, 1, 2, 5, 7, 15, 16, 97, 127])
"""Bytes to overwrite with. Left out are the opcodes of records that cannot be checked: a chunk that
becomes one of them is lost without a word."""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Small(tmp_path_factory.mktemp("small"))


def test_a_file_that_ends_with_its_first_bytes(small):
    bag = damaged_copy(small.bags["chunks-"], small.folder / "short")
    for size in (8, 9, 15, 16, 17):
        cut(storage_file(damaged_copy(small.bags["chunks-"], bag)), size)
        assert small.read(bag) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_whatever_the_cut_the_messages_before_it_are_read(small, data):
    kind = data.draw(st.sampled_from(list(small.bags)))
    original = storage_file(small.bags[kind]).stat().st_size
    size = data.draw(st.integers(0, original - 1))
    bag = damaged_copy(small.bags[kind], small.folder / "cut")
    path = storage_file(bag)
    cut(path, size)
    read = small.read(bag)
    assert read == list(range(len(read)))
    if kind == "loose":
        head, records = mcap_records(small.texts)
        ends = [8 + sum(map(len, [*head, *records[: n + 1]])) for n in range(len(records))]
        assert len(read) == sum(end <= size for end in ends)
    elif isinstance(kind, str):
        parts = chunked(small.texts, 7, kind.removeprefix("chunks-"))
        ends = [8 + sum(map(len, parts[: n + 1])) for n in range(4, len(parts))]
        assert len(read) == min(7 * sum(end <= size for end in ends), 60)
    elif kind == (SQLITE3, NONE):  # the page of a row is written after the row's other pages
        assert len(read) >= 60 * size / original - 8


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_whatever_is_overwritten_no_message_is_invented(small, data):
    """Bytes of any value where there are checksums (in chunks), else pages of zeros."""
    kind = data.draw(st.sampled_from(["chunks-", "chunks-lz4", "chunks-zstd", (SQLITE3, NONE)]))
    bag = damaged_copy(small.bags[kind], small.folder / "overwritten")
    path = storage_file(bag)
    unit, values = (1, VALUES) if isinstance(kind, str) else (4096, st.just(0))
    units = path.stat().st_size // unit
    head, _ = mcap_records(small.texts)
    first = 8 + sum(map(len, head)) if isinstance(kind, str) else 0
    start = data.draw(st.integers(first, units - 1))
    stop = data.draw(st.integers(start + 1, min(start + 5000 // unit + 1, units)))
    overwrite(path, start * unit, stop * unit, data.draw(values))
    small.read(bag)
