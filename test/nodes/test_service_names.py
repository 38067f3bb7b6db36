"""The names of a node's services: namespace and remapping rules count, and its lifecycle."""

import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from omnibind_msgs.srv import ListLabels, SetLabels


def services(client, kind):
    found = client.probe.node.get_service_names_and_types()
    return sorted(name for name, types in found if f"omnibind_msgs/srv/{kind}" in types)


def wait_for(client, kind, names):
    assert client.probe.spin(lambda: services(client, kind) == names, 30.0), (
        services(client, kind),
        client.process.output(),
    )


def test_remapping_rules_and_the_namespace_give_the_names(start_perception):
    rules = ("-r", "__ns:=/robot", "-r", "__node:=eyes", "-r", "~/set_labels:=bank/set")
    client = start_perception(*rules, "-r", "/robot/eyes/list_labels:=/labels", ready=False)
    wait_for(client, "SetLabels", ["/robot/bank/set"])
    wait_for(client, "ListLabels", ["/labels"])
    wait_for(client, "Enroll", ["/robot/eyes/enroll"])
    request = SetLabels.Request(labels=["cup", "cat"])
    assert client.probe.call(SetLabels, "/robot/bank/set", request).success
    answer = client.probe.call(ListLabels, "/labels", ListLabels.Request())
    assert sorted(label.name for label in answer.labels) == ["cat", "cup"]


def test_services_are_there_while_the_node_is_configured(start_perception):
    client = start_perception()
    wait_for(client, "SetLabels", ["/perception/set_labels"])

    def change(transition):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert client.probe.call(ChangeState, "/perception/change_state", request).success

    change(Transition.TRANSITION_DEACTIVATE)
    request = SetLabels.Request(labels=["cup", "cat"])
    assert client.probe.call(SetLabels, "/perception/set_labels", request).success
    change(Transition.TRANSITION_CLEANUP)
    wait_for(client, "SetLabels", [])
    change(Transition.TRANSITION_CONFIGURE)
    wait_for(client, "SetLabels", ["/perception/set_labels"])
