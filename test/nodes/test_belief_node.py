"""The belief over DDS: steady labels, `since`, and the topic that resets it."""

import pytest

pytest.importorskip("rclpy")

from perception_client import photograph
from std_msgs.msg import Empty


def best(client):
    """Return the first label of the last result, known or not; '' before the first."""
    return client.messages()[-1].labels[0] if client.messages() else ""


def test_since_grows_while_a_label_holds_and_another_picture_starts_anew(start_perception):
    client = start_perception()
    client.publish_image(photograph("chelsea"), lambda: best(client) == "cat")
    client.publish_image(photograph("chelsea"), lambda: client.messages()[-1].since > 1.0)
    held = [message.since for message in client.messages() if message.labels[0] == "cat"]
    assert max(held) < 60
    client.publish_image(photograph("coffee"), lambda: best(client) == "cup")
    assert client.messages()[-1].since < 1.0


def test_the_reset_topic_drops_a_sentence_about_the_thing_before(start_perception):
    client = start_perception(
        *("-p", "reset_topic:=/next_thing", "-p", "sensor.speech.max_age:=60.0")
    )
    reset = client.probe.node.create_publisher(Empty, "/next_thing", 10)
    try:
        client.publish_text("there is a cat", lambda: best(client) == "cat")
        both = ["camera", "speech"]
        client.publish_image(
            photograph("coffee"), lambda: sorted(client.messages()[-1].sensors) == both
        )
        assert client.probe.spin(lambda: reset.get_subscription_count() == 1)
        reset.publish(Empty())
        client.publish_image(
            photograph("coffee"), lambda: list(client.messages()[-1].sensors) == ["camera"]
        )
        client.publish_image(photograph("coffee"), lambda: best(client) == "cup")
    finally:
        client.probe.node.destroy_publisher(reset)


@pytest.mark.parametrize("memory", ["0.0", "1000.0"])
def test_a_long_memory_and_none_work(start_perception, memory):
    client = start_perception("-p", f"memory:={memory}")
    # A jump is told from what the pictures before have varied by, so there must be some.
    client.publish_image(
        photograph("chelsea"), lambda: best(client) == "cat" and len(client.messages()) > 10
    )
    client.publish_image(photograph("coffee"), lambda: best(client) == "cup")


def test_a_memory_out_of_range_is_refused_in_a_sentence(start_perception):
    client = start_perception("-p", "memory:=-2.0")
    assert client.probe.spin(lambda: client.diagnostic("memory"))
    client.publish_image(photograph("chelsea"), lambda: best(client) == "cat")


def test_a_category_is_sure_where_no_label_is(start_perception):
    client = start_perception()
    client.publish_text("a plate, a bowl, a cup or a glass", lambda: bool(client.messages()))
    found = client.messages()[-1]
    assert max(found.probabilities) < 0.5
    assert found.known
    assert found.category == "tableware"
    assert found.category_probability > max(0.5, *found.probabilities)
    client.publish_text("there is a spoon", lambda: client.messages()[-1].probabilities[0] > 0.9)
    assert client.messages()[-1].category == "spoon"
