"""Where the prepared tensors of a training run are."""

import pytest

pytest.importorskip("torch", reason="learning needs torch")

from omnibind_ros.learning.cad.run_folder import cache_of, record_cache
from omnibind_ros.learning.config import TrainingError


def test_a_run_knows_where_its_tensors_are_also_after_a_move(tmp_path):
    run, cache = tmp_path / "a" / "run", tmp_path / "a" / "cache"
    cache.mkdir(parents=True)
    assert record_cache(run, cache) == cache
    assert cache_of(run).resolve() == cache
    (tmp_path / "a").rename(tmp_path / "b")
    assert cache_of(tmp_path / "b" / "run").resolve() == tmp_path / "b" / "cache"


def test_without_a_choice_they_are_in_the_run(tmp_path):
    assert record_cache(tmp_path, None) == tmp_path / "cache" == cache_of(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_tensors_that_are_gone_are_said(tmp_path):
    (tmp_path / "cache").mkdir()
    record_cache(tmp_path / "run", tmp_path / "cache")
    (tmp_path / "cache").rmdir()
    with pytest.raises(TrainingError, match="which is gone; give --cache"):
        cache_of(tmp_path / "run")
