"""A trained fusion is read as it was written, also one of version 0.1."""

import numpy as np
import pytest
from embedding_sets import make_embeddings
from paths import ROOT

torch = pytest.importorskip("torch", reason="torch trains the fusion, and is not installed")

from omnibind_ros.encoders.backend import load_model  # noqa: E402
from omnibind_ros.encoders.manifest import Calibration  # noqa: E402
from omnibind_ros.export.export_fusion import export_fusion  # noqa: E402
from omnibind_ros.fusion import AdaptiveFusion  # noqa: E402
from omnibind_ros.learning import checkpoints  # noqa: E402
from omnibind_ros.learning.af.config import FusionConfig  # noqa: E402
from omnibind_ros.learning.af.corruptions import Members, members_of  # noqa: E402
from omnibind_ros.learning.af.files import load_fusion, save_fusion  # noqa: E402
from omnibind_ros.learning.af.training import train_fusion  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.modalities import MODALITIES, Modality  # noqa: E402

OLD = ROOT / "test" / "fixtures" / "fusion_0_1"
NUMBER = 70
"""Of the modality of another package."""


def test_a_fusion_of_version_0_1_is_read():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 7, 16)).astype(np.float32)
    values /= np.linalg.norm(values, axis=2, keepdims=True)
    rest = (rng.random((4, 7), np.float32) for _ in range(3))
    members = Members(values, np.tile(np.arange(7), (4, 1)), *rest, np.ones((4, 7), bool))
    fused, weights = load_fusion(OLD).fuse(members)
    outputs = np.load(OLD / "outputs.npz")
    np.testing.assert_allclose(fused, outputs["fused"], atol=2e-5)
    np.testing.assert_allclose(weights, outputs["weights"], atol=2e-5)


def test_a_fusion_of_an_unknown_version_is_refused(tmp_path):
    content = checkpoints.load(OLD / "fusion.pt")
    del content["state"]["trust"]
    checkpoints.save(tmp_path / "fusion.pt", content)
    with pytest.raises(TrainingError, match=r"no fusion of this version .*; train it again"):
        load_fusion(tmp_path)


@pytest.fixture
def other_package(monkeypatch):
    """Another package has added a modality."""
    modality = Modality("imu", NUMBER, False, "imu", "sensor_msgs/msg/Imu", 0.25)
    monkeypatch.setitem(MODALITIES, "imu", modality)


def make(modalities):
    return make_embeddings(samples=120, modalities=modalities, noise=dict.fromkeys(modalities, 1.0))


def test_tables_grow_for_a_modality_of_another_package(other_package, tmp_path):
    data, config = make(("image", "touch", "imu")), FusionConfig(steps=3)
    trained = train_fusion(data, config)
    network = trained.network
    assert len(network.evidence.trust) == len(network.bias.offset) == NUMBER + 1
    assert network.evidence.trust[NUMBER] != 0
    assert network.max_age[NUMBER] == 0.25
    fused, weights = trained.fuse(members_of(data, trained.temperature))
    assert (weights > 0).all()
    save_fusion(tmp_path, trained, Calibration(trained.temperature, 0.0, {}), config)
    again, _ = load_fusion(tmp_path).fuse(members_of(data, trained.temperature))
    np.testing.assert_array_equal(again, fused)
    spec = export_fusion(network, tmp_path)
    model = load_model(tmp_path / spec.path, spec, 1, ("CPUExecutionProvider",))
    members = members_of(data, trained.temperature)
    result = AdaptiveFusion(model, spec, data.size).fuse(
        members.values[0], data.modalities, members.age[0], members.quality[0], members.entropy[0]
    )
    np.testing.assert_allclose(result.values, fused[0], atol=1e-4)


def test_without_the_package_its_fusion_is_refused(other_package, tmp_path, monkeypatch):
    data, config = make(("image", "imu")), FusionConfig(steps=1)
    trained = train_fusion(data, config)
    save_fusion(tmp_path, trained, Calibration(trained.temperature, 0.0, {}), config)
    monkeypatch.delitem(MODALITIES, "imu")
    with pytest.raises(TrainingError, match=rf"number {NUMBER}, .*install the package"):
        load_fusion(tmp_path)


def test_a_modality_that_takes_no_part_changes_no_weights(monkeypatch):
    data, config = make(("image", "touch")), FusionConfig(steps=3)
    before = train_fusion(data, config).network.state_dict()
    modality = Modality("imu", NUMBER, False, "imu", "sensor_msgs/msg/Imu", 0.25)
    monkeypatch.setitem(MODALITIES, "imu", modality)
    after = train_fusion(data, config).network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
