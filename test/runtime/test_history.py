"""Results over time: `since`, and what a change of scene drops."""

from dataclasses import replace

import numpy as np
import pytest

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.fusion import MeanFusion
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.embeddings import FreshEmbedding, StoredEmbedding
from omnibind_ros.runtime.history import History, HistorySettings
from omnibind_ros.runtime.perception import Perception

SIZE = 64
AXES = np.eye(SIZE, dtype=np.float32)
BANK = LabelBank(("cup", "pen", "hat"), AXES[:3], np.arange(3))


class Source:
    """Sensors at 10 Hz, on a clock of their own."""

    cpu_time = CpuTime()

    def __init__(self, memory):
        self.now, self.forgotten = 0.0, []
        self.embeddings = {}
        self.results = []
        self.rng = np.random.default_rng(1)
        recogniser = Recogniser(BANK, Calibration(0.05, 0.0, {"image": 0.2, "text": 0.2}))
        self.settings = HistorySettings(memory)
        self.perception = Perception(
            MeanFusion(),
            recogniser,
            self.results.append,
            lambda: self.now,
            History(self.settings),
        )

    def fresh_embeddings(self):
        return list(self.embeddings.values())

    def set_weights(self, names, weights):
        pass

    def set_contradicting(self, names, contradicting):
        self.contradicting = contradicting

    def forget(self, before):
        self.forgotten.append(before)
        self.embeddings = {
            name: member
            for name, member in self.embeddings.items()
            if member.embedding.oldest >= before
        }

    def show(self, axis, name="eye", modality="image", spread=0.4, source="", window=0.0):
        noise = self.rng.normal(size=SIZE)
        values = AXES[axis] + spread * noise / np.linalg.norm(noise)
        values = (values / np.linalg.norm(values)).astype(np.float32)
        stored = StoredEmbedding(
            values, 1.0, None, int(self.now * 1e9), "", self.now, begins=self.now - window
        )
        self.embeddings[name] = FreshEmbedding(name, modality, stored, source=source)

    def step(self, axis, seconds=0.1):
        self.now += seconds
        self.show(axis)
        self.perception.update(self)
        return self.results[-1].recognition


def test_since_counts_from_when_the_label_became_the_best():
    source = Source(memory=1.0)
    assert source.step(0).since == 0.0
    for count in range(1, 30):
        found = source.step(0)
        assert (found.labels[0], found.known) == ("cup", True)
        assert found.since == pytest.approx(0.1 * count)
    source.perception.reset(source)
    assert source.step(0).since == 0.0


def test_a_label_is_not_held_while_there_are_no_results():
    source = Source(memory=1.0)
    for _ in range(10):
        source.step(0)
    assert source.step(0, 2.0).since > 2.5  # a sentence counts as long
    assert source.step(0, 600.0).since == 0.0
    assert source.step(0).since == pytest.approx(0.1)


def test_a_change_of_scene_drops_the_sentence_about_the_thing_before():
    source = Source(memory=1.0)
    source.show(0, "speech", "text")
    for _ in range(20):
        source.step(0)
    assert source.results[-1].sensors == ("speech", "eye")
    found = source.step(1)
    assert source.forgotten == [pytest.approx(source.now)]
    assert source.results[-1].sensors == ("eye",)
    assert found.labels[0] == "pen"
    assert found.since == 0.0


def test_without_memory_nothing_is_forgotten():
    source = Source(memory=0.0)
    source.show(0, "speech", "text")
    for _ in range(20):
        source.step(0)
    source.step(1)
    assert source.forgotten == []
    assert source.results[-1].sensors == ("speech", "eye")


def test_a_frame_that_differs_for_once_does_not_change_the_label():
    steady, alone = Source(memory=2.0), Source(memory=0.0)
    for source in (steady, alone):
        for _ in range(20):
            source.step(0, 0.03)
        values = (0.75 * AXES[0] + 0.85 * AXES[1]).astype(np.float32)
        values /= np.linalg.norm(values)
        source.now += 0.03
        member = source.embeddings["eye"]
        stored = replace(member.embedding, values=values, taken=source.now)
        source.embeddings["eye"] = member._replace(embedding=stored)
        # Its distance from the frames before is within what they vary by, and no jump.
        source.perception._history._scene.reset()
        source.perception.update(source)
    assert alone.results[-1].recognition.labels[0] == "pen"
    assert steady.results[-1].recognition.labels[0] == "cup"


def test_the_embedding_stays_that_of_the_instant():
    source = Source(memory=5.0)
    for _ in range(10):
        source.step(0, 0.03)
        values = source.embeddings["eye"].embedding.values
        np.testing.assert_allclose(source.results[-1].values, values, atol=1e-6)


def test_memory_changes_while_results_come():
    source = Source(memory=1.0)
    for _ in range(5):
        source.step(0)
    source.settings.memory = 0.0
    assert source.step(1, 0.001).labels[0] == "pen"


class AgreementByAxis(MeanFusion):
    """The mean, with the cosine similarity to the sum of the others as agreement."""

    def fuse(self, values, modalities, ages, qualities, entropies):
        fused = super().fuse(values, modalities, ages, qualities, entropies)
        others = values.sum(0) - values
        lengths = np.maximum(np.linalg.norm(others, axis=1), 1e-6)
        agreement = (values * others).sum(1) / lengths - 0.2
        return replace(fused, agreement=agreement.astype(np.float32))


