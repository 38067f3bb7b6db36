"""From when the age of a sample counts, on clocks of the test's own."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

from omnibind_ros.runtime.stamps import NodeClock, SensorClock, to_nanoseconds
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


@pytest.mark.parametrize(
    ("sec", "nanosec", "nanoseconds"),
    [
        (0, 0, 0),
        (0, 5, 5),
        (1, 999_999_999, 1_999_999_999),
        (3, 7, 3_000_000_007),
        (-1, 5, 0),
        (-2147483648, 999_999_999, 0),
    ],
)
def test_nanoseconds_of_a_stamp(sec, nanosec, nanoseconds):
    assert to_nanoseconds(SimpleNamespace(sec=sec, nanosec=nanosec)) == nanoseconds


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (0.2, "0.2 s ahead of"),
        (119.0, "119 s ahead of"),
        (120.0, "2 minutes ahead of"),
        (7200.0, "2 hours ahead of"),
        (2 * 86400.0, "2 days ahead of"),
        (-0.75, "0.75 s behind"),
        (-1.5, "1.5 s behind"),
        (-119.0, "119 s behind"),
        (-3 * 86400.0, "3 days behind"),
    ],
)
def test_the_sentence_of_another_clock_names_its_distance(offset, said):
    start = 10**6
    now_ns, stamp_ns = start * SECOND, round((start + offset) * SECOND)
    (doubt,) = SensorClock().arrival(stamp_ns, now_ns, MAX_AGE, "auto").doubts
    assert doubt.text.startswith(f"header.stamp is {said} the node's clock, so ages count from")
    assert "synchronise the clocks, set use_sim_time, or set stamp to arrival" in doubt.text


def test_a_header_ahead_of_the_clock_is_told_with_what_to_do():
    (doubt,) = SensorClock().arrival(102 * SECOND, 100 * SECOND, MAX_AGE, "header").doubts
    assert doubt.text == (
        "header.stamp is 2 s ahead of the node's clock, so the ages are too small; synchronise the "
        "clocks, or set stamp to auto"
    )


@pytest.mark.parametrize(
    ("stamp_ns", "now_ns", "policy", "advice"),
    [
        (0, 100 * SECOND, "auto", "let the driver take its time from /clock"),
        (0, 0, "auto", "start what publishes /clock"),
        (50 * SECOND, 0, "auto", "start what publishes /clock"),
        (50 * SECOND, 100 * SECOND, "auto", "let the driver take its time from /clock"),
        (200 * SECOND, 100 * SECOND, "header", "let the driver take its time from /clock"),
    ],
)
def test_advice_in_simulated_time(stamp_ns, now_ns, policy, advice):
    (doubt,) = SensorClock().arrival(stamp_ns, now_ns, MAX_AGE, policy, simulated=True).doubts
    if stamp_ns or not now_ns:
        assert advice in doubt.text
    else:
        assert "let the driver fill the stamp in" in doubt.text


@pytest.mark.parametrize(
    ("delay", "policy", "found"),
    [
        (MAX_AGE, "auto", []),
        (-0.1, "auto", []),
        (MAX_AGE, "header", []),
        (MAX_AGE + 1e-9, "header", [Issue.DELAYED]),
        (-0.1, "header", []),
        (-0.1 - 1e-9, "header", [Issue.CLOCK_OFFSET]),
    ],
)
def test_limits_belong_to_what_is_plausible(delay, policy, found):
    now_ns = 100 * SECOND
    taken = SensorClock().arrival(now_ns - round(delay * SECOND), now_ns, MAX_AGE, policy)
    assert issues(taken) == found
    assert taken.delay == pytest.approx(max(delay, 0.0) if delay >= -0.1 else 0.0)


def test_a_stamp_half_a_second_before_the_last_one_is_no_step():
    clock = SensorClock()
    clock.arrival(100 * SECOND, 100 * SECOND, 2.0, "auto")
    assert issues(clock.arrival(100 * SECOND - SECOND // 2, 100 * SECOND, 2.0, "auto")) == []
    before = 99 * SECOND - SECOND // 100
    (doubt,) = clock.arrival(before, 100 * SECOND, 2.0, "auto").doubts
    assert "the stamps jumped back by 0.51 s, so ages count" in doubt.text


def test_how_long_agreement_takes_after_losses():
    clock, needed = SensorClock(), []
    for loss in range(10):
        now = 1000 + 100 * loss
        count = 1
        while arrive(clock, now + 0.1 * count, now + 0.1 * count)[2]:
            count += 1
        needed.append(count)
        assert arrive(clock, now + 95, now + 90)[2] == [Issue.CLOCK_OFFSET]
    assert needed == [1, 1, 1, 2, 4, 8, 16, 32, 64, 64]


def test_after_a_step_the_messages_that_agree_are_counted():
    clock = SensorClock()
    for loss in range(3):
        arrive(clock, 1000 + 100 * loss, 1000 + 100 * loss)
        arrive(clock, 1060 + 100 * loss, 1050 + 100 * loss)
    (doubt,) = clock.arrival(1400 * SECOND, 1400 * SECOND, MAX_AGE, "auto").doubts
    assert doubt.text.startswith("the clocks agree since 1 of 2 messages, so ages count")
    (doubt,) = clock.arrival(1401 * SECOND, 1400 * SECOND, MAX_AGE, "auto").doubts
    assert "header.stamp is 1 s ahead of the node's clock, so" in doubt.text
    assert issues(clock.arrival(1402 * SECOND, 1402 * SECOND, MAX_AGE, "auto")) != []


def test_simulated_time_that_starts_at_zero_is_no_step_whatever_the_monotonic_clock_says():
    clock = NodeClock()
    assert clock.check(0, 5.0, True) == ""
    assert clock.check(100 * SECOND, 5.1, True) == ""
    late = NodeClock()
    assert late.check(10 * SECOND, 0.0, True) == ""
    assert late.check(100 * SECOND, 0.1, True) == "the node's clock jumped on by 89.9 s"


@pytest.mark.parametrize(
    ("advanced", "elapsed", "simulated", "step"),
    [
        (1.125, 0.125, True, ""),
        (1.135, 0.125, True, "the node's clock jumped on by 1.01 s"),
        (-0.5, 0.25, True, ""),
        (-0.51, 0.25, True, "the node's clock jumped back by 0.76 s"),
        (0.34, 0.25, False, ""),
        (0.36, 0.25, False, "the node's clock jumped on by 0.11 s"),
        (0.14, 0.25, False, "the node's clock jumped back by 0.11 s"),
        (0.16, 0.25, False, ""),
    ],
)
def test_limits_of_a_step(advanced, elapsed, simulated, step):
    clock = NodeClock()
    clock.check(50 * SECOND, 7.0, simulated)
    assert clock.check(round((50 + advanced) * SECOND), 7.0 + elapsed, simulated) == step
