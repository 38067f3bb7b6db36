"""Sensors that come, go, hang and change their names while the engine runs."""

import random
import threading
import time

import numpy as np
import pytest
from engine_rig import KIND, AxisEncoder, Rig, config, decode

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.buffer import Arrival, Buffer
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.presence import Presence
from omnibind_ros.sensors import NotReadyError, RejectedSampleError, SensorType


@pytest.fixture
def rig():
    rigs = []

    def make(*args, **kwargs):
        rigs.append(Rig(*args, **kwargs))
        return rigs[-1]

    yield make
    for made in rigs:
        made.encoder.gate.set()
        made.engine.stop()


def test_a_sensor_is_added_and_removed_while_others_run(rig):
    r = rig(one=config())
    r.offer("one", 0)
    r.wait(lambda: len(r.results) == 1)
    r.add("two", config())
    r.offer("two", 1)
    r.wait(lambda: len(r.results) == 2)
    assert r.results[-1].sensors == ("one", "two")
    r.engine.remove("one")
    r.offer("one", 0)  # comes to nothing
    r.offer("two", 1)
    r.wait(lambda: len(r.results) == 3)
    assert r.results[-1].sensors == ("two",)
    with pytest.raises(KeyError):
        r.engine.remove("one")


def test_what_a_removed_sensor_was_encoding_comes_to_nothing(rig):
    r = rig(one=config())
    r.encoder.gate.clear()
    r.offer("one", 0)
    assert r.encoder.entered.wait(10)
    r.engine.remove("one")
    r.add("one", config())  # another sensor of the same name
    r.encoder.gate.set()
    r.offer("one", 2)
    r.wait(lambda: len(r.results) == 1)
    assert r.results[0].recognition.labels[0] == "c"
    assert r.state("one").encoded == 1


def test_a_renamed_sensor_keeps_its_place_and_its_embedding(rig):
    r = rig(one=config(), two=config())
    r.offer("one", 0)
    r.wait(lambda: len(r.results) == 1)
    r.engine.rename("one", "first")
    r.offer("two", 1)
    r.wait(lambda: len(r.results) == 2)
    assert r.results[-1].sensors == ("first", "two")
    assert r.state("first").encoded == 1
    with pytest.raises(KeyError):
        r.engine.rename("first", "two")


def test_an_encoder_that_hangs_is_a_fault_and_the_others_go_on(rig):
    hanging = AxisEncoder()
    hanging.gate.clear()
    r = rig(encode_timeout=0.2, good=config())
    r.engine.add(Channel("bad", config(), KIND, hanging))
    for name in ("bad", "good"):
        r.engine.set_publishers(name, 1)
    r.offer("bad", 0)
    assert hanging.entered.wait(10)
    r.wait(lambda: r.state("bad").state is Presence.FAULT)
    assert "gave nothing within 0.2 s" in r.state("bad").reason
    assert any("gave nothing" in sentence for name, sentence in r.reports if name == "bad")
    r.offer("good", 1)  # the only worker hangs: another has taken its place
    r.wait(lambda: len(r.results) == 1)
    r.offer("bad", 2)
    time.sleep(0.1)
    assert r.state("bad").encoded == 0  # not tried again while it hangs
    hanging.gate.set()
    r.wait(lambda: r.state("bad").encoded == 1)  # and after a pause of a second it is
    assert r.state("bad").state is Presence.FRESH
    assert 0 not in [int(np.argmax(result.values)) for result in r.results]  # what came late is not
    r.wait(lambda: sum(t.name == "encode" and t.is_alive() for t in r.threads()) == 1)


def test_the_others_go_on_long_before_a_hanging_encoder_is_given_up(rig):
    hanging = AxisEncoder()
    hanging.gate.clear()
    r = rig(encode_timeout=3600.0, good=config())
    r.engine.add(Channel("bad", config(), KIND, hanging))
    r.offer("bad", 0)
    assert hanging.entered.wait(10)
    r.offer("good", 1)
    r.wait(lambda: len(r.results) == 1)
    assert r.state("bad").rejected == 0
    hanging.gate.set()  # it was slow, no more: its embedding counts
    r.wait(lambda: r.state("bad").encoded == 1)
    r.wait(lambda: sum(t.name == "encode" and t.is_alive() for t in r.threads()) == 1)


def test_a_hanging_encoder_does_not_keep_the_engine_from_stopping(rig):
    class Cancelled(AxisEncoder):
        def cancel(self, thread):
            self.gate.set()

    encoder = Cancelled()
    encoder.gate.clear()
    r = rig()
    r.engine.add(Channel("bad", config(), KIND, encoder))
    r.offer("bad", 0)
    assert encoder.entered.wait(10)
    r.engine.stop()
    assert not any(thread.is_alive() for thread in r.threads())


def test_what_hangs_while_the_engine_stops_comes_to_nothing(rig, monkeypatch):
    monkeypatch.setattr("omnibind_ros.runtime.workers.STOP_PATIENCE", 0.05)
    r = rig(cam=config())
    r.encoder.gate.clear()
    r.offer("cam", 0)
    assert r.encoder.entered.wait(10)
    r.engine.stop()
    hanging = r.threads()
    r.engine.start()  # deactivated and activated again
    r.encoder.gate.set()
    r.wait(lambda: not any(thread.is_alive() for thread in hanging))
    assert r.results == []
    r.offer("cam", 1)
    r.wait(lambda: len(r.results) == 1)


