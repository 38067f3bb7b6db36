"""Processor milliseconds from message to model input, for thermal cameras and tactile pads.

Usage: python3 benchmarks/thermal_touch.py [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
from array import array
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from timing import median_ms

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.thermal import prepare as prepare_thermal
from omnibind_ros.encoders.touch import prepare as prepare_touch
from omnibind_ros.sensors import Chunk, NotReadyError
from omnibind_ros.sensors.thermal import ThermalOptions, decode_compressed_thermal, decode_thermal
from omnibind_ros.sensors.touch import decode_touch
from omnibind_ros.sensors.touch_reference import (
    FOLLOW_EVERY,
    SETTLE_FRAMES,
    FixedReference,
    LearntReference,
)

THERMAL = TensorSpec("thermal", (1, 1, 120, 160), "float32")
TOUCH = TensorSpec("touch", (1, 3, 120, 160), "float32")


def message(pixels: np.ndarray[Any, Any], encoding: str) -> SimpleNamespace:
    """Return a sensor_msgs/Image."""
    height, width = pixels.shape[:2]
    return SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=pixels.nbytes // height,
        data=array("B", pixels.tobytes()),
    )


def room(height: int, width: int) -> np.ndarray[Any, Any]:
    """Return a thermal image with something warm in it, degrees Celsius."""
    rng = np.random.default_rng(0)
    scene = rng.normal(21, 0.05, (height, width)).astype(np.float32)
    scene[height // 4 : height // 2, width // 4 : width // 2] += 12
    return scene


def gel(height: int, width: int, pressed: bool) -> np.ndarray[Any, Any]:
    """Return a gel image, uint8, with a contact or without."""
    rng = np.random.default_rng(int(pressed))
    picture = 120 + rng.normal(0, 2, (height, width, 3))
    if pressed:
        picture[height // 3 : height // 2, width // 3 : width // 2] += 50
    return picture.astype(np.uint8)


def thermal() -> dict[str, float]:
    """Return milliseconds of the thermal steps."""
    options, scene = ThermalOptions(), room(120, 160)
    counts = np.uint16((scene + 273.15) * 100)
    holes = scene.copy()
    holes.ravel()[::997] = np.nan
    png = SimpleNamespace(format="png", data=cv2.imencode(".png", counts)[1].tobytes())
    large = np.uint16((room(1200, 1600) + 273.15) * 100)
    decode = {
        "mono16": message(counts, "mono16"),
        "mono16, big-endian": message(counts.byteswap(), "mono16"),
        "32FC1": message(scene, "32FC1"),
        "32FC1, 20 bad pixels": message(holes, "32FC1"),
        "mono16, 1600 x 1200": message(large, "mono16"),
    }
    decode["mono16, big-endian"].is_bigendian = 1
    figures = {
        f"thermal: decode {name}": median_ms(partial(decode_thermal, msg, options))
        for name, msg in decode.items()
    }
    return figures | {
        "thermal: decode PNG of 16 bits": median_ms(
            lambda: decode_compressed_thermal(png, options)
        ),
        "thermal: prepare 160 x 120": median_ms(lambda: prepare_thermal(scene, THERMAL)),
        "thermal: prepare 640 x 512": median_ms(partial(prepare_thermal, room(512, 640), THERMAL)),
    }


def touch(height: int, width: int) -> dict[str, float]:
    """Return milliseconds of the touch steps at one size."""
    image, rest = gel(height, width, True), gel(height, width, False)
    fixed, learnt = FixedReference(rest), LearntReference()
    clock = count(step=round(FOLLOW_EVERY * 1e9))
    for _ in range(SETTLE_FRAMES):
        with contextlib.suppress(NotReadyError):
            learnt([Chunk(rest, 0)])
    sample = fixed([Chunk(image, 0)])
    size = f"{width} x {height}"
    rgb, bgr = message(image, "rgb8"), message(image, "bgr8")
    return {
        f"touch: decode {size} rgb8": median_ms(lambda: decode_touch(rgb)),
        f"touch: decode {size} bgr8": median_ms(lambda: decode_touch(bgr)),
        f"touch: difference {size}": median_ms(lambda: fixed([Chunk(image, 0)])),
        f"touch: difference and step of following {size}": median_ms(
            lambda: learnt([Chunk(rest, next(clock))])
        ),
        f"touch: prepare {size}": median_ms(lambda: prepare_touch(sample, TOUCH)),
    }


def large_touch() -> dict[str, float]:
    """Return milliseconds of decoding what is reduced."""
    large = message(gel(2464, 3280, True), "rgb8")
    return {"touch: decode 3280 x 2464 rgb8": median_ms(lambda: decode_touch(large), 7)}


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures, ms, to this file")
    args = parser.parse_args()
    figures = thermal() | touch(240, 320) | touch(480, 640) | large_touch()
    for name, value in figures.items():
        print(f"{value:9.3f} ms  {name}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
