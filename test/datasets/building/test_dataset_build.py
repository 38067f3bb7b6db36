"""A dataset is built whole, the same on every run, or is not taken for one."""

import dataclasses
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import textwrap
import time
from pathlib import Path

import pytest
from tiny_plan import TinyPlan

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.datasets.storage.encoding import encode
from omnibind_ros.datasets.storage.shards import write_shard


def content(folder):
    """Return the hash of every file that a user sees."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }


def test_the_bytes_do_not_depend_on_the_number_of_workers(tmp_path):
    plan = TinyPlan(50, bad=(7,))
    build_dataset(plan, tmp_path / "one", workers=1, shard_size=12)
    build_dataset(plan, tmp_path / "two", workers=2, shard_size=12)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert len(Dataset.open(tmp_path / "one")) == 49


def test_another_seed_makes_other_bytes(tmp_path):
    for seed in (0, 1):
        build_dataset(TinyPlan(5, seed), tmp_path / str(seed), workers=1)
    first, second = content(tmp_path / "0"), content(tmp_path / "1")
    assert first["shard-000000.tar"] != second["shard-000000.tar"]


def test_progress_reaches_the_end(tmp_path):
    told = []
    build_dataset(
        TinyPlan(30), tmp_path, workers=2, shard_size=10, progress=lambda *seen: told.append(seen)
    )
    assert told[0] == (0, 30)
    assert told[-1] == (30, 30)
    assert told == sorted(told)


def test_a_shard_is_read_without_this_package(tmp_path):
    build_dataset(TinyPlan(3), tmp_path, workers=1)
    with tarfile.open(tmp_path / "shard-000000.tar") as tar:
        names = tar.getnames()
        meta = json.load(tar.extractfile("tiny-00000.json"))
    assert len(names) == 3 * 8
    assert {name.split(".")[0] for name in names} == {"tiny-00000", "tiny-00001", "tiny-00002"}
    assert meta["label"] == "chair"
    assert meta["origin"]["audio"] == "simulated"


def test_an_interrupted_build_goes_on_and_ends_with_the_same_bytes(tmp_path):
    armed = tmp_path / "armed"
    armed.touch()
    plan = TinyPlan(40, dies=25, armed=armed)
    with pytest.raises(DatasetError, match="worker process died"):
        build_dataset(plan, tmp_path / "a", workers=2, shard_size=10)
    with pytest.raises(DatasetError, match="no complete dataset"):
        Dataset.open(tmp_path / "a")
    armed.unlink()
    built = build_dataset(plan, tmp_path / "a", workers=2, shard_size=10)
    assert built.resumed >= 10
    build_dataset(TinyPlan(40), tmp_path / "b", workers=1, shard_size=10)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_a_killed_build_leaves_no_workers_and_goes_on(tmp_path):
    script = """
        import sys
        from pathlib import Path
        from tiny_plan import TinyPlan
        from omnibind_ros.datasets.building.builder import build_dataset
        if __name__ == "__main__":
            build_dataset(TinyPlan(60, pause=0.05), Path(sys.argv[1]), workers=2, shard_size=6)
    """
    (tmp_path / "go.py").write_text(textwrap.dedent(script))
    out = tmp_path / "out"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "go.py"), str(out)],
        env=environment,
        start_new_session=True,
    )
    parts = out / ".parts"
    while process.poll() is None and len(list(parts.glob("*.parquet"))) < 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while group_is_alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not group_is_alive(process.pid)
    assert not (out / "dataset.json").exists()
    built = build_dataset(TinyPlan(60, pause=0.0), out, workers=1, shard_size=6)
    assert built.samples == 60
    assert 12 <= built.resumed < 60
    assert not list(out.rglob("*.tmp"))
    assert len(Dataset.open(out)) == 60


def group_is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_whole_dataset_is_not_built_again(tmp_path):
    build_dataset(TinyPlan(9), tmp_path, workers=1)
    before = (tmp_path / "shard-000000.tar").stat().st_mtime_ns
    built = build_dataset(TinyPlan(9), tmp_path, workers=1)
    assert built.samples == 9
    assert (tmp_path / "shard-000000.tar").stat().st_mtime_ns == before


def test_a_folder_of_other_things_is_not_written_to(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(DatasetError, match="no dataset: choose another folder"):
        build_dataset(TinyPlan(3), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_dataset_of_another_seed_is_not_mixed_in(tmp_path):
    build_dataset(TinyPlan(3), tmp_path, workers=1)
    with pytest.raises(DatasetError, match="other samples, seed or sources"):
        build_dataset(TinyPlan(3, seed=1), tmp_path, workers=1)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="cannot be written"):
        build_dataset(TinyPlan(3), tmp_path / "file" / "inside", workers=1)


def test_a_full_disk_ends_in_one_sentence_and_nothing_half_written(tmp_path):
    # The limit on a file's size makes writing fail where a full disk would.
    script = """
        import resource, sys
        from pathlib import Path
        from tiny_plan import TinyPlan
        from omnibind_ros.datasets.building.builder import build_dataset
        if __name__ == "__main__":
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
            build_dataset(TinyPlan(40), Path(sys.argv[1]), workers=1, shard_size=20)
    """
    (tmp_path / "go.py").write_text(textwrap.dedent(script))
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, str(tmp_path / "go.py"), str(out)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "DatasetError" in done.stderr
    assert "make room or choose another folder" in done.stderr
    assert not list(out.rglob("*.tar*"))
    with pytest.raises(DatasetError):
        Dataset.open(out)
    assert build_dataset(TinyPlan(40), out, workers=1, shard_size=20).samples == 40


def test_two_builds_do_not_share_a_folder(tmp_path):
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DatasetError, match="being built by another process"):
            build_dataset(TinyPlan(3), tmp_path)


def test_what_is_left_out_is_counted_in_the_card(tmp_path):
    built = build_dataset(TinyPlan(20, bad=(3, 11)), tmp_path, workers=1, shard_size=7)
    assert built.samples == 18
    assert list(built.skipped) == [("the mesh has no faces", 2, ["object 3", "object 11"])]
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| 2 | the mesh has no faces | object 3, object 11 |" in card
    assert "| CC0-1.0 | nobody |" in card


def test_a_dataset_of_nothing_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="all 2 samples were left out"):
        build_dataset(TinyPlan(2, bad=(0, 1)), tmp_path / "a", workers=1)
    with pytest.raises(DatasetError, match="no samples"):
        build_dataset(TinyPlan(0), tmp_path / "b", workers=1)


@pytest.mark.parametrize("name", ["index.parquet", "shard-000000.tar", "dataset.json"])
def test_a_dataset_cut_short_is_not_opened(tmp_path, name):
    build_dataset(TinyPlan(6), tmp_path, workers=1)
    path = Path(tmp_path / name)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DatasetError, match=f"{name}.* is (missing or cut short|damaged)"):
        Dataset.open(tmp_path)


@pytest.mark.parametrize("key", ["a.b", "", "ä", "k" * 89, "a/b"])
def test_a_key_that_no_tar_name_can_begin_with_is_left_out(key):
    item = dataclasses.replace(TinyPlan(1).item(0), key=key)
    with pytest.raises(SkipError, match="the key is not made of"):
        encode(item)


def test_the_longest_key_fits_into_a_tar_header(tmp_path):
    item = dataclasses.replace(TinyPlan(1).item(0), key="k" * 88)
    write_shard(tmp_path / "a.tar", 0, [encode(item)])
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert {name.partition(".")[0] for name in tar.getnames()} == {"k" * 88}
