"""The definitions of message types, as bags hold them: those that are installed, else rosbags'."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from omnibind_ros.datasets.readers.bags.files import typestore

from .errors import RecordingError


class Definitions:
    """Finds the definitions of message types with all types that they contain."""

    def __init__(self) -> None:
        """Create it; nothing is read yet."""
        self._fallback = typestore()
        self._types: dict[str, Any] = {}

    def store(self, msgtype: str) -> Any:
        """Return a type store of rosbags that has a type.

        Args:
            msgtype: Its name, three parts.

        Raises:
            RecordingError: It, or a type that it contains, is defined nowhere.
        """
        self._add(msgtype)
        store = get_typestore(Stores.EMPTY)
        store.register(dict(self._types))
        return store

    def _add(self, msgtype: str) -> None:
        if msgtype in self._types:
            return
        text = installed_definition(msgtype)
        try:
            if text is not None:
                found = get_types_from_msg(text, msgtype)
            else:
                found = {msgtype: self._fallback.fielddefs[msgtype]}
        except Exception as error:
            # An unknown type, or whatever rosbags' parser makes of its file.
            raise RecordingError(
                f"the definition of {msgtype} is not found or cannot be read; install its package "
                "and source its setup file"
            ) from error
        self._types.update(found)
        for _, fields in found.values():
            for _, field in fields:
                for name in _contained(field):
                    self._add(name)


def _contained(field: Any) -> Iterator[str]:
    """Yield the message types in a field's definition, as rosbags represents it."""
    kind, content = field
    if kind == Nodetype.NAME:
        yield content
    elif kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        yield from _contained(content[0])


def installed_definition(msgtype: str) -> str | None:
    """Return the .msg file of a type in the sourced workspaces, or None.

    Args:
        msgtype: Its name, three parts.
    """
    package, folder, name = msgtype.split("/")
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        path = Path(prefix, "share", package, folder, f"{name}.msg")
        if prefix and path.is_file():
            return path.read_text(encoding="utf-8")
    return None
