"""Replays of bags, and reports: the same each time, what is different, and bad input."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from bags import START, write_bag
from damaged_bags import cut, storage_file
from fixture_bundle import copy_seven_bundle
from rosbags.rosbag2 import StoragePlugin

from omnibind_ros.bags.replay.run import Result, Run, Said
from omnibind_ros.bags.report.truth import Truth, overlaps, right_share
from omnibind_ros.bags.report.what_if import lie_shift
from omnibind_ros.bags.writing import BagWriter
from omnibind_ros.cli import main
from omnibind_ros.datasets.readers.bags.files import open_bag
from omnibind_ros.datasets.readers.bags.labels import Span

SENSORS = ("image", "text", "touch", "thermal", "event", "points", "audio")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return copy_seven_bundle(tmp_path_factory.mktemp("bundle") / "seven")


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bags") / "drive"
    return write_bag(folder, seconds=3, labels=((0.0, "cup"), (1.5, "chair"), (2.4, "")))


def replay(bag, bundle, out, *arguments):
    command = ["bag", "replay", str(bag), "--bundle", str(bundle), "--json", str(out)]
    assert main([*command, *arguments]) == 0
    return json.loads(out.read_text())


def refused(capsys, *arguments):
    """Return the sentence with which a command is refused."""
    assert main(["bag", *map(str, arguments)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("omnibind bag: ")
    return lines[0]


def test_two_replays_give_the_same_bytes(bag, bundle, tmp_path, capsys):
    found = replay(bag, bundle, tmp_path / "one.json")
    replay(bag, bundle, tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert list(found["sensors"]) == list(SENSORS)
    assert found["sensors"]["image"]["encoded"] == 5  # the last one comes at the end
    assert found["results"][0]["weights"]
    assert capsys.readouterr().out.startswith("drive: 2.5 s, ")


def test_a_sensor_is_left_out_delayed_and_swapped(bag, bundle, tmp_path):
    whole = replay(bag, bundle, tmp_path / "r.json")
    found = replay(bag, bundle, tmp_path / "w.json", "--without", "thermal,audio")
    assert found["sensors"]["thermal"]["received"] == 0
    assert found["sensors"]["thermal"]["states"] == [[0.0, "ABSENT"]]
    assert all("audio" not in result["weights"] for result in found["results"])
    late = replay(bag, bundle, tmp_path / "d.json", "--delay", "image=0.3")
    difference = (
        late["sensors"]["image"]["latency_p50_ms"] - whole["sensors"]["image"]["latency_p50_ms"]
    )
    assert difference == pytest.approx(300, abs=50)
    other = write_bag(tmp_path / "other", seconds=1, plugin=StoragePlugin.MCAP)
    swapped = replay(bag, bundle, tmp_path / "s.json", "--swap", f"points={other}")
    assert swapped["variation"] == ["points from other"]
    assert swapped["sensors"]["points"]["received"] >= 4  # it is repeated


def test_parameters_of_a_file_choose_sensors_and_rates(bag, bundle, tmp_path):
    file = tmp_path / "node.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    sensors: [eye, audio, nose]\n    result_rate: 2.0\n"
        "    sensor: {eye: {modality: image, topic: image}, nose: {modality: image, topic: nose}}\n"
    )
    found = replay(bag, bundle, tmp_path / "r.json", "--params", str(file))
    assert list(found["sensors"]) == ["eye", "audio"]
    times = [result["t"] for result in found["results"]]
    assert min(np.diff(times)) >= 0.499
    assert ["bag", "nose is left out: the bag has no topic /nose"] in found["notes"]


def test_the_report_is_one_page_and_the_same_each_time(bag, bundle, tmp_path):
    pages = []
    for workers in ("1", "2", "3"):
        out = tmp_path / f"{workers}.html"
        command = ["bag", "report", str(bag), "--bundle", str(bundle), "--workers", workers]
        assert main([*command, "--out", str(out)]) == 0
        pages.append(out.read_text(encoding="utf-8"))
    assert pages[0] == pages[1] == pages[2]
    page = pages[0]
    assert len(page) < 2_000_000
    assert "http" not in page  # it needs no network
    assert "<script" not in page
    for word in (*SENSORS, "What if", "without it", "0.3 s late", "lying", "there is", "cup"):
        assert word in page


def test_a_sensor_lies_with_another_recording(bag, bundle, tmp_path):
    file = tmp_path / "node.yaml"
    file.write_text("/**: {ros__parameters: {sensors: [thermal, audio]}}\n")
    other = write_bag(tmp_path / "other", seconds=1)
    out = tmp_path / "r.html"
    command = ["bag", "report", str(bag), "--bundle", str(bundle), "--params", str(file)]
    assert main([*command, "--workers", "1", "--lies", str(other), "--out", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    assert "as if it saw the recording other" in page
    assert "no thermal" in page
    assert "no image" not in page


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--without", "nose"), "--without names 'nose', which is no sensor of the bag; its"),
        (("--delay", "nose=1"), "--delay names 'nose'"),
        (("--swap", "nose=."), "--swap names 'nose'"),
        (("--delay", "image=-1"), "a message cannot arrive before it was sent"),
        (("--delay", "image=soon"), "--delay image=soon is no time from 0 to 3600 s"),
        (("--delay", "image=nan"), "is no time"),
        (("--delay", "image"), "is not of the form --delay audio=0.3"),
        (("--without", "image", "--delay", "image=1"), "--delay and --without both name image"),
        (("--swap", "image=/no/bag"), "/no/bag does not exist; name the folder of a bag"),
        (("--json", "/no/folder/r.json"), "the folder /no/folder does not exist"),
        (("--json", "/tmp"), "--json /tmp is a folder"),
        (("--params", "/no/file"), "the parameter file /no/file does not exist"),
        (("--bundle", "no_such"), "there is no bundle 'no_such'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(arguments, sentence, bag, bundle, capsys):
    given = arguments if "--bundle" in arguments else (*arguments, "--bundle", bundle)
    assert sentence in refused(capsys, "replay", bag, *given)


def test_bags_that_cannot_be_used_are_refused_and_nothing_is_written(bag, bundle, tmp_path, capsys):
    out = tmp_path / "r.html"
    report = ("report", "--out", out, "--bundle", bundle)
    assert "does not exist; name the folder" in refused(capsys, *report, tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert "is no bag: it has no .mcap or .db3 file" in refused(capsys, *report, tmp_path / "empty")
    assert "is a file of a bag; name the bag's folder" in refused(
        capsys, *report, storage_file(bag)
    )
    words = BagWriter(tmp_path / "words")
    words.add_topic("/words", "std_msgs/msg/String")
    words.write("/words", START, bytes.fromhex("0001000002000000 6100"))
    words.close()
    told = refused(capsys, *report, tmp_path / "words")
    assert "is that of a sensor; name them in" in told
    assert "it has: /words" in told
    assert not out.exists()
    assert not list(tmp_path.glob("*.tmp"))
    assert "is a folder; name a file in it" in refused(
        capsys, "report", bag, "--bundle", bundle, "--out", tmp_path
    )


def test_a_bag_that_was_cut_is_read_as_far_as_it_is_whole(bundle, tmp_path, capsys):
    whole = write_bag(tmp_path / "cut", seconds=12)
    cut(storage_file(whole), storage_file(whole).stat().st_size * 9 // 10)
    open_bag.cache_clear()
    others = ",".join(sorted(set(SENSORS) - {"thermal"}))
    found = replay(whole, bundle, tmp_path / "r.json", "--without", others)
    assert 0 < found["sensors"]["thermal"]["received"] < 24
    assert any(who == "bag" and "damaged" in what for who, what in found["notes"])
    lost = write_bag(tmp_path / "lost", seconds=3, plugin=StoragePlugin.MCAP)
    cut(storage_file(lost), storage_file(lost).stat().st_size * 6 // 10)
    out = tmp_path / "r.html"
    report = ("report", lost, "--bundle", bundle, "--out", out)
    assert "is damaged" in refused(capsys, *report)
    assert not out.exists()


def test_nothing_slow_is_imported_that_no_bag_needs():
    code = (
        "import sys; import omnibind_ros.bags.run_replay; "
        "print({'trimesh', 'scipy.spatial', 'torch', 'rclpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


@pytest.mark.parametrize("action", [["replay"], ["report", "--out", "r.html"]])
def test_numpy_has_one_thread_before_it_is_imported(action):
    code = (
        "import os, sys; from omnibind_ros.cli import make_parser; "
        f"options = make_parser().parse_args(['bag', *{action!r}, 'demo']); "
        "options.check(options); print('numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "1"]


def result(at, label, known=True, weights=(1.0,)):
    return Result(at, label, 0.9, known, 0.1, "", 0.01, weights, ())


def test_what_is_said_holds_until_the_next_result_and_for_a_second():
    results = [result(1.0, "cup"), result(1.5, "cup"), result(1.8, "dog", known=False)]
    run = Run(("a",), 5.0, results)
    assert run.said() == [
        Said(0.0, 1.0, ""),
        Said(1.0, 1.8, "cup"),
        Said(1.8, 2.8, "unknown"),
        Said(2.8, 5.0, ""),
    ]
    assert run.gaps(0.4) == [(1.0, 1.5), (1.8, 5.0)]
    assert run.shares()["cup"] == pytest.approx(0.16)


def test_parts_of_the_time_are_compared():
    one = [Said(0.0, 2.0, "a"), Said(2.0, 4.0, "b")]
    other = [Said(0.0, 1.0, "x"), Said(1.0, 3.0, "y")]
    assert [tuple(both) for both in overlaps(one, other)] == [
        (0.0, 1.0, "a", "x"),
        (1.0, 2.0, "a", "y"),
        (2.0, 3.0, "b", "y"),
    ]


def test_right_is_counted_over_the_labelled_time():
    truth = Truth(
        (Span(0.0, 2.0, "cup"), Span(2.0, 4.0, "dog")),
        {"cup": frozenset({"cup", "dish"}), "dog": frozenset({"dog"})},
    )
    said = [Said(0.0, 1.0, "dish"), Said(1.0, 3.0, "dog"), Said(3.0, 9.0, "unknown")]
    assert right_share(truth, said) == pytest.approx(0.5)
    assert right_share(Truth((), {}), said) is None
    assert truth.is_right(0.5, "dish") is True
    assert truth.is_right(5.0, "dog") is None


def test_a_lie_shows_another_label():
    shown = [Said(float(n), n + 1.0, "ab"[n % 2]) for n in range(8)]
    shift = lie_shift(shown, (0.0, 8.0))
    assert shift == pytest.approx(3.0) or shift == pytest.approx(5.0)


def test_a_sensor_that_is_switched_off_says_nothing(bag, bundle, tmp_path):
    file = tmp_path / "off.yaml"
    values = {"sensors": ["image", "text"], "sensor": {"text": {"enabled": False}}}
    file.write_text(json.dumps({"/**": {"ros__parameters": values}}))
    found = replay(bag, bundle, tmp_path / "o.json", "--params", str(file))
    assert list(found["sensors"]) == ["image"]
    assert any("enabled is false" in str(note) for note in found["notes"])


def test_messages_of_another_bag_are_read_with_the_sensor_s_own_parameters(bag, bundle, tmp_path):
    file = tmp_path / "own.yaml"
    values = {"sensors": ["image"], "sensor": {"image": {"rate_limit": 1.0}}}
    file.write_text(json.dumps({"/**": {"ros__parameters": values}}))
    own = replay(bag, bundle, tmp_path / "p.json", "--params", str(file))
    swap = ("--params", str(file), "--swap", f"image={bag}")
    swapped = replay(bag, bundle, tmp_path / "q.json", *swap)
    assert swapped["sensors"]["image"]["encoded"] == own["sensors"]["image"]["encoded"] < 5
