"""How recognition of recorded sounds holds with level, sampling rate and clipping.

Usage: python3 benchmarks/sounds.py FOLDER [--fold 5] [--bundle household] [--json FILE]

FOLDER is that of ESC-10 as published: one folder a class, files FOLD-CLIP-TAKE.ogg. Its clips are
brought to a peak of -20 dB of full scale, changed, written as 16-bit WAV files, and recognised by
`omnibind recognise` with the labels that the bundle ships, as by the node.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from recognised import recognised
from rich.console import Console
from rich.table import Table
from scipy.signal import resample_poly

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.names import DEFAULT_BUNDLE

PEAK = 0.1
"""Of a clip before it is changed, of full scale: -20 dB."""

RATE = 44_100
"""Of the clips as published, Hz."""


def _gain(decibels: float) -> Callable[[Floats], tuple[Floats, int]]:
    return lambda sound: (sound * 10 ** (decibels / 20), RATE)


def _rate(rate: int) -> Callable[[Floats], tuple[Floats, int]]:
    common = np.gcd(rate, RATE)
    return lambda sound: (resample_poly(sound, rate // common, RATE // common), rate)


def _clipped(sound: Floats) -> tuple[Floats, int]:
    limit = np.abs(sound).max() * 10 ** (-3 / 20)
    return np.clip(sound, -limit, limit), RATE


CHANGES: dict[str, Callable[[Floats], tuple[Floats, int]]] = {
    "as recorded": _gain(0),
    **{f"{level:+d} dB": _gain(level) for level in (-30, -20, -10, 10, 20)},
    "clipped by 3 dB": _clipped,
    **{f"{rate / 1000:g} kHz": _rate(rate) for rate in (48_000, 22_050, 16_000, 8_000)},
}


def main() -> int:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="ESC-10, one folder a class")
    parser.add_argument("--fold", default="5", help="the clips whose name begins with it (5)")
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    clips = sorted(options.folder.glob(f"*/{options.fold}-*.ogg"))
    if not clips:
        print(f"sounds.py: {options.folder} has no clips */{options.fold}-*.ogg", file=sys.stderr)
        return 1
    figures = {name: _measure(clips, change, options) for name, change in CHANGES.items()}
    _print(figures, len(clips))
    if options.json:
        options.json.write_text(json.dumps({"clips": len(clips), "changes": figures}, indent=1))
    return 0


def _measure(
    clips: list[Path], change: Callable[[Floats], tuple[Floats, int]], options: argparse.Namespace
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for clip in clips:
            sound, rate = soundfile.read(clip, dtype="float32")
            sound = sound if sound.ndim == 1 else sound.mean(1)
            if rate != RATE:
                raise ValueError(f"{clip} has {rate} Hz, not {RATE}; give ESC-10 as published")
            changed, rate = change(sound * (PEAK / max(float(np.abs(sound).max()), 1e-6)))
            out = folder / "sounds" / re.sub(r"^\d+ - ", "", clip.parent.name) / f"{clip.stem}.wav"
            out.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(out, changed, rate, "PCM_16")
        found = recognised(folder / "sounds", "--bundle", options.bundle)
    return {key: found[key] for key in ("n", "top1", "known", "wrong_known")}


def _print(figures: dict[str, dict[str, Any]], clips: int) -> None:
    table = Table(title=f"{clips} sounds, percent", title_justify="left")
    for column in ("change", "right", "difference", "known", "wrong and known"):
        table.add_column(column, justify="left" if column == "change" else "right")
    first = figures["as recorded"]["top1"]
    for name, of in figures.items():
        cells = (of["top1"], of["top1"] - first, of["known"], of["wrong_known"])
        table.add_row(name, *(f"{value:.1f}" for value in cells))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
