"""Databases of recorders that were killed: a write-ahead log, or an unfinished transaction."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from bags import START
from damaged_bags import (
    files_of,
    make_texts,
    read_texts,
    serialized,
    temporary_folders,
    write_texts,
)

from omnibind_ros.datasets.readers.bags.files import bag_problems

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
    monkeypatch.setattr("omnibind_ros.datasets.readers.bags.storage.temporary.COPY_LIMIT", 1000)
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
