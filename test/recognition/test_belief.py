"""The belief over labels, against the forward algorithm written out."""

import math
from dataclasses import replace

import numpy as np
import pytest

from omnibind_ros.recognition.belief import Belief
from omnibind_ros.recognition.distribution import Distribution
from omnibind_ros.recognition.enrolled_match import EnrolledMatch
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.member import Member


def bank_of(*labels):
    return LabelBank(labels, np.eye(len(labels), dtype=np.float32), np.arange(len(labels)))


BANK = bank_of("cup", "pen", "hat")
UNRELATED = np.eye(400, dtype=np.float32)


def instant(*shares, bank=BANK):
    """Return a distribution: the labels' probabilities, then that of unknown."""
    return Distribution(bank, np.array(shares[:-1], float), shares[-1], 0.5, 0.9)


def frame(number):
    """Return the one member of a result; those of different numbers are independent."""
    return [Member("image", UNRELATED[number], sensor="eye")]


def states(belief):
    return [*belief.probabilities, belief.unknown]


def test_the_first_result_is_the_belief():
    seen = instant(0.6, 0.2, 0.1, 0.1)
    found = Belief().update(0.0, seen, frame(0), 1.0)
    assert states(found) == pytest.approx([0.6, 0.2, 0.1, 0.1])
    assert (found.similarity, found.quality, found.bank) == (0.5, 0.9, BANK)


@pytest.mark.parametrize("memory", [0.3, 1.0, 1000.0])
@pytest.mark.parametrize("period", [0.01, 0.4])
def test_independent_results_are_the_forward_algorithm(memory, period):
    rng = np.random.default_rng(5)
    belief, state, known, weights = Belief(), None, [], []
    stay = math.exp(-period / memory)
    for step in range(12):
        seen = rng.dirichlet(np.ones(4))
        found = belief.update(step * period, instant(*seen), frame(step), memory)
        share = min(1.0, share_of_independent(step, period, memory))
        labels = seen[:3] / seen[:3].sum()
        if state is None:
            state = labels
        else:
            transition = np.full((3, 3), (1 - stay) / 3) + stay * np.eye(3)
            state = (transition.T @ state) * labels**share
            state = state / state.sum()
        # Whether a label fits: the mean of log-odds, weighted by new evidence and age.
        known.append(math.log((1 - seen[3]) / seen[3]))
        weights = [weight * stay for weight in weights] + [share]
        fits = 1 / (1 + math.exp(-np.average(known, weights=weights)))
        assert states(found) == pytest.approx([*(state * fits), 1 - fits], rel=1e-6)


def share_of_independent(step, period, memory):
    """Return the growth of the effective sample size of independent frames, by its definition."""

    def size(count):
        weights = np.exp(-np.arange(count) * period / memory)
        return weights.sum() ** 2 / (weights**2).sum()

    return size(step + 1) - math.exp(-period / memory) * size(step)


def test_agreeing_results_become_surer_and_one_that_differs_changes_nothing():
    belief = Belief()
    for step in range(6):
        found = belief.update(step * 0.03, instant(0.5, 0.3, 0.1, 0.1), frame(step), 1.0)
    assert found.probabilities[0] > 0.8
    found = belief.update(0.2, instant(0.3, 0.5, 0.1, 0.1), frame(10), 1.0)
    assert found.probabilities.argmax() == 0


@pytest.mark.parametrize("rate", [10, 30, 200])
def test_the_same_frame_again_and_again_stays_one_piece_of_evidence(rate):
    belief, seen, same = Belief(), instant(0.5, 0.3, 0.1, 0.1), frame(0)
    for step in range(5 * rate):
        found = belief.update(step / rate, seen, same, 1.0)
    assert found.probabilities[0] == pytest.approx(0.5, abs=0.1)
    assert found.probabilities[1] == pytest.approx(0.3, abs=0.1)
    assert found.unknown == pytest.approx(0.1, abs=0.1)


def test_another_thing_is_believed_within_the_memory_even_after_a_long_time():
    belief = Belief()
    for step in range(200):
        belief.update(step * 0.03, instant(0.97, 0.01, 0.01, 0.01), frame(step), 1.0)
    for steps in range(40):
        seen = instant(0.01, 0.97, 0.01, 0.01)
        found = belief.update(6.0 + steps * 0.03, seen, frame(200 + steps), 1.0)
        if found.probabilities.argmax() == 1:
            break
    assert 0 < steps * 0.03 < 0.5


def test_labels_that_share_the_probability_do_not_make_it_unknown():
    # At each instant some label fits, though `unknown` is more probable than each label alone.
    belief = Belief()
    for step in range(60):
        found = belief.update(step * 0.03, instant(0.25, 0.2, 0.15, 0.4), frame(step), 1.0)
    assert found.unknown == pytest.approx(0.4)
    assert found.probabilities[0] > 0.3  # and the best of them becomes surer


