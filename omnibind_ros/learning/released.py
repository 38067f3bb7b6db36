"""The weights of a bundle's students and fusion, to be trained further: BUNDLE_checkpoints.

A bundle has networks that run, in int8 where that pays; these are the networks that they were
exported from. The folder lies beside the bundle, and checkpoints.yaml binds each file to the
network of the bundle that was made of it:

    bundle: household@0.2.0+46277b53
    files:
      touch: {path: touch.pt, sha256: ..., network: <sha256 of the bundle's touch.onnx>}
      fusion: {path: fusion.pt, sha256: ..., network: <sha256 of fusion.onnx>}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.safe_yaml import load_yaml

from . import checkpoints
from .config import TrainingError

RECORD = "checkpoints.yaml"
SUFFIX = "_checkpoints"
FUSION = "fusion"


def checkpoints_folder(bundle: Bundle) -> Path:
    """Return the folder of a bundle's checkpoints, whether it exists or not."""
    return weights_folder(bundle.root)


def weights_folder(out: Path) -> Path:
    """Return the folder of the checkpoints of a bundle in a folder, or that will be there."""
    out = out.resolve()
    return out.with_name(out.name + SUFFIX)


def find_checkpoint(bundle: Bundle, name: str, folder: Path | None = None) -> Path:
    """Return the file with the weights that a network of a bundle was exported from.

    Args:
        bundle: The bundle.
        name: A student modality, or `FUSION`.
        folder: Where the checkpoints are; None: beside the bundle.

    Raises:
        TrainingError: There is none, or it is damaged or of another network.
    """
    where = folder or checkpoints_folder(bundle)
    path = where / RECORD
    try:
        entry = load_yaml(path.read_text(encoding="utf-8"))["files"][name]
        file, digest, network = _inside(where, entry["path"]), entry["sha256"], entry["network"]
    except OSError as error:
        raise TrainingError(
            f"{where} has no {RECORD} ({error.strerror}), which names the weights that "
            f"{bundle.manifest.model} was made of; give their folder with --checkpoints"
        ) from error
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{path} names no weights of {name} ({type(error).__name__}: {error}); give another "
            "folder with --checkpoints"
        ) from error
    spec = bundle.manifest.fusion if name == FUSION else bundle.manifest.encoders.get(name)
    if spec is None or spec.sha256 != network:
        raise TrainingError(
            f"the weights of {name} in {where} are those of another bundle than "
            f"{bundle.manifest.model}; give the folder that came with it with --checkpoints"
        )
    if not file.is_file() or file_sha256(file) != digest:
        raise TrainingError(f"{file} is missing or damaged; restore it from where the bundle came")
    return file


def _inside(folder: Path, name: Any) -> Path:
    """Return a file of a folder by its name; raises ValueError if it is elsewhere."""
    if not isinstance(name, str) or Path(name).name != name:
        raise ValueError(f"path {name!r} is no name of a file there")
    return folder / name


def release_checkpoints(
    out: Path, bundle: Bundle, students: Mapping[str, Path], fusion: Path | None = None
) -> list[str]:
    """Write the weights that a bundle's networks were exported from.

    Matrices are stored in 16 bits, which halves the files and turns no embedding by more than a
    cosine of 0.9999; vectors, such as the variances of a normalisation, stay in 32. Weights that
    the folder has of the bundle's other networks stay, as after `omnibind bundle merge`.

    Args:
        out: The folder; files of the same names in it are replaced.
        bundle: The bundle.
        students: By modality, MODALITY.pt of the run that was exported.
        fusion: fusion.pt of the run that was exported, if there is one.

    Returns:
        The names of the networks whose weights were written.

    Raises:
        TrainingError: A file cannot be read.
        OSError: One cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, dict[str, str]] = _still_right(out, bundle)
    written = []
    for name, path in students.items():
        if name in bundle.manifest.encoders:
            network = bundle.manifest.encoders[name].sha256
            files[name] = _write(out / f"{name}.pt", _halved(checkpoints.load(path)), network)
            written.append(name)
    if fusion is not None and bundle.manifest.fusion is not None:
        content = checkpoints.load(fusion)
        files[FUSION] = _write(out / "fusion.pt", content, bundle.manifest.fusion.sha256)
        written.append(FUSION)
    record = {"bundle": bundle.manifest.model, "files": files}
    write_atomic(out / RECORD, yaml.safe_dump(record, sort_keys=False))
    return written


def _still_right(folder: Path, bundle: Bundle) -> dict[str, dict[str, str]]:
    """Return the record's entries of networks that the bundle has still, with sound files."""
    networks = {name: spec.sha256 for name, spec in bundle.manifest.encoders.items()}
    if bundle.manifest.fusion is not None:
        networks[FUSION] = bundle.manifest.fusion.sha256
    kept = {}
    for name, network in networks.items():
        try:
            kept[name] = _entry(find_checkpoint(bundle, name, folder), network)
        except TrainingError:
            continue  # there are none of this network: nothing to keep
    return kept


def _entry(path: Path, network: str) -> dict[str, str]:
    return {"path": path.name, "sha256": file_sha256(path), "network": network}


def _write(path: Path, content: dict[str, Any], network: str) -> dict[str, str]:
    checkpoints.save(path, content)
    return _entry(path, network)


def _halved(content: dict[str, Any]) -> dict[str, Any]:
    """Return a student's file with its matrices in 16 bits."""
    state = {
        name: value.to(torch.float16) if value.is_floating_point() and value.dim() > 1 else value
        for name, value in content["state"].items()
    }
    return content | {"state": state}
