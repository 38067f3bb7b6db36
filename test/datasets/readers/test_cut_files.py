"""Files of bags that were cut or partly overwritten: what is whole is read."""

from __future__ import annotations

import os

import pytest
from damaged_bags import (
    COMPRESSIONS,
    FILE,
    KINDS,
    MCAP,
    MCAP_END,
    MESSAGE,
    NONE,
    STORAGE,
    TEXT,
    change_database,
    chunked,
    cut,
    damaged_copy,
    make_texts,
    mcap_records,
    overwrite,
    read_texts,
    storage_file,
    write_mcap,
    write_texts,
)

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.bags.files import bag_problems, messages, open_bag


def mcap_whole(path, size):
    """Return how many messages are in chunks that end before a byte, by the specification."""
    data, offset, count = path.read_bytes(), 8, 0
    while offset < size:
        opcode = data[offset]
        length = int.from_bytes(data[offset + 1 : offset + 9], "little")
        offset += 9 + length
        if opcode == 6 and offset <= size:
            whole = offset
        elif opcode == 7 and whole <= size:
            count += int.from_bytes(data[offset - length + 2 : offset - length + 6], "little") // 16
    return count


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Bags of each kind; those of MCAP have several chunks."""
    folder = tmp_path_factory.mktemp("bags")
    texts = make_texts(300, size=20_000)
    return texts, {
        kind: write_texts(folder / f"{kind[0].name}-{kind[1].name}", texts, *kind) for kind in KINDS
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0].name}-{kind[1].name}")
@pytest.mark.parametrize("share", [0.02, 0.35, 0.9, 0.9999])
def test_a_cut_file_is_read_up_to_the_cut(tmp_path, originals, kind, share):
    texts, bags = originals
    bag = damaged_copy(bags[kind], tmp_path / "bag")
    path = storage_file(bag)
    size = int(path.stat().st_size * share)
    whole = mcap_whole(path, size) if kind[0] == MCAP and kind[1] != FILE else None
    cut(path, size)
    if share < 0.1 and (kind[0] == MCAP or kind[1] == MESSAGE):  # not one whole chunk or leaf
        with pytest.raises(SkipError, match=path.name):
            read_texts(bag)
        return
    read, problems = read_texts(bag)
    assert read == texts[: len(read)]
    if whole is not None:
        assert len(read) == whole
    elif kind[1] == NONE:
        assert len(read) > 300 * share - 4
    assert path.name in problems[0]
    if len(read) < 300:
        assert f"{300 - len(read)} are lost" in problems[0]


def test_rows_that_were_deleted_do_not_come_back(tmp_path):
    texts = make_texts(300, size=5_000)
    bag = write_texts(tmp_path / "bag", texts)
    (bag / "metadata.yaml").unlink()
    change_database(bag, "DELETE FROM messages WHERE id > 50 AND id <= 200")
    rest = texts[:50] + texts[200:]
    assert read_texts(bag)[0] == rest
    whole = damaged_copy(bag, tmp_path / "whole")
    path = storage_file(bag)
    cut(path, path.stat().st_size - 40 * 4096)
    read, (_, problem) = read_texts(bag)
    assert read == rest[: len(read)]
    assert 110 < len(read) < 150
    assert "it was cut at byte" in problem
    overwrite(storage_file(whole), 100 * 4096, 900 * 4096 // 2)
    try:
        assert set(read_texts(whole)[0]) <= set(rest)
    except SkipError as error:
        assert "which rows were deleted" in error.reason  # noqa: PT017 - one of both


def test_definitions_that_are_missing_or_damaged(tmp_path):
    texts = make_texts(10)
    bag = write_texts(tmp_path / "bag", texts)
    change_database(bag, "DELETE FROM message_definitions")
    assert read_texts(bag) == (texts, [])
    bag = write_texts(tmp_path / "other", texts)
    for text in ("string date", "strung data", "int32 data"):
        change = f"UPDATE message_definitions SET encoded_message_definition = '{text}'"
        change_database(bag, change)
        read, (problem,) = read_texts(bag)
        assert read == texts
        assert problem.startswith(f"the definition of {TEXT} in the bag")
        assert problem.endswith("that of ROS 2 is used")


@pytest.mark.parametrize(("plugin", "mode"), KINDS)
def test_two_readers_at_once(tmp_path, plugin, mode):
    texts = make_texts(30)
    bag = write_texts(tmp_path / "bag", texts, plugin, mode)
    open_bag.cache_clear()
    both = zip(messages(bag, ["/text"]), messages(bag, ["/label"]), strict=True)
    read = [(topic, time, decode().data) for pair in both for topic, time, decode in pair]
    assert read == texts


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_mcap_file_without_an_index(tmp_path, compression):
    texts = make_texts(30)
    bag = write_mcap(tmp_path / "bag", *chunked(texts, 4, compression), MCAP_END)
    read, problems = read_texts(bag)
    assert read == texts
    assert len(problems) == 1  # the missing metadata


def test_an_mcap_file_without_chunks_may_be_unsorted(tmp_path):
    texts = make_texts(30)
    head, records = mcap_records(texts[::-1])
    bag = write_mcap(tmp_path / "bag", *head, *records, MCAP_END)
    assert read_texts(bag)[0] == texts
    part = [(topic, time) for topic, time, _ in messages(bag, ["/text"], texts[4][1], texts[9][1])]
    assert part == [(topic, time) for topic, time, _ in texts[4:9:2]]


def test_an_mcap_file_without_chunks_that_is_cut_or_filled_with_zeros(tmp_path):
    texts = make_texts(30)
    head, records = mcap_records(texts)
    bag = write_mcap(tmp_path / "bag", *head, *records, MCAP_END)
    path = storage_file(bag)
    begin = 8 + sum(map(len, [*head, *records[:20]]))
    cut(path, begin + 100)
    assert read_texts(bag)[0] == texts[:20]
    # The system had set the size of the file, but had not written its content, when power failed.
    os.truncate(path, begin - 50)
    os.truncate(path, begin + 5000)
    read, (_, problem) = read_texts(bag)
    assert read == texts[:19]
    assert f"the record at byte {begin} is not valid" in problem


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("checksum", [True, False])
def test_a_chunk_that_is_damaged_costs_its_messages_only(tmp_path, compression, checksum):
    texts = make_texts(40)
    parts = chunked(texts, 10, compression, checksum=checksum)
    bag = write_mcap(tmp_path / "bag", *parts, MCAP_END)
    begin = 8 + sum(map(len, parts[:-3]))
    overwrite(storage_file(bag), begin + 70, begin + len(parts[-3]) - 20, 0)
    read, (_, problem) = read_texts(bag)
    assert read == texts[:10] + texts[20:]
    assert f"the chunk at byte {begin} is left out, as" in problem
    assert "30 whole messages are read (0.000 to 3.900 s)" in problem


@pytest.mark.parametrize("mode", [NONE, STORAGE])
def test_damage_in_a_file_with_an_index_is_found_while_it_is_read(tmp_path, mode):
    texts = make_texts(300, size=20_000)
    bag = write_texts(tmp_path / "bag", texts, MCAP, mode)
    path = storage_file(bag)
    size = path.stat().st_size
    overwrite(path, size // 2, size // 2 + 40_000)
    open_bag.cache_clear()
    assert bag_problems(bag) == []
    read = [(topic, time, decode().data) for topic, time, decode in messages(bag, ["/text"])]
    assert read == [text for text in texts if text[0] == "/text" and text in read]
    assert 90 < len(read) < 135
    (problem,) = bag_problems(bag)
    assert "bag.mcap is damaged: the chunk at byte" in problem
    # What comes later is read from what is whole.
    times = [time for _, time, _ in read]
    assert [time for _, time, _ in messages(bag, ["/text"])] == times
    assert [time for _, time, _ in messages(bag, ["/text"], times[80])] == times[80:]


def test_pages_of_zeros_in_a_database(tmp_path):
    texts = make_texts(300, size=20_000)
    bag = write_texts(tmp_path / "bag", texts)
    path = storage_file(bag)
    size = path.stat().st_size // 4096 // 2 * 4096
    overwrite(path, size, size + 40 * 4096)
    read, (problem,) = read_texts(bag)
    assert 280 < len(read) < 295
    assert read == [text for text in texts if text in read]
    assert f"{300 - len(read)} are lost; it had 300" in problem
    assert "some of its pages are missing or damaged" in problem
