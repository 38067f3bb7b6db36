"""Variations keep shape and finiteness, follow their seed, and are not too wild."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.learning.students.audio import LOG_FLOOR, mix_behind  # noqa: E402
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES, student_module  # noqa: E402
from omnibind_ros.learning.tensors.specs import input_spec  # noqa: E402


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(training_cache, modality):
    return torch.from_numpy(training_cache.inputs.tensors[modality][:12].astype(np.float32))


@pytest.mark.parametrize("modality", STUDENT_MODALITIES)
def test_the_seed_decides(training_cache, modality):
    x = batch(training_cache, modality)
    one, same, other = (student_module(modality).augment(x, generator(seed)) for seed in (1, 1, 2))
    assert one.shape == x.shape
    assert torch.isfinite(one).all()
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("modality", STUDENT_MODALITIES)
def test_samples_vary_each_by_itself(training_cache, modality):
    x = batch(training_cache, modality)[:1].expand(4, *input_spec(modality).shape[1:])
    varied = student_module(modality).augment(x.clone(), generator())
    for other in varied[1:]:
        assert (varied[0] - other).abs().max() > 1e-3


def test_a_thermal_picture_stays_in_degrees(training_cache):
    x = batch(training_cache, "thermal")
    varied = student_module("thermal").augment(x, generator())
    assert (varied.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs().max() < 8


@pytest.mark.parametrize(("radius", "least", "most"), [(0.04, 0.01, 0.06), (2.0, 0.002, 0.01)])
def test_a_small_flat_thing_stays_flat(radius, least, most):
    plane = radius * torch.randn((8, 512, 3), generator=generator()) / 2**0.5
    plane[:, :, 0] = 0
    varied = student_module("points").augment(plane, generator(1))
    across = torch.linalg.svdvals(varied)[:, 2] / varied.shape[1] ** 0.5
    assert (across > least * radius / 2).all()
    assert (across < most * radius).all()


def test_points_stay_points_of_the_object(training_cache):
    x = batch(training_cache, "points")
    varied = student_module("points").augment(x, generator())
    assert varied.mean(1).abs().max() < 1e-5
    reach, before = (cloud.norm(dim=2).amax(1) for cloud in (varied, x))
    assert (reach < 1.6 * before + 0.1).all()


def test_a_sound_behind_adds_power_and_stays_behind(training_cache):
    x = batch(training_cache, "audio")
    mixed = mix_behind(x, generator())
    change = (mixed - x).flatten(1)
    assert change.min() > -1e-5
    untouched = change.amax(1) < 1e-6
    assert 0 < untouched.sum() < len(x)
    level, before = (sound.mean(2).amax(2) for sound in (mixed, x))
    assert (level - before).max() < 2.5  # nats of power, where the sound is loudest


def test_sounds_do_not_fall_below_silence(training_cache):
    varied = student_module("audio").augment(batch(training_cache, "audio"), generator())
    assert varied.min() > LOG_FLOOR - 1


def test_what_is_written_is_not_mirrored():
    """A bar on the left stays on the left, whatever else happens to it."""
    x = torch.zeros(64, 5, 64, 64)
    x[:, :, 8:56, 12:16] = 1.0
    left = torch.arange(64) < 32

    def on_the_left(mirror):
        varied = student_module("event").augment(x, generator(), mirror).abs()
        return varied[..., left].sum((1, 2, 3)) > varied[..., ~left].sum((1, 2, 3))

    assert on_the_left(0.0).all()
    assert not on_the_left(1.0).any()
    assert 0 < on_the_left(0.5).sum() < 64
