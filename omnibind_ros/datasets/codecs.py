"""How each modality is stored: one codec a modality, array to bytes and back.

The formats are common ones, and each member's suffix tells which, so that the shards can be read
without this package. Where data may be lost, the loss lies below the sensor's own noise.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
import numpy.typing as npt
import soundfile

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.units import ABSOLUTE_ZERO, SAMPLE_RATE

from .sample import DatasetError

Array = npt.NDArray[Any]


JPEG_QUALITY = 95
EVENT_FIELDS: dict[str, type[np.generic]] = {
    "x": np.uint16,
    "y": np.uint16,
    "t": np.int64,
    "p": np.uint8,
}
EVENT_SIZES = ("width", "height", "duration_ns")


class CodecError(DatasetError):
    """Data that is not what its modality calls for, or bytes that cannot be decoded."""


@dataclass(frozen=True)
class Codec:
    """How one modality is stored.

    Attributes:
        suffix: Of the tar member, without the key and its dot.
        data: What is encoded and decoded.
        encode: Data to bytes; raises CodecError where it is other data.
        decode: Bytes to data; raises CodecError where they are damaged.
    """

    suffix: str
    data: str
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes | memoryview], Any]


def _check(
    modality: str, data: Any, dtype: type[np.generic], shape: tuple[int | None, ...]
) -> Array:
    array = np.asarray(data)
    fits = array.ndim == len(shape) and all(
        length > 0 if wanted is None else length == wanted
        for length, wanted in zip(array.shape, shape, strict=False)
    )
    if array.dtype != dtype or not fits:
        wanted_shape = ", ".join("n" if n is None else str(n) for n in shape)
        raise CodecError(
            f"{modality} data is {array.dtype} {list(array.shape)}, "
            f"not {np.dtype(dtype)} [{wanted_shape}]"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CodecError(f"{modality} data holds values that are no numbers")
    return array


def _encode_picture(picture: Array, suffix: str, parameters: tuple[int, ...]) -> bytes:
    good, data = cv2.imencode(suffix, picture, parameters)
    if not good:
        raise CodecError(f"a picture of shape {list(picture.shape)} cannot be stored as {suffix}")
    return bytes(data)


def _decode_picture(data: bytes | memoryview, flags: int) -> Array:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if len(data) else None
    if picture is None:
        raise CodecError("a stored picture cannot be decoded: the shard is damaged")
    return np.asarray(picture)


def _encode_image(data: Any) -> bytes:
    image = _check("image", data, np.uint8, (None, None, 3))
    quality = (
        *(cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    )
    return _encode_picture(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), ".jpg", quality)


def _decode_image(data: bytes | memoryview) -> Array:
    return _decode_picture(data, cv2.IMREAD_COLOR_RGB)


def _encode_touch(data: Any) -> bytes:
    pair = _check("touch", data, np.uint8, (2, None, None, 3))
    stacked = pair.reshape(-1, *pair.shape[2:])
    # Lossless: a light touch differs from the reference by a few grey levels only.
    return _encode_picture(
        cv2.cvtColor(stacked, cv2.COLOR_RGB2BGR), ".png", (cv2.IMWRITE_PNG_COMPRESSION, 1)
    )


def _decode_touch(data: bytes | memoryview) -> Array:
    stacked = _decode_picture(data, cv2.IMREAD_COLOR_RGB)
    return stacked.reshape(2, -1, *stacked.shape[1:])


def _encode_thermal(data: Any) -> bytes:
    celsius = _check("thermal", data, np.float32, (None, None))
    centikelvin = np.rint((celsius.astype(np.float64) - ABSOLUTE_ZERO) * 100)
    if centikelvin.min() < 0 or centikelvin.max() > np.iinfo(np.uint16).max:
        raise CodecError("thermal data leaves the range of -273.15 to 382.2 degrees Celsius")
    return _encode_picture(centikelvin.astype(np.uint16), ".png", (cv2.IMWRITE_PNG_COMPRESSION, 1))


def _decode_thermal(data: bytes | memoryview) -> Array:
    centikelvin = _decode_picture(data, cv2.IMREAD_UNCHANGED)
    return (centikelvin.astype(np.float32) - np.float32(-ABSOLUTE_ZERO * 100)) / np.float32(100)


def _encode_points(data: Any) -> bytes:
    points = _check("points", data, np.float32, (None, 3))
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(points), allow_pickle=False)
    return buffer.getvalue()


def _decode_points(data: bytes | memoryview) -> Array:
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(data), allow_pickle=False))
    except (ValueError, EOFError) as error:
        raise CodecError(f"stored points cannot be decoded ({error})") from error


def _encode_event(data: Any) -> bytes:
    events: Mapping[str, Any] = data if isinstance(data, Mapping) else data._asdict()
    arrays = {
        name: _check("event", events[name], dtype, (len(events[name]),))
        for name, dtype in EVENT_FIELDS.items()
    }
    x, y, t = arrays["x"], arrays["y"], arrays["t"]
    width, height, duration = (int(events[name]) for name in EVENT_SIZES)
    if not len(x) == len(y) == len(t) == len(arrays["p"]):
        raise CodecError("event data has x, y, t and p of different lengths")
    if len(x) and (x.max() >= width or y.max() >= height):
        raise CodecError(f"event data has pixels outside its sensor of {width} x {height}")
    if len(t) and (t[0] < 0 or t[-1] > duration or np.any(np.diff(t) < 0)):
        raise CodecError("event data has times that go back or leave its window")
    buffer = io.BytesIO()
    size = np.array([width, height, duration], np.int64)
    # Small types instead of compression, which costs three times as long to read and saves a
    # third: 7 bytes an event where the sensor has up to 256 pixels a side.
    place = np.uint8 if max(width, height) <= 256 else np.uint16
    steps = np.diff(t, prepend=0)
    step = np.uint32 if not len(t) or steps.max() <= np.iinfo(np.uint32).max else np.int64
    np.savez(
        buffer, x=x.astype(place), y=y.astype(place), t=steps.astype(step), p=arrays["p"], size=size
    )
    return buffer.getvalue()


def _decode_event(data: bytes | memoryview) -> dict[str, Any]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in EVENT_FIELDS}
            size = file["size"].tolist()
    except (OSError, ValueError, KeyError, EOFError, zlib.error, BadZipFile) as error:
        raise CodecError(f"stored events cannot be decoded ({error})") from error
    arrays["t"] = np.cumsum(arrays["t"], dtype=np.int64)
    arrays |= {name: arrays[name].astype(np.uint16) for name in "xy"}
    return arrays | dict(zip(EVENT_SIZES, size, strict=True))


def _encode_audio(data: Any) -> bytes:
    sound = _check("audio", data, np.int16, (None,))
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def _decode_audio(data: bytes | memoryview) -> Array:
    try:
        sound, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise CodecError(f"a stored sound cannot be decoded ({error})") from error
    if rate != SAMPLE_RATE or sound.ndim != 1:
        raise CodecError(f"a stored sound is not mono at {SAMPLE_RATE} Hz")
    return np.asarray(sound)


def sound_length(data: bytes | memoryview) -> int:
    """Return how many samples a stored sound has, from its header alone.

    Raises:
        CodecError: It is no sound.
    """
    try:
        return int(soundfile.info(io.BytesIO(data)).frames)
    except soundfile.LibsndfileError as error:
        raise CodecError(f"a stored sound cannot be decoded ({error})") from error


def _encode_text(data: Any) -> bytes:
    sentences = [data] if isinstance(data, str) else list(data)
    if not sentences or not all(isinstance(text, str) and text.strip() for text in sentences):
        raise CodecError("text data is no list of sentences")
    return json.dumps(sentences, ensure_ascii=False).encode()


def _decode_text(data: bytes | memoryview) -> list[str]:
    try:
        return [str(sentence) for sentence in json.loads(bytes(data))]
    except ValueError as error:
        raise CodecError(f"stored sentences cannot be decoded ({error})") from error


CODECS: dict[str, Codec] = {
    "image": Codec("image.jpg", "uint8 [H, W, 3], RGB", _encode_image, _decode_image),
    "text": Codec("text.json", "list of sentences", _encode_text, _decode_text),
    "touch": Codec(
        "touch.png",
        "uint8 [2, H, W, 3], RGB: the gel, and the same gel without contact",
        _encode_touch,
        _decode_touch,
    ),
    "thermal": Codec(
        "thermal.png",
        "float32 [H, W], degrees Celsius; stored in hundredths of a kelvin",
        _encode_thermal,
        _decode_thermal,
    ),
    "event": Codec(
        "event.npz",
        "x and y uint16 [N], px; t int64 [N], ns, ascending (stored as differences); "
        "p uint8 [N], 1 brighter; width, height, px; duration_ns",
        _encode_event,
        _decode_event,
    ),
    "points": Codec("points.npy", "float32 [N, 3], metres", _encode_points, _decode_points),
    "audio": Codec("audio.flac", "int16 [n], mono, 16 kHz", _encode_audio, _decode_audio),
}
"""By modality."""

if set(CODECS) != set(MODALITIES):
    raise AssertionError("every modality has a codec")


def reading(modality: str, data: Any, rng: np.random.Generator) -> Any:
    """Return stored data as a sensor would have delivered it: what encoders take.

    Args:
        modality: One of the seven.
        data: What the modality's codec decodes to.
        rng: Picks one of several sentences.

    Returns:
        image uint8 [H, W, 3]; text, one sentence; touch float32 [H, W, 3], the difference to the
        reference, (pixel - reference) / 255; thermal float32 [H, W], degrees Celsius; event as it
        is stored; points float32 [N, 3], metres; audio float32 [n], -1..1.
    """
    if modality == "text":
        return data[int(rng.integers(len(data)))]
    if modality == "touch":
        return (data[0].astype(np.float32) - data[1].astype(np.float32)) / np.float32(255)
    if modality == "audio":
        return data.astype(np.float32) / np.float32(32768)
    return data
