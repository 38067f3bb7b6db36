"""Why no messages of a sensor arrive."""

import time

import pytest

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.engine import Engine
from omnibind_ros.runtime.losses import Loss
from omnibind_ros.runtime.silence import (
    BEST_EFFORT,
    RELIABLE,
    TRANSIENT_LOCAL,
    VOLATILE,
    Alternation,
    Endpoint,
    Wanted,
    fits,
    wanted_durability,
    why_mixed,
    why_old,
    why_silent,
)
from omnibind_ros.runtime.topic_watch import SILENT_AFTER, TopicWatch
from omnibind_ros.sensors import Issue

IMAGE, JPEG = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
CLOUD, STRING = "sensor_msgs/msg/PointCloud2", "std_msgs/msg/String"
PICTURES = {IMAGE, JPEG}
CAMERA = Wanted("camera", "/camera/image", IMAGE)
SPEECH = Wanted("speech", "/text", STRING, single=True)


@pytest.mark.parametrize(
    ("offered", "asked", "connected"),  # the table of QoS compatibilities of the ROS 2 manual
    [
        ((BEST_EFFORT, VOLATILE), (BEST_EFFORT, VOLATILE), True),
        ((BEST_EFFORT, VOLATILE), (RELIABLE, VOLATILE), False),
        ((RELIABLE, VOLATILE), (BEST_EFFORT, VOLATILE), True),
        ((RELIABLE, VOLATILE), (RELIABLE, VOLATILE), True),
        ((RELIABLE, VOLATILE), (RELIABLE, TRANSIENT_LOCAL), False),
        ((RELIABLE, TRANSIENT_LOCAL), (RELIABLE, VOLATILE), True),
        ((RELIABLE, TRANSIENT_LOCAL), (BEST_EFFORT, TRANSIENT_LOCAL), True),
        (("system_default", VOLATILE), (RELIABLE, VOLATILE), True),
    ],
)
def test_which_publishers_are_connected(offered, asked, connected):
    wanted = Wanted("camera", "/image", IMAGE, *asked)
    assert fits(Endpoint("/cam", IMAGE, *offered), wanted) == connected
    assert not fits(Endpoint("/cam", JPEG, *offered), wanted)


@pytest.mark.parametrize(
    ("endpoints", "published", "sentences"),
    [
        ([], {}, []),
        ([Endpoint("/cam", IMAGE, BEST_EFFORT)], {"/camera/image_raw": [IMAGE]}, []),
        (
            [Endpoint("/cam", JPEG)],
            {},
            [
                f"node /cam publishes {JPEG} on /camera/image, but the sensor takes {IMAGE}; "
                f"set sensor.camera.type to {JPEG}"
            ],
        ),
        (
            [Endpoint("/a", CLOUD), Endpoint("", CLOUD)],
            {},
            [
                f"node /a and a node publish {CLOUD} on /camera/image, but the sensor takes "
                f"{IMAGE}; set sensor.camera.topic to a topic of that type"
            ],
        ),
        (
            [],
            {"/camera/image_raw": [IMAGE], "/camera/image_rect": [JPEG], "/imu": ["imu/msg/Imu"]},
            [
                f"nobody publishes on /camera/image, but {IMAGE} is published on "
                "/camera/image_raw; if that is this sensor, set sensor.camera.topic to "
                "/camera/image_raw"
            ],
        ),
        (
            [],
            {"/front/camera/image": [JPEG]},
            [
                f"nobody publishes on /camera/image, but {JPEG} is published on "
                "/front/camera/image; if that is this sensor, set sensor.camera.topic to "
                f"/front/camera/image and sensor.camera.type to {JPEG}"
            ],
        ),
        ([], {"/camera/image_debug": [IMAGE], "/camera/depth/image": [IMAGE]}, []),
        ([], {"/camera/image_raw": [CLOUD], "/rear_view": [IMAGE]}, []),
    ],
)
def test_reasons_of_a_camera(endpoints, published, sentences):
    assert why_silent(CAMERA, endpoints, published, PICTURES) == sentences


