"""Which sensors are named, from given courses of agreement."""

import numpy as np
import pytest

from omnibind_ros.recognition.contradiction import Contradictions

NAMES = ("image", "text", "touch", "thermal")


def equal(names):
    return np.full(len(names), 1 / len(names), np.float32)


def run(
    contradictions, seconds, agreement, start=0.0, rate=30, after=2.0, names=NAMES, weights=None
):
    """Give constant agreements for some seconds; return when the set that is named changed."""
    changes, before = [], contradictions.named(names)
    for step in range(round(seconds * rate)):
        now = start + (step + 1) / rate
        shares = equal(names) if weights is None else np.array(weights, np.float32)
        contradictions.update(now, names, names, np.array(agreement, np.float32), shares, after)
        if contradictions.named(names) != before:
            before = contradictions.named(names)
            changes.append((now - start, before))
    return changes


@pytest.mark.parametrize("rate", [5, 30, 200])
@pytest.mark.parametrize("after", [0.5, 2.0, 10.0])
def test_a_sensor_is_named_after_so_many_seconds(rate, after):
    changes = run(Contradictions(), 3 * after, [0.8, -0.7, 0.4, 0.6], rate=rate, after=after)
    [(when, named)] = changes
    assert named == ("text",)
    # The first result is counted as of no time.
    assert when == pytest.approx(after, abs=2.1 / rate)


def test_a_weak_disagreement_is_none():
    assert run(Contradictions(), 60.0, [0.8, -0.03, 0.0, 0.6]) == []


def test_it_comes_back_when_it_agrees_again():
    contradictions = Contradictions()
    run(contradictions, 5.0, [0.8, -0.7, 0.4, 0.6])
    [(when, named)] = run(contradictions, 10.0, [0.8, 0.7, 0.4, 0.6], start=5.0)
    assert named == ()
    # From the mean -0.7 to 0.05 it takes 0.5 s ln(1.4 / 0.65) = 0.38 s, and then two seconds.
    assert when == pytest.approx(2.38, abs=0.1)


def test_how_much_a_sensor_must_disagree_depends_on_its_modality():
    limits = {"image": -0.1, "text": -0.4}
    assert run(Contradictions(limits), 10.0, [0.8, -0.3, 0.4, 0.6]) == []
    assert run(Contradictions(limits), 10.0, [-0.3, 0.8, 0.4, 0.6])[0][1] == ("image",)
    assert run(Contradictions(limits), 10.0, [0.8, -0.5, 0.4, 0.6])[0][1] == ("text",)


def test_a_modality_without_a_limit_is_never_named():
    assert run(Contradictions({"image": -0.1}), 60.0, [0.8, 0.6, -0.99, 0.6]) == []
    assert run(Contradictions({}), 60.0, [0.8, 0.6, -0.99, 0.6]) == []


def test_the_one_farthest_below_its_limit_is_named_first():
    limits = {"image": -0.1, "text": -0.7, "touch": -0.1, "thermal": -0.1}
    changes = run(Contradictions(limits), 2.5, [0.5, -0.8, -0.6, 0.4])
    assert [named for _, named in changes] == [("touch",)]


def test_with_another_thing_the_agreement_is_measured_anew():
    contradictions = Contradictions()
    for part in range(10):  # one that is wrong about each thing for a while, and then right
        assert run(contradictions, 1.5, [0.8, -0.8, 0.4, 0.6], start=6.0 * part) == []
        assert run(contradictions, 4.0, [0.8, 0.8, 0.4, 0.6], start=6.0 * part + 1.5) == []
        contradictions.begin_scene()
    # What was before does not count: not the agreement until now, and not the disagreement.
    assert run(contradictions, 1.9, [0.8, -0.8, 0.4, 0.6], start=60.0) == []
    contradictions.begin_scene()
    [(when, named)] = run(contradictions, 5.0, [0.8, -0.8, 0.4, 0.6], start=61.9)
    assert named == ("text",)
    assert when == pytest.approx(2.0, abs=0.1)
    # Who is named stays so until it has agreed for as long.
    contradictions.begin_scene()
    [(when, named)] = run(contradictions, 5.0, [0.8, 0.8, 0.4, 0.6], start=66.9)
    assert named == ()
    assert when == pytest.approx(2.0, abs=0.1)


