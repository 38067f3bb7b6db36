"""What is checked before students are trained, as trainings take hours."""

from __future__ import annotations

import numpy as np

from omnibind_ros.learning.config import TrainingConfig
from omnibind_ros.learning.tensors.cache import TensorCache
from omnibind_ros.recognition.label_bank import LabelBank

from .batches import StudentData
from .selection import check_samples


def check_modalities(cache: TensorCache, bank: LabelBank, config: TrainingConfig) -> None:
    """Check that there is enough to learn from, for each modality of a run.

    Args:
        cache: The dataset's tensors.
        bank: The classes to learn.
        config: The run.

    Raises:
        TrainingError: A modality has too few samples, or no images to be paired with.
    """
    image = np.zeros((len(cache.targets.image), cache.embedding_size), np.float32)
    for modality in config.modalities:
        data = StudentData(cache, modality, "train", bank, config, image)
        paired = config.of(modality)[0].objective != "cross_entropy"
        check_samples(modality, data.labels, bank, lacks_images=paired and not data.has_images)