@pytest.mark.parametrize(
    ("topic", "other"),
    [
        ("/image", "/usb_cam/image_raw"),
        ("/image", "/camera/image"),
        ("/camera/image_raw", "/camera/image"),
        ("/camera/image", "/camera1/image"),
        ("/cmaera/image", "/camera/image"),
    ],
)
def test_topics_that_are_suggested(topic, other):
    assert other in why_silent(Wanted("eye", topic, IMAGE), [], {other: [IMAGE]}, PICTURES)[0]


def test_the_most_likely_reason_comes_first():
    endpoints = [Endpoint("/odd", CLOUD), Endpoint("/zip", JPEG)]
    wanted = Wanted("camera", "/camera/image", IMAGE, RELIABLE)
    reasons = why_silent(wanted, endpoints, {"/camera/image_raw": [IMAGE]}, PICTURES)
    assert [r for r in ("/zip", "image_raw", "/odd") if r in reasons[0]] == ["/zip"]
    assert "/camera/image_raw" in reasons[1]
    assert not reasons[1].startswith("nobody")
    assert "/odd" in reasons[2]
    reasons = why_silent(
        wanted,
        [Endpoint("/odd", CLOUD), Endpoint("/cam", IMAGE, BEST_EFFORT)],
        {"/camera/image_raw": [IMAGE]},
        PICTURES,
    )
    assert reasons[0] == (
        "node /cam publishes on /camera/image with reliability best_effort, but the sensor asks "
        "for reliable; set sensor.camera.reliability to best_effort, or let the publisher offer "
        "reliable"
    )
    assert len(reasons) == 2


def test_a_policy_that_only_the_event_names():
    (reason,) = why_silent(CAMERA, [Endpoint("/cam", IMAGE)], {}, PICTURES, "deadline")
    assert "node /cam" in reason
    assert "policy deadline" in reason
    assert why_silent(CAMERA, [], {}, PICTURES, "deadline") == []  # that publisher has gone


def test_kept_texts_are_asked_for_where_every_publisher_has_them():
    kept = Endpoint("/talker", STRING, RELIABLE, TRANSIENT_LOCAL)
    assert wanted_durability([kept], SPEECH) == TRANSIENT_LOCAL
    assert wanted_durability([kept, Endpoint("/other", STRING)], SPEECH) == VOLATILE
    assert wanted_durability([kept, Endpoint("/other", IMAGE)], SPEECH) == TRANSIENT_LOCAL
    unreliable = Endpoint("/other", STRING, BEST_EFFORT, TRANSIENT_LOCAL)
    assert wanted_durability([unreliable], SPEECH) == VOLATILE  # it sends nothing that it has kept
    assert wanted_durability([], SPEECH) == VOLATILE
    camera = Endpoint("/cam", IMAGE, RELIABLE, TRANSIENT_LOCAL)
    assert wanted_durability([camera], CAMERA) == VOLATILE  # one of a stream


def test_a_kept_text_may_be_too_old():
    assert why_old(SPEECH, 0.0, 3.0) == []
    assert why_old(SPEECH, 2.9, 3.0) == []
    assert "62.5 s before" in why_old(SPEECH, 62.5, 3.0)[0]


def numbers(*publishers):
    """The sequence numbers of publishers that send by turns, from a first number each."""
    return [first + turn for turn in range(4) for first in publishers]


@pytest.mark.parametrize(
    ("arrived", "expected"),
    [
        (numbers(1), False),
        ([900, 901, 1, 2, 3], False),  # the publisher has restarted
        ([1, 3, 9, 20], False),  # messages were lost
        (numbers(1, 1), True),
        (numbers(1, 500), True),
        (numbers(70, 3, 500), True),
        (numbers(500, 500), True),
    ],
)
def test_alternation(arrived, expected):
    alternation = Alternation()
    for i, number in enumerate(arrived):
        alternation.message(number, i * 0.1)
    assert alternation.detected(1.0) == expected
    assert not alternation.detected(60.0)


def test_both_nodes_that_alternate_are_named():
    two = [Endpoint("/left", IMAGE), Endpoint("/right", IMAGE)]
    (reason,) = why_mixed(CAMERA, [*two, Endpoint("/zip", JPEG)], True)
    assert "2 publishers alternate on /camera/image (node /left and node /right)" in reason
    assert why_mixed(CAMERA, two, False) == []
    assert why_mixed(CAMERA, two[:1], True) == []
    assert why_mixed(SPEECH, [Endpoint("/a", STRING), Endpoint("/b", STRING)], True) == []


