"""Decoders of sensors: messages of ROS whose every field may be anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from omnibind_ros.sensors import Doubtful, NoEvidenceError, RejectedSampleError
from omnibind_ros.sensors.audio import (
    FORMATS,
    AudioOptions,
    RawAudioOptions,
    decode_audio,
    decode_audio_data,
    decode_audio_stamped,
)
from omnibind_ros.sensors.embedding import decode_embedding
from omnibind_ros.sensors.encoded_sound import encoding_at_start, encoding_inside
from omnibind_ros.sensors.event import decode_event_packet, decode_events
from omnibind_ros.sensors.image import CompressedOptions, decode_compressed_image, decode_image
from omnibind_ros.sensors.point_filters import PointsOptions
from omnibind_ros.sensors.points import decode_points
from omnibind_ros.sensors.text import decode_text
from omnibind_ros.sensors.thermal import ThermalOptions, decode_compressed_thermal, decode_thermal
from omnibind_ros.sensors.touch import TouchOptions, decode_compressed_touch, decode_touch

from . import message_seeds as seeds
from .checks import attempt
from .feed import Feed
from .targets import Target

COLOURS = (
    *("rgb8", "bgr8", "rgba8", "bgra8", "mono8", "bayer_rggb8", "bayer_bggr8", "bayer_gbrg8"),
    *("bayer_grbg8", "yuv422", "yuv422_yuy2", "UYVY", "yuyv", "rgb16", " RGB8 ", "8UC3", ""),
)
HEAT = ("mono16", "16UC1", "32FC1", "mono8", "8UC1", "rgb8", "32fc1", "")
FORMS = (
    *("jpeg", "png", "", "rgb8; jpeg compressed bgr8", "bgr8; png compressed bgr8"),
    *("mono16; png compressed ", "rgb16; png compressed bgr16", "16UC1; png compressed "),
    *("bayer_rggb8; jpeg compressed ", "bayer_gbrg16; png compressed ", "rgb16; jpeg compressed "),
    *("mono8; jpeg compressed rgb8", "32FC1; compressedDepth png", "32FC1; png compressed "),
)
UNITS = ("auto", "kelvin", "celsius", "centikelvin", "decikelvin", "counts")
SCALES = (0.0, 0.01, -0.04, 1.0, 1e-30, 1000.0)


def read(decode: Callable[..., Any], *args: Any) -> Any:
    """Return the sample of a message, None if it is refused."""
    found = attempt(lambda: decode(*args), RejectedSampleError, NoEvidenceError)
    if isinstance(found, Doubtful):
        assert found.left_out >= 0
        return found.data
    return found


def picture(data: bytes, encodings: tuple[str, ...]) -> tuple[SimpleNamespace, Feed]:
    feed = Feed(data)
    height, width, kind, big, step = feed.values("IIBBI")
    named = encodings[kind % len(encodings)] if kind < 250 else feed.text()
    message = SimpleNamespace(height=height, width=width, encoding=named, is_bigendian=big % 2)
    message.step = step
    return message, feed


def check_colours(pixels: Any) -> None:
    if pixels is not None:
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        assert pixels.size


def check_heat(celsius: Any) -> None:
    if celsius is not None:
        assert celsius.dtype == np.float32
        assert celsius.ndim == 2
        assert celsius.min() >= -100
        assert celsius.max() <= 1500


def image(data: bytes, decode: Callable[..., Any] = decode_image) -> None:
    message, feed = picture(data, COLOURS)
    message.data = feed.rest()
    check_colours(read(decode, message))


def thermal(data: bytes) -> None:
    message, feed = picture(data, HEAT)
    options = ThermalOptions(feed.choice(UNITS), feed.choice(SCALES), feed.choice((0.0, -273.15)))
    message.data = feed.rest()
    check_heat(read(decode_thermal, message, options))


def compressed(data: bytes) -> tuple[SimpleNamespace, int, int]:
    feed = Feed(data)
    kind, bits, unit = feed.values("BBB")
    named = FORMS[kind % len(FORMS)] if kind < 250 else feed.text()
    return SimpleNamespace(format=named, data=feed.rest()), bits % 17, unit


def compressed_image(data: bytes) -> None:
    message, bits, _ = compressed(data)
    check_colours(read(decode_compressed_image, message, CompressedOptions(bits)))


def compressed_touch(data: bytes) -> None:
    message, bits, _ = compressed(data)
    check_colours(read(decode_compressed_touch, message, TouchOptions(bits)))


def compressed_thermal(data: bytes) -> None:
    message, scale, unit = compressed(data)
    options = ThermalOptions(UNITS[unit % len(UNITS)], SCALES[scale % len(SCALES)])
    check_heat(read(decode_compressed_thermal, message, options))


def check_events(window: Any) -> None:
    if window is not None:
        assert len({column.size for column in window[:4]}) == 1
        assert (np.diff(window.t) >= 0).all()
        if window.t.size:
            assert window.t[0] >= 0
            assert window.t[-1] <= window.duration_ns
            assert window.x.max() < window.width
            assert window.y.max() < window.height
            assert window.p.max() <= 1


def events(data: bytes) -> None:
    feed = Feed(data)
    width, height, *sizes = feed.values("IIBBBB")
    columns = {
        name: np.frombuffer(feed.values(f"{size * item}s")[0], f"<u{item}")
        for name, item, size in zip("xytp", (2, 2, 4, 1), sizes, strict=True)
    }
    check_events(read(decode_events, SimpleNamespace(width=width, height=height, **columns)))


def packet(data: bytes, encoding: str) -> None:
    feed = Feed(data)
    width, height, big, odd = feed.values("IIBB")
    named = encoding if odd < 250 else feed.text()
    message = SimpleNamespace(width=width, height=height, encoding=named, is_bigendian=big % 2)
    message.events = feed.rest()
    check_events(read(decode_event_packet, message))


def points(data: bytes) -> None:
    feed = Feed(data)
    height, width, point_step, row_step, big, count = feed.values("IIIIBB")
    fields = []
    for _ in range(count % 6):
        name, offset, datatype = feed.values("BIB")
        called = ("x", "y", "z", "range", "intensity", "\x1b[2J")[name % 6]
        fields.append(SimpleNamespace(name=called, offset=offset, datatype=datatype))
    options = PointsOptions(
        scale=feed.choice((1.0, 0.001, 1000.0, 1e-6)),
        axes=feed.choice(("auto", "x_forward", "z_forward", "z_backward")),
        voxel=feed.choice((0.0, 0.0, 0.05, 1e-9, 10.0)),
        min_x=feed.choice((-1000.0, -1000.0, -1.0, 999.0)),
        max_range=feed.choice((2000.0, 2000.0, 1.0, 0.0)),
    )
    message = SimpleNamespace(
        header=SimpleNamespace(frame_id=feed.choice(("", "camera_depth_optical_frame", "lidar"))),
        height=height,
        width=width,
        fields=fields,
        is_bigendian=big % 2,
        point_step=point_step,
        row_step=row_step,
        data=feed.rest(),
    )
    found = read(decode_points, message, options)
    if found is not None:
        assert found.dtype == np.float32
        assert found.ndim == 2
        assert found.shape[1] == 3
        assert len(found)
        assert np.isfinite(found).all()


def check_sound(sound: Any) -> None:
    if sound is not None:
        assert sound.samples.dtype == np.float32
        assert sound.samples.ndim == 1
        assert sound.samples.size
        assert np.abs(sound.samples).max() <= 1
        assert 4000 <= sound.rate <= 192_000


def _used(feed: Feed) -> list[int]:
    return [feed.byte() for _ in range(feed.byte() % 3)]


def audio(data: bytes) -> None:
    feed = Feed(data)
    rate, channels = feed.values("IH")
    options = AudioOptions(use_channels=_used(feed))
    raw = feed.rest()
    samples = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2")
    message = SimpleNamespace(sample_rate=rate, channels=channels, samples=samples)
    check_sound(read(decode_audio, message, options))


def audio_data(data: bytes) -> None:
    feed = Feed(data)
    kind = feed.choice(tuple(FORMATS))
    options = RawAudioOptions(channels=1 + feed.byte(), format=kind, use_channels=_used(feed))
    check_sound(read(decode_audio_data, SimpleNamespace(data=feed.rest()), options))


def audio_stamped(data: bytes) -> None:
    feed = Feed(data)
    kind, rate, channels = feed.values("IIH")
    raw = feed.rest()
    whole = raw[: len(raw) // 4 * 4]
    arrays = SimpleNamespace(
        float32_data=np.frombuffer(whole, "<f4"),
        int32_data=np.frombuffer(whole, "<i4"),
        int16_data=np.frombuffer(whole, "<i2"),
        int8_data=np.frombuffer(raw, "i1"),
        uint8_data=np.frombuffer(raw, "u1"),
    )
    info = SimpleNamespace(format=kind, rate=rate, channels=channels)
    message = SimpleNamespace(audio=SimpleNamespace(info=info, audio_data=arrays))
    check_sound(read(decode_audio_stamped, message, AudioOptions()))


def encoded_sound(data: bytes) -> None:
    assert isinstance(encoding_at_start(data), str)
    assert isinstance(encoding_inside(data), str)


def text(data: bytes) -> None:
    found = read(decode_text, SimpleNamespace(data=data.decode("utf-8", "replace")))
    if found is not None:
        assert found.strip() == found != ""
        # Clauses that are left of a denial are joined by ', '.
        assert len(found) <= 1000 + data.count(b",")


def embedding(data: bytes) -> None:
    feed = Feed(data)
    quality, distance, features = feed.number(), feed.number(), feed.piece()
    window = feed.number()
    raw = feed.rest()
    message = SimpleNamespace(
        values=np.frombuffer(raw[: len(raw) // 4 * 4], "<f4"),
        features=np.frombuffer(features[: len(features) // 4 * 4], "<f4"),
        quality=quality,
        distance=distance,
        window=window,
        modality="image",
        model="any@1",
    )
    found = read(decode_embedding, message)
    if found is not None:
        assert abs(float(np.linalg.norm(found.values.astype(float))) - 1) < 1e-3
        assert 0 <= found.quality <= 1


TARGETS = {
    "image": Target(image, seeds.image_seeds),
    "compressed_image": Target(compressed_image, seeds.compressed_seeds),
    "thermal": Target(thermal, seeds.thermal_seeds),
    "compressed_thermal": Target(compressed_thermal, seeds.compressed_seeds),
    "touch": Target(partial(image, decode=decode_touch), seeds.image_seeds),
    "compressed_touch": Target(compressed_touch, seeds.compressed_seeds),
    "events": Target(events, seeds.events_seeds),
    "evt3": Target(partial(packet, encoding="evt3"), seeds.evt3_seeds),
    "mono": Target(partial(packet, encoding="mono"), seeds.mono_seeds),
    "points": Target(points, seeds.points_seeds),
    "audio": Target(audio, seeds.audio_seeds),
    "audio_data": Target(audio_data, seeds.audio_data_seeds),
    "audio_stamped": Target(audio_stamped, seeds.audio_stamped_seeds),
    "encoded_sound": Target(encoded_sound, seeds.encoded_seeds, 2048),
    "text": Target(text, seeds.text_seeds, 1200),
    "embedding": Target(embedding, seeds.embedding_seeds),
}
