"""Sensors that are added, changed, renamed, removed and discovered while perception runs."""

import logging

import pytest
import yaml

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from perception_client import photograph
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image, PointCloud2

from omnibind_msgs.msg import SensorStatus
from omnibind_msgs.srv import SetSensor
from omnibind_ros.nodes.messages import to_time
from omnibind_ros.nodes.service_host import answer
from omnibind_ros.runtime.stamps import to_nanoseconds

SET, REMOVE, RENAME = SetSensor.Request.SET, SetSensor.Request.REMOVE, SetSensor.Request.RENAME


def change(client, operation, name, **fields):
    request = SetSensor.Request(operation=operation, name=name, **fields)
    return client.probe.call(SetSensor, "/perception/set_sensor", request)


def set_parameters(client, *parameters):
    request = SetParameters.Request(parameters=[p.to_parameter_msg() for p in parameters])
    return client.probe.call(SetParameters, "/perception/set_parameters", request).results


def names(client):
    return [sensor.name for sensor in client.messages("sensors")[-1].sensors]


def test_a_sensor_is_added_retargeted_renamed_and_removed_by_a_service(start_perception):
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    answer = change(
        client,
        SET,
        "second",
        modality="image",
        topic="second",
        parameters=[Parameter("max_age", value=0.4).to_parameter_msg()],
    )
    assert answer.success, answer.message
    publisher = client.probe.node.create_publisher(Image, "second", qos_profile_sensor_data)
    other = client.probe.node.create_publisher(Image, "third", qos_profile_sensor_data)

    def both(publisher, name):
        def fused():
            return client.messages() and {"camera", name} == set(client.messages()[-1].sensors)

        client.publish_image(photograph("coffee"), fused, also=[publisher])

    both(publisher, "second")
    answer = change(client, SET, "second", topic="third")
    assert answer.success, answer.message
    both(other, "second")
    assert client.probe.spin(lambda: client.sensor("second").topic == "/third")
    answer = change(client, RENAME, "second", new_name="right")
    assert answer.success, answer.message
    both(other, "right")
    assert client.probe.spin(lambda: names(client) == ["camera", "speech", "right"])
    answer = change(client, REMOVE, "right")
    assert answer.success, answer.message
    assert client.probe.spin(lambda: names(client) == ["camera", "speech"])
    assert client.probe.spin(lambda: other.get_subscription_count() == 0)
    for made in (publisher, other):
        client.probe.node.destroy_publisher(made)


def test_a_sensor_is_switched_off_by_its_parameter(start_perception):
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert set_parameters(client, Parameter("sensor.camera.enabled", value=False))[0].successful
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.ABSENT)
    assert "sensor.camera.enabled" in client.sensor("camera").reason
    assert client.probe.spin(lambda: client.camera.get_subscription_count() == 0)
    assert set_parameters(client, Parameter("sensor.camera.enabled", value=True))[0].successful
    before = len(client.messages())
    client.publish_image(photograph("coffee"), lambda: len(client.messages()) > before)
    assert client.probe.spin(lambda: client.sensor("camera").reason == "", 3.0)
    wrong = set_parameters(client, Parameter("sensor.camera.enabled", value="off"))[0]
    assert not wrong.successful
    assert "sensor.camera.enabled" in wrong.reason


@pytest.mark.parametrize(
    ("operation", "name", "fields", "words"),
    [
        (SET, "nose", {"modality": "smell"}, "must be one of"),
        (SET, "nose", {"topic": "nose"}, "no known modality"),
        (SET, "two words", {"modality": "image"}, "cannot be a sensor's name"),
        (SET, "a" * 65, {"modality": "image"}, "cannot be a sensor's name"),
        (SET, "left", {"modality": "image", "type": "no_msgs/msg/Such"}, "no decoder"),
        (SET, "left", {"modality": "thermal", "topic": "thermal"}, "no encoder"),
        (REMOVE, "nobody", {}, "there is no sensor 'nobody'"),
        (RENAME, "camera", {"new_name": "speech"}, "cannot be the new name"),
        (9, "camera", {}, "operation 9 is not known"),
    ],
)
def test_changes_that_cannot_be_made_are_explained(
    start_perception, bundle_dir, operation, name, fields, words
):
    client = start_perception("-p", f"bundle:={bundle_dir}")  # which knows images and texts only
    before = names(client)
    answer = change(client, operation, name, **fields)
    assert not answer.success
    assert words in answer.message
    client.probe.spin_for(1.2)  # ~/sensors has been published again
    assert names(client) == before
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))


