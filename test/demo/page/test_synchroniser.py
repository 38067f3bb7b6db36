"""The synchroniser beside perception: its matches, and how it stops where a sensor is missing."""

import pytest

from omnibind_ros.demo.page.comparison import Comparison
from omnibind_ros.demo.page.synchroniser import ApproximateTimeMatcher


def matches(matcher, *messages):
    return [match for match in (matcher.add(*message) for message in messages) if match]


def test_messages_within_the_slop_match_once():
    matcher = ApproximateTimeMatcher("ab", slop=0.1)
    found = matches(matcher, ("a", 1.0), ("b", 1.05), ("b", 1.06), ("a", 1.4), ("b", 1.45))
    assert found == [{"a": 1.0, "b": 1.05}, {"a": 1.4, "b": 1.45}]


def test_a_match_needs_all_topics_within_the_slop_of_each_other():
    matcher = ApproximateTimeMatcher("abc", slop=0.1)
    # Each is within the slop of the middle one, but not of each other.
    assert not matches(matcher, ("a", 1.0), ("b", 1.08), ("c", 1.16))
    assert matches(matcher, ("a", 1.1)) == [{"a": 1.1, "b": 1.08, "c": 1.16}]


def test_the_nearest_stamps_are_taken():
    matcher = ApproximateTimeMatcher("ab", slop=0.1)
    assert matches(matcher, ("a", 1.0), ("a", 1.06), ("b", 1.05)) == [{"a": 1.06, "b": 1.05}]


def test_a_match_older_than_the_newest_message_is_found():
    matcher = ApproximateTimeMatcher("ab", slop=0.1)
    assert not matches(matcher, ("a", 1.0), ("a", 2.0), ("a", 3.0))
    assert matches(matcher, ("b", 2.01)) == [{"a": 2.0, "b": 2.01}]


def test_a_stamp_is_forgotten_when_the_queue_is_full():
    matcher = ApproximateTimeMatcher("ab", queue=2, slop=0.1)
    assert not matches(matcher, ("a", 1.0), ("a", 2.0), ("a", 3.0), ("b", 1.0))


@pytest.mark.parametrize(("topics", "queue", "slop"), [("", 1, 1.0), ("a", 0, 1.0), ("a", 1, 0.0)])
def test_what_cannot_match_is_refused(topics, queue, slop):
    with pytest.raises(ValueError, match="needs topics, and a queue and slop above 0"):
        ApproximateTimeMatcher(topics, queue, slop)


def feed(comparison, begin, end, rates):
    """Send messages of each sensor at its rate, in the order of time."""
    events = sorted(
        (begin + n / rate, name)
        for name, rate in rates.items()
        for n in range(round((end - begin) * rate))
    )
    return sum(comparison.on_message(at, name, at) for at, name in events)


def test_it_stops_when_one_of_its_sensors_is_pulled():
    comparison = Comparison()
    rates = {"image": 10.0, "touch": 15.0, "points": 5.0, "text": 0.5}
    assert comparison.start(0.0, rates) == "The synchroniser waits for image, points, touch."
    assert feed(comparison, 0.0, 4.0, rates) == pytest.approx(20, abs=2)
    assert comparison.shown(4.0)["results"] == pytest.approx(5, abs=1)
    del rates["touch"]
    assert feed(comparison, 4.0, 9.0, rates) <= 1
    shown = comparison.shown(9.0)
    assert shown["results"] == 0
    assert shown["since_last"] > 4.5
    rates["touch"] = 15.0
    assert feed(comparison, 9.0, 11.0, rates) > 5


def test_a_sentence_now_and_then_is_not_waited_for_and_one_sensor_is_not_enough():
    comparison = Comparison()
    sentence = comparison.start(0.0, {"image": 10.0, "text": 0.5})
    assert "needs two sensors" in sentence
    assert "there are 1 now" in sentence
    assert not comparison.running
    assert comparison.on_message(1.0, "image", 1.0) == 0
