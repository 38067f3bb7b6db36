"""Writes small ROS 2 bags of all seven modalities, without ROS."""

from __future__ import annotations

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer

from omnibind_ros.datasets.readers.bags.files import typestore

START = 1_700_000_000_000_000_000
S = 1_000_000_000


def write_bag(folder, *, seconds=4, labels=(), plugin=StoragePlugin.SQLITE3):
    """Write a bag with a message of each modality every 0.5 s; labels are (second, text) pairs."""
    store = typestore()
    types = store.types
    time_type, header_type = types["builtin_interfaces/msg/Time"], types["std_msgs/msg/Header"]

    def header(time):
        return header_type(stamp=time_type(sec=time // S, nanosec=time % S), frame_id="sensor")

    def image(time, encoding, array):
        rows = np.ascontiguousarray(array)
        return types["sensor_msgs/msg/Image"](
            header=header(time),
            height=rows.shape[0],
            width=rows.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=rows.strides[0],
            data=rows.reshape(-1).view(np.uint8),
        )

    def points(time):
        kind = types["sensor_msgs/msg/PointField"]
        fields = [kind(name=n, offset=4 * i, datatype=7, count=1) for i, n in enumerate("xyz")]
        xyz = np.array([[1, 2, 3], [np.nan] * 3, [4, 5, 6]], np.float32)
        return types["sensor_msgs/msg/PointCloud2"](
            header=header(time),
            height=1,
            width=3,
            fields=fields,
            is_bigendian=False,
            point_step=12,
            row_step=36,
            data=xyz.view(np.uint8).reshape(-1),
            is_dense=False,
        )

    def events(time, n):
        return types["omnibind_msgs/msg/Events"](
            header=header(time),
            width=64,
            height=48,
            x=np.array([1, 2], np.uint16),
            y=np.array([3, 4 + n], np.uint16),
            t=np.array([0, 1_000], np.uint32),
            p=np.array([0, 1], np.uint8),
        )

    def audio(time):
        tone = np.sin(np.arange(8_000) / 8_000 * 2 * np.pi * 220) * 8_000
        return types["omnibind_msgs/msg/Audio"](
            header=header(time), sample_rate=16_000, channels=1, samples=tone.astype(np.int16)
        )

    def text(words):
        return types["std_msgs/msg/String"](data=words)

    make = {
        "/image": lambda t, n: image(t, "rgb8", np.full((48, 64, 3), 10 * n, np.uint8)),
        "/touch": lambda t, n: image(t, "rgb8", np.full((24, 32, 3), 100 + n, np.uint8)),
        "/thermal": lambda t, n: image(t, "mono16", np.full((12, 16), 30_000 + n, np.uint16)),
        "/points": lambda t, n: points(t),
        "/event": events,
        "/audio": lambda t, n: audio(t),
        "/text": lambda t, n: text("the blue one"),
    }
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        connections = {}
        times = [START + round(step * 0.5 * S) for step in range(seconds * 2)]
        for number, time in enumerate(times):
            for topic, build in make.items():
                msg = build(time, number)
                kind = msg.__msgtype__
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=store)
                writer.write(connections[topic], time, store.serialize_cdr(msg, kind))
        for second, words in labels:
            if "/label" not in connections:
                connections["/label"] = writer.add_connection(
                    "/label", "std_msgs/msg/String", typestore=store
                )
            raw = store.serialize_cdr(text(words), "std_msgs/msg/String")
            writer.write(connections["/label"], START + round(second * S), raw)
    return folder
