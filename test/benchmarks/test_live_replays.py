"""Traces of what a robot's sensors embed, and their replay, with the household bundle's labels."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from live_figure.replays import Part, replay
from live_figure.traces import Embedded, Trace, live_setup, load, save
from paths import ROOT

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.config import PerceptionConfig
from omnibind_ros.runtime.history import HistorySettings
from omnibind_ros.runtime.recognising import Knowledge
from omnibind_ros.sensors import SensorRegistry

SECONDS = 6.0
RATES = {"image": 10.0, "thermal": 9.0, "event": 15.0, "points": 5.0}


@pytest.fixture(scope="module")
def bundle():
    return Bundle.load(ROOT / "models" / "household")


@pytest.fixture(scope="module")
def knowledge(bundle):
    return Knowledge.load(bundle, PerceptionConfig())


@pytest.fixture(scope="module")
def trace(knowledge):
    """Return what makes the trace of an object: embeddings that are its name, with noise."""
    bank = knowledge.vocabulary.bank

    def make(label, seed=0, until=SECONDS, rates=RATES):
        rng = np.random.default_rng(seed)
        name = bank.prototypes[int(np.flatnonzero(bank.owner == bank.labels.index(label))[0])]

        def embedded(at):
            values = name + 0.02 * rng.normal(size=len(name))
            values = (values / np.linalg.norm(values)).astype(np.float32)
            return Embedded(at, at - 0.02, at - 0.02, 0.9, values)

        sensors = {
            sensor: [embedded(0.1 + n / rate) for n in range(round((until - 0.1) * rate))]
            for sensor, rate in rates.items()
        }
        return Trace(f"{label}-{seed}", 0, label, frozenset({label}), sensors)

    return make


def share_right(heard, place):
    shown = heard.shown[place]
    said = [each for each in heard.said if shown.begin + 1 <= each.at < shown.end]
    return np.mean([each.label in shown.right for each in said])


def test_what_is_saved_is_loaded(tmp_path, trace):
    traces = [trace("cup"), trace("chair", seed=1, until=2.0)]
    save(tmp_path / "traces.npz", traces)
    loaded = load(tmp_path / "traces.npz")
    assert [(t.object_id, t.robot, t.label, t.right) for t in loaded] == [
        (t.object_id, t.robot, t.label, t.right) for t in traces
    ]
    for before, after in zip(traces, loaded, strict=True):
        assert set(before.sensors) == set(after.sensors)
        for sensor, embedded in before.sensors.items():
            for a, b in zip(embedded, after.sensors[sensor], strict=True):
                assert (a.at, a.taken, a.begins, a.quality) == (b.at, b.taken, b.begins, b.quality)
                assert np.array_equal(a.values, b.values)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_a_damaged_file_of_traces_is_one_sentence(tmp_path, content):
    path = tmp_path / "traces.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="record them anew") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_objects_are_named_one_after_the_other(bundle, knowledge, trace):
    parts = [Part(trace("cup")), Part(trace("chair", seed=1))]
    heard = replay(bundle, knowledge, parts, SECONDS, HistorySettings())
    assert share_right(heard, 0) == 1
    assert share_right(heard, 1) == 1
    assert not any(each.contradicting for each in heard.said)


def test_two_replays_are_equal(bundle, knowledge, trace):
    parts = [Part(trace("cup")), Part(trace("chair", seed=1))]
    first = replay(bundle, knowledge, parts, SECONDS, HistorySettings())
    again = replay(bundle, knowledge, parts, SECONDS, HistorySettings())
    assert first == again


def test_results_come_no_faster_than_the_rate(bundle, knowledge, trace):
    heard = replay(bundle, knowledge, [Part(trace("cup"))], SECONDS, HistorySettings(), rate=5.0)
    times = np.diff([each.at for each in heard.said])
    assert times.min() >= 0.2 - 1e-9


def test_a_sensor_that_shows_another_object_is_named(bundle, knowledge, trace):
    honest = [Part(trace(label, seed=n)) for n, label in enumerate(("cup", "chair", "bed"))]
    lie = Part(trace("lamp", seed=3), {"image": trace("knife", seed=4)})
    heard = replay(bundle, knowledge, [*honest, lie], SECONDS, HistorySettings())
    shown = heard.shown[3]
    assert shown.liar == "image"
    named = {each.at for each in heard.said if "image" in each.contradicting}
    assert min(named) < shown.begin + 4
    assert not any(each.contradicting for each in heard.said if each.at < shown.begin)
    assert share_right(heard, 3) == 1


def test_old_embeddings_count_for_their_maximal_age(bundle, knowledge, trace):
    """After 1 s only points go on to come; the other sensors' last embeddings grow old."""
    mixed = trace("cup", until=1.0)
    points = trace("chair", rates={"points": 5.0}).sensors["points"]
    one = Trace("mixed", 0, "cup", frozenset({"cup"}), {**mixed.sensors, "points": points})
    heard = replay(bundle, knowledge, [Part(one)], SECONDS, HistorySettings(memory=0.0))
    ages = [live_setup(name, SensorRegistry.installed()).config.max_age for name in RATES]
    begin = heard.shown[0].begin
    late = [each.label for each in heard.said if each.at > begin + 1.0 + max(ages)]
    assert late
    assert set(late) == {"chair"}
    early = [each.label for each in heard.said if each.at < begin + 1.0]
    assert early[-1] == "cup"


def test_the_settings_are_those_of_the_seven_senses():
    config = live_setup("points", SensorRegistry.installed()).config
    assert config.max_age == 0.5
