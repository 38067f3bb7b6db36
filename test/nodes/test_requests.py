"""Nodes answer every request, and go on when a callback fails."""

import logging
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from paths import ROOT
from perception_client import photograph
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from std_srvs.srv import Trigger

from omnibind_ros.nodes.executor import spin_through_errors
from omnibind_ros.nodes.requests import answer_all_requests
from omnibind_ros.nodes.transitions import fails_aloud
from omnibind_ros.runtime.callback_errors import LIMIT, CallbackErrors, TooManyErrorsError


def call(client, kind, name, **fields):
    return client.probe.call(kind, f"/perception/{name}", kind.Request(**fields), 20.0)


def change_state(client, number=0, label=""):
    transition = Transition(id=number, label=label)
    return call(client, ChangeState, "change_state", transition=transition).success


def state(client):
    return call(client, GetState, "get_state").current_state.label


def test_the_node_outlives_requests_that_are_not_allowed(start_perception):
    client = start_perception()
    for number in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        for _ in range(LIMIT + 2):  # a manager that tries again and again
            assert not change_state(client, number)
    for number in (Transition.TRANSITION_CLEANUP, Transition.TRANSITION_CREATE, 10, 60, 99, 255):
        assert not change_state(client, number)
    for label in ("configure", "no such transition"):
        assert not change_state(client, label=label)
    assert state(client) == "active"
    transitions = call(client, GetAvailableTransitions, "get_available_transitions")
    labels = {known.transition.label for known in transitions.available_transitions}
    assert labels == {"deactivate", "shutdown"}

    unknown = Parameter(name="top_k", value=ParameterValue(type=99))
    (refused,) = call(client, SetParameters, "set_parameters", parameters=[unknown]).results
    assert not refused.successful
    assert "99" in refused.reason
    answer = call(
        client, SetParametersAtomically, "set_parameters_atomically", parameters=[unknown]
    )
    assert not answer.result.successful

    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert change_state(client, label="deactivate")
    assert not change_state(client, Transition.TRANSITION_DEACTIVATE)
    assert change_state(client, Transition.TRANSITION_ACTIVATE)
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert "transition 99 is not allowed" in client.process.output()
    assert client.probe.spin(lambda: failed_callbacks(client) == 2)  # those of the parameters


@pytest.mark.parametrize("name", ["encoder", "picture_camera"])
def test_other_nodes_outlive_requests_too(start_node, probe, name):
    node = start_node(f"{name}_node")
    unknown = Parameter(name="anything", value=ParameterValue(type=99))
    request = SetParametersAtomically.Request(parameters=[unknown])
    answer = probe.call(SetParametersAtomically, f"/{name}/set_parameters_atomically", request)
    assert not answer.result.successful
    if name == "encoder":
        again = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
        assert not probe.call(ChangeState, "/encoder/change_state", again).success
    assert node.alive(), node.output()
    assert "a request failed (ValueError: 99 is not a valid" in node.output()


def failed_callbacks(client):
    for _, message in client.probe.arrivals["/diagnostics"][::-1]:
        for status in message.status:
            if status.name == "perception: node":
                return int({v.key: v.value for v in status.values}["failed callbacks"])
    return None


class Graph:
    """A node and its clients, both in this process."""

    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("shaky", context=self.context)
        self.errors = CallbackErrors(logging.getLogger("shaky"))
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def spin(self, until):
        spin_through_errors(self.executor, self.errors, until)

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def graph(ros_domain):
    made = Graph()
    yield made
    made.close()


def fail():
    raise RuntimeError("gone")


def test_each_kind_of_callback_may_fail(graph, caplog):
    calls = []

    def tick():
        calls.append("timer")
        guard.trigger()
        publisher.publish(message())
        fail()

    def receive(_message):
        calls.append("subscription")
        fail()

    def on_guard():
        calls.append("guard")
        fail()

    message = type(Parameter())
    guard = graph.node.create_guard_condition(on_guard)
    publisher = graph.node.create_publisher(message, "topic", 10)
    graph.node.create_subscription(message, "topic", receive, 10)
    graph.node.create_timer(0.5, tick)
    graph.spin(lambda: all(calls.count(kind) >= 2 for kind in ("timer", "subscription", "guard")))
    assert graph.errors.count >= len(calls) - 1  # the last one may end the spinning
    assert "callback: failed (RuntimeError: gone, at nodes/test_requests.py:" in caplog.text