class Listener:
    def __init__(self):
        self.doubts = []

    def on_doubt(self, sensor, doubt):
        self.doubts.append((sensor, doubt.text))


class Graph:
    def __init__(self):
        self.found, self.topics, self.calls = [], {}, 0

    def endpoints(self, topic):
        self.calls += 1
        return self.found

    def published(self):
        return self.topics


class Subscription:
    policy, kept_for, arrived, mixed, adapted, lost = "", 0.0, 0.0, False, None, None

    def wanted(self):
        return CAMERA

    def silent_for(self, now):
        return now - self.arrived

    def alternates(self, now):
        return self.mixed

    def loss(self, now):
        return self.lost

    def adapt(self, endpoints):
        self.adapted = endpoints


def test_reasons_come_and_go_and_are_told_once():
    now, listener, graph, subscription = [0.0], Listener(), Graph(), Subscription()
    engine = Engine(listener, time.time_ns)
    config = SensorConfig(modality="image", topic="/camera/image", type=IMAGE, max_age=1.0)
    engine.add(Channel("camera", config, None, None))
    engine.set_publishers("camera", 0)
    watch = TopicWatch(engine, graph, lambda modality: PICTURES, "", lambda: now[0])

    def reasons():
        watch.update({"camera": subscription})
        (state,) = engine.states()
        return state.reason.split(" | ") if state.reason else [], state.issues

    graph.found = [Endpoint("/zip", JPEG)]
    assert reasons() == ([], ())  # not silent yet
    assert graph.calls == 0
    now[0] = SILENT_AFTER
    for _ in range(3):
        (reason,), issues = reasons()
        assert "/zip" in reason
        assert issues == (Issue.NO_MATCH,)
    assert subscription.adapted == graph.found
    assert len(listener.doubts) == 1
    graph.topics = {"/camera/image_raw": [IMAGE], "/camera/image": [JPEG]}
    assert len(reasons()[0]) == 2
    assert len(listener.doubts) == 2  # changed, so it is told again
    subscription.arrived = now[0]
    engine.set_publishers("camera", 1)
    assert reasons() == ([], ())
    graph.found, subscription.mixed = [Endpoint("/a", IMAGE), Endpoint("/b", IMAGE)], True
    assert "alternate" in reasons()[0][0]
    subscription.mixed, subscription.kept_for = False, 20.0
    assert reasons()[1] == (Issue.DELAYED,)
    subscription.kept_for = 0.0
    calls = graph.calls
    assert reasons() == ([], ())
    assert graph.calls == calls  # a sensor that works costs nothing
    assert len(listener.doubts) == 4


def test_losses_are_told_once_although_their_numbers_change():
    listener, graph, subscription = Listener(), Graph(), Subscription()
    engine = Engine(listener, time.time_ns)
    config = SensorConfig(modality="image", topic="/camera/image", type=IMAGE, max_age=1.0)
    engine.add(Channel("camera", config, None, None))
    engine.set_publishers("camera", 1)
    watch = TopicWatch(engine, graph, lambda modality: PICTURES, "restart {nodes}", lambda: 0.0)
    graph.found = [Endpoint("/cam", IMAGE)]
    for lost in (30, 31, 32):
        subscription.lost = Loss(10, lost, 10**6)
        watch.update({"camera": subscription})
        (state,) = engine.states()
        assert state.reason.startswith(f"10 of {10 + lost} messages (1 MB each) of node /cam")
        assert state.reason.endswith("; restart node /cam")
        assert state.issues == (Issue.NO_MATCH,)
    assert len(listener.doubts) == 1
    subscription.lost = None
    calls = graph.calls
    watch.update({"camera": subscription})
    assert not engine.states()[0].reason
    assert graph.calls == calls  # a sensor that works costs nothing
    subscription.lost = Loss(10, 30, 10**6)
    watch.update({"camera": subscription})
    engine.set_publishers("camera", 0)
    assert not engine.states()[0].reason  # that publisher has gone
