"""Opens ROS 2 bags, with the definitions of this project's messages."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore

import omnibind_ros
from omnibind_ros.datasets.errors import SkipError

from .storage.bag import Bag, Topic
from .storage.metadata import METADATA, storage_files
from .storage.storage_file import UnreadableFileError


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


def is_bag(folder: Path) -> bool:
    """Return whether a folder is a bag: it holds metadata.yaml, or .db3 or .mcap files."""
    return folder.is_dir() and ((folder / METADATA).is_file() or bool(storage_files(folder)))


@lru_cache(maxsize=2)
def open_bag(bag: Path) -> Bag:
    """Return an open bag, which stays open in this process for the next sample.

    Of a damaged bag, what is whole is read; `bag_problems` names the rest.

    Args:
        bag: Its folder.

    Raises:
        SkipError: Nothing in it can be read; the reason names each file and its cause.
    """
    try:
        return Bag(bag, typestore)
    except OSError as error:
        raise SkipError(bag.name, f"the bag cannot be read ({error})") from error


def bag_problems(bag: Path) -> list[str]:
    """Return what was left out of a bag or repaired: one sentence each, with its cause.

    A file of which the index is whole is not checked when the bag is opened. Damage in its messages
    is found when they are read; so call this after reading.

    Args:
        bag: Its folder.

    Raises:
        SkipError: Nothing in it can be read.
    """
    return open_bag(bag).problems()


def messages(
    bag: Path, topics: Collection[str], start: int | None = None, stop: int | None = None
) -> Iterator[tuple[str, int, Callable[[], Any]]]:
    """Yield messages by time of recording: the topic, the time in ns, and a call that decodes it.

    Args:
        bag: Its folder.
        topics: Topics; those that the bag does not have are ignored.
        start: Beginning, in ns.
        stop: End, in ns, exclusive.

    Raises:
        SkipError: The bag is damaged; the call raises it for a damaged message.
    """
    opened = open_bag(bag)
    try:
        for topic, time, raw in opened.messages(topics, start, stop):
            yield topic.topic, time, partial(_decode, opened, bag.name, topic, raw)
    except UnreadableFileError as error:
        raise SkipError(bag.name, str(error)) from error


def _decode(opened: Bag, name: str, topic: Topic, raw: bytes) -> Any:
    try:
        return opened.deserialize(raw, topic.msgtype)
    # What a damaged message raises depends on where it is damaged.
    except Exception as error:
        raise SkipError(f"{name}{topic.topic}", "a message cannot be decoded") from error
