"""Bags as they are found on disks: what is whole is read, the rest is named with its cause."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
from bags import START, write_bag
from damaged_bags import (
    KINDS,
    MCAP,
    SQLITE3,
    TEXT,
    change_metadata,
    cut,
    files_of,
    make_texts,
    read_texts,
    storage_file,
    temporary_folders,
    write_split,
    write_texts,
)

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers import READERS
from omnibind_ros.datasets.readers.bags.files import bag_problems, is_bag, messages, open_bag
from omnibind_ros.datasets.readers.bags.storage.metadata import storage_files
from omnibind_ros.datasets.storage.skip_log import SkipLog


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


def test_files_as_lyrical_names_them(tmp_path):
    texts = make_texts(72)
    parts = [texts[start : start + 6] for start in range(0, 72, 6)]
    bag = write_split(tmp_path / "bag", parts, MCAP)
    names = []
    for number in range(len(parts)):
        names.append(f"{number}_bag_2026_06_01-12_{number:02d}_{59 - number:02d}.mcap")
        (bag / f"bag_{number}.mcap").rename(bag / names[-1])
    change_metadata(bag, relative_file_paths=names[:-1])
    read, (problem,) = read_texts(bag)
    assert read == texts
    assert problem == f"{names[-1]} is not named in metadata.yaml but is read, by its number"
    (bag / "metadata.yaml").unlink()
    assert [path.name for path in storage_files(bag)] == names  # 10 after 9
    assert read_texts(bag)[0] == texts


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
    spans = "labels: [{start: 0, end: 10, label: mug}]\nperiod: 2.0\n"
    for name in ("cut", "no_metadata", "whole"):
        (write_bag(tmp_path / name, seconds=10) / "labels.yaml").write_text(spans)
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
