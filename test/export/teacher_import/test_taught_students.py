"""An imported teacher teaches a student, and both become a bundle of the teacher's size."""

import numpy as np
import pytest
import yaml
from tiny_teachers import import_tiny, pictures

torch = pytest.importorskip("torch", reason="the group train is not installed")
pytest.importorskip("lightning_fabric", reason="training needs lightning-fabric")

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.encoders.bundle import Bundle  # noqa: E402
from omnibind_ros.export import build_bundle, verify  # noqa: E402

torch.set_num_threads(1)


@pytest.mark.parametrize(("kind", "size"), [("clip", 16), ("siglip", 32)])
def test_from_a_model_to_a_full_bundle(kind, size, tmp_path, training_dataset, monkeypatch):
    teacher = import_tiny(kind, tmp_path / "teacher")
    config = {
        "teacher": str(teacher.bundle),
        "modalities": ["touch"],
        "accelerator": "cpu",
        "schedule": {"epochs": 1, "batch_size": 16},
        "adapt": {"epochs": 2},
    }
    (tmp_path / "how.yaml").write_text(yaml.safe_dump(config))
    run, out = tmp_path / "run", tmp_path / "full"
    data = ["--data", str(training_dataset)]
    options = ["--config", str(tmp_path / "how.yaml"), "--workers", "1"]
    assert main(["train", "students", *data, "--out", str(run), *options]) == 0
    # As if the teacher were larger than what travels with the package.
    for module in (verify, build_bundle):
        monkeypatch.setattr(module, "MAX_BYTES", 1000)
    export = ["export", "--run", str(run), *data, "--precision", "fp32"]
    assert main([*export, "--source", str(teacher.bundle), "--out", str(out)]) == 0
    bundle, before = Bundle.load(out), Bundle.load(teacher.bundle)
    assert list(bundle.manifest.encoders) == ["image", "text", "touch"]
    assert bundle.manifest.embedding_size == size
    image = bundle.manifest.encoders["image"]
    assert image.inputs == before.manifest.encoders["image"].inputs
    assert [output.name for output in image.outputs] == ["unit_embedding", "quality", "features"]
    # Calibrated for the classes of the dataset, which are its labels.
    assert bundle.manifest.figures["labels"]["samples"] > 0
    assert bundle.manifest.calibration != before.manifest.calibration
    state = torch.load(run / "teacher.pt", weights_only=True)["state"]
    assert state["weight"].shape == (32, size)
    for picture in pictures(2):
        old, new = (each.encoder("image").encode(picture) for each in (before, bundle))
        assert np.allclose(old.features, new.features, atol=1e-5)
        step = (old.features - state["mean"].numpy()) / float(state["scale"])
        moved = old.values + step @ state["weight"].numpy() + state["bias"].numpy()
        assert np.allclose(new.values, moved / np.linalg.norm(moved), atol=1e-4)
