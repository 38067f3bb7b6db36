"""What each message of a sensor was decoded and encoded to, so that many replays encode it once.

Each message is decoded and encoded at its arrival, as a node without load does it: a window is the
one that ends with the message, and a pad's picture at rest is that of the recording.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from omnibind_ros.datasets.readers.bags.sensors import sensor_types
from omnibind_ros.encoders.base import Encoder, Encoding
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.runtime.buffer import Arrival
from omnibind_ros.runtime.build import ChannelFactory
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.decoding import Decoder, Reading
from omnibind_ros.sensors import NoEvidenceError, RejectedSampleError
from omnibind_ros.sensors.region import crop

from .feed import NS, Offer, all_of
from .sensors import ReplayedSensor


@dataclass(frozen=True)
class Sensed:
    """What one message was decoded and encoded to; it stands for the message in a replay.

    Attributes:
        reading: What was decoded, without sample and messages.
        nothing: (text, replaces) where nothing is seen; None: there is a sample, or none for
            another reason.
        has_sample: Whether there is a sample.
        unused: Whether the message is part of no sample.
        encoding: The embedding; None if there is none.
        rejected: Why the encoder has refused the sample; '' if it has not.
        failed: Why the encoder has failed; '' if it has not.
        payload: Stands for what a sensor that works does not repeat; None where it may.
    """

    reading: Reading
    nothing: tuple[str, bool] | None = None
    has_sample: bool = False
    unused: bool = False
    encoding: Encoding | None = None
    rejected: str = ""
    failed: str = ""
    payload: bytes | None = None


@dataclass(frozen=True)
class Senses:
    """All messages of one sensor.

    Attributes:
        sensor: The sensor.
        offers: Its messages by time, each a `Sensed`.
        skipped: What cannot be read and why: how often.
    """

    sensor: ReplayedSensor
    offers: list[Offer]
    skipped: dict[tuple[str, str], int] = field(default_factory=dict)


def sense(
    bundle: Bundle,
    threads: int,
    sensor: ReplayedSensor,
    progress: Callable[[float], None] = lambda _: None,
) -> Senses:
    """Decode and encode all messages of a sensor.

    Args:
        bundle: Has the encoder.
        threads: Threads inside the encoder.
        sensor: The sensor.
        progress: Called with the time in nanoseconds that is done.
    """
    skipped: dict[tuple[str, str], int] = {}

    def skip(what: str, why: str) -> None:
        skipped[what, why] = skipped.get((what, why), 0) + 1

    registry = sensor_types(sensor.modules)
    channel = ChannelFactory(bundle, registry, threads, warn=False).make(sensor.name, sensor.setup)
    found = []
    for offer in all_of(sensor, skip):
        found.append(offer._replace(message=_sensed(channel, offer)))
        progress(offer.time_ns)
    return Senses(sensor, found, skipped)


def _sensed(channel: Channel, offer: Offer) -> Sensed:
    decoder, encoder = channel.decoder, channel.encoder
    if decoder is None or encoder is None:
        return Sensed(Reading(not_ready=channel.health.problem))
    payload = decoder.payload(offer.message) if channel.config.frozen_after > 0.0 else None
    now = offer.time_ns / NS
    channel.put(offer.message, offer.stamp_ns, offer.frame_id, offer.time_ns, now)
    arrivals = channel.take(now)
    newest = arrivals[-1]
    reading = decoder.read(arrivals)
    for arrival in reading.unused:
        channel.discard(arrival)
    nothing = reading.no_evidence
    found = Sensed(
        replace(reading, sample=None, last=None, used=[], unused=[], no_evidence=None),
        nothing=None if nothing is None else (str(nothing), nothing.replaces),
        has_sample=not reading.problem,
        unused=any(arrival is newest for arrival in reading.unused),
        payload=None if payload is None else _digest(payload),
    )
    return _encoded(channel, encoder, reading, now, found) if found.has_sample else found


def _encoded(
    channel: Channel, encoder: Encoder, reading: Reading, now: float, found: Sensed
) -> Sensed:
    sample, used = reading.sample, reading.used
    try:
        if channel.has_region:
            size = used[-1].full_size
            region, _ = channel.region.find(sample, channel.config.roi, now, size)
            sample = sample if region is None else crop(sample, region)
        encoding = encoder.encode(sample)
    except RejectedSampleError as error:
        return replace(found, rejected=str(error))
    except Exception as error:  # noqa: BLE001 - as in a node: this sensor alone has failed
        return replace(found, failed=str(error) or type(error).__name__)
    # Features count for enrolled labels alone, which a replay has not. What the window holds stays
    # in the embedding, whatever the engine forgets.
    window = max(used[-1].taken - used[0].taken, encoding.window)
    return replace(found, encoding=replace(encoding, features=None, window=window))


def _digest(payload: Any) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in payload if isinstance(payload, tuple) else (payload,):
        digest.update(memoryview(part).cast("B"))
    return digest.digest()


class SensedDecoder(Decoder):
    """Gives what messages were decoded to before."""

    @property
    def picture_like(self) -> bool:
        """Always false: the part of a picture that counts was cut out before."""
        return False

    def payload(self, message: Any) -> Any:
        """Return what stands for the message's payload."""
        return message.payload

    def read(self, arrivals: Sequence[Arrival]) -> Reading:
        """Return what the newest message was decoded to with those before."""
        newest: Sensed = arrivals[-1].message
        then = newest.reading
        nothing = newest.nothing
        return Reading(
            sample=newest if newest.has_sample else None,
            doubts=then.doubts,
            rejected=then.rejected,
            used=[each for each in arrivals if not each.message.unused],
            unused=[each for each in arrivals if each.message.unused],
            no_evidence=None if nothing is None else NoEvidenceError(*nothing),
            not_ready=then.not_ready,
            notice=then.notice,
        )


class SensedEncoder:
    """Gives what samples were encoded to before."""

    def __init__(self, modality: str, model: str) -> None:
        """Create it with the names of the encoder that it stands for."""
        self.modality = modality
        self.model = model

    def encode(self, sample: Any) -> Encoding:
        """Return the embedding; raises what the encoder has raised."""
        if sample.rejected:
            raise RejectedSampleError(sample.rejected)
        if sample.encoding is None:
            raise RuntimeError(sample.failed)
        encoding: Encoding = sample.encoding
        return encoding


def sensed_channel(name: str, sensor: ReplayedSensor) -> Channel:
    """Return a channel that takes `Sensed` in the place of messages.

    Args:
        name: The name that it shall have.
        sensor: The sensor.
    """
    config, options = replace(sensor.setup.config), sensor.setup.options
    kind = sensor_types(sensor.modules).find(config.modality, config.type)
    config.depth = config.depth or kind.depth
    channel = Channel(name, config, kind, SensedEncoder(config.modality, ""), options=options)
    channel.decoder = SensedDecoder(kind, options)
    return channel
