"""Variations keep shape and finiteness, follow their seed, and are not too wild."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.learning.students.augmentation import AUGMENT, LOG_FLOOR, _behind  # noqa: E402
from omnibind_ros.learning.tensors.specs import STUDENT_SPECS  # noqa: E402


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(training_cache, modality):
    return torch.from_numpy(training_cache.tensors[modality][:12].astype(np.float32))


@pytest.mark.parametrize("modality", STUDENT_SPECS)
def test_the_seed_decides(training_cache, modality):
    x = batch(training_cache, modality)
    one, same, other = (AUGMENT[modality](x, chance(seed)) for seed in (1, 1, 2))
    assert one.shape == x.shape
    assert torch.isfinite(one).all()
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("modality", STUDENT_SPECS)
def test_samples_vary_each_by_itself(training_cache, modality):
    x = batch(training_cache, modality)[:1].expand(4, *STUDENT_SPECS[modality].shape[1:])
    varied = AUGMENT[modality](x.clone(), chance())
    for other in varied[1:]:
        assert (varied[0] - other).abs().max() > 1e-3


def test_a_thermal_picture_stays_in_degrees(training_cache):
    x = batch(training_cache, "thermal")
    varied = AUGMENT["thermal"](x, chance())
    assert (varied.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs().max() < 8


def test_points_stay_points_of_the_thing(training_cache):
    x = batch(training_cache, "points")
    varied = AUGMENT["points"](x, chance())
    assert varied.mean(1).abs().max() < 1e-5
    reach, before = (cloud.norm(dim=2).amax(1) for cloud in (varied, x))
    assert (reach < 1.6 * before + 0.1).all()


def test_a_sound_behind_adds_power_and_stays_behind(training_cache):
    x = batch(training_cache, "audio")
    mixed = _behind(x, chance())
    change = (mixed - x).flatten(1)
    assert change.min() > -1e-5
    untouched = change.amax(1) < 1e-6
    assert 0 < untouched.sum() < len(x)
    level, before = (sound.mean(2).amax(2) for sound in (mixed, x))
    assert (level - before).max() < 2.5  # nats of power, where the sound is loudest


def test_sounds_do_not_fall_below_silence(training_cache):
    varied = AUGMENT["audio"](batch(training_cache, "audio"), chance())
    assert varied.min() > LOG_FLOOR - 1


def test_what_is_written_is_not_mirrored():
    """A bar on the left stays on the left, whatever else happens to it."""
    x = torch.zeros(64, 5, 64, 64)
    x[:, :, 8:56, 12:16] = 1.0
    left = torch.arange(64) < 32

    def on_the_left(mirror):
        varied = AUGMENT["event"](x, chance(), mirror).abs()
        return varied[..., left].sum((1, 2, 3)) > varied[..., ~left].sum((1, 2, 3))

    assert on_the_left(0.0).all()
    assert not on_the_left(1.0).any()
    assert 0 < on_the_left(0.5).sum() < 64
