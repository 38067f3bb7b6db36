"""~/ready over DDS: in every lifecycle state, and when something ends or hangs."""

import signal
import time

import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from paths import ROOT
from perception_client import photograph
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import (
    DurabilityPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from std_msgs.msg import String

from omnibind_msgs.msg import Ready, Recognition

TOPIC = "/perception/ready"
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
REQUIRED = ("-p", "sensor.camera.required:=true")
SLACK = 0.2
"""Seconds that a busy machine may add to the 50 ms."""


def seconds(stamp):
    return stamp.sec + stamp.nanosec * 1e-9


def verdicts(client):
    return [msg for _, msg in client.probe.arrivals[TOPIC]]


def reason(client):
    return " | ".join(verdicts(client)[-1].reasons) if verdicts(client) else "nothing"


def is_ready(client):
    return bool(verdicts(client)) and verdicts(client)[-1].ready


def change_state(client, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return client.probe.call(ChangeState, "/perception/change_state", request).success


def waits_for(client, words, limit=20.0):
    assert client.probe.spin(lambda: words in reason(client), limit), (
        reason(client),
        client.process.output(),
    )


def show_for(client, seconds):
    until = time.monotonic() + seconds
    client.publish_image(photograph("coffee"), lambda: time.monotonic() > until)


def test_in_each_state_it_says_why_not_and_ends_with_the_camera(start_perception):
    client = start_perception(*REQUIRED, "-p", "autostart:=false", ready=False)
    client.probe.subscribe(Ready, TOPIC, LATCHED)
    waits_for(client, "not configured", 30.0)
    assert change_state(client, Transition.TRANSITION_CONFIGURE)
    waits_for(client, "inactive")
    assert "the node is being configured" in {r for msg in verdicts(client) for r in msg.reasons}
    assert change_state(client, Transition.TRANSITION_ACTIVATE)
    # STALE where the publisher of this test is connected by now.
    waits_for(client, "the required sensor 'camera' is ")
    for _ in range(2):
        client.publish_image(photograph("coffee"), lambda: is_ready(client))
        assert reason(client) == ""
        began = len(verdicts(client))
        show_for(client, 2.5)
        heard = verdicts(client)[began:]
        assert len(heard) >= 5  # at least two a second
        assert all(msg.ready for msg in heard)
        last = time.time()
        waits_for(client, "the required sensor 'camera' is STALE")
        fell = next(msg for msg in verdicts(client)[began:] if not msg.ready)
        assert seconds(fell.header.stamp) <= last + 0.5 + 0.05 + SLACK  # max_age of a camera: 0.5 s
    client.publish_image(photograph("coffee"), lambda: is_ready(client))
    assert change_state(client, Transition.TRANSITION_DEACTIVATE)
    waits_for(client, "inactive")
    assert change_state(client, Transition.TRANSITION_CLEANUP)
    waits_for(client, "not configured")


def test_a_late_subscriber_has_the_verdict_at_once_and_a_node_that_ends_says_so(start_perception):
    client = start_perception("-p", "deadline:=30.0")
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    client.probe.subscribe(Ready, TOPIC, LATCHED)
    assert client.probe.spin(lambda: is_ready(client), 5.0), reason(client)
    assert client.process.stop() == 0
    assert client.probe.spin(lambda: not is_ready(client), 5.0)
    assert reason(client) in {"the node stops", "the node is not configured"}


def test_an_unknown_belief_counts_only_where_it_is_asked_for(start_perception):
    client = start_perception("-p", "ready_needs_known:=true", "-p", "min_similarity:=1.0")
    client.probe.subscribe(Ready, TOPIC, LATCHED)
    client.publish_image(photograph("coffee"), lambda: "the belief is 'unknown'" in reason(client))


class Watcher:
    """A subscriber that asks for a deadline and for liveliness."""

    def __init__(self, client, kind, topic, qos):
        self.missed = self.alive = 0
        self.client = client
        self.subscription = client.probe.node.create_subscription(
            kind,
            topic,
            lambda _: None,
            qos,
            event_callbacks=SubscriptionEventCallbacks(
                deadline=self._on_missed, liveliness=self._on_liveliness
            ),
        )

    def _on_missed(self, info):
        self.missed = info.total_count

    def _on_liveliness(self, info):
        self.alive = info.alive_count

    def close(self):
        self.client.probe.node.destroy_subscription(self.subscription)


def test_a_process_that_is_stopped_or_killed_is_noticed_by_deadline_and_liveliness(
    start_perception,
):
    client = start_perception()
    ready_qos = QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE,
        deadline=Duration(seconds=1.0),
        liveliness=LivelinessPolicy.MANUAL_BY_TOPIC,
        liveliness_lease_duration=Duration(seconds=1.0),
    )
    ready = Watcher(client, Ready, TOPIC, ready_qos)
    results_qos = QoSProfile(
        depth=10,
        deadline=Duration(seconds=1.0),
        liveliness=LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Duration(seconds=2.0),
    )
    results = Watcher(client, Recognition, "/perception/recognition", results_qos)
    try:
        client.publish_image(
            photograph("coffee"), lambda: ready.alive == 1 and results.alive == 1, 20.0
        )
        before = ready.missed
        client.probe.spin_for(1.5)
        assert ready.missed == before  # an idle node goes on to publish ~/ready ...
        assert client.probe.spin(lambda: results.missed > 0, 3.0)  # ... but no result
        client.process.process.send_signal(signal.SIGSTOP)
        assert client.probe.spin(lambda: ready.missed > before and ready.alive == 0, 4.0)
        client.process.process.send_signal(signal.SIGCONT)
        assert client.probe.spin(lambda: ready.alive == 1, 5.0)
        client.process.kill()
        assert client.probe.spin(lambda: ready.alive == 0 and results.alive == 0, 6.0)
    finally:
        ready.close()
        results.close()


@pytest.fixture
def faulty(start_perception, monkeypatch):
    """A perception node with a required sensor that obeys commands, beside its camera."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "test" / "support"), prepend=":")
    client = start_perception(
        *("-p", "sensors:=['camera', 'commands']", "-p", "sensor_modules:=['faulty_sensor']"),
        *("-p", "sensor.commands.modality:=image", "-p", "sensor.commands.topic:=commands"),
        *("-p", "sensor.commands.type:=std_msgs/msg/String"),
        *("-p", "sensor.commands.required:=true", "-p", "encode_timeout:=2.0"),
        ready=False,
    )
    client.commands = client.probe.node.create_publisher(String, "commands", 10)
    client.probe.subscribe(Ready, TOPIC, LATCHED)
    assert client.probe.spin(lambda: client.commands.get_subscription_count() == 1, 60.0), (
        client.process.output()
    )
    yield client
    client.probe.node.destroy_publisher(client.commands)


def show_both(client, until, limit=20.0, command="picture"):
    said = [0.0]

    def done():
        if time.monotonic() - said[0] > 0.05:
            said[0] = time.monotonic()
            client.commands.publish(String(data=command))
        return until()

    client.publish_image(photograph("coffee"), done, limit)


def test_a_decoder_that_hangs_makes_its_sensor_not_ready_and_the_others_go_on(faulty):
    show_both(faulty, lambda: is_ready(faulty))
    faulty.commands.publish(String(data="decode 6"))
    show_for(faulty, 0.3)  # a newer message would take the place of this one
    show_both(faulty, lambda: "no sample younger" in reason(faulty), 3.0)
    show_both(
        faulty, lambda: "is FAULT (the image decoder gave nothing within 2 s" in reason(faulty)
    )
    results = len(faulty.messages())
    show_both(faulty, lambda: len(faulty.messages()) > results + 5, 3.0)  # of the camera
    assert "is FAULT" in reason(faulty)  # still
    show_both(faulty, lambda: is_ready(faulty))  # it has ended, and works again


def test_an_executor_that_hangs_is_told_while_it_hangs(faulty):
    show_both(faulty, lambda: is_ready(faulty))
    faulty.commands.publish(String(data="receive 4"))
    assert faulty.probe.spin(lambda: not is_ready(faulty), 2.0), reason(faulty)
    began = len(verdicts(faulty))
    faulty.probe.spin_for(2.0)
    assert len(verdicts(faulty)) >= began + 3  # it goes on to say so
    assert not any(msg.ready for msg in verdicts(faulty)[began:])
    show_both(faulty, lambda: is_ready(faulty))
