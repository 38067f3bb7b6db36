"""Manifests, labels, parameters and what is enrolled: read, or refused in one sentence."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from omnibind_ros.datasets.readers.bags.labels import read_bag_labels
from omnibind_ros.datasets.readers.base import ReaderError
from omnibind_ros.encoders.bundle import Bundle, BundleError
from omnibind_ros.encoders.manifest import read_manifest
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.folder_options import read_folder_options
from omnibind_ros.recognition.enrolled_file import (
    EnrolledError,
    EnrolledLabel,
    Part,
    View,
    from_bytes,
    to_bytes,
)
from omnibind_ros.recognition.label_cache import read_cache
from omnibind_ros.recognition.labels import LabelError, read_labels
from omnibind_ros.recognition.match_statistics import MatchFileError, read_statistics
from omnibind_ros.runtime.launch_plan import LaunchError, overrides, parameters_of

from .checks import attempt
from .files import folder
from .targets import Target

ROOT = Path(__file__).resolve().parents[3]
SEVEN = ROOT / "test" / "fixtures" / "seven"


def document(data: bytes, name: str, read: Callable[[Path], Any], error: type[Exception]) -> None:
    """Write a file and read it."""
    path = folder() / name
    path.write_bytes(data)
    attempt(lambda: read(path), error)


def read_parameters(path: Path) -> None:
    parameters_of(path, "/perception")
    overrides(path, "/perception", {"points": "/lidar"})


@cache
def _bundle() -> Path:
    """Return a folder with the networks of the fixture, beside which manifests are written."""
    made = folder() / "bundle"
    made.mkdir()
    for file in SEVEN.glob("*.onnx"):
        (made / file.name).symlink_to(file)
    return made


def bundle(data: bytes) -> None:
    """Load a bundle whose manifest may say anything, and each of its small encoders."""
    where = _bundle()
    (where / "bundle.yaml").write_bytes(data)
    found = attempt(lambda: Bundle.load(where), BundleError)
    if found is None:
        return
    for problem in found.problems.values():

        def refuse(problem: str = problem) -> None:
            raise BundleError(problem)

        attempt(refuse, BundleError)
    for modality in list(found.manifest.encoders)[:8]:
        attempt(lambda modality=modality: found.encoder(modality), BundleError)


def enrolled(data: bytes) -> None:
    label = attempt(lambda: from_bytes(data), EnrolledError)
    if label is not None:
        assert all(np.isfinite(view.values).all() for view in label.views)


def label_cache(data: bytes) -> None:
    path = folder() / "labels.npz"
    path.write_bytes(data)
    arrays = read_cache(path)
    assert arrays is None or np.isfinite(arrays["prototypes"]).all()


def _unit(seed: int, size: int = 8) -> Any:
    values = np.random.default_rng(seed).normal(size=size)
    return (values / np.linalg.norm(values)).astype(np.float32)


def _yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, sort_keys=False).encode()


def small_manifest() -> dict[str, Any]:
    """Return the manifest of the fixture with two of its encoders, as it would be by hand."""
    manifest = yaml.safe_load((SEVEN / "bundle.yaml").read_text())
    manifest["encoders"] = {name: manifest["encoders"][name] for name in ("touch", "audio")}
    return manifest


def manifest_seeds() -> list[bytes]:
    return [_yaml(small_manifest()), b"a: &a [1]\nb: [*a, *a]\n", b"[" * 400]


def labels_seeds() -> list[bytes]:
    labels = {
        "templates": ["a {}", "a photo of a {}"],
        "labels": [{"name": "cup", "synonyms": ["mug"]}, {"name": "cat"}],
        "groups": [{"name": "thing", "contains": ["cup", "cat"]}],
    }
    return [_yaml(labels), b"labels: [cup, mug]\n"]


def bag_labels_seeds() -> list[bytes]:
    labels = {
        "topics": {"image": "/eye", "thermal": {"topic": "/heat", "unit": "kelvin"}},
        "labels": [{"start": 0.0, "end": 2.0, "label": "cup", "object": "one"}],
        "period": 2.0,
        "split": "train",
    }
    return [_yaml(labels)]


def parameters_seeds() -> list[bytes]:
    some = {
        "sensors": ["eye", "lidar"],
        "sensor": {"eye": {"modality": "image", "topic": "/eye", "unit": "kelvin"}},
        "result_rate": 30.0,
    }
    return [_yaml({node: {"ros__parameters": some}}) for node in ("/**", "perception")]


def enrolled_seeds() -> list[bytes]:
    part = Part("image", "hash", _unit(1)[None], _unit(2, 16)[None])
    view = View(_unit(0), ("image",), "space", "bundle@1", (part,))
    return [to_bytes(EnrolledLabel("mug", (view,)))]


def label_cache_seeds() -> list[bytes]:
    file = io.BytesIO()
    arrays = {"prototypes": np.eye(3, dtype=np.float32), "owner": np.arange(3)}
    np.savez(file, key=np.array("k"), labels_key=np.array("l"), **arrays)
    return [file.getvalue()]


def statistics_seeds() -> list[bytes]:
    return [(ROOT / "models" / "household" / "matching.npz").read_bytes()]


def _document(
    name: str, read: Callable[[Path], Any], error: type[Exception], seeds: Callable[[], list[bytes]]
) -> Target:
    return Target(partial(document, name=name, read=read, error=error), seeds, 4096)


TARGETS = {
    "manifest": _document(
        "bundle.yaml", lambda path: read_manifest(path.parent), BundleError, manifest_seeds
    ),
    "bundle": Target(bundle, manifest_seeds, 4096),
    "labels": _document("labels.yaml", read_labels, LabelError, labels_seeds),
    "bag_labels": _document("bag.yaml", read_bag_labels, ReaderError, bag_labels_seeds),
    "parameters": _document("config.yaml", read_parameters, LaunchError, parameters_seeds),
    "folder": _document(
        "folder.yaml",
        lambda path: read_folder_options(path.parent),
        FileError,
        lambda: [b"modality: touch\nunit: kelvin\nlicence: CC0-1.0\nobjects: folder\n"],
    ),
    "enrolled": Target(enrolled, enrolled_seeds, 8192),
    "label_cache": Target(label_cache, label_cache_seeds, 4096),
    "statistics": Target(
        partial(document, name="matching.npz", read=read_statistics, error=MatchFileError),
        statistics_seeds,
        1 << 18,
    ),
}
