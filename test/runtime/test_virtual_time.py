"""Virtual time: what is due happens in order, and encodes take what a table says."""

import threading

import numpy as np
import pytest
from small_engine import KIND, AxisEncoder

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.virtual_time import NS, VirtualResults, VirtualTime, VirtualWorkers
from omnibind_ros.runtime.workers import WorkerSettings

START = 1_700_000_000 * NS


class Number:
    def __init__(self, number):
        self.number = number


class Virtual:
    """An engine of two sensors, a and b, whose encodes take what `costs` says."""

    def __init__(self, count=1, budget=float("inf"), costs=(0.02, 0.05), rate_limit=0.0):
        self.time, self.done = VirtualTime(START), []
        self.encoder, runner = AxisEncoder(), []
        seconds = dict(zip("ab", costs, strict=True))

        def make(source, _lock, cpu_time):
            settings = WorkerSettings(count=count, budget=budget)
            cost = lambda job: seconds[job.channel.name]  # noqa: E731
            runner.append(VirtualWorkers(source, settings, cpu_time, self.time, cost))
            return runner[0]

        self.engine = Engine(self, self.time.clock_ns, None, self.time.monotonic, make_runner=make)
        self.workers = runner[0]
        for name in "ab":
            config = SensorConfig("image", name, KIND.message, 1.0, rate_limit, depth=1)
            self.engine.add(Channel(name, config, KIND, self.encoder))
        self.engine.start()

    def on_embedding(self, engine, sensor):
        latency = engine.channels()[sensor].latency
        self.done.append((round(self.time.monotonic(), 6), sensor, round(latency, 6)))

    def on_problem(self, sensor, problem):
        raise AssertionError(problem)

    def on_doubt(self, sensor, doubt):
        raise AssertionError(doubt)

    def offer(self, at, sensor, number=0):
        self.time.run_until(START + round(at * NS))
        self.engine.offer(sensor, Number(number), self.time.now_ns)
        self.workers.wake()


def test_what_is_due_happens_in_order_and_at_its_time():
    time, seen = VirtualTime(START), []
    time.after(0.2, lambda: seen.append(("later", time.monotonic())))
    time.after(0.1, lambda: time.after(0.05, lambda: seen.append(("nested", time.monotonic()))))
    time.after(0.2, lambda: seen.append(("later still", time.monotonic())))
    time.run_until(START + NS)
    assert seen == [("nested", 0.15), ("later", 0.2), ("later still", 0.2)]
    assert time.clock_ns() == START + NS


def test_an_encode_takes_what_the_table_says_and_no_thread_runs():
    threads = threading.active_count()
    virtual = Virtual()
    virtual.offer(0.0, "a")
    virtual.offer(0.001, "b")  # waits for the only worker
    virtual.time.run_until(START + NS)
    assert virtual.done == [(0.02, "a", 0.02), (0.07, "b", 0.069)]
    assert threading.active_count() == threads


def test_two_workers_encode_side_by_side():
    virtual = Virtual(count=2)
    virtual.offer(0.0, "a")
    virtual.offer(0.001, "b")
    virtual.time.run_until(START + NS)
    assert virtual.done == [(0.02, "a", 0.02), (0.051, "b", 0.05)]


def test_a_message_that_is_overwritten_before_its_turn_is_never_encoded():
    virtual = Virtual()
    for number in range(4):
        virtual.offer(0.004 * number, "a", number)
    virtual.time.run_until(START + NS)
    assert virtual.encoder.seen == [0, 3]
    assert virtual.engine.states()[0].dropped == 2


def test_the_budget_makes_workers_wait():
    virtual = Virtual(budget=0.1, costs=(0.02, 0.02))
    for number in range(100):
        virtual.offer(0.02 * number, "a", number % 4)
    # At most 0.1 * (2 s + the burst of 0.1 s) processor seconds, and one encode in progress.
    assert 9 <= len(virtual.done) <= 12


def test_a_rate_limit_is_kept_without_another_message():
    virtual = Virtual(rate_limit=10.0)
    virtual.offer(0.0, "a", 1)
    virtual.offer(0.03, "a", 2)
    virtual.time.run_until(START + NS)
    assert [at for at, _, _ in virtual.done] == pytest.approx([0.02, 0.12], abs=1e-3)


@pytest.mark.parametrize("rate", [0.0, 10.0])
def test_results_are_paced_in_virtual_time(rate):
    time, made, worker, thread = VirtualTime(START), [], [], []
    results = VirtualResults(
        lambda: made.append(round(time.monotonic(), 3)),
        rate,
        time,
        lambda: worker.append(1),
        lambda: thread.append(1),
    )
    for at in np.arange(0.0, 0.5, 0.03):
        time.run_until(START + round(at * NS))
        results.embedding_arrived()
    time.run_until(START + NS)
    if rate:
        assert made == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
        assert (len(worker), len(thread)) == (1, 5)
    else:
        assert (len(made), len(worker), len(thread)) == (17, 17, 0)
