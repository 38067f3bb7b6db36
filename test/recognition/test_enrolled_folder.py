"""The folder of enrolled labels: other processes, sudden ends, damaged files, full disks."""

import errno
import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from omnibind_ros.recognition import enrolled_folder
from omnibind_ros.recognition.enrolled_file import EnrolledError, EnrolledLabel, View, to_bytes
from omnibind_ros.recognition.enrolled_folder import EnrolledFolder, enrolled_path


def view(seed, size=8):
    values = np.random.default_rng(seed).normal(size=size)
    values = (values / np.linalg.norm(values)).astype(np.float32)
    return View(values, ("image",), "space", "bundle@1")


def names(folder):
    labels, problems = EnrolledFolder(folder).labels()
    assert problems == []
    return {label.name: len(label.views) for label in labels.values()}


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_labels_are_there_for_the_next_process(tmp_path):
    folder = tmp_path / "a" / "b"
    assert names(folder) == {}
    first = EnrolledFolder(folder)
    first.add("my mug", [view(0)])
    first.add("My  Mug", [view(1)])  # the same label
    first.add("Käthes Tasse", [view(2)])
    first.add("杯子", [view(3), view(4)])
    assert names(folder) == {"my mug": 2, "Käthes Tasse": 1, "杯子": 2}
    assert len([name for name in files(folder) if name.endswith(".npz")]) == 3
    first.rename("my mug", "red mug")
    first.delete("杯子")
    first.delete("not there")
    first.rename("not there", "still not")
    assert names(folder) == {"red mug": 2, "Käthes Tasse": 1}
    first.rename("red mug", "Red mug")
    assert names(folder) == {"Red mug": 2, "Käthes Tasse": 1}


def test_what_another_process_changes_is_noticed(tmp_path):
    one, other = EnrolledFolder(tmp_path), EnrolledFolder(tmp_path)
    one.add("mug", [view(0)])
    assert list(other.labels()[0]) == ["mug"]
    other.add("mug", [view(1)])
    one.add("mug", [view(2)])
    assert len(other.labels()[0]["mug"].views) == 3
    other.delete("mug")
    assert one.labels() == ({}, [])


def test_a_copied_or_renamed_file_is_the_same_label(tmp_path):
    folder = EnrolledFolder(tmp_path)
    path = folder.add("mug", [view(0)])
    (tmp_path / "copy.npz").write_bytes(path.read_bytes())
    assert names(tmp_path) == {"mug": 1}
    path.unlink()
    folder.add("mug", [view(1)])
    assert names(tmp_path) == {"mug": 2}
    (tmp_path / "more.npz").write_bytes(to_bytes(EnrolledLabel("mug", (view(2),))))
    folder.delete("mug")
    assert names(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("mug.npz", b"damaged", "damaged"),
        ("mug.npz", b"", "damaged"),
        ("notes.txt", b"hello", "no file of an enrolled label; move it"),
    ],
)
def test_a_damaged_or_foreign_file_is_one_sentence_and_stays(tmp_path, name, content, words):
    EnrolledFolder(tmp_path).add("pen", [view(0)])
    (tmp_path / name).write_bytes(content)
    labels, (problem,) = EnrolledFolder(tmp_path).labels()
    assert list(labels) == ["pen"]
    assert str(tmp_path / name) in problem
    assert words in problem
    assert (tmp_path / name).read_bytes() == content


def test_no_damaged_file_is_replaced(tmp_path):
    folder = EnrolledFolder(tmp_path)
    path = folder.add("mug", [view(0)])
    path.write_bytes(b"damaged")
    other = folder.add("mug", [view(1)])
    assert other != path
    assert path.read_bytes() == b"damaged"
    assert len(folder.labels()[0]["mug"].views) == 1


def test_what_is_no_plain_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")  # opening it would wait for ever
    (tmp_path / "folder.npz").mkdir()
    with (tmp_path / "large.npz").open("wb") as file:
        file.truncate(1 << 27)
    _, problems = EnrolledFolder(tmp_path).labels()
    assert len(problems) == 3
    assert "128 MiB" in problems[1]


