"""Results and states as ROS messages."""

from __future__ import annotations

import array
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from omnibind_msgs.msg import (
    Embedding,
    FusedEmbedding,
    Recognition,
    SensorStatus,
    SensorStatusArray,
)
from omnibind_ros.runtime.embeddings import StoredEmbedding
from omnibind_ros.runtime.marker_place import marker_place
from omnibind_ros.runtime.perception import PerceptionResult
from omnibind_ros.runtime.sensor_state import SensorState


def to_time(nanoseconds: int) -> Time:
    """Return the stamp of nanoseconds since the epoch; its seconds are limited to an int32."""
    seconds, rest = divmod(min(max(nanoseconds, 0), 2**31 * 10**9 - 1), 10**9)
    return Time(sec=seconds, nanosec=rest)


def header(result: PerceptionResult) -> Header:
    """Return the header of the messages of a result."""
    return Header(stamp=to_time(result.stamp_ns), frame_id=result.frame_id)


def _floats(values: npt.NDArray[np.float32]) -> array.array[float]:
    return array.array("f", np.asarray(values, np.float32).tobytes())


def embedding(result: PerceptionResult, model: str) -> FusedEmbedding:
    """Return ~/embedding."""
    return FusedEmbedding(
        header=header(result),
        model=model,
        sensors=list(result.sensors),
        modalities=list(result.modalities),
        weights=_floats(result.weights),
        ages=_floats(result.ages),
        agreement=_floats(result.agreement),
        distance=_floats(result.distances),
        values=_floats(result.values),
    )


def recognition(result: PerceptionResult) -> Recognition:
    """Return ~/recognition."""
    found = result.recognition
    return Recognition(
        header=header(result),
        labels=list(found.labels),
        probabilities=_floats(found.probabilities),
        unknown=found.unknown,
        known=found.known,
        since=found.since,
        category=found.category,
        category_probability=found.category_probability,
        sensors=list(result.sensors),
        weights=_floats(result.weights),
        contradicting=list(found.contradicting),
    )


def classification(result: PerceptionResult, kind: type) -> Any:
    """Return ~/classification; kind is vision_msgs' Classification."""
    from vision_msgs.msg import ObjectHypothesis  # noqa: PLC0415 - may not be installed

    named = zip(result.recognition.labels, result.recognition.probabilities, strict=True)
    return kind(
        header=header(result),
        results=[ObjectHypothesis(class_id=label, score=float(p)) for label, p in named],
    )


def sensor_embedding(name: str, modality: str, stored: StoredEmbedding, model: str) -> Embedding:
    """Return ~/embeddings/NAME of an encoder node."""
    return Embedding(
        header=Header(stamp=to_time(stored.stamp_ns), frame_id=stored.frame_id),
        sensor=name,
        modality=modality,
        model=model,
        quality=stored.quality,
        distance=stored.distance,
        values=_floats(stored.values),
        features=_floats(stored.features) if stored.features is not None else [],
        window=max(stored.taken - stored.oldest, 0.0),
    )


def text_embeddings(values: npt.NDArray[np.float32], model: str, stamp: Time) -> list[Embedding]:
    """Return the embeddings of ~/embed_text; values float32 [N, D]."""
    return [
        Embedding(
            header=Header(stamp=stamp),
            modality="text",
            model=model,
            quality=1.0,
            values=_floats(row),
        )
        for row in values
    ]


def sensors(states: Iterable[SensorState], now: Time) -> SensorStatusArray:
    """Return ~/sensors."""
    return SensorStatusArray(
        header=Header(stamp=now),
        sensors=[
            SensorStatus(
                header=Header(stamp=to_time(state.stamp_ns), frame_id=state.frame_id),
                name=state.name,
                modality=state.modality,
                topic=state.topic,
                state=int(state.state),
                rate=state.rate,
                age=state.age,
                latency=state.latency,
                received=state.received,
                encoded=state.encoded,
                dropped=state.dropped,
                rejected=state.rejected,
                reason=state.reason,
                issues=[int(issue) for issue in state.issues],
            )
            for state in states
        ],
    )


def overlay(image: npt.NDArray[np.uint8], result: PerceptionResult) -> Image:
    """Return ~/overlay; image uint8 [H, W, 3], RGB."""
    height, width = image.shape[:2]
    message = Image(
        header=header(result), height=height, width=width, encoding="rgb8", step=width * 3
    )
    message.data = array.array("B", image.tobytes())
    return message


def markers(result: PerceptionResult) -> MarkerArray:
    """Return ~/markers: a text above the first sensor that has a frame."""
    best = result.recognition
    place = marker_place(result.frames, result.modalities)
    marker = Marker(
        header=Header(stamp=to_time(result.stamp_ns), frame_id=place.frame_id),
        ns="omnibind",
        id=0,
        type=Marker.TEXT_VIEW_FACING,
        action=Marker.ADD,
        text=f"{best.labels[0]} {best.probabilities[0]:.0%}" if best.known else "unknown",
        lifetime=Duration(sec=1),
    )
    marker.pose.position = Point(**dict(zip("xyz", place.position, strict=True)))
    marker.pose.orientation.w = 1.0
    marker.scale.z = 0.2
    marker.color.r, marker.color.g, marker.color.b, marker.color.a = (
        (0.25, 0.8, 0.5, 1.0) if best.known else (0.9, 0.65, 0.25, 1.0)
    )
    return MarkerArray(markers=[marker])
