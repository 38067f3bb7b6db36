"""The scheduling policy and its budget, on a simulated clock: no thread, no time of day."""

import heapq
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.runtime.budget import Budget
from omnibind_ros.runtime.scheduler import PATIENCE, Demand, gain, overdue, pick


def demand(**changes):
    given = {
        "due": -1.0,
        "waited": 0.1,
        "cost": 0.01,
        "weight": 1.0,
        "sample_age": 0.0,
        "embedding_age": 0.1,
        "max_age": 0.5,
    }
    return Demand(**{**given, **changes})


class Sensor:
    """A simulated sensor: samples at a rate, the newest waits, an encode costs so much."""

    def __init__(self, name, rate, cost, weight=1.0, max_age=0.5):
        self.name, self.rate, self.cost, self.weight, self.max_age = (
            name,
            rate,
            cost,
            weight,
            max_age,
        )
        self.waiting = None
        self.embedded = self.served = -math.inf
        self.serves = []

    def demand(self, now):
        if self.waiting is None:
            return None
        return Demand(
            0.0,
            now - self.served,
            self.cost,
            self.weight,
            now - self.waiting,
            now - self.embedded,
            self.max_age,
        )


def simulate(sensors, seconds, rate=math.inf):
    """One worker, the newest sample of each sensor, and a budget of processor seconds a second."""
    arrivals = [(0.001 * i, i) for i in range(len(sensors))]
    heapq.heapify(arrivals)
    budget, now, spent = Budget(rate), 0.0, []

    def arrive():
        while arrivals[0][0] <= now:
            when, i = heapq.heappop(arrivals)
            sensors[i].waiting = when
            heapq.heappush(arrivals, (when + 1.0 / sensors[i].rate, i))

    while now < seconds:
        arrive()
        pause = budget.wait(now)
        if pause > 0.0:
            now += pause
            continue
        found, _ = pick((s, d) for s in sensors if (d := s.demand(now)) is not None)
        if found is None:
            now = arrivals[0][0]
            continue
        taken, found.waiting = found.waiting, None
        found.served = now
        found.serves.append(now)
        budget.spend(found.cost)
        spent.append((now, found.cost))
        now += found.cost
        found.embedded = taken
    return spent


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"sample_age": 0.1, "embedding_age": 0.3}, 0.4),
        ({"sample_age": 0.1, "embedding_age": 0.3, "weight": 0.0}, 0.2 * 0.4),
        ({"sample_age": 0.1, "embedding_age": 0.3, "weight": 2.0}, 1.8 * 0.4),
        ({"sample_age": 0.1, "embedding_age": math.inf}, 0.8),
        ({"sample_age": 0.1, "embedding_age": 0.7}, 0.8),
        ({"sample_age": 0.6, "embedding_age": 0.7}, 0.0),
        ({"sample_age": 0.3, "embedding_age": 0.1}, 0.0),
        ({"sample_age": 0.2, "embedding_age": 0.4, "max_age": 1.0}, 0.2),
    ],
)
def test_the_evidence_that_an_encode_adds(changes, wanted):
    assert gain(demand(**changes)) == pytest.approx(wanted)


def test_a_sensor_is_overdue_after_half_its_max_age():
    assert overdue(demand(waited=1.0, max_age=0.5)) == pytest.approx(4.0)
    assert overdue(demand(waited=0.25, max_age=0.5)) == pytest.approx(1.0)


def test_the_wait_is_until_the_first_sensor_is_due():
    later = [("a", demand(due=0.3)), ("b", demand(due=0.2)), ("c", demand(due=0.4))]
    assert pick(later) == (None, 0.2)
    assert pick([*later, ("d", demand(due=0.0))]) == ("d", 0.2)
    assert pick([("d", demand(due=0.0))]) == ("d", math.inf)


def test_of_sensors_that_are_equal_the_first_goes_and_all_patience_is_equal():
    assert pick([("a", demand()), ("b", demand())])[0] == "a"
    patient = demand(waited=0.01, embedding_age=0.2)
    assert pick([("a", demand(waited=0.2)), ("b", patient)])[0] == "b"
    assert pick([("a", demand(waited=0.251)), ("b", patient)])[0] == "a"


