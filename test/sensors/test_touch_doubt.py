"""A picture of the free pad that was taken during a contact becomes doubtful."""

import numpy as np
import pytest

from omnibind_ros.sensors import Chunk, NotReadyError
from omnibind_ros.sensors.base import Doubtful, Issue
from omnibind_ros.sensors.touch import TouchOptions, make_touch_combiner
from omnibind_ros.sensors.touch_doubt import LONG

HEIGHT, WIDTH = 60, 80
Y, X = np.mgrid[-1 : 1 : HEIGHT * 1j, -1.33 : 1.33 : WIDTH * 1j]
R = np.hypot(X, Y)
HEIGHTS = {
    "ball": np.maximum(1 - (R / 0.5) ** 2, 0),
    "ring": np.exp(-(((R - 0.5) / 0.1) ** 2)),
    "edge": 1 / (1 + np.exp(-X / 0.08)),
    "bar": np.exp(-((Y / 0.15) ** 2)) * (np.abs(X) < 0.9),
    "two": np.exp(-((X - 0.5) ** 2 + Y**2) / 0.05) + np.exp(-((X + 0.5) ** 2 + Y**2) / 0.05),
}


def lit(shape):
    """Return what three lamps around a gel add where it is pressed in, counts."""
    down, right = np.gradient(HEIGHTS[shape])
    slopes = [right, -0.5 * right + 0.87 * down, -0.5 * right - 0.87 * down]
    return 300 * np.stack(slopes, -1)


class Pad:
    """A gel pad with a camera of some noise, at 10 pictures a second."""

    def __init__(self, noise=1.0, warm=0.0):
        self.rest = np.stack([110 + 20 * X, 130 - 25 * Y, 100 + 15 * (Y - X)], -1)
        self.noise, self.warm = noise, warm
        self.frame = 0
        self._rng = np.random.default_rng(0)
        self._combine = make_touch_combiner(TouchOptions())

    def watch(self, seconds, shape=None, move=0):
        """Return the doubts after some seconds; the object moves that many pixels a picture."""
        doubts = ()
        for step in range(round(10 * seconds)):
            self.frame += 1
            change = self.warm * min(self.frame / 300, 1) * (1 + X[..., None])
            if shape is not None:
                change = change + np.roll(lit(shape), step * move, 1)
            seen = self.rest + change + self._rng.normal(0, self.noise, self.rest.shape)
            picture = np.clip(np.round(seen), 0, 255).astype(np.uint8)
            try:
                result = self._combine([Chunk(picture, 10**18 + self.frame * 10**8)])
            except NotReadyError:
                continue
            doubts = result.doubts if isinstance(result, Doubtful) else ()
        return doubts


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
@pytest.mark.parametrize(
    ("start", "next_"), [("ball", "ring"), ("edge", "ball"), ("bar", "two"), ("ring", "ring")]
)
def test_a_pad_that_is_touched_at_start_is_doubted_when_it_is_free_again(start, next_, noise):
    pad = Pad(noise)
    assert not pad.watch(5, start)
    assert not pad.watch(3)
    pad.watch(3, next_, move=1)
    (doubt,) = pad.watch(3)
    assert doubt.issue is Issue.OUT_OF_DISTRIBUTION
    assert doubt.spoils
    assert "was taken" in doubt.text
    assert "restart the node while nothing touches the pad" in doubt.text
    assert pad.watch(3, "two")


@pytest.mark.parametrize("start", HEIGHTS)
def test_a_pad_that_is_released_and_stays_free_is_doubted_after_a_while(start):
    pad = Pad()
    pad.watch(3, start)
    assert not pad.watch(LONG - 5)
    (doubt,) = pad.watch(8)
    assert f"since {LONG:.0f} s" in doubt.text
    assert not pad.watch(3, start)  # the same again: it was the free pad


@pytest.mark.parametrize("warm", [0.0, 6.0])
@pytest.mark.parametrize("shape", HEIGHTS)
def test_a_pad_that_is_free_at_start_is_not_doubted(shape, warm):
    pad = Pad(warm=warm)
    assert not pad.watch(3)
    for each in (shape, "ball", shape, shape):
        assert not pad.watch(2, each)
        assert not pad.watch(3)


@pytest.mark.parametrize("shape", ["ball", "edge"])
def test_once_the_pad_was_free_again_a_long_contact_is_not_doubted(shape):
    pad = Pad()
    pad.watch(3)
    assert not pad.watch(LONG - 20, shape)
    assert not pad.watch(3)
    assert not pad.watch(LONG + 10, shape)


def test_an_object_that_is_moved_and_never_held_is_not_doubted():
    pad = Pad()
    pad.watch(3)
    assert not pad.watch(60, "ball", move=3)


def test_a_new_resolution_begins_without_a_doubt():
    pad = Pad()
    pad.watch(3, "ball")
    pad.watch(3)
    pad.watch(3, "ring", move=1)
    assert pad.watch(3)
    small = np.full((30, 40, 3), 100, np.uint8)
    for step in range(30):
        stamp = 10**18 + (pad.frame + step) * 10**8
        try:
            result = pad._combine([Chunk(small, stamp)])
        except NotReadyError:
            continue
    assert not isinstance(result, Doubtful)


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("first", HEIGHTS)
def test_the_same_object_again_does_not_confirm_a_wrong_picture(first, noise):
    pad = Pad(noise)
    other = "ring" if first != "ring" else "ball"
    pad.watch(3, first)
    pad.watch(3)
    pad.watch(3, first)  # as when it is enrolled again, held in the same way
    pad.watch(3)
    pad.watch(3, other, move=1)
    assert pad.watch(3)
    pad.watch(3, other, move=1)
    assert pad.watch(3)