def test_a_message_that_cannot_be_taken_blocks_nothing(graph):
    message, received = type(Parameter()), []
    publisher = graph.node.create_publisher(message, "topic", 10)
    graph.node.create_subscription(message, "topic", received.append, 10)
    take, broken = graph.executor._take_subscription, [True]

    def take_or_fail(subscription):
        if broken and broken.pop():
            take(subscription)
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return take(subscription)

    graph.executor._take_subscription = take_or_fail
    graph.node.create_timer(0.1, lambda: publisher.publish(message(name="next")))
    graph.spin(lambda: len(received) >= 2)
    assert graph.errors.count == 1
    assert "UnicodeDecodeError" in graph.errors.last


def test_a_failing_service_answers(graph):
    graph.node.create_service(Trigger, "shake", lambda request, response: fail())
    answer_all_requests(graph.node, graph.errors)
    client = graph.node.create_client(Trigger, "shake")
    for _ in range(LIMIT + 2):
        future = client.call_async(Trigger.Request())
        graph.spin(future.done)
        assert not future.result().success
    assert graph.errors.count == LIMIT + 2


def test_a_callback_that_always_fails_stops_the_node(graph):
    graph.node.create_timer(0.01, fail)
    with pytest.raises(TooManyErrorsError, match=r"10 callbacks have failed within 1 s.*gone"):
        graph.spin(lambda: False)
    assert graph.errors.count == LIMIT


def test_a_transition_that_fails_is_explained(caplog):
    class Node:
        errors = CallbackErrors(logging.getLogger("shaky"))

        @fails_aloud
        def on_configure(self, state):
            fail()

    assert Node().on_configure(None) == TransitionCallbackReturn.ERROR
    assert "on_configure: the transition failed (RuntimeError: gone" in caplog.text
    assert Node.errors.count == 1


BROKEN = """
import sys
from omnibind_ros.nodes.encoder import EncoderNode
from omnibind_ros.nodes.spin import spin

class Broken(EncoderNode):
    def __init__(self):
        super().__init__()
        self.create_timer(0.01, lambda: 1 / 0)

sys.exit(spin(Broken, ["--ros-args", "-p", "autostart:=false"]))
"""


def test_a_node_that_always_fails_exits_with_a_sentence(ros_domain):
    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "10 callbacks have failed within 1 s, so the node stops" in done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert "Traceback" not in done.stdout


def test_failures_now_and_then_do_not():
    now = [0.0]
    errors = CallbackErrors(logging.getLogger("shaky"), lambda: now[0])
    for _ in range(10 * LIMIT):
        errors.callback_failed(RuntimeError("gone"))
        errors.check()
        now[0] += 0.12
    for _ in range(LIMIT):
        errors.callback_failed(RuntimeError("gone"))
    with pytest.raises(TooManyErrorsError):
        errors.check()


INTERRUPTED = """
import os, signal, sys
from types import SimpleNamespace

import rclpy
from rclpy.node import Node

from omnibind_ros.nodes.spin import spin
from omnibind_ros.runtime.callback_errors import CallbackErrors


class Interrupted(Node):
    def __init__(self):
        super().__init__("interrupted")
        tell = lambda text: print("told:", text, file=sys.stderr)
        self.errors = CallbackErrors(SimpleNamespace(error=tell))
        self.surroundings = SimpleNamespace(set_command_line=lambda args: None)
        self.create_timer(0.1, self.take)

    def autostart(self):
        pass

    def close(self):
        pass

    def take(self):
        # As pybind11 does with an exception while a message is made.
        try:
            os.kill(os.getpid(), signal.{signal})
        except KeyboardInterrupt:
            raise RuntimeError("Unable to convert call argument") from None


sys.exit(spin(Interrupted, []))
"""


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_node_also_while_rclpy_makes_a_message(ros_domain, signal):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(signal=signal)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
