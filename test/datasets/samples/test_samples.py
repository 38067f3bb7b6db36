"""What is stored of each modality comes back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from omnibind_ros.datasets.samples import sample_module, stored_modalities
from omnibind_ros.datasets.samples.base import CodecError


def samples(modality):
    return sample_module(modality)


def returned(modality, data):
    return samples(modality).decode(samples(modality).encode(data))


def events(n, seed=0, width=128, height=96):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.integers(0, width, n).astype(np.uint16),
        "y": rng.integers(0, height, n).astype(np.uint16),
        "t": np.sort(rng.integers(0, 50_000_000, n)).astype(np.int64),
        "p": rng.integers(0, 2, n).astype(np.uint8),
        "width": width,
        "height": height,
        "duration_ns": 50_000_000,
    }


def test_a_smooth_picture_loses_less_than_a_camera_blurs():
    ramp = np.linspace(0, 255, 224).astype(np.uint8)
    picture = np.stack([np.tile(ramp, (224, 1)), np.tile(ramp[:, None], (1, 224))] * 2, -1)[..., :3]
    picture = np.ascontiguousarray(picture)
    again = returned("image", picture)
    assert again.shape == picture.shape
    assert again.dtype == np.uint8
    assert np.abs(again.astype(int) - picture).mean() < 1.5


def test_a_red_picture_stays_red():
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[..., 0] = 200
    assert returned("image", picture)[8, 8].argmax() == 0


@settings(deadline=None, max_examples=25)
@given(
    hnp.arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9), st.just(3)))
)
def test_touch_comes_back_exactly(pair):
    assert np.array_equal(returned("touch", pair), pair)


@settings(deadline=None, max_examples=25)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.floats(-200, 350, width=32),
    )
)
def test_temperatures_come_back_to_a_hundredth_of_a_degree(celsius):
    assert np.abs(returned("thermal", celsius) - celsius).max() <= 0.0051


@settings(deadline=None, max_examples=25)
@given(hnp.arrays(np.float32, (5, 3), elements=st.floats(-1e3, 1e3, width=32)))
def test_points_come_back_exactly(points):
    assert np.array_equal(returned("points", points), points)


@settings(deadline=None, max_examples=25)
@given(hnp.arrays(np.int16, st.integers(1, 5000)))
def test_sounds_come_back_exactly(sound):
    assert np.array_equal(returned("audio", sound), sound)


@pytest.mark.parametrize(
    "window",
    [
        events(0),
        events(1),
        events(5000),
        events(5000, width=1280, height=720),
        events(2, width=256, height=257) | {"t": np.array([0, 2**33]), "duration_ns": 2**34},
    ],
)
def test_events_come_back_exactly(window):
    again = returned("event", window)
    for name, value in window.items():
        assert np.array_equal(again[name], value), name
    assert {name: again[name].dtype for name in "xytp"} == {
        name: window[name].dtype for name in "xytp"
    }


def test_sentences_come_back():
    assert returned("text", ["ein Stühlchen", "a seat"]) == ["ein Stühlchen", "a seat"]
    assert returned("text", "one") == ["one"]


@pytest.mark.parametrize(
    ("modality", "data"),
    [
        ("image", np.zeros((4, 4, 3), np.float32)),
        ("image", np.zeros((4, 4), np.uint8)),
        ("image", np.zeros((0, 4, 3), np.uint8)),
        ("touch", np.zeros((4, 4, 3), np.uint8)),
        ("thermal", np.full((4, 4), np.nan, np.float32)),
        ("thermal", np.full((4, 4), 900, np.float32)),
        ("points", np.zeros((0, 3), np.float32)),
        ("audio", np.zeros(9, np.float32)),
        ("text", []),
        ("text", [" "]),
        ("event", events(9, width=128) | {"width": 3}),
        ("event", events(9) | {"t": np.arange(9, dtype=np.int64)[::-1].copy()}),
        ("event", events(9) | {"p": np.zeros(3, np.uint8)}),
    ],
)
def test_other_data_is_refused_in_one_sentence(modality, data):
    with pytest.raises(CodecError, match=modality):
        samples(modality).encode(data)


@pytest.mark.parametrize("modality", stored_modalities())
def test_damaged_bytes_are_refused_in_one_sentence(modality):
    for data in (b"", b"no such data", bytes(200)):
        with pytest.raises(CodecError, match="decoded"):
            samples(modality).decode(data)


def test_an_observation_is_what_a_sensor_delivers():
    rng = np.random.default_rng(0)
    gel = np.stack([np.full((2, 2, 3), 51, np.uint8), np.full((2, 2, 3), 102, np.uint8)])
    assert samples("touch").to_observation(gel, rng) == pytest.approx(np.full((2, 2, 3), -0.2))
    assert samples("audio").to_observation(np.array([-32768, 16384], np.int16), rng).tolist() == [
        -1.0,
        0.5,
    ]
    assert {samples("text").to_observation(["a", "b"], rng) for _ in range(50)} == {"a", "b"}
