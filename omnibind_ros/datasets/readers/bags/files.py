"""Opens ROS 2 bags, with the definitions of this project's messages."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Collection, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

import omnibind_ros
from omnibind_ros.datasets.errors import SkipError


def message_folder() -> Path | None:
    """Return the folder with the definitions of omnibind_msgs, in the source tree or installed.

    Bags recorded since ROS 2 Iron contain definitions; older ones need these.
    """
    folders = [Path(omnibind_ros.__file__).resolve().parents[1] / "omnibind_msgs" / "msg"]
    if importlib.util.find_spec("ament_index_python") is not None:
        from ament_index_python.packages import (  # noqa: PLC0415 - only where ROS is
            PackageNotFoundError,
            get_package_share_directory,
        )

        # Where it is not built, the bag's own definitions are used.
        with contextlib.suppress(PackageNotFoundError, LookupError):
            folders.append(Path(get_package_share_directory("omnibind_msgs")) / "msg")
    return next((folder for folder in folders if (folder / "Events.msg").is_file()), None)


def typestore() -> Any:
    """Return rosbags' definitions of ROS 2 Jazzy, and those of omnibind_msgs if they are found."""
    store = get_typestore(Stores.ROS2_JAZZY)
    folder = message_folder()
    for path in sorted(folder.glob("*.msg")) if folder else ():
        text = path.read_text(encoding="utf-8")
        store.register(get_types_from_msg(text, f"omnibind_msgs/msg/{path.stem}"))
    return store


@lru_cache(maxsize=2)
def open_bag(bag: Path) -> Any:
    """Return an open bag, which stays open in this process for the next sample.

    Args:
        bag: Its folder.

    Returns:
        A rosbags.highlevel.AnyReader.

    Raises:
        SkipError: It cannot be opened.
    """
    reader = AnyReader([bag], default_typestore=typestore())
    try:
        reader.open()
    # Damage raises errors of yaml, SQLite, zstd or rosbags; only this bag is left out.
    except Exception as error:
        why = f"the bag cannot be opened ({type(error).__name__})"
        raise SkipError(bag.name, why) from error
    return reader


def messages(
    bag: Path, topics: Collection[str], start: int | None = None, stop: int | None = None
) -> Iterator[tuple[str, int, Any]]:
    """Yield messages by time of recording: the topic, the time in ns, and a call that decodes it.

    Args:
        bag: Its folder.
        topics: Topics; those that the bag does not have are ignored.
        start: Beginning, in ns.
        stop: End, in ns, exclusive.

    Raises:
        SkipError: The bag is damaged; the call raises it for a damaged message.
    """
    reader = open_bag(bag)
    chosen = [connection for connection in reader.connections if connection.topic in topics]

    def decode(raw: bytes, kind: str, topic: str) -> Any:
        try:
            return reader.deserialize(raw, kind)
        # What a damaged message raises depends on where it is damaged.
        except Exception as error:
            raise SkipError(f"{bag.name}{topic}", "a message cannot be decoded") from error

    try:
        for connection, time, raw in reader.messages(chosen, start, stop) if chosen else ():
            topic = str(connection.topic)
            yield topic, int(time), partial(decode, raw, connection.msgtype, topic)
    except SkipError:
        raise
    # What a damaged file raises depends on the damage, too.
    except Exception as error:
        why = f"messages cannot be read ({type(error).__name__})"
        raise SkipError(bag.name, why) from error
