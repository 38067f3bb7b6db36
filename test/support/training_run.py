"""A training run as `omnibind train` leaves it, in a moment: its networks are untrained."""

from __future__ import annotations

import torch

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.af.config import FusionConfig
from omnibind_ros.learning.af.files import TrainedFusion, save_fusion
from omnibind_ros.learning.af.network import FusionNetwork
from omnibind_ros.learning.config import TrainingConfig
from omnibind_ros.learning.config_file import write_config
from omnibind_ros.learning.students.files import save_student
from omnibind_ros.learning.students.registry import build
from omnibind_ros.learning.teachers.projection import Projection
from omnibind_ros.learning.tensors.specs import input_spec

SIZE, FEATURES = 384, 1280


def make_run(folder, cache, modalities=("touch",)):
    """Write config.yaml, students/MODALITY.pt and teacher.pt."""
    (folder / "students").mkdir(parents=True)
    write_config(TrainingConfig(), folder / "config.yaml")
    for number, modality in enumerate(modalities):
        torch.manual_seed(number)
        spec = input_spec(modality)
        path = folder / "students" / f"{modality}.pt"
        save_student(path, modality, build(modality, SIZE, spec), spec, SIZE, "k", {})
    state = Projection(FEATURES, SIZE).state_dict()
    checkpoints.save(
        folder / "teacher.pt", {"key": cache.key, "teacher": cache.teacher, "state": state}
    )
    return folder


def make_fusion_run(folder, temperature=0.07, size=SIZE):
    """Write fusion.pt and fusion.json."""
    folder.mkdir()
    torch.manual_seed(round(100 * temperature))
    trained = TrainedFusion(FusionNetwork(size).eval(), temperature, {})
    calibration = Calibration(temperature, 0.0, {"touch": 0.33})
    save_fusion(folder, trained, calibration, FusionConfig())
    return folder
