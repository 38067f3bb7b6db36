"""Puts encoders of one bundle into another one of the same space: `omnibind bundle merge`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError, BundleManifest
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.learning.af.files import NETWORK, TrainedFusion, load_fusion, save_network
from omnibind_ros.learning.af.refit import copy_row
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.released import (
    FUSION,
    find_checkpoint,
    release_checkpoints,
    weights_folder,
)
from omnibind_ros.learning.students.registry import STUDENT_MODALITIES
from omnibind_ros.modalities import MODALITIES

from .atomic_folder import replaced_folder
from .bundle_files import bundle_version, copy_parts, keep_other_files, require_replaceable
from .export_fusion import export_fusion
from .verify import require_intact, verify_bundle

WRITTEN_BY = "`omnibind bundle merge`"


class Merged(NamedTuple):
    """A merged bundle.

    Attributes:
        bundle: Loaded and checked.
        notes: What could not be calibrated, a sentence each.
    """

    bundle: Bundle
    notes: tuple[str, ...]


def merge_bundles(out: Path, into: Bundle, other: Bundle, take: Sequence[str]) -> Merged:
    """Make a bundle like one, with some encoders of another one.

    The fusion is that of the first; how far it trusts the taken encoders comes from the other's.
    So do the thresholds of the taken modalities alone; those of combinations stay.

    Args:
        out: The new bundle's folder; it is replaced when the new bundle is complete and verified,
            and so is OUT_checkpoints, the weights as far as those of both bundles are there.
        into: The bundle whose other encoders, labels and fusion are kept.
        other: The bundle whose encoders are taken.
        take: Modalities; at least one.

    Raises:
        BundleError: A bundle is damaged, lacks an encoder, or the two have other spaces.
        OSError: A file cannot be read or written.
    """
    first, second = require_intact(into).manifest, require_intact(other).manifest
    _check_spaces(first, second)
    missing = [name for name in take if name not in second.encoders]
    if missing or not take:
        said = f"{second.model} has no encoder of {missing[0]}" if missing else "nothing is taken"
        raise BundleError(f"{said}; take some of {', '.join(second.encoders)}")
    require_replaceable(out, [into.root, other.root])
    students = _students(into, other, take)
    with ExitStack() as stack:
        weights = stack.enter_context(replaced_folder(weights_folder(out))) if students else None
        stage = stack.enter_context(replaced_folder(out))
        kept = [spec for name, spec in first.encoders.items() if name not in take]
        kept += [first.labels, *([first.fusion] if first.fusion is not None else [])]
        copy_parts(into, stage, kept)
        encoders = dict(first.encoders)
        for name in take:
            spec = second.encoders[name]
            target = replace(spec, path=f"{name}.onnx")
            shutil.copyfile(other.root / spec.path, stage / target.path)
            for file in spec.extra.values():
                shutil.copyfile(other.root / file.path, stage / file.path)
            encoders[name] = target
        encoders = {name: encoders[name] for name in MODALITIES if name in encoders}
        fusion, notes = _fusion(into, other, take)
        network = first.fusion if fusion is None else export_fusion(fusion.network, stage)
        alone = {name: second.calibration.min_similarity.get(name) for name in take}
        thresholds = {name: value for name, value in alone.items() if value is not None}
        if first.matching is not None:
            notes.append(
                "the statistics by which enrolled labels are compared are left out, as they are of "
                f"the encoders of {first.model}."
            )
        if first.fusion is not None:
            notes.append(
                "thresholds of combinations with " + ", ".join(take) + f" are those of "
                f"{first.model}, measured with its own encoders; `omnibind adapt` with recordings "
                "of these sensors measures them anew."
            )
        calibration = replace(
            first.calibration, min_similarity={**first.calibration.min_similarity, **thresholds}
        )
        manifest = replace(
            first,
            name=out.resolve().name,
            version=bundle_version(encoders, network),
            encoders=encoders,
            fusion=network,
            matching=None,
            calibration=calibration,
            figures=_export_figures(first, second, take),
        )
        write_manifest(stage, manifest, WRITTEN_BY)
        if weights is not None:
            _write_weights(weights, into, Bundle.load(stage), students, fusion)
        verify_bundle(stage, limited=False)
        keep_other_files(out, stage)
    return Merged(Bundle.load(out), tuple(notes))


def _export_figures(
    first: BundleManifest, second: BundleManifest, take: Sequence[str]
) -> dict[str, Any]:
    """Return what the exports measured of each encoder; other figures are of a whole bundle."""
    of_first, of_second = (each.figures.get("export", {}) for each in (first, second))
    found = {name: of for name, of in of_first.items() if name not in take}
    found |= {name: of_second[name] for name in take if name in of_second}
    return {"export": found} if found else {}


def _students(into: Bundle, other: Bundle, take: Sequence[str]) -> dict[str, Path]:
    """Return the weights of the merged bundle's students, as far as they are there."""
    found: dict[str, Path] = {}
    for name in STUDENT_MODALITIES:
        with suppress(
            TrainingError
        ):  # a bundle runs without; `omnibind adapt` says what is missing
            found[name] = find_checkpoint(other if name in take else into, name)
    return found


def _write_weights(
    folder: Path,
    into: Bundle,
    bundle: Bundle,
    students: Mapping[str, Path],
    fusion: TrainedFusion | None,
) -> None:
    """Write the weights of a merged bundle; without a merged fusion it has that of `into`."""
    with TemporaryDirectory() as scratch:
        path: Path | None = Path(scratch) / NETWORK
        if fusion is not None:
            save_network(Path(scratch) / NETWORK, fusion)
        else:
            path = None
            with suppress(TrainingError):
                path = find_checkpoint(into, FUSION)
        release_checkpoints(folder, bundle, students, path)


def _check_spaces(first: BundleManifest, second: BundleManifest) -> None:
    """Raise BundleError unless both bundles have embeddings of one space."""
    texts = [manifest.encoders.get("text") for manifest in (first, second)]
    same_text = texts[0] is not None and texts[1] is not None and texts[0].sha256 == texts[1].sha256
    if first.embedding_size != second.embedding_size or not same_text:
        raise BundleError(
            f"{first.model} and {second.model} have no common space: their text encoders differ; "
            "take an encoder that was trained with the same teacher"
        )


def _fusion(
    into: Bundle, other: Bundle, take: Sequence[str]
) -> tuple[TrainedFusion | None, list[str]]:
    """Return the first bundle's fusion with the rows of the taken encoders; None to keep it."""
    if into.manifest.fusion is None:
        return None, []
    kept = f"how far {', '.join(take)} is trusted beside other sensors stays as it was"
    if other.manifest.fusion is None:
        return None, [f"{kept}: {other.manifest.model} has no fusion."]
    try:
        fusions = [load_fusion(find_checkpoint(b, FUSION).parent) for b in (into, other)]
    except TrainingError as error:
        return None, [f"{kept}: {error}."]
    merged = fusions[0]
    for name in take:
        merged = copy_row(merged, fusions[1], MODALITIES[name].number)
    return merged, []
