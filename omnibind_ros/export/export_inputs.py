"""What a bundle is made from, opened and checked: a training run, its dataset and its teacher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.learning import checkpoints
from omnibind_ros.learning.cad.run_folder import cache_of
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.config_file import read_config
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.learning.tensors.sample_labels import CLASSES

from .precisions import AUTO
from .verify import require_intact


@dataclass(frozen=True)
class BundleRequest:
    """What to make a bundle of.

    Attributes:
        run: Folder of `omnibind train students`.
        data: The dataset that it was trained on.
        source: The teacher's bundle; the new one has its text encoder and its labels, and its image
            encoder with the run's projection.
        fusion: Folder of `omnibind train fusion`; None: the bundle gets no fusion network.
        cache: Folder of the run's caches of tensors; None for the run's own.
        precision: Of the encoders; one of `precisions.PRECISIONS`, or `AUTO`.
        keep_labels: Whether the source's labels stay beside those of the dataset.
    """

    run: Path
    data: Path
    source: Path
    fusion: Path | None = None
    cache: Path | None = None
    precision: str = AUTO
    keep_labels: bool = False


@dataclass(frozen=True)
class ExportInputs:
    """A request whose inputs are open.

    Attributes:
        request: The request.
        source: The teacher's bundle.
        cache: The tensors that the run was trained on.
        dataset: The dataset.
    """

    request: BundleRequest
    source: Bundle
    cache: TensorCache
    dataset: Dataset

    @classmethod
    def open(cls, request: BundleRequest) -> ExportInputs:
        """Open a request's inputs.

        Raises:
            BundleError: The source is damaged, or is not the run's teacher.
            TrainingError: A file of the run is missing or of another kind.
            DatasetError: There is no dataset.
        """
        source = require_intact(Bundle.load(request.source))
        projection = checkpoints.load(require_run(request.run) / "teacher.pt")
        if projection.get("teacher") != source.manifest.model:
            raise BundleError(
                f"the run in {request.run} was trained with the teacher "
                f"{projection.get('teacher')}, but {request.source} is {source.manifest.model}; "
                "give its teacher for --source"
            )
        cache = _cache_folder(request.cache or cache_of(request.run), str(projection["key"])[:16])
        return cls(request, source, TensorCache.open(cache), Dataset.open(request.data))

    @property
    def own_labels(self) -> bool:
        """Whether the run learned the dataset's classes, which are the bundle's labels then."""
        config = read_config(self.request.run / "config.yaml")
        return config.labels == CLASSES and not config.left_out

    @property
    def origin(self) -> str:
        """Where the run's networks are from, for the manifest: command, dataset and licences."""
        about = self.dataset.manifest.description
        licences = sorted({str(source["licence"]) for source in about.get("sources", ())})
        name = f"{about.get('name', self.request.data.name)} {about.get('version', '')}".rstrip()
        data = f" ({', '.join(licences)})" if licences else ""
        return f"trained with `omnibind train students` on the dataset {name}{data}"


def _cache_folder(folder: Path, key: str) -> Path:
    """Return the folder of the tensors that a run was trained on.

    Raises:
        TrainingError: The folder of caches has those of other data alone.
    """
    if (folder / key).is_dir() or not folder.is_dir():
        return folder / key
    others = ", ".join(sorted(path.name for path in folder.iterdir() if path.is_dir()))
    raise TrainingError(
        f"the run was trained on the tensors {key}, and {folder} has {others or 'none'}: give for "
        "--cache and --data what it was trained with, or train it again on these"
    )


def require_run(folder: Path) -> Path:
    """Return the folder of a training run.

    Raises:
        TrainingError: It is none.
    """
    if folder.is_dir() and (folder / "teacher.pt").is_file():
        return folder
    missing = f"no teacher.pt in {folder}" if folder.is_dir() else f"no folder {folder}"
    raise TrainingError(
        f"there is no training run to export ({missing}): give the folder that `omnibind train "
        "students` wrote with --out for --run; to export the encoders of a bundle, no run is "
        "needed: `omnibind export --bundle household --out DIR`"
    )
