"""Makes the bag sample_bags/demo of a recording of the simulated robot.

Usage: python3 tools/demo_bag.py RECORDING OUT

Pictures are compressed, and what no encoder sees is rounded, so that the bag is small:

- camera and pad: JPEG; thermal camera: PNG of tenths of a kelvin;
- events: their times in multiples of 0.1 ms, in the order of rows within each;
- all of it: compressed by Zstandard, a part of the MCAP format.

The times of recording and the stamps stay as they are. `labels.yaml` gets the objects that the
robot has published on ~/label and ~/object. docs/how-to/bag_report.md says how the recording was
made.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from omnibind_ros.datasets.readers.bags.files import messages, open_bag, typestore

LEAD_IN = 3.0
"""Seconds before the first object that are kept: the pad is free then."""

QUALITY = {"/image": 80, "/touch": 80}
TICK_NS = 100_000
NS = 1_000_000_000
COMPRESSED = "sensor_msgs/msg/CompressedImage"


def compressed(topic: str, message: Any, types: Any) -> Any:
    """Return a picture as JPEG, or a thermal one as PNG of tenths of a kelvin."""
    data = np.frombuffer(bytes(message.data), np.uint8)
    if topic in QUALITY:
        pixels = data.reshape(message.height, message.width, 3)[..., ::-1]
        flags = [cv2.IMWRITE_JPEG_QUALITY, QUALITY[topic], cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        encoded, name = cv2.imencode(".jpg", pixels, flags)[1], "rgb8; jpeg compressed bgr8"
    else:
        kelvin = data.view("<u2").reshape(message.height, message.width)
        tenths = np.rint(kelvin / 10).astype(np.uint16)
        flags = [cv2.IMWRITE_PNG_COMPRESSION, 9]
        encoded, name = cv2.imencode(".png", tenths, flags)[1], "mono16; png compressed mono16"
    return types[COMPRESSED](header=message.header, format=name, data=encoded.reshape(-1))


def rounded(message: Any) -> Any:
    """Return a packet of events with rounded times, sorted so that it compresses well."""
    ticks = message.t // TICK_NS * TICK_NS
    order = np.lexsort((message.x, message.y, ticks))
    message.t = ticks[order].astype(np.uint32)
    for name in "xyp":
        setattr(message, name, getattr(message, name)[order])
    return message


def main() -> int:
    """Write the bag."""
    recording, out = map(Path, sys.argv[1:])
    opened = open_bag(recording)
    kinds = {each.topic: each.msgtype for each in opened.connections}
    told = [
        {topic: (time, str(decode().data)) for topic, time, decode in pair}
        for pair in zip(
            messages(recording, {"/robot_simulator/label"}),
            messages(recording, {"/robot_simulator/object"}),
            strict=True,
        )
    ]
    arrivals = [
        (each["/robot_simulator/label"], each["/robot_simulator/object"][1]) for each in told
    ]
    start = arrivals[0][0][0] - round(LEAD_IN * NS)
    store = typestore()
    writer = Writer(out, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    first = None
    with writer:
        connections: dict[str, Any] = {}
        for topic, time, decode in messages(recording, kinds, start):
            message, kind, name = decode(), kinds[topic], topic
            if kind == "sensor_msgs/msg/Image":
                message = compressed(topic, message, store.types)
                kind, name = COMPRESSED, f"{topic}/compressed"
            elif kind == "omnibind_msgs/msg/Events":
                message = rounded(message)
            if name not in connections:
                connections[name] = writer.add_connection(name, kind, typestore=store)
            writer.write(connections[name], time, store.serialize_cdr(message, kind))
            first = time if first is None else first
    assert first is not None
    labels = [
        {
            "start": round((one[0][0] - first) / NS, 3),
            "end": round((other[0][0] - first) / NS, 3),
            "label": one[0][1],
            "object": one[1],
        }
        for one, other in pairwise(arrivals)
    ]
    topics = {name.strip("/"): f"/{name}" for name in ("text", "event", "points", "audio")}
    content = {
        "topics": {
            "image": "/image/compressed",
            "touch": "/touch/compressed",
            "thermal": {"topic": "/thermal/compressed", "unit": "decikelvin"},
            **topics,
        },
        "labels": labels,
        "licence": "CC0-1.0, CC-BY-3.0 and CC-BY-3.0-US models; see NOTICE",
    }
    head = "# What the simulated robot came upon, and when: seconds after the first message.\n"
    text = yaml.safe_dump(content, sort_keys=False, width=100)
    (out / "labels.yaml").write_text(head + text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
