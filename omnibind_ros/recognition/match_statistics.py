"""How far views of one thing lie apart, and different things: statistics of a modality.

They are measured when a bundle is made (learning/matching) and kept in its file matching.npz. The
model is probabilistic linear discriminant analysis, PLDA (Ioffe, ECCV 2006): a view is x = mu + y +
e, where y is the thing, of covariance B, and e what differs between its views, of covariance W. In
the space in which W is the unit matrix and B diagonal, everything is computed value by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import DAMAGED_ARCHIVE, Floats, read_npz
from omnibind_ros.format_number import NewerFormatError, check_format
from omnibind_ros.plain_text import SentenceError

FORMAT = 1

KINDS = ("features", "embedding")
"""What is matched: an encoder's features, or its embedding where there are no features."""

TINY = 1e-9


class Likelihood(NamedTuple):
    """From a score to the likelihood ratio r of the same thing and of another one.

    r = (wrong + (1 - wrong) x) / (1 - alike + alike x), log x = slope * score + offset.

    Attributes:
        slope: Of the logistic function (Platt, 1999), at least 0.
        offset: Of the logistic function.
        wrong: Share of the views of a thing that do not look like its others: one member never
            lowers the odds of a thing by more than this factor.
        alike: Share of other things that look the same: one member never raises the odds by more
            than 1 / alike.
    """

    slope: float
    offset: float
    wrong: float
    alike: float

    def log_ratio(self, scores: Any, reliability: float = 1.0) -> Any:
        """Return log(1 - reliability + reliability r) of scores of any shape.

        Args:
            scores: Scores of `MatchStatistics`.
            reliability: 0..1, the probability that the member shows anything at all.
        """
        x = np.exp(np.clip(self.slope * scores + self.offset, -60.0, 60.0))
        low, high = 1 - reliability, reliability
        wrong, right = low * (1 - self.alike) + high * self.wrong, high * (1 - self.wrong)
        # One logarithm of a quotient; float32 scores stay float32.
        above = wrong + (low * self.alike + right) * x
        return np.log(above / ((1 - self.alike) + self.alike * x))


@dataclass(frozen=True)
class MatchStatistics:
    """Statistics of one modality's features or embeddings.

    Attributes:
        mean: float32 [F], of all things.
        projection: float32 [F, K], into the space of things.
        total: float32 [K], variance of all views there.
        centre: float32 [K], mean of views there, after their length is made equal.
        rotation: float32 [K, K], makes W the unit matrix and B diagonal.
        between: float32 [K], the diagonal of B.
        akin: float32 [K], that of things of one class, at most `between`.
        likelihood: float32 [2, 4], the values of two `Likelihood`: against any other thing, and
            against another thing of the same class.
    """

    mean: Floats
    projection: Floats
    total: Floats
    centre: Floats
    rotation: Floats
    between: Floats
    akin: Floats
    likelihood: Floats

    @property
    def likelihoods(self) -> tuple[Likelihood, Likelihood]:
        """From scores to likelihood ratios: against any thing, against one of the same class."""
        against_any, against_akin = self.likelihood.tolist()
        return Likelihood(*against_any), Likelihood(*against_akin)

    def place(self, values: npt.NDArray[Any]) -> Floats:
        """Return the places [..., K] of features or embeddings [..., F].

        All lengths are made equal: how strong the features are says little of the thing
        (Garcia-Romero and Espy-Wilson, Interspeech 2011).
        """
        z = (values - self.mean) @ self.projection
        length = np.sqrt(np.mean(z * z / self.total, axis=-1, keepdims=True))
        return np.asarray((z / np.maximum(length, TINY) - self.centre) @ self.rotation, np.float32)

    def problem(self) -> str:
        """Return what is wrong with the arrays in a clause; '' if nothing is."""
        size, places = self.projection.shape if self.projection.ndim == 2 else (0, 0)
        shapes = {
            "mean": (size,),
            "projection": (size, places),
            "total": (places,),
            "centre": (places,),
            "rotation": (places, places),
            "between": (places,),
            "akin": (places,),
            "likelihood": (2, len(Likelihood._fields)),
        }
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape or not places or not np.isfinite(array).all():
                return f"its array {name} is not as the others"
        if self.total.min() <= 0 or min(self.between.min(), self.akin.min()) < 0:
            return "it has variances that are none"
        return ""


class Match(NamedTuple):
    """What matches one modality: the statistics of its features, and of its embeddings.

    Attributes:
        encoder: Hash of the encoder that they were measured with.
        by_kind: By a name of `KINDS`.
    """

    encoder: str
    by_kind: Mapping[str, MatchStatistics]


class MatchFileError(SentenceError):
    """A file of statistics cannot be used; the text is a clause."""


class NewerMatchFileError(MatchFileError):
    """A later version has written a file of statistics; the text says what to do."""


_ARRAYS = tuple(field.name for field in fields(MatchStatistics))


_MATRICES = ("projection", "rotation")


def write_statistics(path: Path, statistics: Mapping[str, Match]) -> None:
    """Write matching.npz; a column of the projection is kept as 8-bit integers and a scale.

    Args:
        path: The file.
        statistics: By modality.

    Raises:
        OSError: It cannot be written.
    """
    arrays: dict[str, npt.NDArray[Any]] = {"format": np.array(FORMAT)}
    for modality, match in statistics.items():
        arrays[f"{modality}.encoder"] = np.array(match.encoder)
        for kind, found in match.by_kind.items():
            for name in _ARRAYS:
                array = getattr(found, name).astype(np.float32)
                if name in _MATRICES:
                    scale = np.maximum(np.abs(array).max(0), TINY) / 127
                    arrays[f"{modality}.{kind}.{name}_scale"] = scale.astype(np.float32)
                    array = np.round(array / scale).astype(np.int8)
                arrays[f"{modality}.{kind}.{name}"] = array
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_statistics(path: Path) -> dict[str, Match]:
    """Read matching.npz; nothing in it is run.

    Args:
        path: The file.

    Returns:
        By modality.

    Raises:
        NewerMatchFileError: A later version has written it.
        MatchFileError: It is missing, damaged or of another kind.
    """
    try:
        arrays = read_npz(path)
        check_format(arrays["format"].item(), FORMAT)
        found: dict[str, Match] = {}
        for key, array in arrays.items():
            modality, _, rest = key.partition(".")
            if rest == "encoder":
                found[modality] = Match(str(array.item()), _kinds(arrays, modality))
    except MatchFileError:
        raise
    except NewerFormatError as error:
        raise NewerMatchFileError(str(error)) from error
    except DAMAGED_ARCHIVE as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise MatchFileError(f"it is damaged or missing: {reason}") from error
    return found


def _kinds(arrays: Mapping[str, npt.NDArray[Any]], modality: str) -> dict[str, MatchStatistics]:
    found = {}
    for kind in KINDS:
        if f"{modality}.{kind}.mean" not in arrays:
            continue
        values = {n: arrays[f"{modality}.{kind}.{n}"].astype(np.float32) for n in _ARRAYS}
        for name in _MATRICES:
            values[name] = values[name] * arrays[f"{modality}.{kind}.{name}_scale"]
        statistics = MatchStatistics(**values)
        if statistics.problem():
            raise MatchFileError(f"{statistics.problem()} for {kind} of {modality}")
        found[kind] = statistics
    return found
