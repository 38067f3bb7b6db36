"""Messages that no driver sends: damaged on the way, huge, tiny, and of other types."""

import array
import random
import time

import pytest

pytest.importorskip("rclpy")

import rclpy
from perception_client import image, photograph
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from soak_run.world import damage
from std_msgs.msg import Int32, String

from omnibind_msgs.msg import SensorStatus


@pytest.mark.parametrize("way", [pytest.param("cut", marks=pytest.mark.faults), "any"])
def test_hundreds_of_damaged_messages_a_second_cost_nothing_but_themselves(
    start_perception, still_recognises, way
):
    client = start_perception()
    rng = random.Random(0)
    pixels = photograph("coffee")[:48, :64]
    whole = serialize_message(image(pixels, client.now()))
    words = serialize_message(String(data="a cup of coffee"))
    until = time.monotonic() + 3.0
    sent = 0
    while time.monotonic() < until:
        for publisher, message in ((client.camera, whole), (client.text, words)):
            if way == "cut":
                publisher.publish(message[: rng.randrange(4, len(message))])
            else:
                publisher.publish(damage(message + bytes(120), rng))
            sent += 1
        client.probe.spin_for(0.005)
    assert sent > 100
    still_recognises(client)


@pytest.mark.faults
def test_a_picture_of_200_mb_and_one_of_a_byte_are_right_or_refused(
    start_perception, still_recognises
):
    client = start_perception()
    for height, width in ((1, 1), (8000, 8500)):  # 204 MB
        msg = Image(height=height, width=width, encoding="rgb8", step=width * 3)
        msg.data = array.array("B", bytes(height * width * 3))
        msg.header.stamp = client.now()
        client.camera.publish(msg)
        client.probe.spin_for(2.0)
    client.camera.publish(Image())
    client.text.publish(String(data="x" * 50_000_000))
    client.probe.spin_for(2.0)
    still_recognises(client)


@pytest.mark.faults
def test_strangers_with_other_types_on_our_topics_change_nothing(
    start_perception, still_recognises, ros_domain
):
    client = start_perception()
    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        stranger = rclpy.create_node("stranger", context=context)
        topics = ("image", "text", "perception/recognition", "perception/ready", "perception/roi")
        made = [stranger.create_publisher(Int32, topic, 10) for topic in topics]
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            for publisher in made:
                publisher.publish(Int32(data=7))
            client.probe.spin_for(0.02)
        still_recognises(client)
        stranger.destroy_node()
    finally:
        context.shutdown()


@pytest.mark.faults
def test_a_publisher_that_dies_leaves_its_sensor_absent_and_the_node_going(
    start_perception, still_recognises, start_node
):
    client = start_perception()
    camera = start_node(
        "picture_camera_node", "-r", "image:=/image", "-p", "width:=1920", "-p", "height:=1080"
    )
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.FRESH, 60.0), (
        camera.output()
    )
    camera.kill()  # in the middle of a message of 6 MB or between two
    client.probe.spin_for(1.0)
    assert client.sensor("camera").state != SensorStatus.FRESH
    still_recognises(client)
