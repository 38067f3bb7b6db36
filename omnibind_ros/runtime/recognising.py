"""Labels and fusion of a bundle, and what makes results with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.fusion import Fusion, make_fusion
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.recognition.vocabulary import Vocabulary

from .config import PerceptionConfig
from .history import History, HistorySettings
from .perception import Perception, PerceptionResult


@dataclass(frozen=True)
class Knowledge:
    """What a bundle knows of labels and fusion, which takes a moment to load.

    Attributes:
        vocabulary: The labels.
        fusion: Fuses embeddings.
        problems: A sentence for each problem with the labels.
        no_fusion: A sentence if the mean takes the place of the fusion asked for, else ''.
    """

    vocabulary: Vocabulary
    fusion: Fusion
    problems: tuple[str, ...]
    no_fusion: str

    @staticmethod
    def load(bundle: Bundle, config: PerceptionConfig) -> Knowledge:
        """Load labels and fusion.

        Args:
            bundle: The bundle.
            config: The node's parameters.

        Raises:
            ValueError: The labels cannot be used; the text is one sentence.
        """
        vocabulary, problems = Vocabulary.load(
            bundle, config.labels, config.threads, config.labels_file
        )
        fusion, no_fusion = make_fusion(config.fusion, bundle)
        return Knowledge(vocabulary, fusion, tuple(problems), no_fusion)

    def perception(
        self,
        bundle: Bundle,
        history: HistorySettings,
        on_result: Callable[[PerceptionResult], None],
        monotonic: Callable[[], float] = time.monotonic,
        recogniser: Recogniser | None = None,
    ) -> Perception:
        """Return what turns embeddings into results, with nothing seen.

        Args:
            bundle: The bundle, for its calibration.
            history: What results remember; it may be changed later.
            on_result: Takes each result.
            monotonic: The engine's clock, seconds.
            recogniser: Finds the labels; None for a new one.
        """
        calibration = bundle.manifest.calibration
        recogniser = recogniser or Recogniser(self.vocabulary.bank, calibration)
        seen = History(history, calibration.contradiction)
        return Perception(self.fusion, recogniser, on_result, monotonic, seen)
