"""Enrolled labels, statistics and caches on a bad disk: read, or refused in one sentence."""

import contextlib
import io

import numpy as np
from hypothesis import given, settings
from mutations import damaged
from paths import ROOT

from omnibind_ros.recognition.enrolled_file import (
    EnrolledError,
    EnrolledLabel,
    Part,
    View,
    from_bytes,
    to_bytes,
)
from omnibind_ros.recognition.label_cache import read_cache
from omnibind_ros.recognition.match_statistics import MatchFileError, read_statistics

fuzz = settings(settings.get_profile("fuzz"))


def unit(seed, size=16):
    values = np.random.default_rng(seed).normal(size=size)
    return (values / np.linalg.norm(values)).astype(np.float32)


PART = Part("image", "hash", unit(1)[None], unit(2, 32)[None])
LABEL = to_bytes(EnrolledLabel("mug", (View(unit(0), ("image",), "space", "bundle@1", (PART,)),)))


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


CACHE = archive(
    key=np.array("k"),
    labels_key=np.array("l"),
    prototypes=np.eye(4, dtype=np.float32),
    owner=np.arange(4),
)
MATCHING = (ROOT / "models" / "household" / "matching.npz").read_bytes()


@fuzz
@given(damaged(LABEL))
def test_enrolled_labels(data):
    try:
        label = from_bytes(data)
    except EnrolledError:
        return
    assert all(np.isfinite(view.values).all() for view in label.views)


@fuzz
@given(damaged(CACHE))
def test_caches_of_labels(tmp_path, data):
    path = tmp_path / "labels.npz"
    path.write_bytes(data)
    arrays = read_cache(path)
    assert arrays is None or np.isfinite(arrays["prototypes"]).all()


@fuzz
@given(damaged(MATCHING))
def test_statistics_of_enrolled_labels(tmp_path, data):
    path = tmp_path / "matching.npz"
    path.write_bytes(data)
    with contextlib.suppress(MatchFileError):
        read_statistics(path)