def test_one_that_begins_to_contradict_strongly_is_named_within_four_seconds():
    """A robot that has heard six true seconds, or a minute of them, cannot wait for six false."""
    for honest in (6.0, 60.0):
        contradictions = Contradictions()
        assert run(contradictions, honest, [0.8, 0.7, 0.4, 0.6]) == []
        [(when, named)] = run(contradictions, 6.0, [0.8, -0.5, 0.4, 0.6], start=honest)
        assert named == ("text",)
        assert 2.0 <= when <= 4.0


def test_a_sentence_that_is_wrong_for_a_moment_is_not_added_up_over_minutes():
    contradictions = Contradictions()
    for part in range(20):
        start = 6.0 * part
        assert run(contradictions, 1.5, [0.8, -0.8, 0.4, 0.6], start=start) == []
        assert run(contradictions, 4.5, [0.8, 0.8, 0.4, 0.6], start=start + 1.5) == []


def test_the_one_with_the_lowest_agreement_is_named_first():
    """The touch contradicts a sum that the text is part of; without the text it agrees."""
    contradictions = Contradictions()
    assert run(contradictions, 2.5, [0.5, -0.8, -0.1, 0.4])[0][1] == ("text",)
    assert run(contradictions, 10.0, [0.9, -0.8, 0.3, 0.8], start=2.5) == []


def test_two_liars_are_named_one_after_the_other():
    changes = run(Contradictions(), 10.0, [0.5, -0.8, -0.6, 0.4, 0.7], names=(*NAMES, "event"))
    assert [named for _, named in changes] == [("text",), ("text", "touch")]
    assert changes[1][0] >= 4.0


def test_if_most_contradict_none_is_named():
    assert run(Contradictions(), 30.0, [-0.5, -0.8, -0.3, 0.9]) == []


@pytest.mark.parametrize("count", [1, 2])
def test_of_one_or_two_none_is_named(count):
    contradictions = Contradictions()
    assert run(contradictions, 30.0, [-0.9] * count, names=NAMES[:count]) == []
    assert contradictions.disagree(NAMES[:count], 2.0) == (count == 2)


def test_while_only_two_are_left_it_is_not_said_who_is_wrong():
    contradictions = Contradictions()
    run(contradictions, 5.0, [0.8, -0.7, 0.4, 0.6])
    pair = NAMES[:2]
    # For a moment, as after a change of scene, the others still count.
    run(contradictions, 2.5, [0.8, -0.7], start=5.0, names=pair)
    assert contradictions.named(pair) == ("text",)
    run(contradictions, 1.0, [0.8, -0.7], start=7.5, names=pair)
    assert contradictions.named(pair) == ()
    run(contradictions, 0.1, [0.8, -0.7, 0.4, 0.6], start=8.5)
    assert contradictions.named(NAMES) == ("text",)


def test_what_is_there_alone_is_used():
    contradictions = Contradictions()
    run(contradictions, 5.0, [0.8, -0.7, 0.4, 0.6])
    assert contradictions.named(("text",)) == ()


def test_a_sensor_that_says_little_must_contradict_strongly():
    weights = [0.4, 0.1, 0.1, 0.4]  # 0.4 of a mean weight
    assert run(Contradictions(), 30.0, [0.8, -0.25, -0.1, 0.6], weights=weights) == []
    [(_, named)] = run(Contradictions(), 30.0, [0.8, -0.7, -0.1, 0.6], weights=weights)
    assert named == ("text",)


def test_a_pause_tells_nothing():
    """Ten results, each after a minute without sensors, are not ten minutes."""
    contradictions = Contradictions()
    agreement = np.array([0.8, -0.7, 0.4, 0.6], np.float32)
    contradictions.update(0.0, NAMES, NAMES, agreement, equal(NAMES), 5.0)
    contradictions.update(60.0, NAMES, NAMES, agreement, equal(NAMES), 5.0)
    assert contradictions.named(NAMES) == ()
