"""A folder is replaced completely or not at all, whatever happens."""

import os
import signal
import subprocess
import sys
import time

import pytest

from omnibind_ros import atomic_folder
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.export.atomic_folder import replaced_folder, staging_folder


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "models" / "household"
    folder.mkdir(parents=True)
    (folder / "old").write_text("old")
    return folder


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def others(out):
    return [path for path in out.parent.iterdir() if path != out]


def test_the_new_folder_takes_the_place_of_the_old(out):
    with replaced_folder(out) as stage:
        (stage / "new").write_text("new")
        assert content(out) == {"old": "old"}
        assert stage.parent == out.parent
    assert content(out) == {"new": "new"}
    assert others(out) == []


def test_a_folder_that_is_not_there_yet_is_made(tmp_path):
    out = tmp_path / "a" / "b"
    with replaced_folder(out) as stage:
        (stage / "new").write_text("new")
        assert not out.exists()
    assert content(out) == {"new": "new"}


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, MemoryError])
def test_an_exception_changes_nothing(out, error):
    def fail():
        with replaced_folder(out) as stage:
            (stage / "new").write_text("new")
            raise error

    before = (out / "old").stat()
    with pytest.raises(error):
        fail()
    assert content(out) == {"old": "old"}
    after = (out / "old").stat()  # reading may have changed the time of the last access
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert others(out) == []


@pytest.mark.parametrize("fails", ["_flush", "_swap"])
def test_a_disk_that_fails_at_the_end_leaves_the_old(out, monkeypatch, fails):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_folder, fails, full)
    with pytest.raises(OSError, match="No space"), replaced_folder(out) as stage:
        (stage / "new").write_text("new")
    assert content(out) == {"old": "old"}
    assert others(out) == []


def test_without_a_swap_of_names_two_renames_do(out, monkeypatch):
    monkeypatch.setattr(atomic_folder, "_swap_names", lambda *_: False)
    with replaced_folder(out) as stage:
        (stage / "new").write_text("new")
    assert content(out) == {"new": "new"}
    assert others(out) == []


def test_if_the_second_rename_fails_the_old_folder_comes_back(out, monkeypatch):
    monkeypatch.setattr(atomic_folder, "_swap_names", lambda *_: False)
    rename = type(out).rename

    def broken(self, target):
        if self == staging_folder(out):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(type(out), "rename", broken)
    with pytest.raises(OSError, match="Input/output"), replaced_folder(out) as stage:
        (stage / "new").write_text("new")
    assert content(out) == {"old": "old"}
    assert others(out) == []


def test_a_link_stays_a_link(out, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(out)
    with replaced_folder(link) as stage:
        (stage / "new").write_text("new")
    assert link.is_symlink()
    assert content(out) == {"new": "new"}


def test_two_writers_at_once_are_an_error(out):
    with replaced_folder(out) as stage:
        with pytest.raises(BundleError, match="another process"), replaced_folder(out):
            pytest.fail("both were let in")
        assert stage.is_dir()
        (stage / "new").write_text("new")
    assert content(out) == {"new": "new"}


WRITER = """
import sys, time
from pathlib import Path
from omnibind_ros.export.atomic_folder import replaced_folder
with replaced_folder(Path(sys.argv[1])) as stage:
    (stage / "half").write_text("half")
    (stage / "sub").mkdir()
    print("writing", flush=True)
    time.sleep(600)
"""


def test_a_killed_process_leaves_the_old_folder_and_the_next_one_clears_up(out):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(out)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    process.stdout.close()
    assert content(out) == {"old": "old"}
    assert (staging_folder(out) / "half").is_file()
    with replaced_folder(out) as stage:
        assert list(stage.iterdir()) == []
        (stage / "new").write_text("new")
    assert content(out) == {"new": "new"}
    assert others(out) == []


SWAPPER = """
import sys
from pathlib import Path
from omnibind_ros.export.atomic_folder import replaced_folder
out = Path(sys.argv[1])
for number in range(100000):
    with replaced_folder(out) as stage:
        for name in "ab":
            (stage / name).write_text(str(number))
    if number == 0:
        print("writing", flush=True)
"""


def test_killed_at_any_moment_there_is_one_complete_folder(out):
    for delay in (0.0, 0.003, 0.011, 0.027):
        process = subprocess.Popen(
            [sys.executable, "-c", SWAPPER, str(out)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "writing\n"
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        process.stdout.close()
        found = content(out)
        assert set(found) == {"a", "b"}
        assert found["a"] == found["b"]
