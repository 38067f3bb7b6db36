"""How much new evidence results bring, against sums written out."""

import math

import numpy as np
import pytest

from omnibind_ros.recognition.evidence import EvidenceCounter
from omnibind_ros.recognition.member import Member


def unit(values):
    values = np.asarray(values, np.float32)
    return values / np.linalg.norm(values)


def similar(rng, cosine, count, size=64):
    """Return unit vectors whose cosine similarities to each other are about `cosine`."""
    common = np.zeros(size)
    common[0] = 1.0
    noise = rng.normal(size=(count, size))
    noise[:, 0] = 0.0
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    return (math.sqrt(cosine) * common + math.sqrt(1 - cosine) * noise).astype(np.float32)


def total_of(frames, memory=1e9, period=0.03):
    counter = EvidenceCounter()
    return sum(
        counter.add(i * period, [Member("image", frame, sensor="eye")], memory)
        for i, frame in enumerate(frames)
    )


def test_the_first_result_is_all_new_and_the_same_frame_again_is_not():
    frame = unit([1, 2, 3])
    assert total_of([frame]) == pytest.approx(1.0)
    assert total_of([frame] * 30) == pytest.approx(1.0, abs=1e-6)
    # Encoded anew each time: equal values in other arrays.
    assert total_of([frame.copy() for _ in range(30)]) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("cosine", [0.9, 0.6, 0.3])
def test_similar_frames_are_as_many_as_the_design_effect_says(cosine):
    """Kish: n observations of the correlation r are worth n / (1 + (n - 1) r)."""
    frames = similar(np.random.default_rng(3), cosine, 30, size=4000)
    assert total_of(frames) == pytest.approx(30 / (1 + 29 * cosine), rel=0.05)


def test_independent_frames_are_counted_each():
    assert total_of(np.eye(20, dtype=np.float32)) == pytest.approx(20.0, abs=1e-5)


@pytest.mark.parametrize("memory", [0.5, 2.0, 1000.0])
def test_what_was_counted_is_forgotten_with_the_memory(memory):
    """An unchanged member brings 1 - exp(-t / memory), so that one observation stays counted."""
    frame, counter = unit([1, 1]), EvidenceCounter()
    counter.add(0.0, [Member("image", frame, sensor="eye")], memory)
    for now in (0.1, 0.2, 0.3):
        share = counter.add(now, [Member("image", frame, sensor="eye")], memory)
        assert share == pytest.approx(1 - math.exp(-0.1 / memory), abs=1e-6)


def test_two_frames_by_hand():
    a, b = unit([1, 0]), unit([0.6, 0.8])
    counter = EvidenceCounter()
    counter.add(0.0, [Member("image", a, sensor="eye")], 1.0)
    share = counter.add(0.5, [Member("image", b, sensor="eye")], 1.0)
    stay = math.exp(-0.5)
    size = (stay + 1) ** 2 / (stay**2 + 1 + 2 * stay * 0.6)
    assert share == pytest.approx(size - stay, rel=1e-6)


def test_members_count_by_their_weights_and_each_sensor_by_itself():
    a, b = unit([1, 0]), unit([0, 1])
    counter = EvidenceCounter()
    counter.add(0.0, [Member("image", a, weight=1.0, sensor="left")], 1e9)
    members = [
        Member("image", a, weight=0.7, sensor="left"),
        Member("touch", b, weight=0.3, sensor="pad"),
    ]
    assert counter.add(0.1, members, 1e9) == pytest.approx(0.3, abs=1e-6)
    assert counter.add(0.2, members, 1e9) == pytest.approx(0.0, abs=1e-6)
    counter.clear()
    assert counter.add(0.3, members, 1e9) == pytest.approx(1.0)


def test_opposite_frames_are_finite():
    a = unit([1, 0])
    counter = EvidenceCounter()
    shares = [
        counter.add(i * 0.01, [Member("image", a * (-1) ** i, sensor="eye")], 5.0)
        for i in range(50)
    ]
    assert all(0.0 <= share <= 1.0 for share in shares)


@pytest.mark.parametrize("seed", range(5))
def test_the_sum_of_all_embeddings_is_that_of_each_step(seed):
    """V and the sums of weights, with V multiplied and added to at each result."""
    rng = np.random.default_rng(seed)
    counter, memory, now = EvidenceCounter(), 0.7, 0.0
    frames = similar(rng, rng.uniform(0.2, 0.95), 8)
    vector, total, squares, size, before = np.zeros(64), 0.0, 0.0, 0.0, None
    for step in range(60):
        frame = frames[rng.integers(8)] if step % 3 == 0 else before
        passed = float(rng.choice([0.01, 0.033, 0.4])) if step else 0.0
        now += passed
        share = counter.add(now, [Member("image", frame, sensor="eye")], memory)
        stay = math.exp(-passed / memory)
        new = (1 - stay) * total if frame is before else 1.0
        vector = stay * vector + new * frame.astype(float)
        total, squares = stay * total + new, stay**2 * squares + new**2
        old, size = stay * size, total**2 / max(vector @ vector, squares)
        if step:
            assert share == pytest.approx(min(max(size - old, 1 - stay), 1), abs=1e-5)
        before = frame