def test_views_of_one_thing_do_not_make_unknown_surer():
    belief = Belief()
    for step in range(60):
        found = belief.update(step * 0.03, instant(0.3, 0.1, 0.0, 0.6), frame(step), 1.0)
    assert found.unknown == pytest.approx(0.6)
    # One blank picture of a good second does not make it unknown.
    belief.reset()
    for step in range(30):
        belief.update(step * 0.03, instant(0.9, 0.03, 0.02, 0.05), frame(step), 1.0)
    found = belief.update(0.93, instant(0.0, 0.0, 0.0, 1.0), frame(40), 1.0)
    assert found.unknown < 0.5


def test_a_pause_forgets():
    belief = Belief()
    belief.update(0.0, instant(0.97, 0.01, 0.01, 0.01), frame(0), 1.0)
    found = belief.update(20.0, instant(0.2, 0.6, 0.1, 0.1), frame(1), 1.0)
    assert states(found) == pytest.approx([0.2, 0.6, 0.1, 0.1], abs=1e-6)


def test_a_reset_forgets_at_once():
    belief = Belief()
    for step in range(20):
        belief.update(step * 0.03, instant(0.97, 0.01, 0.01, 0.01), frame(step), 5.0)
    belief.reset()
    found = belief.update(0.6, instant(0.2, 0.6, 0.1, 0.1), frame(0), 5.0)
    assert states(found) == pytest.approx([0.2, 0.6, 0.1, 0.1])


def test_without_memory_each_result_counts_alone():
    belief = Belief()
    for step, seen in enumerate([(0.9, 0.0, 0.0, 0.1), (0.1, 0.2, 0.3, 0.4)]):
        given = instant(*seen)
        assert belief.update(step * 0.01, given, frame(step), 0.0) is given


@pytest.mark.parametrize("names", [("mug", "hat", "cup", "pen", "key"), ("pen", "hat"), ("pot",)])
def test_with_other_labels_the_belief_begins_anew(names):
    """What was seen before says nothing of the new labels, nor whether one of them fits."""
    belief = Belief()
    for step in range(100):
        belief.update(step * 0.03, instant(0.97, 0.01, 0.01, 0.01), frame(step), 5.0)
    other = bank_of(*names)
    unknown = 0.9
    seen = instant(*[(1 - unknown) / len(names)] * len(names), unknown, bank=other)
    found = belief.update(3.001, seen, frame(101), 5.0)
    assert found.bank is other
    assert found.unknown == pytest.approx(unknown, abs=1e-3)
    np.testing.assert_allclose(found.probabilities, seen.probabilities, atol=1e-3)


def test_the_same_labels_in_another_bank_change_nothing():
    belief, other = Belief(), Belief()
    again = bank_of("cup", "pen", "hat")
    for step in range(20):
        shares = (0.7, 0.1, 0.1, 0.1) if step < 10 else (0.1, 0.7, 0.1, 0.1)
        bank = {"bank": again} if step >= 10 else {}
        found = belief.update(step * 0.03, instant(*shares, **bank), frame(step), 5.0)
        wanted = other.update(step * 0.03, instant(*shares), frame(step), 5.0)
        np.testing.assert_allclose(found.probabilities, wanted.probabilities)


def test_a_label_that_was_just_enrolled_is_the_belief_at_once():
    belief = Belief()
    for step in range(30):
        belief.update(step * 0.03, instant(0.97, 0.01, 0.01, 0.01), frame(step), 1.0)
    texts = bank_of("cup", "pen", "hat")
    taught = replace(
        texts, labels=(*texts.labels, "my cup"), enrolled=EnrolledMatch(["my cup"], {})
    )
    seen = (0.3, 0.02, 0.02, 0.6, 0.06)
    found = belief.update(0.91, instant(*seen, bank=taught), frame(40), 1.0)
    assert states(found) == pytest.approx(seen)
    # What follows is filtered as before, also where more views are added to the label.
    again = replace(taught, enrolled=EnrolledMatch(["my cup"], {}))
    other = (0.5, 0.02, 0.02, 0.4, 0.06)
    found = belief.update(0.92, instant(*other, bank=again), frame(41), 1.0)
    assert found.probabilities.argmax() == 3


def test_certainty_and_impossibility_are_finite():
    belief = Belief()
    for step in range(300):
        shares = (1.0, 0.0, 0.0, 0.0) if step % 2 else (0.0, 1e-320, 1.0, 0.0)
        found = belief.update(step * 0.001, instant(*shares), frame(step), 1000.0)
        assert np.isfinite(states(found)).all()
        assert sum(states(found)) == pytest.approx(1)
