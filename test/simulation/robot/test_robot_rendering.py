"""What the robot's sensors measure of one object, and the files of it."""

import numpy as np
import pytest
import trimesh

from omnibind_ros.simulation.interface import Subject
from omnibind_ros.simulation.language.descriptions import load_descriptions
from omnibind_ros.simulation.objects.meshes import load_mesh
from omnibind_ros.simulation.robot.rendering import (
    Reading,
    RobotViews,
    divided,
    render_views,
    streamed_modalities,
)
from omnibind_ros.simulation.robot.views import StoredViews, ViewsError, write_views
from omnibind_ros.simulation.scene import ray_casting

needs_rays = pytest.mark.skipif(ray_casting.o3d is None, reason="Open3D cannot be imported")

RATES = {"image": 4, "text": 1, "touch": 8, "thermal": 3, "event": 20, "points": 2, "audio": 10}
SECONDS = 2.0


def subject_of(size, tmp_path_factory):
    path = tmp_path_factory.mktemp("mesh") / "thing.stl"
    trimesh.creation.box(size).export(path)
    model = load_mesh(path, "Oak box", colour=(0.7, 0.3, 0.2), substance="wood")
    own = load_descriptions()["box"].of(model.name)
    return Subject(model, "box", own, ("crate",), ray_casting.Scene(model))


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    return subject_of((0.4, 0.6, 0.8), tmp_path_factory)


@pytest.fixture(scope="module")
def views(subject):
    return render_views(subject, SECONDS, 0, RATES)


@needs_rays
def test_each_sensor_has_its_rate(views):
    expected = {
        "image": np.arange(8) / 4,
        "text": [0.5, 1.5],
        "touch": np.arange(16) / 8,
        "thermal": np.arange(6) / 3,
        "event": np.arange(1, 41) / 20,
        "points": np.arange(4) / 2,
        "audio": np.arange(1, 20) / 10,
    }
    for name, seconds in expected.items():
        found = [reading.second for reading in views.readings[name]]
        assert found == pytest.approx(seconds, abs=1e-5), name


@needs_rays
def test_readings_are_those_of_their_sensors(views):
    data = {name: [r.data for r in readings] for name, readings in views.readings.items()}
    assert {p.shape for p in data["image"]} == {(224, 224, 3)}
    assert {p.dtype for p in data["image"]} == {np.dtype(np.uint8)}
    assert all(p.dtype == np.float32 and p.ndim == 2 for p in data["thermal"])
    assert all(isinstance(sentence, str) for sentence in data["text"])
    assert all(p.shape[1] == 3 for p in data["points"])
    assert all(p.dtype == np.int16 for p in data["audio"])
    assert sum(map(len, data["audio"])) == pytest.approx(1.9 * 16_000, abs=1)
    for reading in views.readings["event"]:
        assert reading.duration == pytest.approx(0.05)
        assert all(0 <= t <= 50_000_001 for t in reading.data["t"])
    assert sum(len(events["x"]) for events in data["event"]) > 500


@needs_rays
def test_the_pad_is_free_then_pressed(views):
    free = np.mean([p.astype(float) for p in views.free_pad], axis=0)
    for reading in views.readings["touch"]:
        difference = np.abs(reading.data - free).mean()
        if reading.second < 0.5:
            assert any(reading.data is picture for picture in views.free_pad)
        else:
            assert not any(reading.data is picture for picture in views.free_pad)
            assert difference > 0.5


@needs_rays
def test_one_seed_is_one_robot(subject, views, tmp_path_factory):
    few = {"text": 1, "touch": 2}
    again = render_views(subject, 1.0, 0, few)
    assert again.readings["text"][0].data == views.readings["text"][0].data
    assert np.array_equal(again.free_pad[0], views.free_pad[0])
    other = subject_of((0.2, 0.3, 0.1), tmp_path_factory)
    same_pad = render_views(other, 1.0, 0, few).free_pad[0]
    assert same_pad.shape == views.free_pad[0].shape
    assert np.abs(same_pad.astype(float) - views.free_pad[0]).mean() < 8  # its camera's noise
    shapes = {
        (picture.shape, round(float(picture.mean())))
        for picture in (render_views(subject, 0.1, seed, few).free_pad[0] for seed in range(4))
    }
    assert len(shapes) > 1


def test_all_modalities_are_streamed_at_a_rate():
    rates = streamed_modalities()
    assert set(rates) >= set(RATES)
    assert all(0.1 <= rate <= 200 for rate in rates.values())


def events(times, duration_ns=30_000_000):
    count = len(times)
    return {
        "x": np.arange(count, dtype=np.uint16),
        "y": np.zeros(count, np.uint16),
        "t": np.asarray(times, np.int64),
        "p": np.zeros(count, np.uint8),
        "width": 128,
        "height": 96,
        "duration_ns": duration_ns,
    }


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0, 9_999_999, 10_000_000, 29_000_000], [[0, 9_999_999], [0], [9_000_000]]),
        ([], [[], [], []]),
        ([30_000_000], [[], [], [10_000_000]]),  # the last moment belongs to the last packet
    ],
)
def test_events_are_divided_into_packets(times, expected):
    packets = divided(Reading(1.03, events(times), 0.03), 3)
    assert [packet.second for packet in packets] == pytest.approx([1.01, 1.02, 1.03])
    assert [list(packet.data["t"]) for packet in packets] == expected
    assert [packet.duration for packet in packets] == pytest.approx([0.01] * 3)
    assert [x for p in packets for x in p.data["x"]] == list(range(len(times)))
    assert {(p.data["width"], p.data["height"]) for p in packets} == {(128, 96)}


def test_a_file_gives_back_what_was_written(tmp_path):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (4, 5, 3), np.uint8)
    written = RobotViews(
        {
            "image": [
                Reading(0.1 * n, rng.integers(0, 255, (4, 5, 3), np.uint8)) for n in range(12)
            ],
            "touch": [Reading(0.0, picture), Reading(0.1, picture), Reading(0.2, picture + 1)],
            "text": [Reading(0.5, "a café, isn't it")],
            "event": [Reading(0.03, events([1, 2, 3]), 0.03)],
            "points": [Reading(0.0, np.zeros((0, 3), np.float32))],
        },
        [picture, picture + 2],
    )
    write_views(tmp_path / "views.npz", written)
    stored = StoredViews(tmp_path / "views.npz")
    assert stored.modalities == tuple(written.readings)
    for name, readings in written.readings.items():
        assert stored.count(name) == len(readings)
        for number, reading in enumerate(readings):
            found = stored.reading(name, number)
            assert stored.second(name, number) == found.second == reading.second
            assert found.duration == reading.duration
            if isinstance(reading.data, dict):
                assert found.data.keys() == reading.data.keys()
                assert all(np.array_equal(found.data[key], reading.data[key]) for key in found.data)
            else:
                assert np.array_equal(found.data, reading.data)
                assert type(found.data) is type(reading.data)
    assert np.array_equal(stored.free_picture(3), picture + 2)
    assert stored.count("audio") == 0
    stored.close()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(40)])
def test_a_damaged_file_is_one_sentence(tmp_path, content):
    path = tmp_path / "views.npz"
    path.write_bytes(content)
    with pytest.raises(ViewsError, match=r"views\.npz holds no rendered views .*: delete it\."):
        StoredViews(path)


def test_a_file_that_was_cut_is_one_sentence(tmp_path):
    path = tmp_path / "views.npz"
    write_views(path, RobotViews({"text": [Reading(0.0, "a cup")]}))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ViewsError, match="delete it"):
        StoredViews(path)
