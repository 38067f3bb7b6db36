"""Bags as they are found on disks: what is whole is read, the rest is named with its cause."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd
from bags import START, write_bag
from damaged_bags import (
    MCAP_END,
    TEXT,
    change_metadata,
    make_texts,
    mcap_chunk,
    mcap_records,
    read_texts,
    serialized,
    storage_file,
    write_mcap,
    write_split,
    write_texts,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.bags.files import bag_problems, is_bag, messages, open_bag
from omnibind_ros.datasets.storage.skip_log import SkipLog

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "100"))
SQLITE3, MCAP = StoragePlugin.SQLITE3, StoragePlugin.MCAP
NONE, FILE, MESSAGE = CompressionMode.NONE, CompressionMode.FILE, CompressionMode.MESSAGE
STORAGE = CompressionMode.STORAGE
KINDS = [
    (SQLITE3, NONE),
    (SQLITE3, FILE),
    (SQLITE3, MESSAGE),
    (MCAP, NONE),
    (MCAP, FILE),
    (MCAP, MESSAGE),
    (MCAP, STORAGE),
]


def files_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def temporary_folders():
    return set(Path(tempfile.gettempdir()).glob("omnibind-bag-*"))


def cut(path, size):
    os.truncate(path, size)


def overwrite(path, start, stop, value=0):
    with path.open("r+b") as stream:
        stream.seek(start)
        stream.write(bytes([value]) * (stop - start))


@pytest.mark.parametrize(("plugin", "mode"), KINDS)
def test_a_healthy_bag_is_read_in_full_and_nothing_is_said(tmp_path, plugin, mode):
    texts = make_texts(40)
    bag = write_texts(tmp_path / "bag", texts, plugin, mode)
    before, temporary = files_of(bag), temporary_folders()
    assert read_texts(bag) == (texts, [])
    opened = open_bag(bag)
    assert sorted(opened.connections) == [("/label", TEXT), ("/text", TEXT)]
    assert (opened.start_time, opened.end_time) == (texts[0][1], texts[-1][1] + 1)
    middle = [(topic, time) for topic, time, _ in texts[5:20] if topic == "/text"]
    read = [(topic, time) for topic, time, _ in messages(bag, ["/text"], texts[5][1], texts[20][1])]
    assert read == middle
    assert files_of(bag) == before
    assert temporary_folders() == temporary


def test_all_modalities_of_a_cut_bag(tmp_path):
    """Against the same bag before it was cut."""
    bag = write_bag(tmp_path / "bag", seconds=12)
    topics = [topic for topic, _ in open_bag(bag).connections]

    def read():
        open_bag.cache_clear()
        return [(topic, time, str(decode())) for topic, time, decode in messages(bag, topics)]

    whole = read()
    cut(storage_file(bag), storage_file(bag).stat().st_size * 2 // 3)
    rest = read()
    assert len(whole) * 0.5 < len(rest) < len(whole) * 0.7
    assert rest == [message for message in whole if message in rest]
    (problem,) = bag_problems(bag)
    assert f"{len(rest)} whole messages are read" in problem
    assert f"{len(whole) - len(rest)} are lost" in problem


@pytest.mark.parametrize(("plugin", "mode"), KINDS)
def test_without_metadata_the_files_are_read(tmp_path, plugin, mode):
    texts = make_texts(40)
    bag = write_texts(tmp_path / "bag", texts, plugin, mode)
    (bag / "metadata.yaml").unlink()
    read, problems = read_texts(bag)
    assert read == texts
    assert problems == ["metadata.yaml is missing; the files are read without it"]


@pytest.mark.parametrize("content", ["", "a: [", "rosbag2_bagfile_information: 3", "\0\0\0", "- x"])
def test_metadata_that_is_damaged_is_named(tmp_path, content):
    texts = make_texts(10)
    bag = write_texts(tmp_path / "bag", texts)
    (bag / "metadata.yaml").write_text(content)
    read, (problem,) = read_texts(bag)
    assert read == texts
    assert problem.startswith("metadata.yaml cannot be used (")


@pytest.mark.parametrize("plugin", [SQLITE3, MCAP])
@pytest.mark.parametrize("said", ["", "my_plugin", "other"])
def test_the_files_decide_on_the_storage_identifier(tmp_path, plugin, said):
    texts = make_texts(10)
    bag = write_texts(tmp_path / "bag", texts, plugin)
    other = {SQLITE3: "mcap", MCAP: "sqlite3"}[plugin]
    change_metadata(bag, storage_identifier=other if said == "other" else said)
    read, (problem,) = read_texts(bag)
    assert read == texts
    assert "storage_identifier in metadata.yaml is" in problem
    assert f"the files are {plugin.name.lower()}; the files decide" in problem


def test_a_wrong_suffix_does_not_count(tmp_path):
    texts = make_texts(10)
    bag = write_texts(tmp_path / "bag", texts, MCAP)
    storage_file(bag).rename(bag / "bag.db3")
    read, problems = read_texts(bag)
    assert read == texts
    assert "bag.mcap" in problems[0]


def test_wrong_counts_and_folders_in_the_metadata(tmp_path):
    texts = make_texts(10)
    bag = write_texts(tmp_path / "bag", texts)
    change_metadata(
        bag,
        message_count=7,
        starting_time={"nanoseconds_since_epoch": 5},
        relative_file_paths=["bag/bag.db3"],
        version=99,
    )
    read, problems = read_texts(bag)
    assert read == texts
    assert open_bag(bag).start_time == texts[0][1]
    assert problems == ["metadata.yaml names 7 messages, the files have 10; the files decide"]


def test_a_bag_of_a_renamed_file(tmp_path):
    texts = make_texts(10)
    bag = write_texts(tmp_path / "bag", texts)
    storage_file(bag).rename(bag / "kitchen #1?%20.db3")
    read, (problem,) = read_texts(bag)
    assert read == texts
    assert "names bag.db3, in the folder is kitchen #1?%20.db3, which is read" in problem


@pytest.mark.parametrize("plugin", [SQLITE3, MCAP])
def test_a_file_of_a_split_bag_is_missing(tmp_path, plugin):
    texts = make_texts(60)
    bag = write_split(tmp_path / "bag", [texts[:20], texts[20:40], texts[40:]], plugin)
    assert read_texts(bag) == (texts, [])
    (first,) = bag.glob("bag_0.*")
    first.unlink()
    read, (missing, shifted) = read_texts(bag)
    assert read == texts[20:]
    assert missing == (
        f"{first.name} is named in metadata.yaml but is not in the folder; its messages are left "
        "out (20 messages, 0.000 to 1.900 s)"
    )
    # Labels count from the bag's first message, also where it is lost.
    assert open_bag(bag).start_time == START
    assert shifted.startswith("the first 2.000 s are lost")


@pytest.mark.parametrize("plugin", [SQLITE3, MCAP])
@pytest.mark.parametrize("content", [b"", b"no bag", bytes(100_000)])
def test_a_file_of_a_split_bag_is_no_storage_file(tmp_path, plugin, content):
    texts = make_texts(60)
    bag = write_split(tmp_path / "bag", [texts[:20], texts[20:40], texts[40:]], plugin)
    (second,) = bag.glob("bag_1.*")
    second.write_bytes(content)
    read, (problem,) = read_texts(bag)
    assert read == texts[:20] + texts[40:]
    assert problem.startswith(f"{second.name} is left out, as it")
    assert ("is empty" in problem) == (content == b"")


def test_files_beside_the_named_ones(tmp_path):
    texts = make_texts(60)
    bag = write_split(tmp_path / "bag", [texts[:20], texts[20:40], texts[40:]])
    names = ["bag_0.db3", "bag_1.db3"]
    change_metadata(bag, relative_file_paths=names)
    shutil.copy(bag / "bag_0.db3", bag / "backup.db3")
    copy = write_texts(tmp_path / "copy", texts, MCAP)
    shutil.copy(storage_file(copy), bag / "bag_0.mcap")
    read, problems = read_texts(bag)
    assert read == texts  # not twice
    assert len(problems) == 3
    assert "bag_2.db3 is not named in metadata.yaml but is read" in "; ".join(problems)
    assert "backup.db3 is left out, as its messages may be those of" in "; ".join(problems)
    assert "bag_0.mcap is left out" in "; ".join(problems)


def test_files_that_overlap_in_time_and_times_that_are_not_sorted(tmp_path):
    texts = make_texts(60)
    bag = write_split(tmp_path / "bag", [texts[40:] + texts[:10], texts[10:40][::-1]])
    assert read_texts(bag) == (texts, [])
    shuffled = texts[30:] + texts[:30]
    for plugin in (SQLITE3, MCAP):
        bag = write_texts(tmp_path / plugin.name, shuffled, plugin)
        assert read_texts(bag) == (texts, [])


def test_what_is_a_bag(tmp_path):
    for n, name in enumerate(["metadata.yaml", "a.db3", "a.mcap", "a_0.db3.zstd"]):
        (tmp_path / str(n)).mkdir()
        (tmp_path / str(n) / name).touch()
        assert is_bag(tmp_path / str(n))
    (tmp_path / "no").mkdir()
    (tmp_path / "no" / "labels.yaml").touch()
    assert not is_bag(tmp_path / "no")
    assert not is_bag(tmp_path / "none")


def test_a_bag_of_which_nothing_is_readable_is_refused_with_its_causes(tmp_path):
    bag = write_texts(tmp_path / "bag", make_texts(5))
    storage_file(bag).write_bytes(b"")
    with pytest.raises(SkipError, match=r"bag: bag\.db3 is left out, as it is empty"):
        read_texts(bag)
    storage_file(bag).unlink()
    with pytest.raises(SkipError, match=r"bag\.db3 is named in metadata\.yaml but is not in"):
        read_texts(bag)
    (bag / "metadata.yaml").unlink()
    with pytest.raises(SkipError, match=r"metadata\.yaml is missing"):
        read_texts(bag)


def test_the_reader_names_what_is_left_out_of_each_bag(tmp_path):
    spans = "labels: [{start: 0, end: 5, label: mug}]\nperiod: 1.0\n"
    for name in ("cut", "no_metadata", "whole"):
        (write_bag(tmp_path / name, seconds=5) / "labels.yaml").write_text(spans)
    (tmp_path / "no_metadata" / "metadata.yaml").unlink()
    path = storage_file(tmp_path / "cut")
    cut(path, path.stat().st_size * 2 // 3)
    log = SkipLog()
    items = list(READERS["bag"].read(tmp_path, log))
    found = Counter(item.meta["bag"] for item in items)
    assert found["whole"] == found["no_metadata"] == 5
    assert 2 <= found["cut"] <= 4
    said = {examples[0]: reason for reason, _, examples in log if "no sensor" not in reason}
    assert set(said) == {"cut", "no_metadata"}
    assert said["cut"].startswith("cut.db3 is damaged: it was cut at byte")
    assert said["no_metadata"] == "metadata.yaml is missing; the files are read without it"
    for item in items:
        assert item.modalities["image"]().shape == (48, 64, 3)


# A recorder that was killed.

KILLED = """
import os, signal, sqlite3, sys
path, mode, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = sqlite3.connect(path, isolation_level=None)
database.execute(f"PRAGMA journal_mode = {mode}")
database.execute("PRAGMA wal_autocheckpoint = 0")
database.execute("PRAGMA cache_size = 5")
time, data = 1_700_000_000_000_000_000 + 10**12, sys.stdin.buffer.read()
insert = "INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)"
database.execute("BEGIN")
for n in range(count):
    database.execute(insert, (time + n, data))
