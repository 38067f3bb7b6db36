"""A modality of another package, and an architecture of one's own, are cached and trained."""

import os

import pytest
from example_modality import install, run

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("lightning_fabric", reason="training needs lightning-fabric")

TRAIN_VIBRATION = """
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from learnable_plan import LearnablePlan

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.learning.cad.training import train_students
from omnibind_ros.learning.config_file import parse_config
from omnibind_ros.learning.students.files import load_student
from omnibind_ros.learning.tensors.cache import build_cache


@dataclass(frozen=True)
class VibrationPlan(LearnablePlan):
    def data(self, index):
        time = np.arange(400)[:, None] / 200
        hertz = 10 * 3 ** (index % 3)
        noise = np.random.default_rng(index).normal(0, 0.05, (400, 3))
        tone = np.sin(2 * np.pi * hertz * time)
        return super().data(index) | {"vibration": (tone + noise).astype(np.float32)}


folder, teacher = Path(sys.argv[1]), sys.argv[2]
build_dataset(VibrationPlan(48), folder / "data", workers=1)
cache = build_cache(folder / "data", folder / "cache", teacher)
config = parse_config({
    "modalities": ["vibration"],
    "accelerator": "cpu",
    "adapt": {"epochs": 1},
    "schedule": {"epochs": 2, "batch_size": 8, "start": "random"},
    "overrides": {"vibration": {"learning_rate": 0.001}},
})
metrics = train_students(cache, folder / "run", config)
model, spec, content = load_student(folder / "run" / "students" / "vibration.pt")
with np.load(folder / "run" / "embeddings.npz") as file:
    print(spec.name, cache.inputs.tensors["vibration"].shape, file["vibration"].shape)
print(sorted(metrics["vibration"]))
"""

TRAIN_TINY = """
import sys
from dataclasses import replace
from pathlib import Path

from torch import nn

from omnibind_ros.learning.cad.training import train_students
from omnibind_ros.learning.config_file import parse_config
from omnibind_ros.learning.students import registry
from omnibind_ros.learning.students.files import load_student
from omnibind_ros.learning.students.picture import Head
from omnibind_ros.learning.tensors.cache import TensorCache


class Tiny(nn.Module):
    def __init__(self, spec, size, dropout, pretrained=False):
        super().__init__()
        assert not pretrained
        self.flat = nn.Flatten()
        self.head = Head(spec.shape[1] * spec.shape[2] * spec.shape[3], size, dropout)

    def forward(self, x):
        return self.head(self.flat(x))


registry.ARCHITECTURES["tiny"] = registry.Architecture("__main__:Tiny", False)  # the one line
config = parse_config({
    "modalities": ["thermal"], "accelerator": "cpu", "adapt": {"epochs": 1},
    "schedule": {"epochs": 1, "batch_size": 8},
})
config = replace(config, schedule=replace(config.schedule, architecture="tiny"))
assert config.initialisation("thermal") == "random"
out = Path(sys.argv[1]) / "run"
train_students(TensorCache.open(Path(sys.argv[2])), out, config)
model, _, content = load_student(out / "students" / "thermal.pt")
print(type(model).__name__, content["architecture"])
"""


def test_a_modality_of_another_package_is_trained(tmp_path, bundle_dir):
    script = tmp_path / "train.py"
    script.write_text(TRAIN_VIBRATION)
    (tmp_path / "installed").mkdir()
    path = install(tmp_path / "installed")
    lines = run(path, script, tmp_path, bundle_dir).splitlines()
    assert lines[-2] == "vibration (48, 3, 32, 43) (48, 384)"
    assert "'test_objects'" in lines[-1]


def test_an_architecture_is_one_class_and_one_line(tmp_path, training_cache):
    script = tmp_path / "train.py"
    script.write_text(TRAIN_TINY)
    support = os.environ.get("PYTHONPATH", "")
    assert run(support, script, tmp_path, training_cache.folder).splitlines()[-1] == "Tiny tiny"
