"""A process that is killed or stopped, in every lifecycle state."""

import random
import signal
import time

import pytest

pytest.importorskip("rclpy")

from perception_client import photograph

from omnibind_msgs.srv import Enroll, ListLabels

STATES = {
    "unconfigured": (),
    "inactive": ("configure",),
    "active": ("configure", "activate"),
    "inactive again": ("configure", "activate", "deactivate"),
}


def started(start_perception, probe):
    client = start_perception("-p", "autostart:=false", ready=False)
    assert probe.spin(lambda: client.diagnostic("not configured"), 60.0), client.process.output()
    return client


@pytest.mark.faults
@pytest.mark.parametrize("state", STATES)
def test_a_killed_node_leaves_nothing_that_hinders_the_next_one(
    start_perception, probe, change_state, still_recognises, state
):
    client = started(start_perception, probe)
    change_state(client, *STATES[state])
    client.process.kill()
    again = start_perception()
    still_recognises(again)


@pytest.mark.faults
@pytest.mark.parametrize("state", STATES)
def test_a_stopped_node_goes_on_where_it_was(
    start_perception, probe, change_state, still_recognises, state
):
    client = started(start_perception, probe)
    change_state(client, *STATES[state])
    client.process.process.send_signal(signal.SIGSTOP)
    probe.spin_for(3.0)
    client.process.process.send_signal(signal.SIGCONT)
    rest = {"unconfigured": ("configure", "activate"), "active": ()}.get(state, ("activate",))
    change_state(client, *rest)
    still_recognises(client)


@pytest.mark.faults
def test_a_node_killed_while_it_configures_leaves_nothing(start_perception, still_recognises):
    for wait in (0.5, 1.0, 1.5):
        client = start_perception(ready=False)
        time.sleep(wait)
        client.process.kill()
    still_recognises(start_perception())


def test_clients_that_are_gone_before_their_answers_do_not_stop_the_node(
    start_perception, still_recognises
):
    client = start_perception()
    probe = client.probe
    for _ in range(40):
        service = probe.node.create_client(ListLabels, "/perception/list_labels")
        assert probe.spin(service.service_is_ready)
        for _ in range(3):
            service.call_async(ListLabels.Request())
        probe.node.destroy_client(service)
    answer = probe.call(ListLabels, "/perception/list_labels", ListLabels.Request(), 60.0)
    assert answer.success
    still_recognises(client)


def test_nothing_enrolled_is_lost_if_the_node_is_killed_in_mid_enrolment(start_perception):
    client = start_perception()
    probe = client.probe
    service = probe.node.create_client(Enroll, "/perception/enroll")
    assert probe.spin(service.service_is_ready)
    future = service.call_async(Enroll.Request(label="my mug", duration=1.0))
    client.publish_image(photograph("coffee"), future.done)
    assert future.result().success, future.result().message
    service.call_async(Enroll.Request(label="my shoe", duration=2.0))
    probe.spin_for(random.Random(0).uniform(0.5, 2.0))
    client.process.kill()
    probe.node.destroy_client(service)
    probe.spin_for(1.0)
    again = start_perception()
    request = ListLabels.Request(enrolled_only=True)
    answer = probe.call(ListLabels, "/perception/list_labels", request)
    assert {info.name: info.views for info in answer.labels}["my mug"] == 1
    again.publish_image(photograph("coffee"), lambda: again.recognises("my mug"))
