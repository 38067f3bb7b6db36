"""The buffer of a sensor, message by message."""

import pytest

from omnibind_ros.runtime import buffer
from omnibind_ros.runtime.buffer import Arrival, Buffer


def arrival(taken):
    return Arrival(None, round(taken * 1e9), "eye", taken)


def times(arrivals):
    return [each.taken for each in arrivals]


def test_without_a_window_the_newest_message_alone_is_kept():
    one = Buffer()
    assert one.newest is None
    assert one.put(arrival(1.0)) == 0
    assert one.put(arrival(2.0)) == 1
    assert one.put(arrival(2.0)) == 1  # of the same time
    assert one.put(arrival(1.5)) == 1  # older, but it came last
    assert one.newest.taken == 1.5
    assert times(one.take()) == [1.5]
    assert one.newest is None
    with pytest.raises(LookupError, match="no new message"):
        one.take()
    assert one.put(arrival(3.0)) == 0


def test_a_window_keeps_what_is_as_old_as_itself_and_no_more():
    one = Buffer(window=1.0)
    assert [one.put(arrival(t)) for t in (1.0, 1.5, 2.0)] == [0, 0, 0]
    assert one.put(arrival(2.25)) == 1
    taken = one.take()
    assert times(taken) == [1.5, 2.0, 2.25]
    assert all(each.used for each in taken)
    assert one.newest is None
    assert one.put(arrival(3.0)) == 0  # what leaves the window was taken
    assert times(one.take()) == [2.0, 2.25, 3.0]


def test_a_window_has_a_most_of_messages(monkeypatch):
    monkeypatch.setattr(buffer, "MAX_MESSAGES", 3)
    one = Buffer(window=10.0)
    assert [one.put(arrival(t)) for t in (1.0, 2.0, 3.0, 4.0)] == [0, 0, 0, 1]
    assert times(one.take()) == [2.0, 3.0, 4.0]


def test_a_message_that_cannot_be_decoded_is_dropped():
    one = Buffer(window=1.0)
    first, second = arrival(1.0), arrival(1.1)
    one.put(first)
    one.put(second)
    one.discard(second)
    assert one.newest is first
    one.discard(second)  # it is there no more
    assert one.newest is first
    one.discard(first)
    assert one.newest is None
    one.put(second)
    one.take()
    one.discard(arrival(1.1))  # another message, which is not in it
    assert one.newest is None


def test_what_was_taken_before_a_time_is_forgotten():
    one = Buffer(window=5.0)
    for t in (1.0, 2.0, 3.0):
        one.put(arrival(t))
    one.forget(2.0)
    assert one.newest.taken == 3.0
    assert times(one.take()) == [2.0, 3.0]
    one.forget(2.5)
    assert one.newest is None  # what is left was taken for an encode
    one.put(arrival(4.0))
    assert times(one.take()) == [3.0, 4.0]
    one.put(arrival(5.0))
    one.forget(9.0)
    assert one.newest is None


def test_a_buffer_that_was_cleared_has_nothing():
    one = Buffer(window=1.0)
    one.put(arrival(1.0))
    one.clear()
    assert one.newest is None
    assert one.put(arrival(1.1)) == 0
    assert times(one.take()) == [1.1]