def test_a_cost_of_nothing_counts_as_a_tenth_of_a_millisecond():
    free, cheap = demand(cost=0.0, embedding_age=0.1), demand(cost=2e-4, embedding_age=0.15)
    assert pick([("cheap", cheap), ("free", free)])[0] == "free"
    assert pick([("cheap", demand(cost=2e-4, embedding_age=0.25)), ("free", free)])[0] == "cheap"
    assert pick([("free", free), ("as cheap", demand(cost=1e-4))])[0] == "free"


def test_nothing_waits():
    assert pick([]) == (None, math.inf)
    assert pick([("a", demand(due=1.0)), ("b", demand(due=3.0))]) == (None, 1.0)


def test_a_sensor_that_was_just_plugged_in_goes_first():
    new = demand(embedding_age=math.inf, waited=math.inf, cost=0.0)
    assert pick([("old", demand(embedding_age=0.2)), ("new", new)])[0] == "new"


def test_of_equal_sensors_the_older_embedding_is_renewed():
    assert pick([("a", demand()), ("b", demand(embedding_age=0.15))])[0] == "b"


def test_of_equal_sensors_the_cheaper_encode_goes_first():
    assert pick([("dear", demand(cost=0.02)), ("cheap", demand(cost=0.01))])[0] == "cheap"


def test_of_equal_sensors_the_one_that_the_fusion_trusts_goes_first():
    assert pick([("doubted", demand(weight=0.2)), ("trusted", demand(weight=1.5))])[0] == "trusted"


def test_who_has_lost_patience_goes_before_whoever_is_worth_more():
    patient = demand(weight=3.0, cost=0.001, embedding_age=0.2)
    impatient = demand(weight=0.0, cost=0.1, waited=PATIENCE * 0.5 * 1.01)
    assert pick([("patient", patient), ("impatient", impatient)])[0] == "impatient"


def test_an_idle_processor_encodes_every_sample():
    camera, touch = Sensor("camera", 30, 0.01), Sensor("touch", 60, 0.003)
    simulate([camera, touch], 10)
    assert len(camera.serves) == pytest.approx(300, abs=2)
    assert len(touch.serves) == pytest.approx(600, abs=3)


def test_under_overload_trust_decides():
    trusted, doubted = Sensor("trusted", 100, 0.02, 1.8), Sensor("doubted", 100, 0.02, 0.2)
    simulate([trusted, doubted], 20)
    assert len(trusted.serves) > 2 * len(doubted.serves) > 0


def test_the_same_simulation_twice_serves_the_same():
    def run():
        sensors = [Sensor("a", 30, 0.014), Sensor("b", 60, 0.005), Sensor("c", 10, 0.02)]
        simulate(sensors, 5, rate=0.4)
        return [s.serves for s in sensors]

    assert run() == run()


sensors = st.builds(
    Sensor,
    st.just("s"),
    st.floats(1, 200),
    st.floats(0.0005, 0.05),
    st.floats(0, 4),
    st.floats(0.2, 3),
)


@given(st.lists(sensors, min_size=1, max_size=12), st.floats(0.1, 2.0))
def test_nobody_starves(some, rate):
    seconds = 20.0
    simulate(some, seconds, rate)
    speed = min(rate, 1.0)
    turn = sum(s.cost for s in some) / speed
    # When all are overdue, each is served at the same multiple of its patience: the one at which
    # the encodes just fit into the time there is (docs/explanation/scheduling.md).
    multiple = sum(s.cost / (PATIENCE * s.max_age) for s in some) / speed
    for s in some:
        bound = PATIENCE * s.max_age * max(1.0, multiple) + 2 * turn + 1 / s.rate
        times = [0.0, *s.serves, seconds]
        assert max(b - a for a, b in pairwise(times)) <= bound + 0.1


@given(st.lists(sensors, min_size=1, max_size=12), st.floats(0.05, 1.0))
def test_the_budget_is_kept_over_every_second(some, rate):
    spent = simulate(some, 10.0, rate)
    dearest = max(s.cost for s in some)
    for start, _ in spent:
        total = sum(cost for when, cost in spent if start <= when < start + 1.0)
        assert total <= rate * (1.0 + 0.1) + dearest + 1e-6


def test_a_budget_without_limit_never_waits():
    budget = Budget()
    budget.spend(1e9)
    assert budget.wait(0.0) == 0.0


def test_unused_budget_is_kept_for_a_burst_only():
    budget = Budget(rate=0.5, burst=0.1)
    assert budget.wait(0.0) == 0.0
    budget.wait(100.0)
    budget.spend(0.06)
    assert budget.wait(100.0) == pytest.approx(0.02, abs=0.001)
