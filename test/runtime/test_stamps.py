"""From when the age of a sample counts, on clocks of the test's own."""

from itertools import pairwise

import pytest

from omnibind_ros.runtime.stamps import NodeClock, SensorClock
from omnibind_ros.sensors import Issue

SECOND = 10**9
MAX_AGE = 0.5


def issues(taken):
    return [doubt.issue for doubt in taken.doubts]


def arrive(clock, stamp, now, policy="auto"):
    """Return delay and published stamp in seconds, and the issues, of a message at time `now`."""
    stamp_ns = None if stamp is None else round(stamp * SECOND)
    taken = clock.arrival(stamp_ns, round(now * SECOND), MAX_AGE, policy)
    return pytest.approx(taken.delay, abs=1e-6), taken.stamp_ns / SECOND, issues(taken)


@pytest.mark.parametrize(
    ("stamp", "policy", "delay", "used", "found"),
    [
        (100.0, "auto", 0.0, 100.0, []),
        (99.8, "auto", 0.2, 99.8, []),
        (100.05, "auto", 0.0, 100.05, []),
        (None, "auto", 0.0, 100.0, []),
        (None, "header", 0.0, 100.0, []),
        (0.0, "auto", 0.0, 100.0, [Issue.CLOCK_OFFSET]),
        (0.0, "header", 0.0, 100.0, [Issue.CLOCK_OFFSET]),
        (50.0, "auto", 0.0, 100.0, [Issue.CLOCK_OFFSET]),
        (3700.0, "auto", 0.0, 100.0, [Issue.CLOCK_OFFSET]),
        (50.0, "header", 50.0, 50.0, [Issue.DELAYED]),
        (137.0, "header", 0.0, 137.0, [Issue.CLOCK_OFFSET]),
        (100.05, "header", 0.0, 100.05, []),
        (50.0, "arrival", 0.0, 100.0, []),
        (0.0, "arrival", 0.0, 100.0, []),
    ],
)
def test_the_first_message(stamp, policy, delay, used, found):
    assert arrive(SensorClock(), stamp, 100.0, policy) == (delay, used, found)


def test_a_growing_delay_stays_a_delay():
    clock = SensorClock()
    for tick in range(100):  # right stamps, 10 Hz; a queue grows to 3 s
        now, wanted = 1000 + 0.1 * tick, min(0.05 * tick, 3.0)
        delay, stamp, found = arrive(clock, now - wanted, now)
        assert delay == wanted
        assert stamp == pytest.approx(now - wanted)
        assert found == ([Issue.DELAYED] if wanted > MAX_AGE else [])
    assert arrive(clock, 1010.0, 1010.1)[2] == []  # the queue is empty again


def test_the_sentence_of_a_delay_names_it():
    clock = SensorClock()
    clock.arrival(100 * SECOND, 100 * SECOND, MAX_AGE, "auto")
    (doubt,) = clock.arrival(101 * SECOND, 104 * SECOND, MAX_AGE, "auto").doubts
    assert "3 s" in doubt.text
    assert "0.5 s" in doubt.text


@pytest.mark.parametrize("offset", [-3600.0, 3600.0, 0.3, -1000.0 + 1e-9])
def test_a_clock_that_never_agreed_counts_from_arrival(offset):
    clock = SensorClock()
    for tick in range(50):
        now = 1000 + 0.1 * tick
        assert arrive(clock, now + offset, now) == (0.0, pytest.approx(now), [Issue.CLOCK_OFFSET])
    arrive(clock, 1005.9, 1006.0)  # it is set right, perhaps with a step
    assert arrive(clock, 1006.0, 1006.1) == (0.1, 1006.0, [])
    assert arrive(clock, 1007.0, 1009.0)[2] == [Issue.DELAYED]


def test_stamps_that_jump_back_are_learnt_anew():
    clock = SensorClock()
    arrive(clock, 100.0, 100.1)
    assert arrive(clock, 90.0, 100.2) == (0.0, pytest.approx(100.2), [Issue.CLOCK_OFFSET])
    assert arrive(clock, 90.1, 100.3)[2] == [Issue.CLOCK_OFFSET]  # it does not agree any more
    assert arrive(clock, 100.3, 100.4) == (0.1, 100.3, [])
    assert arrive(clock, 100.0, 100.45)[2] == []  # a relay changed the order: no step


def test_stamps_from_the_future_are_a_step_of_the_sensors_clock():
    clock = SensorClock()
    arrive(clock, 100.0, 100.1)
    assert arrive(clock, 105.0, 100.2)[2] == [Issue.CLOCK_OFFSET]
    assert arrive(clock, 105.1, 106.1)[2] == [Issue.CLOCK_OFFSET]  # no delay, as nothing is known


def test_a_step_of_the_nodes_clock_is_learnt_anew():
    clock = SensorClock()
    arrive(clock, 100.0, 100.1)
    clock.forget("the node's clock jumped on by 60 s")
    taken = clock.arrival(101 * SECOND, 161 * SECOND, MAX_AGE, "auto")
    assert (taken.delay, issues(taken)) == (0.0, [Issue.CLOCK_OFFSET])
    assert "jumped on by 60 s" in taken.doubts[0].text


@pytest.mark.parametrize(
    ("seconds", "step"),
    [
        ((100.0, 100.1, 100.2), ""),
        ((100.0, 160.0, 160.1), "on by 59.9 s"),
        ((100.0, 98.0, 98.1), "back by 2.1 s"),
        ((100.0, 3800.1, 3800.2), "on by 61.7 minutes"),
        ((100.0, 86400 * 9, 0), "days"),
    ],
)
def test_steps_of_a_real_clock(seconds, step):
    clock = NodeClock()
    found = [clock.check(round(s * SECOND), 5 + 0.1 * i, False) for i, s in enumerate(seconds)]
    assert step in found[1]
    assert bool(found[1]) == bool(step)


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_simulated_time_may_run_at_any_rate(rate):
    clock = NodeClock()
    for tick in range(100):
        simulated = round(rate * tick * 0.05 * SECOND)
        assert clock.check(simulated, 0.05 * tick, True) == ""


def test_a_bag_that_begins_again_is_a_step():
    clock = NodeClock()
    clock.check(0, 0.0, True)
    assert clock.check(1000 * SECOND, 0.05, True) == ""  # the first /clock
    assert clock.check(1001 * SECOND, 1.0, True) == ""
    assert "back" in clock.check(1000 * SECOND, 1.05, True)


def test_stamps_about_the_limit_do_not_change_by_turns():
    clock, states = SensorClock(), []
    for tick in range(600):  # 10 Hz; 0.15 s ahead, and by turns 0.05 s
        now = 1000 + 0.1 * tick
        states.append(bool(arrive(clock, now + (0.15 if tick % 2 else 0.05), now)[2]))
    assert sum(a != b for a, b in pairwise(states)) < 10
    assert states[-1]


def test_clocks_that_were_lost_often_agree_again():
    clock = SensorClock()
    for tick in range(40):
        arrive(clock, 1000 + tick + (0.3 if tick % 2 else 0.0), 1000 + tick)
    found = [arrive(clock, 2000 + 0.1 * n - 0.05, 2000 + 0.1 * n)[2] for n in range(70)]
    assert found[0] == [Issue.CLOCK_OFFSET]
    assert found[-1] == []
