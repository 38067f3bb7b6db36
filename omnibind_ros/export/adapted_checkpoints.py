"""Writes the weights of an adapted bundle beside it, so that it can be adapted again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from omnibind_ros.learning.af.files import NETWORK, save_network
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.released import find_checkpoint, release_checkpoints
from omnibind_ros.learning.students.files import save_student
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES

from .adaptation_request import Adaptation, AdaptationRequest


def write_checkpoints(folder: Path, request: AdaptationRequest, adaptation: Adaptation) -> None:
    """Write the adapted students, and the weights of all other networks that there are.

    A network whose weights did not come with the bundle is noted in the adaptation.

    Args:
        folder: Where to.
        request: What was adapted.
        adaptation: The finished adaptation.

    Raises:
        OSError: A file cannot be written.
    """
    bundle = adaptation.bundle
    with TemporaryDirectory() as scratch:
        students: dict[str, Path] = {}
        for modality in STUDENT_MODALITIES:
            sensor = adaptation.sensors.get(modality)
            if sensor is not None:
                students[modality] = Path(scratch) / f"{modality}.pt"
                save_student(
                    students[modality],
                    modality,
                    sensor.student.network,
                    bundle.manifest.encoders[modality].inputs[0],
                    bundle.manifest.embedding_size,
                    bundle.manifest.model,
                    {},
                    sensor.student.architecture,
                )
            elif modality in bundle.manifest.encoders:
                try:
                    found = find_checkpoint(request.bundle, modality, request.checkpoints)
                except TrainingError as error:
                    adaptation.notes.append(f"{modality} cannot be adapted later on: {error}.")
                else:
                    students[modality] = found
        fusion = None
        if adaptation.fusion is not None:
            fusion = Path(scratch) / NETWORK
            save_network(fusion, adaptation.fusion)
        release_checkpoints(folder, bundle, students, fusion)