WRITER = """
import sys
from pathlib import Path
import numpy as np
sys.path[:0] = [{tests!r}]
from test_enrolled_folder import EnrolledFolder, view
folder = EnrolledFolder(Path(sys.argv[1]))
seed = int(sys.argv[2])
print("ready", flush=True)
while True:
    folder.add("mug", [view(seed, 20_000)])
    seed += 1
"""


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path):
    views = 0
    for attempt in range(4):
        code = WRITER.format(tests=str(Path(__file__).parent))
        writer = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(attempt * 1000)], stdout=subprocess.PIPE
        )
        writer.stdout.readline()
        time.sleep(0.03 + 0.04 * attempt)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        said = EnrolledFolder(tmp_path).check()
        assert not said or "was left by a process that ended while it wrote" in said
        found = names(tmp_path).get("mug", 0)
        assert found >= views
        views = found
        assert not [name for name in files(tmp_path) if name.endswith(".tmp")]
    assert views > 0


def test_what_a_killed_process_has_begun_is_removed_and_told(tmp_path):
    EnrolledFolder(tmp_path).add("mug", [view(0)])
    (tmp_path / "pen-1.npz.tmp").write_bytes(b"half of it")
    folder = EnrolledFolder(tmp_path)
    assert folder.labels()[1] == []
    assert "pen-1.npz.tmp" in folder.check()
    assert folder.check() == ""
    assert names(tmp_path) == {"mug": 1}


def add_views(path, start, count):
    folder = EnrolledFolder(path)
    for seed in range(start, start + count):
        folder.add("mug", [view(seed)])
        folder.add(f"thing {seed}", [view(seed)])


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=add_views, args=(tmp_path, start, 15)) for start in (0, 100, 200)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    found = names(tmp_path)
    assert found.pop("mug") == 45
    assert len(found) == 45


def test_a_process_that_holds_the_lock_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(enrolled_folder, "PATIENCE", 0.1)
    folder = EnrolledFolder(tmp_path)
    folder.add("mug", [view(0)])
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EnrolledError, match="another process has been changing"):
            folder.add("mug", [view(1)])
        assert names(tmp_path) == {"mug": 1}  # reading needs no lock
        assert "lost when the node ends" in folder.check()
    folder.add("mug", [view(1)])
    assert names(tmp_path) == {"mug": 2}


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only file"), (errno.EIO, "Input/output")],
)
def test_a_full_or_read_only_disk_is_one_sentence_and_the_old_file_stays(
    tmp_path, monkeypatch, call, number, words
):
    folder = EnrolledFolder(tmp_path)
    folder.add("mug", [view(0)])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync", fail) if call == "fsync" else (Path, "replace", fail)))
        for change in (
            lambda: folder.add("mug", [view(1)]),
            lambda: folder.add("pen", [view(1)]),
            lambda: folder.rename("mug", "cup"),
        ):
            with pytest.raises(EnrolledError, match=words) as caught:
                change()
            assert str(tmp_path) in str(caught.value)
            assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("place", ["file/below", "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("")
    folder = EnrolledFolder(tmp_path / place)
    said = folder.check()
    assert "cannot be written" in said
    assert said.endswith("what is enrolled from now on is lost when the node ends")
    with pytest.raises(EnrolledError, match="cannot be written"):
        folder.add("mug", [view(0)])


def test_the_default_folder_is_below_ros_home(monkeypatch):
    monkeypatch.setenv("ROS_HOME", "/ros")
    assert enrolled_path("auto", "/perception") == Path("/ros/omnibind_ros/enrolled/perception")
    assert enrolled_path("auto", "/one/perception") == Path(
        "/ros/omnibind_ros/enrolled/one/perception"
    )
    monkeypatch.delenv("ROS_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert enrolled_path("auto", "/p") == Path("/home/me/.ros/omnibind_ros/enrolled/p")
    assert enrolled_path("~/labels", "/p") == Path("/home/me/labels")
    assert enrolled_path("labels", "/p") == Path.cwd() / "labels"
    assert enrolled_path("", "/p") is None


def test_a_user_without_a_home_is_told_so():
    with pytest.raises(EnrolledError, match="no home folder; set the parameter enrolled"):
        enrolled_path("~nobody-of-this-name/labels", "/p")