WINDOW = SensorType(
    "image",
    "test_msgs/msg/Number",
    decode,
    assembler=lambda _options: lambda chunks: sum(chunk.data for chunk in chunks) % 4,
    window=lambda _options: 60.0,
)


def test_a_window_is_encoded_whole_each_time_and_decoded_once(rig):
    decoded = []

    def counted(message, options):
        decoded.append(message.number)
        return decode(message, options)

    r = rig(SensorType(WINDOW.modality, WINDOW.message, counted,
                       assembler=WINDOW.assembler, window=WINDOW.window), mic=config())  # fmt: skip
    for count in range(1, 4):
        r.offer("mic", 1)
        r.wait(lambda count=count: len(r.results) == count)
    assert r.encoder.seen == [1, 2, 3]
    assert len(decoded) == 3
    assert r.state("mic").dropped == 0


def test_a_bad_message_leaves_the_window_and_the_rest_is_used(rig):
    r = rig(WINDOW, mic=config())
    r.offer("mic", 1)
    r.wait(lambda: len(r.results) == 1)
    r.offer("mic", -1)
    r.wait(lambda: r.state("mic").rejected == 1)
    r.offer("mic", 2)
    r.wait(lambda: r.encoder.seen[-1] == 3)
    assert r.state("mic").rejected == 1


def test_of_messages_that_look_alike_the_bad_one_is_discarded():
    buffer = Buffer(60.0)
    alike = [Arrival(None, 1, "frame", 1.0, chunk=np.full(3, value)) for value in (0, 1)]
    for arrival in alike:
        buffer.put(arrival)
    buffer.discard(alike[1])
    assert [arrival is alike[0] for arrival in buffer.take()] == [True]


def test_good_messages_that_make_no_sample_yet_are_no_fault(rig):
    made = []

    class Patient:
        def __init__(self, _options):
            self.count = 0
            made.append(self)

        def __call__(self, chunks):
            self.count += 1
            if self.count < 3:
                raise NotReadyError("the reference is being taken")
            return chunks[-1].data

    r = rig(SensorType("image", "test_msgs/msg/Number", decode, assembler=Patient), pad=config())
    r.engine.set_publishers("pad", 1)
    r.offer("pad", 0)
    r.wait(lambda: r.state("pad").reason)
    assert r.state("pad").reason == "the reference is being taken"
    assert r.state("pad").state is Presence.FRESH
    assert (r.state("pad").rejected, r.reports) == (0, [])
    for count in (2, 3):
        r.offer("pad", 0)
        r.wait(lambda count=count: made[0].count == count)
    r.wait(lambda: len(r.results) == 1)
    assert r.state("pad").reason == ""


def test_an_assembler_that_raises_is_counted(rig):
    def broken(_options):
        def assemble(_chunks):
            raise RejectedSampleError("the chunks do not fit together")

        return assemble

    r = rig(SensorType("image", "test_msgs/msg/Number", decode, assembler=broken), mic=config())
    r.offer("mic", 0)
    r.wait(lambda: r.state("mic").rejected == 1)
    assert r.reports == [("mic", "the chunks do not fit together")]


def test_no_moment_of_a_live_change_has_a_max_age_of_zero():
    """Workers divide by it meanwhile, without a lock."""

    class Watched(SensorConfig):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            ages.append(self.max_age)

    ages = []
    channel = Channel("cam", Watched(modality="image", max_age=5.0), KIND, AxisEncoder())
    ages.clear()
    channel.update_live(SensorConfig(modality="image"))  # 0: the modality's default
    assert set(ages) == {MODALITIES["image"].max_age}


class Changes:
    """Random changes of sensors, and which sensors should be there after them."""

    names = tuple(f"sensor{i}" for i in range(12))

    def __init__(self, rig):
        self.rig, self.rng, self.there = rig, random.Random(0), []

    def add(self, name):
        self.rig.add(name, config(topic=f"topic{self.rng.randrange(3)}"))
        if name not in self.there:
            self.there.append(name)

    def remove(self, name):
        if name in self.there:
            self.rig.engine.remove(name)
            self.there.remove(name)

    def rename(self, name):
        free = [n for n in self.names if n not in self.there]
        if name in self.there and free:
            self.rig.engine.rename(name, free[0])
            self.there[self.there.index(name)] = free[0]

    def plug(self, name):
        self.rig.engine.set_publishers(name, self.rng.randrange(2))

    def make(self):
        change = self.rng.choice((self.add, self.remove, self.rename, self.plug, self.plug))
        change(self.rng.choice(self.names))


def test_ten_thousand_changes_under_load(rig):
    r = rig(workers=2, encode_timeout=5.0)
    stop = threading.Event()

    def load():
        rng = random.Random(1)
        while not stop.is_set():
            r.offer(rng.choice(Changes.names), rng.randrange(4))

    feeders = [threading.Thread(target=load) for _ in range(2)]
    for feeder in feeders:
        feeder.start()
    changes = Changes(r)
    for _ in range(1000):
        changes.make()
    threads = threading.active_count()
    for _ in range(9000):
        changes.make()
    stop.set()
    for feeder in feeders:
        feeder.join()
    assert [state.name for state in r.engine.states()] == changes.there
    assert threading.active_count() <= threads
    assert not any("lost" in sentence for _, sentence in r.reports)
    for name in changes.there:  # every sensor that is left works, and can be unplugged
        before = r.state(name).encoded
        r.offer(name, 1)
        r.wait(lambda name=name, before=before: r.state(name).encoded > before)
        r.engine.set_publishers(name, 0)
        assert r.state(name).state is Presence.ABSENT
