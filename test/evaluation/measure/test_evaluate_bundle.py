"""A bundle is measured through its own encoders, which see each sample once."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from folder_hashes import hashes

torch = pytest.importorskip("torch", reason="torch trains the perceptron, and is not installed")

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.datasets.samples import sample_module  # noqa: E402
from omnibind_ros.datasets.storage.dataset import Dataset  # noqa: E402
from omnibind_ros.encoders.bundle import Bundle  # noqa: E402
from omnibind_ros.learning.af import encoding  # noqa: E402
from omnibind_ros.learning.af.encoding import encode_dataset  # noqa: E402
from omnibind_ros.learning.af.files import load_fusion  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.modalities import MODALITIES  # noqa: E402


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("embeddings")


@pytest.fixture(scope="module")
def encoded(seven_bundle, training_dataset, cache):
    return encode_dataset(Bundle.load(seven_bundle), training_dataset, cache)


def test_an_executor_embeds_the_same(training_dataset, seven_bundle, cache, encoded, tmp_path):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        bundle = Bundle.load(seven_bundle)
        again = encode_dataset(bundle, training_dataset, tmp_path, workers=executor)
    assert hashes(tmp_path) == hashes(cache)
    assert np.array_equal(again.data.values, encoded.data.values)


def test_embeddings_are_what_the_encoders_say(encoded, seven_bundle, training_dataset):
    dataset, bundle = Dataset.open(training_dataset), Bundle.load(seven_bundle)
    held_out = np.flatnonzero(np.isin(dataset.column("split"), ["validation", "test"]))
    assert encoded.data.modalities == tuple(MODALITIES)
    assert list(encoded.data.objects) == list(dataset.column("object_id")[held_out])
    for place, name in ((0, "image"), (3, "thermal"), (6, "audio")):
        data = dataset[int(held_out[1])][name]
        sample = sample_module(name).to_observation(data, np.random.default_rng(0))
        said = bundle.encoder(name).encode(sample)
        np.testing.assert_allclose(encoded.data.values[1, place], said.values, atol=2e-3)
        assert encoded.data.quality[1, place] == pytest.approx(said.quality, abs=1e-4)


def test_faulty_samples_are_encoded_too(encoded):
    assert {fault for fault, _ in encoded.faults} == {"noise", "dead"}
    assert {name for fault, name in encoded.faults if fault == "noise"} == set(MODALITIES)
    _, quality = encoded.faults["dead", "thermal"]
    assert quality.max() < encoded.data.quality[:, 3].mean()


def test_samples_are_encoded_once(encoded, seven_bundle, training_dataset, cache, monkeypatch):
    monkeypatch.setattr(encoding.EncodeTask, "__call__", lambda *_: pytest.fail("encoded again"))
    again = encode_dataset(Bundle.load(seven_bundle), training_dataset, cache)
    np.testing.assert_array_equal(again.data.values, encoded.data.values)


def test_a_damaged_cache_says_what_to_do(seven_bundle, training_dataset, tmp_path, encoded, cache):
    import shutil  # noqa: PLC0415

    copy = tmp_path / "copy"
    shutil.copytree(cache, copy)
    next(copy.glob("touch-*")).joinpath("0.npz").write_bytes(b"damaged")
    with pytest.raises(TrainingError, match="remove it, and it is made again"):
        encode_dataset(Bundle.load(seven_bundle), training_dataset, copy)


def test_the_command_writes_every_figure(seven_bundle, training_dataset, cache, encoded, tmp_path):
    (tmp_path / "fusion.yaml").write_text("steps: 5\n", encoding="utf-8")
    options = {
        "--bundle": seven_bundle,
        "--data": training_dataset,
        "--json": tmp_path / "figures.json",
        "--cache": cache,
        "--config": tmp_path / "fusion.yaml",
        "--workers": 1,
        "--study": tmp_path / "none",
    }
    assert main(["evaluate", *(str(part) for pair in options.items() for part in pair)]) == 0
    found = json.loads((tmp_path / "figures.json").read_text())
    assert len(found["combinations"]) == 127
    assert "image+text+touch+thermal+event+points+audio" in found["combinations"]
    assert {"students", "scale", "robustness", "ece", "auroc_unknown"} <= found.keys()
    assert found["samples"] > found["objects"] >= found["classes"] > 1
    assert found["fusion"] == "adaptive"


def test_a_bundle_and_a_dataset_that_share_nothing_are_said(bundle_dir, tmp_path):
    from learnable_plan import LearnablePlan  # noqa: PLC0415

    from omnibind_ros.datasets.building.builder import build_dataset  # noqa: PLC0415

    build_dataset(LearnablePlan(12, without=("image", "text")), tmp_path / "data", workers=1)
    with pytest.raises(TrainingError, match="in a modality of teacher@"):
        encode_dataset(Bundle.load(bundle_dir), tmp_path / "data", tmp_path / "cache")


def test_a_fusion_learns_from_what_a_bundles_encoders_say(
    seven_bundle, training_dataset, tmp_path, capsys
):
    config, out = tmp_path / "fusion.yaml", tmp_path / "fusion"
    config.write_text("steps: 2\nsplits: [validation, test]\n", encoding="utf-8")
    arguments = [
        "--bundle",
        seven_bundle,
        "--data",
        training_dataset,
        "--out",
        out,
        "--config",
        config,
    ]
    assert main(["train", "fusion", *map(str, arguments)]) == 0
    assert load_fusion(out).network.size == Bundle.load(seven_bundle).manifest.embedding_size
    assert main(["train", "fusion", "--bundle", str(seven_bundle), "--out", str(out)]) == 1
    assert "--bundle needs --data" in capsys.readouterr().err
