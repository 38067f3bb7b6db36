"""Sensors that come, go, hang and change their names while the engine runs."""

import random
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from small_engine import KIND, AxisEncoder, SmallEngine, config, decode

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.buffer import Arrival, Buffer
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.sensors import NotReadyError, RejectedSampleError, SensorType


@pytest.fixture
def make_engine():
    engines = []

    def make(*args, **kwargs):
        engines.append(SmallEngine(*args, **kwargs))
        return engines[-1]

    yield make
    for made in engines:
        made.encoder.gate.set()
        made.engine.stop()


def test_a_sensor_is_added_and_removed_while_others_run(make_engine):
    small = make_engine(one=config())
    small.offer("one", 0)
    small.wait(lambda: len(small.results) == 1)
    small.add("two", config())
    small.offer("two", 1)
    small.wait(lambda: len(small.results) == 2)
    assert small.results[-1].sensors == ("one", "two")
    small.engine.remove("one")
    small.offer("one", 0)  # is ignored
    small.offer("two", 1)
    small.wait(lambda: len(small.results) == 3)
    assert small.results[-1].sensors == ("two",)
    with pytest.raises(KeyError):
        small.engine.remove("one")


def test_what_a_removed_sensor_was_encoding_is_not_stored(make_engine):
    small = make_engine(one=config())
    small.encoder.gate.clear()
    small.offer("one", 0)
    assert small.encoder.entered.wait(10)
    small.engine.remove("one")
    small.add("one", config())  # another sensor of the same name
    small.encoder.gate.set()
    small.offer("one", 2)
    small.wait(lambda: len(small.results) == 1)
    assert small.results[0].recognition.labels[0] == "c"
    assert small.state("one").encoded == 1


def test_a_renamed_sensor_keeps_its_place_and_its_embedding(make_engine):
    small = make_engine(one=config(), two=config())
    small.offer("one", 0)
    small.wait(lambda: len(small.results) == 1)
    small.engine.rename("one", "first")
    small.offer("two", 1)
    small.wait(lambda: len(small.results) == 2)
    assert small.results[-1].sensors == ("first", "two")
    assert small.state("first").encoded == 1
    with pytest.raises(KeyError):
        small.engine.rename("first", "two")


def test_an_encoder_that_hangs_is_a_fault_and_the_others_go_on(make_engine):
    hanging = AxisEncoder()
    hanging.gate.clear()
    small = make_engine(encode_timeout=0.2, good=config())
    small.engine.add(Channel("bad", config(), KIND, hanging))
    for name in ("bad", "good"):
        small.engine.set_publishers(name, 1)
    small.offer("bad", 0)
    assert hanging.entered.wait(10)
    small.wait(lambda: small.state("bad").state is Presence.FAULT)
    assert "gave nothing within 0.2 s" in small.state("bad").reason
    assert any("gave nothing" in sentence for name, sentence in small.problems if name == "bad")
    small.offer("good", 1)  # the only worker hangs: another has taken its place
    small.wait(lambda: len(small.results) == 1)
    small.offer("bad", 2)
    time.sleep(0.1)
    assert small.state("bad").encoded == 0  # not tried again while it hangs
    hanging.gate.set()
    small.wait(lambda: small.state("bad").encoded == 1)  # and after a pause of a second it is
    assert small.state("bad").state is Presence.FRESH
    assert 0 not in [
        int(np.argmax(result.values)) for result in small.results
    ]  # what came late is not
    small.wait(lambda: sum(t.name == "encode" and t.is_alive() for t in small.threads()) == 1)


def test_the_others_go_on_long_before_a_hanging_encoder_is_given_up(make_engine):
    hanging = AxisEncoder()
    hanging.gate.clear()
    small = make_engine(encode_timeout=3600.0, good=config())
    small.engine.add(Channel("bad", config(), KIND, hanging))
    small.offer("bad", 0)
    assert hanging.entered.wait(10)
    small.offer("good", 1)
    small.wait(lambda: len(small.results) == 1)
    assert small.state("bad").rejected == 0
    hanging.gate.set()  # it was slow, no more: its embedding counts
    small.wait(lambda: small.state("bad").encoded == 1)
    small.wait(lambda: sum(t.name == "encode" and t.is_alive() for t in small.threads()) == 1)


def test_a_hanging_encoder_does_not_keep_the_engine_from_stopping(make_engine):
    class Cancelled(AxisEncoder):
        def cancel(self, thread):
            self.gate.set()

    encoder = Cancelled()
    encoder.gate.clear()
    small = make_engine()
    small.engine.add(Channel("bad", config(), KIND, encoder))
    small.offer("bad", 0)
    assert encoder.entered.wait(10)
    small.engine.stop()
    assert not any(thread.is_alive() for thread in small.threads())


def test_an_encode_that_hangs_while_the_engine_stops_is_not_stored(make_engine, monkeypatch):
    monkeypatch.setattr("omnibind_ros.runtime.workers.STOP_PATIENCE", 0.05)
    small = make_engine(cam=config())
    small.encoder.gate.clear()
    small.offer("cam", 0)
    assert small.encoder.entered.wait(10)
    small.engine.stop()
    hanging = small.threads()
    small.engine.start()  # deactivated and activated again
    small.encoder.gate.set()
    small.wait(lambda: not any(thread.is_alive() for thread in hanging))
    assert small.results == []
    small.offer("cam", 1)
    small.wait(lambda: len(small.results) == 1)


WINDOW = SensorType(
    "image",
    "test_msgs/msg/Number",
    decode,
    make_combiner=lambda _options: lambda chunks: sum(chunk.data for chunk in chunks) % 4,
    window=lambda _options: 60.0,
)


