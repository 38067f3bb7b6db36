"""Processor time of drawing the overlay, for seven sensors and three sizes of picture.

Usage: python3 benchmarks/overlay.py
"""

from __future__ import annotations

import statistics
import time

import cv2
import numpy as np

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.overlay import SensorRow, draw_overlay
from omnibind_ros.recognition.recogniser import Recognition

SIZES = ((224, 224), (640, 480), (1920, 1080))
RUNS = 200

PLANT = Recognition(
    labels=("plant", "tree", "flower"),
    probabilities=np.array([0.7, 0.1, 0.05], np.float32),
    unknown=0.1,
    similarity=0.3,
    quality=1.0,
    known=True,
    category="vegetation",
    category_probability=0.85,
)


def main() -> None:
    """Measure and print the median of each size."""
    cv2.setNumThreads(1)
    sensors = [SensorRow(name, "FRESH", 1 / len(MODALITIES), 0.1) for name in MODALITIES]
    for width, height in SIZES:
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        times = []
        for _ in range(RUNS):
            began = time.thread_time()
            drawn = draw_overlay(image, PLANT, sensors)
            times.append(time.thread_time() - began)
        milliseconds = statistics.median(times) * 1e3
        print(f"{width} x {height}: {milliseconds:.2f} ms ({drawn.shape[1]} x {drawn.shape[0]})")


if __name__ == "__main__":
    main()
