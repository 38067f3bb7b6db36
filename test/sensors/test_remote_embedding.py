"""Embeddings from other hosts: only good ones of the same model count."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from omnibind_ros.encoders.remote import RemoteEncoder
from omnibind_ros.sensors import RejectedSampleError, SensorRegistry
from omnibind_ros.sensors.embedding import MESSAGE, decode_embedding


def message(**changes):
    values = np.array([0.6, 0.8, 0, 0], np.float32)
    fields = {"values": values, "quality": 0.5, "modality": "thermal", "model": "house@1"}
    return SimpleNamespace(**{**fields, "distance": 0.25, "features": [], "window": 0.0, **changes})


def test_a_good_one_passes():
    sample = decode_embedding(message())
    encoding = RemoteEncoder("thermal", "house@1", 4).encode(sample)
    np.testing.assert_allclose(encoding.values, [0.6, 0.8, 0, 0], atol=1e-6)
    assert (encoding.quality, encoding.distance, encoding.features) == (0.5, 0.25, None)


def test_features_come_with_it():
    sample = decode_embedding(message(features=[1.0, -2.0, 0.5]))
    features = RemoteEncoder("thermal", "house@1", 4).encode(sample).features
    np.testing.assert_array_equal(features, [1, -2, 0.5])


def test_the_window_of_its_sample_comes_with_it():
    sample = decode_embedding(message(window=2.0))
    assert RemoteEncoder("thermal", "house@1", 4).encode(sample).window == 2.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": []}, "0 values"),
        ({"values": [3.0, 4.0]}, "length 5"),
        ({"values": [float("nan"), 1.0]}, "length nan"),
        ({"quality": 2.0}, "quality is 2"),
        ({"quality": float("nan")}, "quality is nan"),
        ({"distance": -0.5}, "distance is -0.5"),
        ({"distance": float("nan")}, "distance is nan"),
        ({"features": [1.0, float("inf")]}, "features are not finite"),
        ({"window": -0.1}, "window is -0.1 s"),
        ({"window": float("nan")}, "window is nan s"),
        ({"window": float("inf")}, "window is inf s"),
    ],
)
def test_bad_ones_are_explained(changes, words):
    with pytest.raises(RejectedSampleError, match=words):
        decode_embedding(message(**changes))


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (("thermal", "house@2", 4), "house@1"),
        (("thermal", "house@1", 8), "4 values"),
        (("image", "house@1", 4), "'thermal' came"),
    ],
)
def test_those_of_another_kind_are_refused(expected, words):
    with pytest.raises(RejectedSampleError, match=words):
        RemoteEncoder(*expected).encode(decode_embedding(message()))


@given(hnp.arrays(np.float32, st.integers(0, 16)), st.floats())
def test_whatever_comes_is_a_unit_vector_or_refused(values, quality):
    before = values.copy()
    try:
        sample = decode_embedding(message(values=values, quality=quality))
    except RejectedSampleError:
        return
    finally:
        np.testing.assert_array_equal(values, before)
    assert np.linalg.norm(sample.values) == pytest.approx(1, abs=1e-4)


def test_every_modality_may_come_from_elsewhere():
    assert SensorRegistry.installed().find("audio", MESSAGE).encoded
