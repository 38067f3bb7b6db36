"""Lamps that warm up unevenly are followed; contacts of every kind stay contacts."""

import numpy as np
import pytest

from omnibind_ros.sensors import Chunk, NotReadyError
from omnibind_ros.sensors.touch import TouchOptions, make_touch_combiner

HEIGHT, WIDTH = 40, 60
Y, X = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
WARM_UP = 12.0
"""Counts between the places that warm up most and least."""

LAMPS = {
    "one side": X[..., None] * [1.0, 0.9, 0.8],
    "three lamps": np.stack(
        [np.exp(-1.5 * np.hypot(X - x, Y - y)) for x, y in ((0, 0), (1, 0), (0.5, 1))], -1
    ),
    "rim": ((2 * X - 1) ** 2 + (2 * Y - 1) ** 2)[..., None] / 2 * [1.0, 1.0, -0.5],
}
COURSES = {
    "steady": lambda t: np.clip(t / 30, 0, 1),
    "exponential": lambda t: 1 - np.exp(-t / 10),
    "S-shaped": lambda t: 1 / (1 + np.exp(-(t - 15) / 4)) - 1 / (1 + np.exp(15 / 4)),
}


def bump(counts, radius):
    shape = np.maximum(1 - ((X - 0.5) ** 2 + (Y - 0.5) ** 2) / radius**2, 0)
    return counts * shape[..., None] * [1.0, -0.6, 0.4]


class Pad:
    """A gel pad whose camera has noise of 2 counts, at a number of pictures a second."""

    def __init__(self, rate, lamps=None, course=None):
        self.rest = np.stack([90 + 60 * X, 140 - 50 * Y, 100 + 40 * (Y - X)], -1)
        self.rate, self.lamps, self.course = rate, lamps, course
        noise = np.random.default_rng(0).normal(0, 2.0, (37, *self.rest.shape))
        self._noise = noise.astype(np.float32)
        self._frame = 0
        self._combine = make_touch_combiner(TouchOptions())

    @property
    def time(self):
        return self._frame / self.rate

    def drift(self):
        if self.lamps is None:
            return 0.0
        return WARM_UP * COURSES[self.course](self.time) * LAMPS[self.lamps]

    def see(self, contact=0.0):
        self._frame += 1
        seen = self.rest + self.drift() + contact + self._noise[self._frame % len(self._noise)]
        picture = np.round(seen).astype(np.uint8)
        try:
            sample = self._combine([Chunk(picture, round(self.time * 1e9) + 10**18)])
        except NotReadyError:
            return None
        return sample * 255

    def watch(self, seconds, contact=lambda _share: 0.0):
        """Return the samples of some seconds; the contact depends on the share that is over."""
        count = round(seconds * self.rate)
        return [s for i in range(count) if (s := self.see(contact((i + 1) / count))) is not None]


def uneven(sample):
    """Largest difference of a block of 10 x 10 pixels from the mean, counts."""
    blocks = sample.reshape(HEIGHT // 10, 10, WIDTH // 10, 10, 3).mean((1, 3))
    return np.abs(blocks - blocks.mean((0, 1))).max()


def height(sample, radius=0.06):
    """Counts of red in the middle above the rim."""
    inside = np.hypot(X - 0.5, Y - 0.5) < radius
    rim = np.hypot(X - 0.5, Y - 0.5) > 0.45
    return sample[inside, 0].mean() - sample[rim, 0].mean()


@pytest.mark.parametrize(
    ("rate", "course"), [(10, "steady"), (10, "exponential"), (30, "exponential"), (10, "S-shaped")]
)
@pytest.mark.parametrize("lamps", LAMPS)
def test_an_uneven_warm_up_is_followed(lamps, course, rate):
    pad = Pad(rate, lamps, course)
    during = pad.watch(30)
    # Encoders take what differs by over 8 counts for a contact.
    assert max(map(uneven, during)) < 8
    assert uneven(pad.watch(40)[-1]) < 1.5


@pytest.mark.parametrize(("rate", "lamps"), [(10, None), (10, "one side"), (30, "one side")])
@pytest.mark.parametrize("radius", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("press", [0.1, 3.0], ids=["fast", "slow"])
def test_a_press_is_a_contact_however_slow_and_long(press, radius, rate, lamps):
    pad = Pad(rate, lamps, "steady")
    pad.watch(5)
    contact = bump(40, radius)
    full = height(contact)
    pressed = pad.watch(press, lambda share: share * contact)
    assert height(pressed[-1]) > 0.8 * full
    held = pad.watch(60, lambda _: contact)
    assert min(height(sample) for sample in held) > 0.8 * full
    pad.watch(press, lambda share: (1 - share) * contact)
    free = pad.watch(40)
    assert abs(height(free[-1])) < 2
    assert uneven(free[-1]) < 1.5


@pytest.mark.parametrize("rate", [10, 30])
def test_a_press_during_the_warm_up_is_seen_and_the_warm_up_followed_after_it(rate):
    pad = Pad(rate, "three lamps", "exponential")
    pad.watch(4)
    contact = bump(30, 0.15)
    held = pad.watch(10, lambda _: contact)
    assert min(height(sample) for sample in held) > 0.6 * height(contact)
    assert uneven(pad.watch(60)[-1]) < 1.5
    again = pad.watch(1, lambda _: contact)
    assert height(again[-1]) > 0.9 * height(contact)


@pytest.mark.parametrize("wait", [0.5, 1.0, 3.0, 10.0])
def test_few_pictures_are_enough(wait):
    pad = Pad(10)
    pad.watch(2)
    pad.rate, pad._frame = 1 / wait, round(pad.time / wait) + 1
    pad.watch(20 * wait)
    contact = bump(40, 0.2)
    held = pad.watch(20 * wait, lambda _: contact)
    assert min(height(sample) for sample in held) > 0.8 * height(contact)
    assert uneven(pad.watch(20 * wait)[-1]) < 1.5
