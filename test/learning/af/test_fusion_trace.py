"""A training step of the fusion can be followed in a few files."""

import pytest
from embedding_sets import make_embeddings

pytest.importorskip("torch", reason="torch trains the fusion, and is not installed")

from step_trace import files_of_a_step


def test_a_step_of_the_fusion_runs_through_seven_files(tmp_path, monkeypatch):
    make_embeddings(samples=120, modalities=("image", "touch")).save(tmp_path / "embeddings.npz")
    arguments = ["train", "fusion", "--embeddings", tmp_path / "embeddings.npz"]
    files = files_of_a_step([*arguments, "--out", tmp_path / "out"], monkeypatch)
    assert files[0] == "cli.py"
    assert "learning/af/network.py" in files
    assert len(files) <= 7, " ".join(files)
