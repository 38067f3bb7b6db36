"""Results at a limited rate: by a simulated clock, and with real threads."""

import itertools
import threading
import time

import pytest

from omnibind_ros.runtime.result_rate import Pace, PacedResults


def results_of(pace, arrivals, end):
    """Return when results are made, as a thread does that sleeps exactly as long as `wait` says."""
    made, now = [], 0.0
    for arrival in [*arrivals, end]:
        while now + pace.wait(now) < arrival:
            now += pace.wait(now)
            assert pace.take(now)
            made.append(now)
        now = arrival
        if arrival < end and pace.arrived(now):
            made.append(now)
    return made


def test_each_embedding_has_its_result_at_rate_zero():
    arrivals = [0.0, 0.001, 0.002, 0.5]
    assert results_of(Pace(0.0), arrivals, 1.0) == arrivals


def test_after_a_quiet_spell_a_result_is_made_at_once():
    # A period is 0.1 s; the spells are longer.
    arrivals = [0.0, 0.15, 0.4, 2.0]
    assert results_of(Pace(10.0), arrivals, 3.0) == arrivals


def test_embeddings_within_a_period_are_one_result_at_its_end():
    made = results_of(Pace(10.0), [0.0, 0.02, 0.05, 0.09, 0.13, 0.17], 1.0)
    assert made == pytest.approx([0.0, 0.1, 0.2])


@pytest.mark.parametrize("rate", [5.0, 30.0, 200.0])
@pytest.mark.parametrize("embeddings", [20, 222, 1000])
def test_there_are_never_more_results_and_each_embedding_is_in_one_within_a_period(
    rate, embeddings
):
    arrivals = [(i + 0.37 * (i % 3)) / embeddings for i in range(embeddings)]
    made = results_of(Pace(rate), arrivals, 2.0)
    gaps = [b - a for a, b in itertools.pairwise(made)]
    assert min(gaps) >= 1 / rate - 1e-9
    assert len(made) <= rate + 2
    for arrival in arrivals:
        after = next(result for result in made if result >= arrival - 1e-9)
        assert after - arrival <= 1 / rate + 1e-9


class Recorder:
    def __init__(self, rate):
        self.clock = [0.0]
        self.made, self.errors, self.charged = [], [], []
        self.fail = False
        self.new = threading.Condition()
        self.results = PacedResults(self.make, rate, self.errors.append, self.charged.append)

    def make(self):
        with self.new:
            self.made.append((time.monotonic(), threading.current_thread().name))
            self.new.notify_all()
        if self.fail:
            raise RuntimeError("no memory")

    def wait_for(self, count):
        with self.new:
            assert self.new.wait_for(lambda: len(self.made) >= count, 5.0)


def test_a_result_follows_the_last_embedding_in_a_thread_of_its_own():
    recorder = Recorder(20.0)
    recorder.results.start()
    try:
        for _ in range(5):
            recorder.results.embedding_arrived()
        recorder.wait_for(2)
        time.sleep(0.15)  # three periods without an embedding, in which nothing may be made
        assert [name for _, name in recorder.made] == ["MainThread", "results"]
        assert len(recorder.charged) == 1
        assert 0 < recorder.charged[0] < 0.1
        assert recorder.made[1][0] - recorder.made[0][0] >= 0.05 - 1e-3
    finally:
        recorder.results.stop()


def test_its_thread_sleeps_while_nothing_arrives():
    recorder = Recorder(1000.0)
    recorder.results.start()
    try:
        recorder.results.embedding_arrived()
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.1
    finally:
        recorder.results.stop()


def test_stop_joins_the_thread_and_makes_no_result_any_more():
    recorder = Recorder(1.0)
    recorder.results.start()
    thread = recorder.results._thread
    for _ in range(2):
        recorder.results.embedding_arrived()
    before = time.monotonic()
    recorder.results.stop()
    assert time.monotonic() - before < 0.5  # it does not wait for the period's end
    assert not thread.is_alive()
    assert len(recorder.made) == 1
    recorder.results.stop()  # nothing is left to stop
    recorder.results.start()  # the embedding that waited has its result now
    recorder.wait_for(2)
    recorder.results.stop()


def test_a_new_rate_counts_for_a_result_that_waits():
    recorder = Recorder(0.01)
    recorder.results.start()
    try:
        recorder.results.embedding_arrived()
        recorder.results.embedding_arrived()
        recorder.results.set_rate(100.0)
        recorder.wait_for(2)
    finally:
        recorder.results.stop()


def test_an_error_in_the_thread_is_told_and_ends_nothing():
    recorder = Recorder(50.0)
    recorder.results.start()
    try:
        recorder.results.embedding_arrived()
        recorder.fail = True
        recorder.results.embedding_arrived()
        recorder.wait_for(2)
        recorder.fail = False
        recorder.results.embedding_arrived()
        recorder.wait_for(3)
        assert [str(error) for error in recorder.errors] == ["no memory"]
    finally:
        recorder.results.stop()