def contradicting_source(after=2.0):
    source = Source(memory=0.0)
    source.settings.contradiction_after = after
    source.perception._fusion = AgreementByAxis()
    return source


def step_all(source, axes, seconds=0.1, sources=()):
    source.now += seconds
    for name, axis in axes.items():
        source.show(axis, name, source=dict(sources).get(name, ""))
    source.perception.update(source)
    return source.results[-1]


def test_a_sensor_that_contradicts_is_left_out_and_comes_back():
    source = contradicting_source()
    liar = {"a": 0, "b": 0, "c": 0, "d": 1}
    for _ in range(15):
        assert step_all(source, liar).recognition.contradicting == ()
    for _ in range(15):
        result = step_all(source, liar)
    assert result.recognition.contradicting == ("d",)
    assert source.contradicting == ("d",)
    assert result.sensors == ("a", "b", "c", "d")
    assert result.weights.sum() == pytest.approx(1)
    assert result.weights[3] == 0
    mean = sum(source.embeddings[name].embedding.values for name in "abc")
    np.testing.assert_allclose(result.values, mean / np.linalg.norm(mean), atol=1e-5)
    assert result.agreement[3] < 0
    assert min(result.agreement[:3]) > 0.5
    honest = {"a": 0, "b": 0, "c": 0, "d": 0}
    for _ in range(35):
        result = step_all(source, honest)
    assert result.recognition.contradicting == source.contradicting == ()
    assert result.weights[3] > 0.2


def test_zero_seconds_name_none():
    source = contradicting_source(after=0.0)
    for _ in range(60):
        assert step_all(source, {"a": 0, "b": 0, "c": 1}).recognition.contradicting == ()


def test_of_two_it_is_said_that_they_disagree_and_of_three_who():
    source = contradicting_source()
    for _ in range(40):
        result = step_all(source, {"eye": 0, "pad": 1})
    assert result.recognition.contradicting == ()
    assert result.weights.tolist() == pytest.approx([0.5, 0.5])
    assert "eye and pad disagree" in source.perception.disagreement
    for _ in range(40):
        result = step_all(source, {"eye": 0, "pad": 1, "ear": 0})
    assert result.recognition.contradicting == ("pad",)
    assert source.perception.disagreement == ""


class Taught:
    """Enrolled labels of which 'cup' is shown, and which some sensors recognise."""

    labels = ("cup",)

    def __init__(self, *recognise):
        self.recognise = recognise

    def odds(self, _members):
        return np.array([1e6])

    def all_speak_for(self, label, members):
        return label == "cup" and {m.sensor for m in members} <= set(self.recognise)


@pytest.mark.parametrize(
    ("recognise", "said"), [(("eye", "pad"), False), (("eye",), True), ((), True)]
)
def test_two_that_both_recognise_an_enrolled_thing_do_not_disagree(recognise, said):
    source = contradicting_source()
    source.perception.recogniser.bank = replace(BANK, enrolled=Taught(*recognise))
    for _ in range(40):
        result = step_all(source, {"eye": 0, "pad": 1})
    assert (result.recognition.labels[0], result.recognition.known) == ("cup", True)
    assert bool(source.perception.disagreement) is said


def test_a_liar_that_is_renamed_stays_left_out_and_another_sensor_of_its_name_does_not():
    source = contradicting_source()
    sources = {"a": "1", "b": "2", "c": "3", "d": "4"}
    for _ in range(30):
        result = step_all(source, {"a": 0, "b": 0, "c": 0, "d": 1}, sources=sources)
    assert result.recognition.contradicting == ("d",)
    del source.embeddings["d"]
    renamed = {"a": 0, "b": 0, "c": 0, "front": 1}
    result = step_all(source, renamed, sources=sources | {"front": "4"})
    assert result.recognition.contradicting == source.contradicting == ("front",)
    assert result.weights[3] == 0
    del source.embeddings["front"]
    replaced = {"a": 0, "b": 0, "c": 0, "d": 0}
    result = step_all(source, replaced, sources=sources | {"d": "5"})
    assert result.recognition.contradicting == ()
    assert result.weights[3] > 0.2


def test_that_two_disagree_is_said_no_more_when_they_are_gone():
    source = contradicting_source()
    for _ in range(40):
        step_all(source, {"eye": 0, "pad": 1})
    assert source.perception.disagreement
    source.embeddings.clear()
    source.now += 2.0
    source.perception.update(source)
    assert source.perception.disagreement  # one that is absent for a moment still counts
    source.now += 2.0
    assert source.perception.disagreement == ""
    for _ in range(40):
        step_all(source, {"eye": 0, "pad": 1})
    assert source.perception.disagreement
    source.perception.reset(source)
    assert source.perception.disagreement == ""


def test_a_change_of_scene_that_leaves_nothing_gives_no_result():
    """All that a lone microphone embeds begins before the change that it is known by."""
    source = Source(memory=1.0)
    for _ in range(40):
        source.now += 0.1
        source.show(0, "ear", "audio", window=2.0)
        source.perception.update(source)
    count = len(source.results)
    source.now += 0.1
    source.show(1, "ear", "audio", window=2.0)
    source.perception.update(source)
    assert source.forgotten
    assert len(source.results) == count
    source.now += 0.1
    source.show(1, "ear", "audio", window=0.1)
    source.perception.update(source)
    found = source.results[-1].recognition
    assert (found.labels[0], found.since) == ("pen", 0.0)
