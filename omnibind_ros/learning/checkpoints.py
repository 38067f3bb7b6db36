"""Files of a training run: written completely or not at all, and read without pickled code."""

from __future__ import annotations

import io
import math
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.optim import Optimizer

from omnibind_ros.atomic_files import write_atomic

from .config import TrainingError

if TYPE_CHECKING:
    from lightning_fabric import Fabric


_DAMAGE = (
    *(OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError),
    *(AttributeError, LookupError, TypeError),
)
"""What torch raises on files that are damaged or of another kind."""

WRITTEN_BY = (
    "give the folder that `omnibind train students` (or `omnibind train fusion`) wrote with --out"
)
"""What to do where a file of a training run is missing, as a clause."""


def save(path: Path, content: dict[str, Any]) -> None:
    """Write tensors, numbers and texts to a file, completely or not at all.

    Raises:
        OSError: It cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomic(path, buffer.getvalue())


def copied(model: nn.Module) -> dict[str, Any]:
    """Return a copy of a network's state, on the CPU; further training does not change it."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote; no code in the file is run.

    Raises:
        TrainingError: It cannot be read.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise TrainingError(f"{_missing(path)} is missing; {WRITTEN_BY}") from error
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:120]
        raise TrainingError(
            f"{path} cannot be read ({reason}); restore it, or remove it and run the command "
            "`omnibind train` that wrote it again"
        ) from error
    if not isinstance(content, dict) or "key" not in content:
        raise TrainingError(f"{path} is no file of a training run; remove it")
    return content


def _missing(path: Path) -> str:
    """Return what is missing of a path, in words: the folder farthest up, or the file in it."""
    folders = [folder for folder in path.parents if not folder.is_dir()]
    return f"the folder {folders[-1]}" if folders else f"the file {path.name} in {path.parent}"


def check_key(path: Path, content: dict[str, Any], key: str) -> None:
    """Check that a checkpoint belongs to the run that would continue from it.

    Raises:
        TrainingError: It is not.
    """
    if content["key"] != key:
        raise TrainingError(
            f"{path} was written with another configuration or dataset; go on with those, or give "
            "another folder for --out"
        )


@dataclass
class Best:
    """The best state of a network so far.

    Attributes:
        state: Its weights, as `copied` returns them.
        score: Its validation score, higher is better.
        epoch: After which epoch it had this state; -1: before training.
    """

    state: dict[str, Any] = field(default_factory=dict)
    score: float = -math.inf
    epoch: int = -1


@dataclass(frozen=True)
class Checkpoint:
    """Where the state of a training is written after each epoch.

    Attributes:
        path: The file.
        key: Hash of all that decides what the training yields.
    """

    path: Path
    key: str

    def exists(self) -> bool:
        """Return whether there is a state to continue from."""
        return self.path.is_file()

    def save(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        fabric: Fabric | None,
        epochs: int,
        best: Best,
    ) -> None:
        """Write the state after a number of epochs; raises OSError."""
        content = {
            "key": self.key,
            "epoch": epochs,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "precision": fabric.strategy.precision.state_dict() if fabric is not None else {},
            "best": {"score": best.score, "epoch": best.epoch, "state": best.state},
        }
        save(self.path, content)

    def restore(
        self, model: nn.Module, optimizer: Optimizer, fabric: Fabric | None
    ) -> tuple[int, Best]:
        """Load the state; return the number of epochs done and the best state so far.

        Raises:
            TrainingError: The file cannot be read, or belongs to another run.
        """
        content = load(self.path)
        check_key(self.path, content, self.key)
        model.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])
        if fabric is not None:
            fabric.strategy.precision.load_state_dict(content["precision"])
        best = content["best"]
        score = best["score"] if "score" in best else best["objects"]  # as version 0.1 called it
        return int(content["epoch"]), Best(best["state"], float(score), int(best["epoch"]))
