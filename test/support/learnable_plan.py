"""A small dataset from which each modality can learn its class, for the tests of training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from tiny_plan import LABELS, TinyPlan

from omnibind_ros.datasets.storage.item import Item, Split

SOUND = 32_000


@dataclass(frozen=True)
class LearnablePlan(TinyPlan):
    """Like `TinyPlan`, but what is sensed follows from the class, with some noise.

    Attributes:
        without: Modalities that no sample has.
        one_class: Whether touch has samples of the first class only.
        recordings: How many of the samples, the last ones, are recordings of a sound of five
            seconds, the end of it silent, or of a thermal picture; each with a name of its own.
    """

    without: tuple[str, ...] = ()
    one_class: bool = False
    recordings: int = 0

    def item(self, index: int) -> Item:
        item = super().item(index)
        if index < self.samples - self.recordings:
            return item
        name = "thermal" if index % 2 else "audio"
        value = item.modalities[name]()
        if name == "audio":
            value = np.concatenate([value, value, np.zeros(SOUND // 2, np.int16)])
        return replace(
            item,
            key=f"real-{index}",
            object_id=f"real-{item.label}-{index}",
            split=_split(index),
            modalities={name: lambda: value},
            origin={name: "recorded"},
            source="a published set",
            meta={"name": f"real {item.label}"},
        )

    def data(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng([self.seed, index])
        kind = index % len(LABELS)
        made = super().data(index) | {
            "image": _image(kind, rng),
            "text": [f"sentence {index % 7}", "another"],
            "touch": _touch(kind, rng),
            "thermal": _thermal(kind, rng),
            "event": _events(kind, rng),
            "points": _points(kind, rng),
            "audio": _sound(kind, rng),
        }
        gone = {*self.without, *(["touch"] if self.one_class and kind else [])}
        return {name: value for name, value in made.items() if name not in gone}


def _split(index: int) -> Split:
    return ("train", "train", "validation", "test")[index // 6 % 4]  # each class in each


def _image(kind: int, rng: np.random.Generator) -> np.ndarray:
    picture = np.full((64, 64, 3), 200, np.uint8)
    x, y = (int(v) for v in rng.integers(20, 44, 2))
    colour = [(200, 30, 30), (30, 200, 30), (30, 30, 200)][kind]
    if kind == 0:
        cv2.circle(picture, (x, y), 14, colour, -1)
    else:
        cv2.rectangle(picture, (x - 14, y - 14 // kind), (x + 14, y + 14 // kind), colour, -1)
    return picture


def _spots(kind: int, rng: np.random.Generator) -> np.ndarray:
    """Return 1, 2 or 3 smooth spots in a picture of 30 x 40, 0..1."""
    y, x = np.mgrid[:30, :40]
    total = np.zeros((30, 40), np.float32)
    for spot in range(kind + 1):
        centre = 8 + 11 * spot + rng.normal(0, 1), 15 + rng.normal(0, 2)
        total += np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 18)
    return total


def _touch(kind: int, rng: np.random.Generator) -> np.ndarray:
    rest = np.full((30, 40, 3), 120, np.uint8)
    pressed = rest + 80 * _spots(kind, rng)[..., None] + rng.normal(0, 1, rest.shape)
    return np.stack([pressed.clip(0, 255).astype(np.uint8), rest])


def _thermal(kind: int, rng: np.random.Generator) -> np.ndarray:
    celsius = 21 + 9 * _spots(kind, rng) + rng.normal(0, 0.05, (30, 40))
    return celsius.astype(np.float32)


def _events(kind: int, rng: np.random.Generator) -> dict[str, Any]:
    place = rng.choice(1200, 900, p=(p := _spots(kind, rng).ravel()) / p.sum())
    return {
        "x": (place % 40).astype(np.uint16),
        "y": (place // 40).astype(np.uint16),
        "t": np.sort(rng.integers(0, 50_000_000, 900)).astype(np.int64),
        "p": rng.integers(0, 2, 900).astype(np.uint8),
        "width": 40,
        "height": 30,
        "duration_ns": 50_000_000,
    }


def _points(kind: int, rng: np.random.Generator) -> np.ndarray:
    sides = [(1.0, 1.0, 1.0), (0.2, 0.2, 2.0), (2.0, 2.0, 0.05)][kind]
    return (rng.uniform(-0.5, 0.5, (600, 3)) * sides).astype(np.float32)


def _sound(kind: int, rng: np.random.Generator) -> np.ndarray:
    time = np.arange(SOUND) / 16_000
    tone = 8000 * np.sin(2 * np.pi * 300 * 3**kind * time + rng.uniform(0, 6))
    return (tone + rng.normal(0, 200, SOUND)).astype(np.int16)
