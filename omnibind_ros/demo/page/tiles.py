"""The newest message of each sensor as a picture, converted when a browser asks for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from omnibind_ros.runtime.callback_errors import describe
from omnibind_ros.sensors.base import Doubtful, NoEvidenceError, RejectedSampleError
from omnibind_ros.sensors.registry import SensorRegistry

from .drawing import PICTURES, Picture
from .picture_maker import PictureMaker

FASTEST = 1 / 15
"""Seconds between two pictures of a tile at least."""

KEPT = {"audio": 100, "event": 4}
"""Messages that are kept by modality, for a picture that shows a span of time; 1 of the others."""

MOST_BYTES = 8_000_000
"""Bytes of messages that a tile keeps at most, beside the newest one."""


class Raw(NamedTuple):
    """A message as it arrived.

    Attributes:
        number: Counts the messages of the sensor.
        data: The message, serialised.
    """

    number: int
    data: bytes


class Shown(NamedTuple):
    """What a tile shows.

    Attributes:
        number: Number of the message of which it was made; 0: of none.
        jpeg: The picture; empty if there is none.
        about: What the browser writes beside it, for JSON.
    """

    number: int = 0
    jpeg: bytes = b""
    about: dict[str, Any] = {}  # noqa: RUF012 - never changed


@dataclass
class _Tile:
    modality: str
    type: str
    deserialise: Callable[[bytes], Any]
    options: Any
    maker: PictureMaker
    arrived: deque[Raw]
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0
    made_at: float = -1.0
    shown: Shown = field(default_factory=Shown)


class Tiles:
    """Makes pictures of messages. Thread-safe; a picture is made once for all browsers."""

    def __init__(self, registry: SensorRegistry | None = None) -> None:
        """Create it without tiles.

        Args:
            registry: Decodes messages; None for the sensor types that are installed.
        """
        self._registry = registry or SensorRegistry.installed()
        self._tiles: dict[str, _Tile] = {}

    def knows(self, modality: str, message_type: str) -> bool:
        """Return whether messages of a type can be decoded."""
        return message_type in self._registry.messages_of(modality)

    def open(
        self, name: str, modality: str, message_type: str, deserialise: Callable[[bytes], Any]
    ) -> None:
        """Begin a tile, in the place of an older one.

        Args:
            name: Name of the sensor.
            modality: Its modality.
            message_type: Type of its messages, three parts.
            deserialise: Makes a message of bytes.
        """
        maker = PICTURES.get(modality, Picture)()
        kept: deque[Raw] = deque(maxlen=KEPT.get(modality, 1))
        options = self.options_of(modality, message_type)()
        self._tiles[name] = _Tile(modality, message_type, deserialise, options, maker, kept)

    def options_of(self, modality: str, message_type: str) -> type:
        """Return the dataclass of the options with which messages of a type are decoded."""
        return self._registry.options_of(modality, message_type)

    def set_options(self, name: str, options: Any) -> None:
        """Decode a sensor's next messages with other options.

        Args:
            name: Name of the sensor.
            options: As `options_of` its type.
        """
        tile = self._tiles.get(name)
        if tile is not None:
            tile.options = options

    def close(self, name: str) -> None:
        """Remove a tile."""
        self._tiles.pop(name, None)

    def offer(self, name: str, data: bytes) -> None:
        """Keep a message; nothing is converted yet."""
        tile = self._tiles.get(name)
        if tile is None:
            return
        with tile.lock:
            tile.count += 1
            tile.arrived.append(Raw(tile.count, data))
            size = sum(len(raw.data) for raw in tile.arrived)
            while len(tile.arrived) > 1 and size > MOST_BYTES:
                size -= len(tile.arrived.popleft().data)

    def newest(self, name: str) -> int:
        """Return the number of a sensor's newest message, 0 if there is none."""
        tile = self._tiles.get(name)
        return tile.count if tile is not None else 0

    def picture(self, name: str, now: float) -> Shown:
        """Return a sensor's present picture, at most `FASTEST` old where there is a newer message.

        A message that cannot be shown is a sentence in `about["problem"]`; the picture before it
        is gone then.

        Args:
            name: Name of the sensor.
            now: Monotonic seconds.
        """
        tile = self._tiles.get(name)
        if tile is None:
            return Shown()
        with tile.lock:
            new = [raw for raw in tile.arrived if raw.number > tile.shown.number]
            if not new or 0 <= now - tile.made_at < FASTEST:
                return tile.shown
            tile.made_at = now
        shown = self._make(tile, new)
        with tile.lock:
            if shown.number >= tile.shown.number:
                tile.shown = shown
            return tile.shown

    def _make(self, tile: _Tile, new: list[Raw]) -> Shown:
        number = new[-1].number
        try:
            kind = self._registry.find(tile.modality, tile.type)
            decoded = []
            for raw in new:
                data = kind.decode(tile.deserialise(raw.data), tile.options)
                decoded.append(data.data if isinstance(data, Doubtful) else data)
            jpeg, about = tile.maker.draw(decoded)
        except (RejectedSampleError, NoEvidenceError) as error:
            return Shown(number, b"", {"problem": str(error)})
        except Exception as error:  # noqa: BLE001 - whatever a damaged message causes
            return Shown(number, b"", {"problem": f"it cannot be shown: {describe(error)}"})
        return Shown(number, jpeg, about)
