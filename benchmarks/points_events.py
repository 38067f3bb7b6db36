"""Processor milliseconds from message to model input, for point clouds and event cameras.

Usage: python3 benchmarks/points_events.py [--json FILE]. Without Open3D (extra sim) the options
that need it are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from array import array
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from timing import median_ms

from omnibind_ros.encoders.event import prepare as prepare_events
from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.encoders.points import prepare as prepare_points
from omnibind_ros.sensors import Chunk
from omnibind_ros.sensors.event import decode_event_packet, decode_events, join
from omnibind_ros.sensors.point_filters import PointsOptions
from omnibind_ros.sensors.points import decode_points

POINTS = TensorSpec("points", (1, 1024, 3), "float32")
EVENTS = TensorSpec("events", (1, 5, 64, 64), "float32")
PACKET_NS, WINDOW_NS, RATE = 10_000_000, 50_000_000, 1_000_000


def room_scan(count: int) -> SimpleNamespace:
    """Return a LiDAR's PointCloud2 of a room of 10 m, 32 bytes a point."""
    rng = np.random.default_rng(0)
    azimuth, elevation = rng.uniform(-np.pi, np.pi, count), rng.uniform(-0.4, 0.2, count)
    wall = 5 / np.maximum(np.abs(np.cos(azimuth)), np.abs(np.sin(azimuth)))
    distance = np.minimum(wall, 1.8 / np.maximum(-np.sin(elevation), 1e-3))
    level = distance * np.cos(elevation)
    points = (level * np.cos(azimuth), level * np.sin(azimuth), distance * np.sin(elevation))
    raw = np.zeros((count, 8), np.float32)
    raw[:, :3] = np.stack(points, 1)
    fields = [SimpleNamespace(name=n, offset=4 * i, datatype=7) for i, n in enumerate("xyz")]
    return SimpleNamespace(
        header=SimpleNamespace(frame_id="lidar"),
        height=1,
        width=count,
        fields=fields,
        is_bigendian=False,
        point_step=32,
        row_step=32 * count,
        data=array("B", raw.tobytes()),
    )


def columns(count: int, seed: int) -> list[np.ndarray[Any, Any]]:
    """Return x, y, t and p of a packet of a VGA camera, anywhere in the picture."""
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 640, count).astype(np.uint16),
        rng.integers(0, 480, count).astype(np.uint16),
        np.sort(rng.integers(0, PACKET_NS, count)).astype(np.uint32),
        rng.integers(0, 2, count).astype(np.uint8),
    ]


def packet(count: int, seed: int = 0) -> SimpleNamespace:
    """Return an omnibind_msgs/Events."""
    named = zip("xytp", "HHIB", columns(count, seed), strict=True)
    arrays = {name: array(code, values.tobytes()) for name, code, values in named}
    return SimpleNamespace(width=640, height=480, **arrays)


def evt3_packet(count: int) -> SimpleNamespace:
    """Return an EventPacket in evt3, with words for time, row and column of every event."""
    x, y, t, p = columns(count, 0)
    micros = t // 1000
    high, low = 0x8000 | micros >> 12, 0x6000 | micros & 0xFFF
    words = np.stack([high, low, y, 0x2000 | p.astype(np.uint16) << 11 | x], 1).astype("<u2")
    return SimpleNamespace(
        width=640,
        height=480,
        encoding="evt3",
        is_bigendian=False,
        events=array("B", words.tobytes()),
    )


def measure() -> dict[str, float]:
    """Return milliseconds by what was done."""
    scan, large = room_scan(60_000), room_scan(6_000_000)
    points = decode_points(scan)
    figures = {
        "points: decode 60 000": median_ms(lambda: decode_points(scan)),
        "points: prepare 60 000 to 1024": median_ms(lambda: prepare_points(points, POINTS)),
        "points: decode 60 000, voxel 0.05": median_ms(
            lambda: decode_points(scan, PointsOptions(voxel=0.05))
        ),
        "points: decode 6 000 000": median_ms(lambda: decode_points(large), 5),
    }
    if importlib.util.find_spec("open3d"):
        for name, options in (
            ("plane", PointsOptions(voxel=0.05, ground="plane")),
            ("statistical", PointsOptions(voxel=0.05, outliers="statistical")),
            ("radius", PointsOptions(voxel=0.05, outliers="radius")),
        ):
            figures[f"points: decode 60 000, voxel 0.05, {name}"] = median_ms(
                partial(decode_points, scan, options), 7
            )
    count = RATE * PACKET_NS // 10**9
    packets = [packet(count, seed) for seed in range(WINDOW_NS // PACKET_NS + 1)]
    chunks = [Chunk(decode_events(msg), i * PACKET_NS) for i, msg in enumerate(packets)]
    window, big, evt3 = join(chunks, WINDOW_NS), packet(1_000_000), evt3_packet(count)
    name = f"events: {{}} ({window.t.size} events)"
    return figures | {
        f"events: decode a packet of {count}": median_ms(lambda: decode_events(packets[0])),
        f"events: decode a packet of {count}, evt3": median_ms(lambda: decode_event_packet(evt3)),
        name.format("join 50 ms"): median_ms(lambda: join(chunks, WINDOW_NS)),
        name.format("prepare 50 ms"): median_ms(lambda: prepare_events(window, EVENTS)),
        "events: decode a packet of 1 000 000": median_ms(lambda: decode_events(big), 5),
    }


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures, ms, to this file")
    args = parser.parse_args()
    figures = measure()
    for name, value in figures.items():
        print(f"{value:9.3f} ms  {name}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