if mode == "WAL":
    database.execute("COMMIT")
    database.execute("BEGIN")
    database.execute(insert, (7, data))
os.kill(os.getpid(), signal.SIGKILL)
"""


def record_and_kill(path, mode, count, text):
    command = [sys.executable, "-c", KILLED, str(path), mode, str(count)]
    assert subprocess.run(command, input=serialized(text), check=False).returncode == -9


@pytest.mark.parametrize("count", [1, 50, 500])
def test_the_write_ahead_log_of_a_killed_recorder_is_read(tmp_path, count):
    texts = make_texts(20)
    bag = write_texts(tmp_path / "bag", texts)
    (bag / "metadata.yaml").unlink()
    record_and_kill(bag / "bag.db3", "WAL", count, "last words" * 50)
    before, temporary = files_of(bag), temporary_folders()
    assert "bag.db3-wal" in before
    read, (_, problem) = read_texts(bag)
    assert read[:20] == texts
    assert read[20:] == [("/text", START + 10**12 + n, "last words" * 50) for n in range(count)]
    assert "bag.db3-wal has messages" in problem
    assert "sqlite3 'bag.db3' 'PRAGMA wal_checkpoint(TRUNCATE)'" in problem
    assert files_of(bag) == before
    assert temporary_folders() == temporary
    # What the sentence tells to do mends it.
    with sqlite3.connect(bag / "bag.db3") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert read_texts(bag)[0] == read
    assert len(bag_problems(bag)) == 1


def test_all_messages_may_be_in_the_write_ahead_log(tmp_path):
    bag = tmp_path / "bag"
    write_texts(bag, make_texts(1))
    empty = sqlite3.connect(bag / "bag.db3")
    empty.execute("DELETE FROM messages")
    empty.commit()
    empty.close()
    record_and_kill(bag / "bag.db3", "WAL", 9, "x")
    assert len(read_texts(bag)[0]) == 9


def test_a_write_ahead_log_that_is_too_large_or_damaged_is_left_out_and_named(
    tmp_path, monkeypatch
):
    texts = make_texts(20)
    bag = write_texts(tmp_path / "bag", texts)
    record_and_kill(bag / "bag.db3", "WAL", 50, "last words")
    monkeypatch.setattr("omnibind_ros.datasets.readers.bags.temporary.COPY_LIMIT", 1000)
    read, (problem,) = read_texts(bag)
    assert read == texts
    size = (bag / "bag.db3-wal").stat().st_size
    assert f"the {size} bytes in bag.db3-wal, its last messages, are left out" in problem
    assert "PRAGMA wal_checkpoint" in problem


def test_an_unfinished_transaction_is_taken_back(tmp_path):
    texts = make_texts(200)
    bag = write_texts(tmp_path / "bag", texts)
    record_and_kill(bag / "bag.db3", "DELETE", 3000, "never finished" * 30)
    before = files_of(bag)
    assert "bag.db3-journal" in before
    read, (problem,) = read_texts(bag)
    assert read == texts
    assert "bag.db3-journal says that the recorder ended within a transaction" in problem
    assert files_of(bag) == before


# Files that were cut.


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


def damaged_copy(bag, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(bag, folder)
    return folder


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


def change_database(bag, *commands):
    database = sqlite3.connect(storage_file(bag))
    for command in commands:
        database.execute(command)
    database.commit()
    database.close()


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


# The format of MCAP, written by its specification.


COMPRESSIONS = {"": bytes, "lz4": lz4.frame.compress, "zstd": zstd.compress}


def chunked(texts, size, compression, *, checksum=True):
    head, records = mcap_records(texts)
    parts = [records[n : n + size] for n in range(0, len(records), size)]
    pack = COMPRESSIONS[compression]
    return [*head, *(mcap_chunk(part, compression, pack, checksum=checksum) for part in parts)]


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


# Whatever the damage, nothing is invented.


VALUES = st.sampled_from([0, 1, 2, 5, 7, 15, 16, 97, 127])
"""Bytes to overwrite with. Left out are the opcodes of records that cannot be checked: a chunk that
becomes one of them is lost without a word."""


class Small:
    """Small bags of one list of texts, by kind; without a long representation."""

    def __init__(self, folder):
        self.folder = folder
        self.texts = make_texts(60, size=3_000)
        self.bags = {
            (plugin, mode): write_texts(
                folder / f"{plugin.name}-{mode.name}", self.texts, plugin, mode
            )
            for plugin, mode in KINDS
        }
        for compression in COMPRESSIONS:
            name = f"chunks-{compression}"
            parts = chunked(self.texts, 7, compression)
            self.bags[name] = write_mcap(folder / name, *parts, MCAP_END)
        head, records = mcap_records(self.texts)
        self.bags["loose"] = write_mcap(folder / "loose", *head, *records, MCAP_END)

    def read(self, bag):
        """Return the numbers of the messages that are read, after a check that all were written."""
        open_bag.cache_clear()
        numbers = {text: n for n, text in enumerate(self.texts)}
        try:
            read, problems = read_texts(bag)
        except SkipError as error:
            read, problems = [], error.reason.split("; ")
        said = [problem for problem in problems if "metadata.yaml is missing" not in problem]
        assert said or read == self.texts, "nothing was said of what is missing"
        assert all(message in numbers for message in read), "a message was invented"
        order = [numbers[message] for message in read]
        assert order == sorted(set(order)), "messages are out of order, or there twice"
        return order


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
