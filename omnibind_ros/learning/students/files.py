"""Files of trained students, OUT/students/MODALITY.pt."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.learning.checkpoints import load, save
from omnibind_ros.learning.config import TrainingError

from .registry import build


def save_student(
    path: Path,
    modality: str,
    model: nn.Module,
    spec: TensorSpec,
    size: int,
    key: str,
    metrics: dict[str, float],
    architecture: str = "",
) -> None:
    """Write a trained student.

    Args:
        path: The file.
        modality: Its modality.
        model: As `registry.build` returned it.
        spec: Its input.
        size: Values of an embedding.
        key: Hash of everything that it follows from.
        metrics: Its measurements.
        architecture: Its architecture; '' for the modality's own.

    Raises:
        OSError: It cannot be written.
    """
    content = {
        "key": key,
        "modality": modality,
        "embedding_size": size,
        "spec": asdict(spec) | {"shape": list(spec.shape), "parameters": dict(spec.parameters)},
        "metrics": metrics,
        "state": {name: tensor.cpu() for name, tensor in model.state_dict().items()},
    }
    if architecture:
        content["architecture"] = architecture
    save(path, content)


def load_student(path: Path) -> tuple[nn.Module, TensorSpec, dict[str, Any]]:
    """Read a trained student.

    Args:
        path: OUT/students/MODALITY.pt.

    Returns:
        The network in evaluation mode, its input, and everything else in the file: key, modality,
        embedding_size and metrics.

    Raises:
        TrainingError: It cannot be read, or is of another version of the network.
    """
    content = load(path)
    try:
        given = dict(content["spec"])
        spec = TensorSpec(**(given | {"shape": tuple(given["shape"])}))
        model = build(
            content["modality"],
            int(content["embedding_size"]),
            spec,
            architecture=content.get("architecture", ""),
        )
        model.load_state_dict(content.pop("state"))
    except (KeyError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise TrainingError(
            f"{path} holds no student of this version ({reason}); train it again"
        ) from error
    return model.eval(), spec, content