def test_a_sensor_named_after_its_modality_can_be_renamed(start_perception, seven_bundle):
    client = start_perception(
        "-p", f"bundle:={seven_bundle}", "-p", "sensors:=[image,thermal]", ready=False
    )
    assert client.probe.spin(lambda: client.sensor("thermal").state != 255, 30), (
        client.process.output()
    )
    answer = change(client, RENAME, "thermal", new_name="front")
    assert answer.success, answer.message
    assert client.probe.spin(lambda: names(client) == ["image", "front"])
    assert change(client, SET, "front", topic="elsewhere").success  # and it is made anew
    assert client.probe.spin(lambda: client.sensor("front").topic == "/elsewhere")
    assert (client.sensor("front").modality, client.sensor("front").reason) == ("thermal", "")


def test_options_of_a_new_sensor_are_checked_by_its_own_type(start_perception, seven_bundle):
    client = start_perception("-p", f"bundle:={seven_bundle}", ready=False)
    assert client.probe.spin(lambda: client.messages("sensors"), 30), client.process.output()
    window = Parameter("window", value=2.0).to_parameter_msg()  # too long for events, not for sound
    answer = change(client, SET, "mic", modality="audio", parameters=[window])
    assert answer.success, answer.message
    far = Parameter("window", value=31.0).to_parameter_msg()
    assert "must be in" in change(client, SET, "other", modality="audio", parameters=[far]).message


def test_a_call_that_fails_inside_is_answered(caplog):
    def work(request, response):
        raise KeyError("left")

    reporter = logging.getLogger("node")
    response = answer(reporter, work, SetSensor.Request(), SetSensor.Response(success=True))
    assert not response.success
    assert "KeyError: 'left'" in response.message
    assert "Traceback" in caplog.text  # an error in the node's code, so the log shows where


def test_sensors_follow_the_parameters(start_perception):
    client = start_perception()
    described = (
        Parameter("sensor.left.modality", value="image"),
        Parameter("sensor.left.topic", value="left"),
        Parameter("sensor.left.max_age", value=1),
        Parameter("sensors", value=["camera", "left"]),
    )
    assert all(result.successful for result in set_parameters(client, *described))
    assert client.probe.spin(lambda: names(client) == ["camera", "left"])
    assert client.probe.spin(lambda: client.sensor("left").topic == "/left")
    assert set_parameters(client, Parameter("sensor.left.topic", value="right"))[0].successful
    assert client.probe.spin(lambda: client.sensor("left").topic == "/right")
    assert set_parameters(client, Parameter("sensor.left.max_age", value=0.5))[0].successful
    refused = set_parameters(client, Parameter("sensor.left.topik", value="x"))[0]
    assert not refused.successful
    assert "did you mean sensor.left.topic?" in refused.reason
    assert set_parameters(client, Parameter("sensors", value=["camera", "camera"]))[0].successful
    assert client.probe.spin(lambda: client.diagnostic("names a sensor twice"))
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))


def test_a_change_that_fails_leaves_the_sensor_as_it_was(start_perception, bundle_dir):
    client = start_perception("-p", f"bundle:={bundle_dir}")
    answer = change(client, SET, "camera", modality="thermal")
    assert not answer.success
    assert "nothing was changed" in answer.message
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert client.probe.spin(lambda: client.sensor("camera").modality == "image")


def test_parameters_that_count_at_configure_are_refused_at_run_time(start_perception):
    client = start_perception()
    for name, value, words in (
        ("labels", ["red mug"], "call ~/set_labels"),
        ("fusion", "mean", "clean the node up"),
        ("bundle", "other", "clean the node up"),
    ):
        (result,) = set_parameters(client, Parameter(name, value=value))
        assert not result.successful
        assert words in result.reason
    assert set_parameters(client, Parameter("fusion", value="adaptive"))[0].successful  # as it is


def test_no_sensors_means_none(start_perception, tmp_path):
    file = tmp_path / "none.yaml"
    file.write_text("/**:\n  ros__parameters:\n    sensors: []\n")
    client = start_perception("--params-file", str(file), ready=False)
    assert client.probe.spin(lambda: client.messages("sensors")), client.process.output()
    assert names(client) == []
    assert change(client, SET, "camera", modality="image", topic="image").success
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))


