"""The node that receives the messages of a recording, serialized as they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)

from omnibind_msgs.msg import Teaching
from omnibind_ros.bags.errors import RecordingError
from omnibind_ros.bags.moments import Message
from omnibind_ros.bags.recorder import Recorder
from omnibind_ros.bags.teach import STATIC, TeachFilter
from omnibind_ros.runtime.stamps import to_nanoseconds

from .rclpy_features import with_message_info
from .subscriptions import load_type

TRANSFORMS = ("/tf", STATIC)
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
DEPTH = 50
"""Messages of a topic that may wait for this process."""

NOT_LATER = 10_000_000_000
"""A time of arrival that differs more from this clock, in ns, is not used."""


class BagRecorder(Node):
    """Subscribes to topics as soon as they have publishers, and passes their messages on.

    Attributes:
        types: Message types of the topics that are recorded.
        waiting: Topics that have had no publisher yet.
    """

    def __init__(
        self,
        recorder: Recorder,
        topics: Collection[str],
        teaching: str,
        teach: TeachFilter | None,
        stateful: Callable[[str, str], bool],
        report: Callable[[str], None],
    ) -> None:
        """Create it; `look` subscribes.

        Args:
            recorder: Writes the messages.
            topics: Topics to record, resolved; CameraInfo beside them and transforms come too.
            teaching: The topic ~/teaching of the perception node; '': none.
            teach: Chooses the messages that are kept; None for all.
            stateful: (topic, type) -> whether the beginning of the recording is needed.
            report: Takes sentences for the user.
        """
        super().__init__("bag_recorder", start_parameter_services=False)
        self._recorder = recorder
        self._wanted = list(dict.fromkeys(topics))
        self._teaching = teaching
        self._teach = teach
        self._stateful = stateful
        self._report = report
        self._reported: set[str] = set()
        self._spaces = {space for topic in topics for space in _spaces(topic)}
        self._taken: dict[str, Any] = {}
        self.types: dict[str, str] = {}
        self.create_timer(0.2, self.look)

    @property
    def waiting(self) -> list[str]:
        """Topics that were asked for and have had no publisher yet."""
        return [topic for topic in self._wanted if topic not in self._taken]

    def look(self) -> None:
        """Subscribe to the topics that have publishers by now."""
        names = dict(self.get_topic_names_and_types())
        info = [
            topic
            for topic, types in names.items()
            if CAMERA_INFO in types and topic.rpartition("/")[0] in self._spaces
        ]
        for topic in dict.fromkeys((*self._wanted, self._teaching, *info, *TRANSFORMS)):
            if topic in names and topic not in self._taken:
                self._subscribe(topic)

    def _subscribe(self, topic: str) -> None:
        publishers = self.get_publishers_info_by_topic(topic)
        if not publishers:
            return
        kind = publishers[0].topic_type
        others = sorted({each.topic_type for each in publishers} - {kind})
        if others:
            self._say(f"{topic} also has messages of {', '.join(others)}, which are not recorded")
        profiles = [each.qos_profile for each in publishers if each.topic_type == kind]
        latched = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in profiles)
        try:
            message_class = load_type(kind)
            self._recorder.add_topic(topic, kind, [_bag_profile(profile) for profile in profiles])
        except (RecordingError, ValueError) as error:
            if not self._recorder.problem:
                self._say(f"{topic} is not recorded: {error}")
                self._taken[topic] = None
            return
        if self._teach is not None:
            if latched and topic != STATIC:
                self._teach.keep_newest(topic)
            if self._stateful(topic, kind):
                self._teach.keep_beginning(topic, time.time_ns())
        self.types[topic] = kind
        self._taken[topic] = self.create_subscription(
            message_class, topic, self._callback(topic), _subscription(profiles, latched), raw=True
        )
        self._say(f"records {topic} ({kind})")

    def _callback(self, topic: str) -> Callable[..., None]:
        teach = self._teach

        def keep(data: bytes, info: Any) -> None:
            message = Message(topic, arrival(info, time.time_ns()), data)
            if teach is None:
                self._recorder.add(message)
            else:
                teach.add(message)
            if topic == self._teaching:
                self._on_teaching(message)

        return with_message_info(keep)

    def _on_teaching(self, message: Message) -> None:
        told = deserialize_message(message.data, Teaching)
        if told.action != Teaching.ENROLL:
            return
        # By this process's clock, which the perception node's may not agree with.
        offset = message.time - to_nanoseconds(told.header.stamp)
        start, end = (to_nanoseconds(each) + offset for each in (told.start, told.end))
        if self._teach is None:
            self._report(f"'{told.label}' was enrolled: {(end - start) / 1e9:.1f} s are labelled")
            return
        moment = self._teach.enrolled(start, end, message.time)
        self._report(
            f"keeps '{told.label}': {moment.seconds:.1f} s, {moment.messages} messages so far"
        )
        for problem in moment.problems:
            self._report(f"'{told.label}': {problem}")

    def _say(self, sentence: str) -> None:
        if sentence not in self._reported:
            self._reported.add(sentence)
            self._report(sentence)


def arrival(info: Any, now: int) -> int:
    """Return when a message arrived, ns: as DDS says where it is plausible, else now."""
    told = int(info.get("received_timestamp") or 0)
    return told if abs(now - told) < NOT_LATER else now


def _spaces(topic: str) -> Sequence[str]:
    """Return the names below which a picture's camera_info may be: beside it, or one level up."""
    space = topic.rpartition("/")[0]
    return (space, space.rpartition("/")[0]) if space else (space,)


def _subscription(profiles: Sequence[QoSProfile], latched: bool) -> QoSProfile:
    """Return a profile that matches all publishers, and is reliable if they all are."""
    reliable = all(p.reliability == ReliabilityPolicy.RELIABLE for p in profiles)
    return QoSProfile(
        depth=DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=(DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE),
    )


def _bag_profile(profile: QoSProfile) -> Qos:
    """Return a publisher's profile as bags hold it, so that `ros2 bag play` publishes alike."""
    latched = profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    reliable = profile.reliability == ReliabilityPolicy.RELIABLE
    never = QosTime(9223372036, 854775807)
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=max(profile.depth, 1),
        reliability=QosReliability.RELIABLE if reliable else QosReliability.BEST_EFFORT,
        durability=QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        deadline=never,
        lifespan=never,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=never,
        avoid_ros_namespace_conventions=False,
    )
