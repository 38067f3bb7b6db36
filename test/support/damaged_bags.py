"""Writes small bags of texts to damage, and changes files by their published formats."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import struct
import tempfile
from binascii import crc32
from pathlib import Path

import lz4.frame
import numpy as np
import yaml
from backports import zstd
from bags import START, S
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from omnibind_ros.datasets.errors import SkipError
from omnibind_ros.datasets.readers.bags.files import bag_problems, messages, open_bag, typestore

TEXT = "std_msgs/msg/String"
TOPICS = ("/text", "/label")


def make_texts(count, size=400, seed=0, start=START):
    """Return (topic, time in ns, text) of messages, with random texts that zstd cannot shrink."""
    random = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz0123456789"))
    return [
        (TOPICS[n % 2], start + n * S // 10, f"{n} " + "".join(random.choice(letters, size)))
        for n in range(count)
    ]


def write_texts(
    folder,
    texts,
    plugin=StoragePlugin.SQLITE3,
    mode=CompressionMode.NONE,
):
    """Write texts as a bag; returns its folder."""
    store = typestore()
    writer = Writer(folder, version=9, storage_plugin=plugin)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        topics = {topic: writer.add_connection(topic, TEXT, typestore=store) for topic in TOPICS}
        for topic, time, text in texts:
            writer.write(topics[topic], time, serialized(text))
    return folder


def serialized(text):
    """Return a std_msgs/String in CDR, little-endian."""
    data = text.encode() + b"\0"
    return b"\0\1\0\0" + struct.pack("<I", len(data)) + data


def write_split(folder, parts, plugin=StoragePlugin.SQLITE3):
    """Write each list of texts as one file of a split bag, with metadata as rosbag2 writes it."""
    folder.mkdir()
    entries, info = [], None
    for number, texts in enumerate(parts):
        one = write_texts(folder / f"part{number}", texts, plugin)
        data = yaml.safe_load((one / "metadata.yaml").read_text())
        part = data["rosbag2_bagfile_information"]
        (name,) = part["relative_file_paths"]
        target = f"{folder.name}_{number}.{name.split('.', 1)[1]}"
        shutil.move(one / name, folder / target)
        shutil.rmtree(one)
        entries.append({**part["files"][0], "path": target})
        info = info or part
    times = [time for texts in parts for _, time, _ in texts]
    info |= {
        "relative_file_paths": [entry["path"] for entry in entries],
        "files": entries,
        "message_count": len(times),
        "starting_time": {"nanoseconds_since_epoch": min(times)},
        "duration": {"nanoseconds": max(times) - min(times)},
    }
    text = yaml.safe_dump({"rosbag2_bagfile_information": info})
    (folder / "metadata.yaml").write_text(text)
    return folder


def change_metadata(folder, **values):
    """Overwrite entries of metadata.yaml."""
    path = folder / "metadata.yaml"
    data = yaml.safe_load(path.read_text())
    data["rosbag2_bagfile_information"] |= values
    path.write_text(yaml.safe_dump(data))


def storage_file(folder):
    """Return the only storage file of a bag."""
    (path,) = [path for path in folder.iterdir() if path.suffix in {".db3", ".mcap", ".zstd"}]
    return path


def read_texts(folder):
    """Read a bag anew; returns its messages and what was said of it."""
    open_bag.cache_clear()
    read = [(topic, time, decode().data) for topic, time, decode in messages(folder, TOPICS)]
    return read, bag_problems(folder)


def _record(opcode, content):
    return struct.pack("<BQ", opcode, len(content)) + content


def _string(text):
    return struct.pack("<I", len(text)) + text.encode()


def mcap_records(texts):
    """Return the records of an MCAP file by the specification: header, definitions, messages."""
    store = typestore()
    definition, _ = store.generate_msgdef(TEXT, ros_version=2)
    head = [
        _record(1, _string("ros2") + _string("test")),
        _record(3, struct.pack("<H", 1) + _string(TEXT) + _string("ros2msg") + _string(definition)),
        *(
            _record(4, struct.pack("<HH", n, 1) + _string(topic) + _string("cdr") + _string(""))
            for n, topic in enumerate(TOPICS)
        ),
    ]
    return head, [
        _record(5, struct.pack("<HIQQ", TOPICS.index(topic), n, time, time) + serialized(text))
        for n, (topic, time, text) in enumerate(texts)
    ]


MCAP_MAGIC = b"\x89MCAP0\r\n"
MCAP_END = _record(15, bytes(4)) + _record(2, bytes(20)) + MCAP_MAGIC


def mcap_chunk(records, compression="", compress=bytes, *, checksum=True):
    """Return a chunk of records of messages, by the specification."""
    times = [struct.unpack_from("<Q", record, 9 + 6)[0] for record in records]
    content = b"".join(records)
    packed = compress(content)
    return _record(
        6,
        struct.pack(
            "<QQQI", min(times), max(times), len(content), crc32(content) if checksum else 0
        )
        + _string(compression)
        + struct.pack("<Q", len(packed))
        + packed,
    )


def write_mcap(folder, *parts):
    """Write the bytes of an MCAP file, as the only file of a bag without metadata."""
    folder.mkdir()
    (folder / f"{folder.name}.mcap").write_bytes(b"".join([MCAP_MAGIC, *parts]))
    return folder


SQLITE3, MCAP = StoragePlugin.SQLITE3, StoragePlugin.MCAP


NONE, FILE, MESSAGE = CompressionMode.NONE, CompressionMode.FILE, CompressionMode.MESSAGE


STORAGE = CompressionMode.STORAGE


KINDS = [
    (SQLITE3, NONE),
    (SQLITE3, FILE),
    (SQLITE3, MESSAGE),
    (MCAP, NONE),
    (MCAP, FILE),
    (MCAP, MESSAGE),
    (MCAP, STORAGE),
]


def files_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def temporary_folders():
    return set(Path(tempfile.gettempdir()).glob("omnibind-bag-*"))


def cut(path, size):
    os.truncate(path, size)


def overwrite(path, start, stop, value=0):
    with path.open("r+b") as stream:
        stream.seek(start)
        stream.write(bytes([value]) * (stop - start))


def damaged_copy(bag, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(bag, folder)
    return folder


def change_database(bag, *commands):
    database = sqlite3.connect(storage_file(bag))
    for command in commands:
        database.execute(command)
    database.commit()
    database.close()


COMPRESSIONS = {"": bytes, "lz4": lz4.frame.compress, "zstd": zstd.compress}


def chunked(texts, size, compression, *, checksum=True):
    head, records = mcap_records(texts)
    parts = [records[n : n + size] for n in range(0, len(records), size)]
    pack = COMPRESSIONS[compression]
    return [*head, *(mcap_chunk(part, compression, pack, checksum=checksum) for part in parts)]


class Small:
    """Small bags of one list of texts, by kind; without a long representation."""

    def __init__(self, folder):
        self.folder = folder
        self.texts = make_texts(60, size=3_000)
        self.bags = {
            (plugin, mode): write_texts(
                folder / f"{plugin.name}-{mode.name}", self.texts, plugin, mode
            )
            for plugin, mode in KINDS
        }
        for compression in COMPRESSIONS:
            name = f"chunks-{compression}"
            parts = chunked(self.texts, 7, compression)
            self.bags[name] = write_mcap(folder / name, *parts, MCAP_END)
        head, records = mcap_records(self.texts)
        self.bags["loose"] = write_mcap(folder / "loose", *head, *records, MCAP_END)

    def read(self, bag):
        """Return the numbers of the messages that are read, after a check that all were written."""
        open_bag.cache_clear()
        numbers = {text: n for n, text in enumerate(self.texts)}
        try:
            read, problems = read_texts(bag)
        except SkipError as error:
            read, problems = [], error.reason.split("; ")
        said = [problem for problem in problems if "metadata.yaml is missing" not in problem]
        assert said or read == self.texts, "nothing was said of what is missing"
        assert all(message in numbers for message in read), "a message was invented"
        order = [numbers[message] for message in read]
        assert order == sorted(set(order)), "messages are out of order, or there twice"
        return order
