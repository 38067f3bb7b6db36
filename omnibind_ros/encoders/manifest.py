"""bundle.yaml: what a bundle holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from omnibind_ros.arrays import Floats
from omnibind_ros.format_number import NewerFormatError, check_format
from omnibind_ros.modalities import MODALITIES, combination_name
from omnibind_ros.plain_text import SentenceError
from omnibind_ros.safe_yaml import load_yaml

FORMAT = 1
"""Of bundle.yaml; without a number it is the first."""

CARRIES = 0.05
"""Fusion weight from which a modality counts for the threshold of the fused embedding."""


SIMULATION = "simulation"
"""Value of `FileSpec.trained_on`: the encoder has never seen a real sensor."""


class BundleError(SentenceError):
    """A bundle or one of its files cannot be used; the text is one sentence."""


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of a model; a dimension of -1 is free."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    layout: str = ""
    units: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Parameters of the modality's `prepare`, such as a sample rate."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Choices of how samples become this input, such as how a picture is resized (framing.py)."""


@dataclass(frozen=True)
class FileSpec:
    """A file of the bundle, relative to its folder."""

    path: str
    sha256: str
    licence: str = ""
    origin: str = ""
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    extra: Mapping[str, FileSpec] = field(default_factory=dict)
    """Further files that it needs, by role, such as a tokenizer."""
    precision: str = ""
    """Precision in which a network computes: fp32, fp16 or int8; empty where it is unknown."""
    trained_on: str = ""
    """What an encoder was trained on: simulation, recordings, or both, joined by "and"; empty where
    it is unknown."""


@dataclass(frozen=True)
class Calibration:
    """How similarities become probabilities, and when a label is unknown.

    Attributes:
        temperature: Softmax temperature over cosine similarities.
        min_quality: Quality of the fused embedding below which the label is unknown.
        min_similarity: Cosine similarity of the best label below which it is unknown; by modality,
            or by several modalities joined with '+' in the order of modalities.py.
        likeness: Cosine similarity from which two fused embeddings are of the same object, for
            enrolled labels; None where it was not measured.
        contradiction: By modality, the agreement below which a sensor contradicts the others; those
            that are missing are never named. None where it was not measured.
    """

    temperature: float
    min_quality: float
    min_similarity: Mapping[str, float]
    likeness: float | None = None
    contradiction: Mapping[str, float] | None = None

    def threshold(self, modalities: Sequence[str], weights: Sequence[float] | Floats) -> float:
        """Return the similarity below which a fused embedding's best label is unknown.

        It is the threshold of the modalities with a weight of at least `CARRIES`; those with less
        do not change it. For a combination without a threshold it is the weighted mean of the
        single modalities' thresholds; a single modality without one has the highest of all.

        Args:
            modalities: N names of the fused embeddings' modalities; one may occur more than once.
            weights: N values, sum 1.
        """
        carrying = {m for m, weight in zip(modalities, weights, strict=True) if weight >= CARRIES}
        names = combination_name(carrying)
        if names in self.min_similarity:
            return self.min_similarity[names]
        single = {m: value for m, value in self.min_similarity.items() if m in MODALITIES}
        default = max(single.values(), default=0.0)
        return float(np.dot(weights, [single.get(m, default) for m in modalities]))


@dataclass(frozen=True)
class BundleManifest:
    """The content of bundle.yaml."""

    name: str
    version: str
    embedding_size: int
    encoders: Mapping[str, FileSpec]
    labels: FileSpec
    calibration: Calibration
    fusion: FileSpec | None = None
    matching: FileSpec | None = None
    """Statistics for enrolled labels; they do not count for the version."""
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """Name and version, as messages carry them."""
        return f"{self.name}@{self.version}"


def _tensors(entries: Any) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            str(e["name"]),
            tuple(int(d) for d in e["shape"]),
            str(e["dtype"]),
            str(e.get("layout", "")),
            str(e.get("units", "")),
            {str(k): float(v) for k, v in (e.get("parameters") or {}).items()},
            {str(k): str(v) for k, v in (e.get("options") or {}).items()},
        )
        for e in entries or ()
    )


def _file(entry: Any) -> FileSpec:
    path = str(entry["path"])
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError(f"path '{path}' leaves the bundle")
    return FileSpec(
        path=path,
        sha256=str(entry["sha256"]),
        licence=str(entry.get("licence", "")),
        origin=str(entry.get("origin", "")),
        inputs=_tensors(entry.get("inputs")),
        outputs=_tensors(entry.get("outputs")),
        extra={role: _file(sub) for role, sub in (entry.get("extra") or {}).items()},
        precision=str(entry.get("precision", "")),
        trained_on=str(entry.get("trained_on", "")),
    )


def _limits(entry: Any) -> dict[str, float] | None:
    return None if entry is None else {str(name): float(value) for name, value in entry.items()}


def read_manifest(folder: Path) -> BundleManifest:
    """Read a bundle's manifest.

    Args:
        folder: The bundle's folder.

    Raises:
        BundleError: bundle.yaml is missing, no YAML, lacks something, or is of a later version.
    """
    path = folder / "bundle.yaml"
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
        check_format(data.get("format", 1), FORMAT)
        calibration = data["calibration"]
        return BundleManifest(
            name=str(data["name"]),
            version=str(data["version"]),
            embedding_size=int(data["embedding_size"]),
            encoders={str(m): _file(entry) for m, entry in data["encoders"].items()},
            labels=_file(data["labels"]),
            calibration=Calibration(
                temperature=float(calibration["temperature"]),
                min_quality=float(calibration["min_quality"]),
                min_similarity={str(m): float(v) for m, v in calibration["min_similarity"].items()},
                likeness=float(likeness) if (likeness := calibration.get("likeness")) else None,
                contradiction=_limits(calibration.get("contradiction")),
            ),
            fusion=_file(data["fusion"]) if data.get("fusion") else None,
            matching=_file(data["matching"]) if data.get("matching") else None,
            figures=data.get("figures") or {},
        )
    except OSError as error:
        raise BundleError(
            f"bundle {folder} has no readable bundle.yaml ({error.strerror}); give a bundle's "
            "folder, or build one with `omnibind bundle build-teacher`"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BundleError(
            f"{path} is not YAML ({type(error).__name__}); restore it from where the bundle came"
        ) from error
    except NewerFormatError as error:
        raise BundleError(f"{path} cannot be used: {error}, or give an older bundle") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BundleError(
            f"{path} lacks or misstates {error}; restore it from where the bundle came"
        ) from error
