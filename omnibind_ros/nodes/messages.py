"""Translation of results and states into messages."""

from __future__ import annotations

import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
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
from omnibind_ros.runtime.channel import SensorState, StoredEmbedding
from omnibind_ros.runtime.perceiver import Result
from omnibind_ros.runtime.presence import Presence


def to_time(nanoseconds: int) -> Time:
    """Return the nearest stamp there is (its seconds are an int32) for ns since the epoch."""
    seconds, rest = divmod(min(max(nanoseconds, 0), 2**31 * 10**9 - 1), 10**9)
    return Time(sec=seconds, nanosec=rest)


def to_nanoseconds(stamp: Any) -> int:
    """Return nanoseconds since the epoch for a stamp; 0 for one out of range."""
    if stamp.sec < 0:
        return 0
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def header(result: Result) -> Header:
    """Return the header of everything that a result becomes."""
    return Header(stamp=to_time(result.stamp_ns), frame_id=result.frame_id)


def _floats(values: npt.NDArray[np.float32]) -> array.array[float]:
    return array.array("f", np.asarray(values, np.float32).tobytes())


def embedding(result: Result, model: str) -> FusedEmbedding:
    """Return ~/embedding."""
    return FusedEmbedding(
        header=header(result),
        model=model,
        sensors=list(result.sensors),
        modalities=list(result.modalities),
        weights=_floats(result.weights),
        ages=_floats(result.ages),
        values=_floats(result.values),
    )


def recognition(result: Result) -> Recognition:
    """Return ~/recognition."""
    return Recognition(
        header=header(result),
        labels=list(result.recognition.labels),
        probabilities=_floats(result.recognition.probabilities),
        known=result.recognition.known,
        sensors=list(result.sensors),
        weights=_floats(result.weights),
    )


def classification(result: Result, kind: type) -> Any:
    """Return ~/classification; kind is vision_msgs' Classification, which may not be installed."""
    from vision_msgs.msg import ObjectHypothesis  # noqa: PLC0415

    named = zip(result.recognition.labels, result.recognition.probabilities, strict=True)
    return kind(
        header=header(result),
        results=[ObjectHypothesis(class_id=label, score=float(p)) for label, p in named],
    )


def sensor_embedding(name: str, modality: str, kept: StoredEmbedding, model: str) -> Embedding:
    """Return what an encoder node publishes of one sensor."""
    return Embedding(
        header=Header(stamp=to_time(kept.stamp_ns), frame_id=kept.frame_id),
        sensor=name,
        modality=modality,
        model=model,
        quality=kept.quality,
        values=_floats(kept.values),
    )


def text_embeddings(values: npt.NDArray[np.float32], model: str, stamp: Time) -> list[Embedding]:
    """Return the answer of ~/embed_text; values float32 [N, D]."""
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
            )
            for state in states
        ],
    )


def overlay(picture: npt.NDArray[np.uint8], result: Result) -> Image:
    """Return ~/overlay; picture uint8 [H, W, 3], RGB."""
    height, width = picture.shape[:2]
    message = Image(
        header=header(result), height=height, width=width, encoding="rgb8", step=width * 3
    )
    message.data = array.array("B", picture.tobytes())
    return message


def markers(result: Result) -> MarkerArray:
    """Return ~/markers: one text a metre before the newest sensor's frame."""
    best = result.recognition
    marker = Marker(
        header=header(result),
        ns="omnibind",
        id=0,
        type=Marker.TEXT_VIEW_FACING,
        action=Marker.ADD,
        text=f"{best.labels[0]} {best.probabilities[0]:.0%}" if best.known else "unknown",
        lifetime=Duration(sec=1),
    )
    marker.pose.position.z = 1.0
    marker.pose.orientation.w = 1.0
    marker.scale.z = 0.2
    marker.color.r, marker.color.g, marker.color.b, marker.color.a = (
        (0.25, 0.8, 0.5, 1.0) if best.known else (0.9, 0.65, 0.25, 1.0)
    )
    return MarkerArray(markers=[marker])


_LEVELS = {
    Presence.FRESH: DiagnosticStatus.OK,
    Presence.ABSENT: DiagnosticStatus.WARN,
    Presence.STALE: DiagnosticStatus.WARN,
    Presence.FAULT: DiagnosticStatus.ERROR,
}


def diagnostics(
    node_name: str,
    node_problems: Sequence[str],
    node_fault: str,
    states: Iterable[SensorState],
    processor: Mapping[str, float],
    now: Time,
) -> DiagnosticArray:
    """Return /diagnostics: the node's own status, then one a sensor.

    Args:
        node_name: Full name without its first slash.
        node_problems: What does not work as it should.
        node_fault: Why the node does not run; empty if it does.
        states: The sensors.
        processor: Processor seconds by what they were spent on.
        now: The stamp.
    """
    level = DiagnosticStatus.OK
    if node_problems:
        level = DiagnosticStatus.WARN
    if node_fault:
        level = DiagnosticStatus.ERROR
    statuses = [
        DiagnosticStatus(
            level=level,
            name=f"{node_name}: node",
            hardware_id=node_name,
            message=node_fault or "; ".join(node_problems) or "running",
            values=[
                *(KeyValue(key=f"problem {i}", value=p) for i, p in enumerate(node_problems)),
                *(
                    KeyValue(key=f"processor time, {what} [s]", value=f"{seconds:.4f}")
                    for what, seconds in sorted(processor.items())
                ),
            ],
        )
    ]
    for state in states:
        level = _LEVELS[state.state]
        if state.reason and level == DiagnosticStatus.OK:
            level = DiagnosticStatus.WARN
        counts = {
            "modality": state.modality,
            "topic": state.topic,
            "rate [Hz]": f"{state.rate:.1f}",
            "age [s]": f"{state.age:.3f}",
            "latency [s]": f"{state.latency:.4f}",
            "received": state.received,
            "encoded": state.encoded,
            "dropped": state.dropped,
            "rejected": state.rejected,
        }
        statuses.append(
            DiagnosticStatus(
                level=level,
                name=f"{node_name}: {state.name}",
                hardware_id=state.name,
                message=f"{state.state.name}: {state.reason}" if state.reason else state.state.name,
                values=[KeyValue(key=key, value=str(value)) for key, value in counts.items()],
            )
        )
    return DiagnosticArray(header=Header(stamp=now), status=statuses)