def test_a_publisher_whose_qos_does_not_match_is_absent(start_perception):
    client = start_perception()
    publisher = client.probe.node.create_publisher(Image, "second", qos_profile_sensor_data)
    reliable = Parameter("reliability", value="reliable").to_parameter_msg()
    answer = change(client, SET, "second", modality="image", topic="second", parameters=[reliable])
    assert answer.success, answer.message
    client.publish_image(photograph("coffee"), lambda: client.sensor("second").state != 255)
    assert client.sensor("second").state == SensorStatus.ABSENT
    client.probe.node.destroy_publisher(publisher)


def test_lifecycle_round_trips_with_a_service_call_under_way(start_perception):
    from lifecycle_msgs.msg import Transition  # noqa: PLC0415
    from lifecycle_msgs.srv import ChangeState  # noqa: PLC0415

    client = start_perception()

    def transit(number):
        request = ChangeState.Request(transition=Transition(id=number))
        return client.probe.call(ChangeState, "/perception/change_state", request).success

    service = client.probe.node.create_client(SetSensor, "/perception/set_sensor")
    assert client.probe.spin(service.service_is_ready)
    for _ in range(2):
        future = service.call_async(SetSensor.Request(operation=SET, name="left", modality="image"))
        assert transit(Transition.TRANSITION_DEACTIVATE)
        assert transit(Transition.TRANSITION_CLEANUP)
        assert client.probe.spin(lambda: not service.service_is_ready())
        assert transit(Transition.TRANSITION_CONFIGURE)
        assert transit(Transition.TRANSITION_ACTIVATE)
        service.remove_pending_request(future)
        assert client.probe.spin(service.service_is_ready)
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    client.probe.node.destroy_client(service)


def test_topics_that_appear_are_discovered(start_perception, tmp_path):
    file = tmp_path / "discover.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": {"discover": True}}}))
    client = start_perception("--params-file", str(file))
    front = client.probe.node.create_publisher(
        Image, "front/camera/image_raw", qos_profile_sensor_data
    )
    depth = client.probe.node.create_publisher(Image, "front/camera/depth", qos_profile_sensor_data)
    name = "front_camera_image_raw"
    assert client.probe.spin(lambda: client.sensor(name).state != 255), client.process.output()
    assert client.sensor(name).modality == "image"

    client.publish_image(
        photograph("coffee"),
        lambda: client.sensor(name).state == SensorStatus.FRESH,
        also=[front],
    )
    assert names(client) == ["camera", "speech", name]  # a depth picture is no camera picture
    client.probe.node.destroy_publisher(front)
    client.probe.node.destroy_publisher(depth)
    assert client.probe.spin(lambda: client.sensor(name).state == SensorStatus.ABSENT)


def test_all_topics_are_discovered_before_and_after_the_start(start_perception, probe, tmp_path):
    file = tmp_path / "discover.yaml"
    file.write_text(
        yaml.safe_dump({"/**": {"ros__parameters": {"discover": True, "sensors": ["speech"]}}})
    )

    def publish(number):
        topics = [f"robot/camera{i}/color" for i in range(number, number + 4)]
        topics += [f"robot/cloud{i}/depth/points" for i in range(number, number + 4)]
        return [
            probe.node.create_publisher(
                Image if topic.endswith("color") else PointCloud2, topic, qos_profile_sensor_data
            )
            for topic in topics
        ]

    def expected(count):
        return {
            "speech",
            *(f"robot_camera{i}_color" for i in range(count)),
            *(f"robot_cloud{i}_depth_points" for i in range(count)),
        }

    def adopted(client, count):  # the camera of the client itself is found too
        return {*names(client), "image"} == {*expected(count), "image"}

    made = publish(0)
    client = start_perception("--params-file", str(file), ready=False)
    assert probe.spin(lambda: client.messages("sensors") and adopted(client, 4), 60), (
        client.process.output()
    )
    made += publish(4)
    assert probe.spin(lambda: adopted(client, 8), 60), client.process.output()
    parameters = probe.call(
        GetParameters, "/perception/get_parameters", GetParameters.Request(names=["sensors"])
    )
    assert {*parameters.values[0].string_array_value, "image"} == {*expected(8), "image"}
    for publisher in made:
        probe.node.destroy_publisher(publisher)


def test_stamps_beyond_the_last_one_are_the_last_one():
    largest = Time(sec=2**31 - 1, nanosec=2**32 - 1)  # what a broken driver may send
    assert to_time(to_nanoseconds(largest)) == Time(sec=2**31 - 1, nanosec=10**9 - 1)
    assert to_time(-1) == Time()
