"""Embeddings as trained encoders would give them, of a world that is quickly made."""

import numpy as np

from omnibind_ros.learning.af.embeddings import EmbeddingSet
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank

NOISE = {
    "image": 0.7,
    "text": 0.5,
    "touch": 2.0,
    "thermal": 1.2,
    "event": 1.6,
    "points": 0.9,
    "audio": 1.2,
}
"""How far each modality's embeddings are from their class's name."""


def unit(values):
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def make_embeddings(
    samples=600, classes=8, size=32, modalities=tuple(MODALITIES), seed=0, noise=None
):
    """Make a set: two samples an object, half of the objects to test, a quarter each to others."""
    rng = np.random.default_rng(seed)
    names = unit(rng.normal(size=(classes, size)))
    labels = np.repeat(rng.integers(0, classes, samples // 2), 2)
    scale = np.array([(noise or NOISE)[name] for name in modalities])
    # Some samples are bad ones of their modality, which their quality tells in part.
    bad = rng.random((samples, len(modalities)))
    spread = scale * (0.5 + bad) / np.sqrt(size) * 2
    values = names[labels][:, None] + spread[..., None] * rng.normal(
        size=(samples, len(modalities), size)
    )
    number = np.arange(samples) // 2
    return EmbeddingSet(
        modalities,
        unit(values),
        (1 - 0.6 * bad).astype(np.float32),
        np.ones((samples, len(modalities)), bool),
        labels.astype(np.int64),
        np.array([f"object-{i}" for i in number]),
        np.array(["test", "validation", "test", "train"])[number % 4],
        LabelBank(tuple(f"class {i}" for i in range(classes)), names, np.arange(classes)),
    )
