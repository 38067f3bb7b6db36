"""Processor milliseconds from message to model input, for microphones.

Usage: python3 benchmarks/audio.py [--json FILE]
"""

from __future__ import annotations

import argparse
import json
from array import array
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from timing import median_ms

from omnibind_ros.encoders.audio import prepare
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.sensors import Chunk, NotReadyError
from omnibind_ros.sensors.audio import RawAudioOptions, decode_audio
from omnibind_ros.sensors.sound import SlidingWindow, Sound
from omnibind_ros.units import SAMPLE_RATE

PARAMETERS = {"window": 0.032, "hop": 0.02, "peak": -40.0}
SPEC = TensorSpec("audio", (1, 1, 64, 98), "float32", parameters=PARAMETERS)
"""The input of the shipped bundle's encoder, which 2 s of sound fill."""

WINDOW = RawAudioOptions().window
CHUNKS = round(WINDOW * 50)
STREAMS = ((16000, 1), (48000, 1), (48000, 2), (44100, 8), (192000, 2))
REPEATS = 1001


def chunk(rate: int, channels: int) -> SimpleNamespace:
    """Return an omnibind_msgs/Audio of 20 ms of noise."""
    noise = np.random.default_rng(0).integers(-9000, 9000, rate // 50 * channels, np.int16)
    samples = array("h", noise.tobytes())
    return SimpleNamespace(sample_rate=rate, channels=channels, samples=samples)


def combining(rate: int) -> float:
    """Return milliseconds in which one more chunk joins a full window."""
    window, samples = SlidingWindow(WINDOW), decode_audio(chunk(rate, 1)).samples
    chunks: list[Chunk] = []
    step = count()

    def join() -> None:
        chunks.append(Chunk(Sound(samples, rate), next(step) * 20_000_000))
        del chunks[:-CHUNKS]
        try:
            window(chunks)
        except NotReadyError:
            return

    for _ in range(CHUNKS):
        join()
    return median_ms(join, REPEATS)


def main() -> int:
    """Measure, print a table, and write the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the figures")
    args = parser.parse_args()
    figures = {}
    for rate, channels in STREAMS:
        message = chunk(rate, channels)
        figures[f"decode_{rate}_hz_{channels}_ms"] = median_ms(
            lambda message=message: decode_audio(message), REPEATS
        )
    for rate in sorted({rate for rate, _ in STREAMS}):
        figures[f"combine_{rate}_hz_ms"] = combining(rate)
    sound = np.random.default_rng(0).normal(0, 0.1, round(WINDOW * SAMPLE_RATE)).astype(np.float32)
    figures["prepare_window_ms"] = median_ms(lambda: prepare(sound, SPEC), REPEATS)
    for name, value in figures.items():
        print(f"{name:28} {value:7.3f}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