def test_a_window_is_encoded_whole_each_time_and_decoded_once(make_engine):
    decoded = []

    def counted(message, options):
        decoded.append(message.number)
        return decode(message, options)

    small = make_engine(replace(WINDOW, decode=counted), mic=config())
    for count in range(1, 4):
        small.offer("mic", 1)
        small.wait(lambda count=count: len(small.results) == count)
    assert small.encoder.seen == [1, 2, 3]
    assert len(decoded) == 3
    assert small.state("mic").dropped == 0


def test_a_bad_message_leaves_the_window_and_the_rest_is_used(make_engine):
    small = make_engine(WINDOW, mic=config())
    small.offer("mic", 1)
    small.wait(lambda: len(small.results) == 1)
    small.offer("mic", -1)
    small.wait(lambda: small.state("mic").rejected == 1)
    small.offer("mic", 2)
    small.wait(lambda: small.encoder.seen[-1] == 3)
    assert small.state("mic").rejected == 1


def test_of_messages_that_look_alike_the_bad_one_is_discarded():
    buffer = Buffer(60.0)
    alike = [Arrival(None, 1, "frame", 1.0, chunk=np.full(3, value)) for value in (0, 1)]
    for arrival in alike:
        buffer.put(arrival)
    buffer.discard(alike[1])
    assert [arrival is alike[0] for arrival in buffer.take()] == [True]


def test_good_messages_that_make_no_sample_yet_are_no_fault(make_engine):
    made = []

    class Patient:
        def __init__(self, _options):
            self.count = 0
            made.append(self)

        def __call__(self, chunks):
            self.count += 1
            if self.count < 3:
                raise NotReadyError("the reference is being taken", done="it has been taken")
            return chunks[-1].data

    small = make_engine(
        SensorType("image", "test_msgs/msg/Number", decode, make_combiner=Patient), pad=config()
    )
    small.engine.set_publishers("pad", 1)
    small.offer("pad", 0)
    small.wait(lambda: small.state("pad").reason)
    assert small.state("pad").reason == "the reference is being taken"
    assert small.state("pad").state is Presence.FRESH
    assert (small.state("pad").rejected, small.problems) == (0, [])
    for count in (2, 3, 4):
        assert small.notices == ([] if count < 4 else [("pad", "it has been taken")])
        small.offer("pad", 0)
        small.wait(lambda count=count: made[0].count == count)
        small.wait(lambda count=count: len(small.results) == max(count - 2, 0))
    assert small.state("pad").reason == ""
    assert small.notices == [("pad", "it has been taken")]


def test_a_combiner_that_raises_is_counted(make_engine):
    def broken(_options):
        def combine(_chunks):
            raise RejectedSampleError("the chunks do not fit together")

        return combine

    small = make_engine(
        SensorType("image", "test_msgs/msg/Number", decode, make_combiner=broken), mic=config()
    )
    small.offer("mic", 0)
    small.wait(lambda: small.state("mic").rejected == 1)
    assert small.problems == [("mic", "the chunks do not fit together")]


def test_no_moment_of_a_live_change_has_a_max_age_of_zero():
    """Workers divide by it meanwhile, without a lock."""

    class Watched(SensorConfig):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            ages.append(self.max_age)

    ages = []
    channel = Channel("cam", Watched(modality="image", max_age=5.0), KIND, AxisEncoder())
    ages.clear()
    channel.update_parameters(SensorConfig(modality="image"))  # 0: the modality's default
    assert set(ages) == {MODALITIES["image"].max_age}


class Changes:
    """Random changes of sensors, and which sensors should be there after them."""

    names = tuple(f"sensor{i}" for i in range(12))

    def __init__(self, small):
        self.small, self.rng, self.there = small, random.Random(0), []

    def add(self, name):
        self.small.add(name, config(topic=f"topic{self.rng.randrange(3)}"))
        if name not in self.there:
            self.there.append(name)

    def remove(self, name):
        if name in self.there:
            self.small.engine.remove(name)
            self.there.remove(name)

    def rename(self, name):
        free = [n for n in self.names if n not in self.there]
        if name in self.there and free:
            self.small.engine.rename(name, free[0])
            self.there[self.there.index(name)] = free[0]

    def plug(self, name):
        self.small.engine.set_publishers(name, self.rng.randrange(2))

    def make(self):
        change = self.rng.choice((self.add, self.remove, self.rename, self.plug, self.plug))
        change(self.rng.choice(self.names))


def test_ten_thousand_changes_under_load(make_engine):
    small = make_engine(workers=2, encode_timeout=5.0)
    stop = threading.Event()

    def load():
        rng = random.Random(1)
        while not stop.is_set():
            small.offer(rng.choice(Changes.names), rng.randrange(4))

    feeders = [threading.Thread(target=load) for _ in range(2)]
    for feeder in feeders:
        feeder.start()
    changes = Changes(small)
    for _ in range(1000):
        changes.make()
    threads = threading.active_count()
    for _ in range(9000):
        changes.make()
    stop.set()
    for feeder in feeders:
        feeder.join()
    assert [state.name for state in small.engine.states()] == changes.there
    assert threading.active_count() <= threads
    assert not any("lost" in sentence for _, sentence in small.problems)
    for name in changes.there:  # every sensor that is left works, and can be unplugged
        before = small.state(name).encoded
        small.offer(name, 1)
        small.wait(lambda name=name, before=before: small.state(name).encoded > before)
        small.engine.set_publishers(name, 0)
        assert small.state(name).state is Presence.ABSENT
