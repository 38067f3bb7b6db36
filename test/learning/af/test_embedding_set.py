"""Sets of embeddings: files, selections, and similarities as at run time."""

import numpy as np
import pytest
from embedding_sets import make_embeddings, unit

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.prototypes import entropies
from omnibind_ros.recognition.recogniser import Recogniser


def test_similarities_and_entropies_are_those_of_run_time():
    rng = np.random.default_rng(0)
    bank = LabelBank(("a", "b", "c"), unit(rng.normal(size=(5, 16))), np.array([0, 0, 1, 2, 2]))
    recogniser = Recogniser(bank, Calibration(0.05, 0.0, {}))
    values = unit(rng.normal(size=(4, 3, 16)))
    similarity = bank.similarities(values)
    entropy = entropies(similarity, 0.05)
    for place in np.ndindex(4, 3):
        np.testing.assert_allclose(similarity[place], bank.similarities(values[place]), atol=1e-6)
        assert entropy[place] == pytest.approx(recogniser.entropy(values[place]), abs=1e-5)


def test_a_saved_set_is_read_as_it_was(tmp_path):
    data = make_embeddings(samples=40)
    data.present[3, 2] = data.present[7] = False
    data.values[~data.present] = 0
    data.quality[~data.present] = 0
    data.save(tmp_path / "embeddings.npz")
    again = EmbeddingSet.load(tmp_path / "embeddings.npz")
    assert again.modalities == data.modalities
    assert again.bank.labels == data.bank.labels
    np.testing.assert_allclose(again.values, data.values, atol=1e-3)
    for name in ("quality", "present", "labels", "objects", "splits"):
        np.testing.assert_array_equal(getattr(again, name), getattr(data, name))


@pytest.mark.parametrize("nothing", [0, np.nan])
def test_embeddings_of_zeros_or_nan_are_missing(tmp_path, nothing):
    data = make_embeddings(samples=40)
    data.values[5, 1] = nothing
    data.save(tmp_path / "embeddings.npz")
    again = EmbeddingSet.load(tmp_path / "embeddings.npz")
    assert not again.present[5, 1]
    assert not again.values[5, 1].any()


def test_classes_that_are_left_out_have_no_label():
    data = make_embeddings()
    known, unknown = data.without_classes(["class 2"])
    assert len(known) + len(unknown) == len(data)
    assert "class 2" not in known.bank.labels
    assert (unknown.labels == -1).all()
    names = np.array(data.bank.labels)[data.labels]
    np.testing.assert_array_equal(
        np.array(known.bank.labels)[known.labels], names[names != "class 2"]
    )


def test_errors_of_files_and_names_are_sentences(tmp_path):
    with pytest.raises(TrainingError, match="run `omnibind train students` first"):
        EmbeddingSet.load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"no zip")
    with pytest.raises(TrainingError, match="holds no embeddings"):
        EmbeddingSet.load(tmp_path / "bad.npz")
    data = make_embeddings(modalities=("image", "touch"))
    with pytest.raises(TrainingError, match="no embeddings of audio, only of image, touch"):
        data.only(["image", "audio"])
    with pytest.raises(TrainingError, match="'dragon' is no class"):
        data.without_classes(["dragon"])
