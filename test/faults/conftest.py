"""What the faults have in common: a node that senses a photograph, and whether it still does."""

import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from perception_client import photograph

RECOVERY = 60.0
"""Seconds within which there are results again, on a busy machine, too."""

TRANSITIONS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
    "cleanup": Transition.TRANSITION_CLEANUP,
}


@pytest.fixture
def still_recognises():
    """Shows that a node still recognises pictures, from results that are new."""

    def check(client):
        begin = len(client.messages())
        client.publish_image(
            photograph("coffee"),
            lambda: len(client.messages()) > begin + 2 and client.recognises("cup"),
            RECOVERY,
        )
        assert client.process.alive()
        assert "Traceback" not in client.process.output()

    return check


@pytest.fixture
def change_state():
    """Asks a node for lifecycle transitions, by name."""

    def change(client, *names):
        for name in names:
            request = ChangeState.Request(transition=Transition(id=TRANSITIONS[name]))
            answer = client.probe.call(ChangeState, "/perception/change_state", request, RECOVERY)
            assert answer.success, client.process.output()

    return change
