"""Changes of scene in streams of drawn embeddings."""

import numpy as np
import pytest

from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.scene_change import SceneChange

SIZE = 384


def unit(values):
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


class Stream:
    """Embeddings of some sensors at 10 Hz that vary about one thing, then about another."""

    def __init__(self, seed, sensors, spread):
        self.rng = np.random.default_rng(seed)
        self.sensors, self.spread, self.now = sensors, spread, 0.0
        self.change = SceneChange()
        self.turn(sensors)

    def turn(self, sensors):
        for name in sensors:
            setattr(self, f"thing_{name}", unit(self.rng.normal(size=SIZE)))

    def members(self):
        members = []
        for name in self.sensors:
            noise = unit(self.rng.normal(size=SIZE)) * self.spread * self.rng.uniform(0.6, 1.4)
            values = unit(getattr(self, f"thing_{name}") + noise)
            members.append(Member("image", values, sensor=name, taken=self.now - 0.02))
        return members

    def steps(self, count):
        """Return the times at which changes were found, and when they had begun."""
        found = []
        for _ in range(count):
            self.now += 0.1
            began = self.change.update(self.now, self.members())
            if began is not None:
                found.append((self.now, began))
        return found


@pytest.mark.parametrize("spread", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("sensors", ["a", "ab", "abcdefg"])
def test_a_change_is_found_at_once_and_nothing_before(sensors, spread):
    for seed in range(5):
        stream = Stream(seed, sensors, spread)
        assert stream.steps(100) == []
        stream.turn(sensors)
        turned = stream.now
        [(found, began)] = stream.steps(30)
        assert found == pytest.approx(turned + 0.1)
        assert began == pytest.approx(turned + 0.08)


def test_one_sensor_of_many_that_jumps_is_no_other_thing():
    for seed in range(5):
        stream = Stream(seed, "abcd", 0.3)
        stream.steps(60)
        stream.turn("b")
        assert stream.steps(30) == []


def test_half_of_the_sensors_suffice():
    stream = Stream(1, "abcd", 0.3)
    stream.steps(60)
    stream.turn("ad")
    assert len(stream.steps(30)) == 1


def test_a_slow_turn_is_no_jump():
    stream = Stream(2, "abc", 0.3)
    stream.steps(60)
    begin = {name: getattr(stream, f"thing_{name}") for name in "abc"}
    stream.turn("abc")
    end = {name: getattr(stream, f"thing_{name}") for name in "abc"}
    for step in range(60):
        for name in "abc":
            share = step / 60
            setattr(stream, f"thing_{name}", unit((1 - share) * begin[name] + share * end[name]))
        assert stream.steps(1) == []


def test_what_varies_much_must_jump_far():
    """A talking person: each sentence differs from the last, and says nothing about the scene."""
    rng = np.random.default_rng(4)
    change = SceneChange()
    for step in range(50):
        values = unit(rng.normal(size=SIZE))
        assert change.update(2.0 * step, [Member("text", values, sensor="speech")]) is None


def test_a_sensor_that_repeats_one_embedding_or_is_new_does_not_jump():
    change, values = SceneChange(), unit(np.ones(SIZE))
    other = unit(np.arange(SIZE) - 100.0)
    for step in range(50):
        assert change.update(0.1 * step, [Member("image", values, sensor="eye")]) is None
    for step in range(4):  # too few embeddings of its own
        member = Member("touch", other if step % 2 else values.copy(), sensor="pad")
        assert change.update(5.0 + 0.1 * step, [member]) is None
