"""Gives a bundle the statistics by which enrolled labels are recognised; its networks stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.encoders.manifest import FileSpec
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.learning.matching.fitting import fit_matching
from omnibind_ros.recognition.match_statistics import Match, write_statistics

from .atomic_folder import replaced_folder
from .bundle_files import WRITTEN_BY, copy_files, keep_other_files
from .verify import require_intact, verify_bundle

FILE = "matching.npz"


def add_matching(
    out: Path, source: Path, data: Path, progress: Callable[[str], None] = lambda _: None
) -> Bundle:
    """Make a bundle of another bundle, with statistics of a dataset's objects.

    Args:
        out: Its folder, which may be the source's; it is replaced when the new bundle is complete
            and verified.
        source: The bundle whose encoders measure.
        data: A dataset with several samples of each object.
        progress: Called with the modality that is next.

    Raises:
        BundleError: A file of the source is missing or damaged.
        TrainingError: There are too few objects.
        DatasetError: There is no dataset.
        OSError: A file cannot be read or written.
    """
    bundle = require_intact(Bundle.load(source))
    return with_statistics(out, bundle, fit_matching(bundle, Dataset.open(data), progress=progress))


def with_statistics(out: Path, bundle: Bundle, statistics: Mapping[str, Match]) -> Bundle:
    """Make a bundle of another bundle and statistics; see `add_matching`."""
    with replaced_folder(out) as stage:
        copy_files(bundle.root, stage)
        write_statistics(stage / FILE, statistics)
        spec = FileSpec(
            FILE,
            file_sha256(stage / FILE),
            licence="Apache-2.0",
            origin="measured with `omnibind export --matching`",
        )
        write_manifest(stage, replace(bundle.manifest, matching=spec), WRITTEN_BY)
        verify_bundle(stage)
        keep_other_files(out, stage)
    return Bundle.load(out)
