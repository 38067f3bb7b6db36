"""What the touch student's training has done to its features: linear probes on real gel pads.

Usage: python3 benchmarks/touch_layers.py FOLDER [FOLDER ...] [--bundle household] [--json FILE]

Each FOLDER is a set as `omnibind evaluate --real` takes it. The probe of the shipped encoder's
features stands beside that of the layers that its training began with: those of the image teacher
(ImageNet), whose input is brought to mean 0 and deviation 1 over the set. It needs torch.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.table import Table

from omnibind_ros.encoders.backend import Model
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.encoders.student import StudentEncoder
from omnibind_ros.evaluation.measure.real import measure_real
from omnibind_ros.learning.students.picture import PictureStudent, pooled

TOUCH = "touch"


class FirstLayers:
    """The encoder's network with the features of the layers that it began with.

    Attributes:
        inputs: What it was given, [1, C, H, W] each.
        given: Whether features are replaced; else they are the encoder's own.
    """

    def __init__(self, model: Model, place: int, body: torch.nn.Module) -> None:
        """Create it.

        Args:
            model: The encoder's network.
            place: Of the features among its outputs.
            body: The layers.
        """
        self._model, self._place, self._body = model, place, body
        self.inputs: list[torch.Tensor] = []
        self.replaces = False

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[np.float32]]:
        """Run the network, and put the layers' features in the place of its own."""
        outputs = self._model.run(inputs)
        picture = torch.from_numpy(next(iter(inputs.values())))
        if not self.replaces:
            self.inputs.append(picture)
            return outputs
        every = torch.cat(self.inputs)
        mean, deviation = (f(dim=(0, 2, 3), keepdim=True) for f in (every.mean, every.std))
        with torch.no_grad():
            outputs[self._place] = pooled(self._body((picture - mean) / deviation)).numpy()
        return outputs

    def cancel(self, thread: int) -> None:
        """Pass it on."""
        self._model.cancel(thread)


def probes(folder: Path, name: str) -> dict[str, dict[str, float | None]]:
    """Return, by set of touch, the probes of the shipped features and of the first layers."""
    bundle = Bundle.load(resolve_bundle(name))
    encoder = bundle.encoder(TOUCH)
    if not isinstance(encoder, StudentEncoder):
        raise SystemExit(f"{bundle.manifest.model} has no student of touch")
    spec = bundle.manifest.encoders[TOUCH]
    network = PictureStudent(spec.inputs[0], bundle.manifest.embedding_size, 0.0, pretrained=True)
    place = [tensor.name for tensor in spec.outputs].index("features")
    first = FirstLayers(encoder._model, place, network.body.eval())
    encoder._model = first
    found: dict[str, dict[str, float | None]] = {}
    for what in ("shipped", "first_layers"):
        first.replaces = what == "first_layers"
        for key, figures in measure_real(folder, bundle).items():
            if figures["modality"] == TOUCH and figures["probe"] is not None:
                found.setdefault(key, {})[what] = figures["probe"]
    return found


def main() -> None:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="+", help="a set of recordings")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sets = {k: v for folder in options.folder for k, v in probes(folder, options.bundle).items()}
    table = Table("set", "shipped features", "first layers", title="linear probe, percent")
    for key, row in sets.items():
        table.add_row(key, f"{row['shipped']:.1f}", f"{row['first_layers']:.1f}")
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps({"sets": sets}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
