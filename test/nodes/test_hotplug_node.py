"""Sensors that are added, changed, renamed, removed and discovered while perception runs."""

import logging
import threading
import time
from types import SimpleNamespace

import pytest
import yaml

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from desk import image, photograph
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from omnibind_msgs.msg import SensorStatus
from omnibind_msgs.srv import SetSensor
from omnibind_ros.nodes.discovery import Discovery
from omnibind_ros.nodes.messages import to_nanoseconds, to_time
from omnibind_ros.nodes.sensor_set import SensorSet
from omnibind_ros.nodes.services import Services
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensingConfig, SensorConfig, SensorSetup
from omnibind_ros.runtime.engine import Engine

SET, REMOVE, RENAME = SetSensor.Request.SET, SetSensor.Request.REMOVE, SetSensor.Request.RENAME


def change(d, operation, name, **fields):
    request = SetSensor.Request(operation=operation, name=name, **fields)
    return d.probe.call(SetSensor, "/perception/set_sensor", request)


def set_parameters(d, *parameters):
    request = SetParameters.Request(parameters=[p.to_parameter_msg() for p in parameters])
    return d.probe.call(SetParameters, "/perception/set_parameters", request).results


def names(d):
    return [sensor.name for sensor in d.got("sensors")[-1].sensors]


def test_a_sensor_is_added_retargeted_renamed_and_removed_by_a_service(desk):
    d = desk()
    d.show(photograph("coffee"), lambda: d.recognises("cup"))
    answer = change(d, SET, "second", modality="image", topic="second",
                    parameters=[Parameter("max_age", value=0.4).to_parameter_msg()])  # fmt: skip
    assert answer.success, answer.message
    publisher = d.probe.node.create_publisher(Image, "second", qos_profile_sensor_data)
    other = d.probe.node.create_publisher(Image, "third", qos_profile_sensor_data)

    def both(publisher, name):
        def seen():
            publisher.publish(image(photograph("coffee"), d.now()))
            return d.got() and {"camera", name} == set(d.got()[-1].sensors)

        d.show(photograph("coffee"), seen)

    both(publisher, "second")
    answer = change(d, SET, "second", topic="third")
    assert answer.success, answer.message
    both(other, "second")
    assert d.probe.spin(lambda: d.sensor("second").topic == "/third")
    answer = change(d, RENAME, "second", new_name="right")
    assert answer.success, answer.message
    both(other, "right")
    assert d.probe.spin(lambda: names(d) == ["camera", "speech", "right"])
    answer = change(d, REMOVE, "right")
    assert answer.success, answer.message
    assert d.probe.spin(lambda: names(d) == ["camera", "speech"])
    assert d.probe.spin(lambda: other.get_subscription_count() == 0)
    for made in (publisher, other):
        d.probe.node.destroy_publisher(made)


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
    desk, bundle_dir, operation, name, fields, words
):
    d = desk("-p", f"bundle:={bundle_dir}")  # which knows images and texts only
    answer = change(d, operation, name, **fields)
    assert not answer.success
    assert words in answer.message
    d.show(photograph("coffee"), lambda: d.recognises("cup"))


def test_a_sensor_named_after_its_modality_can_be_renamed(desk, seven_bundle):
    d = desk("-p", f"bundle:={seven_bundle}", "-p", "sensors:=[image,thermal]", ready=False)
    assert d.probe.spin(lambda: d.sensor("thermal").state != 255, 30), d.process.output()
    answer = change(d, RENAME, "thermal", new_name="front")
    assert answer.success, answer.message
    assert d.probe.spin(lambda: names(d) == ["image", "front"])
    assert change(d, SET, "front", topic="elsewhere").success  # and it is made anew
    assert d.probe.spin(lambda: d.sensor("front").topic == "/elsewhere")
    assert (d.sensor("front").modality, d.sensor("front").reason) == ("thermal", "")


def test_options_of_a_new_sensor_are_checked_by_its_own_type(desk, seven_bundle):
    d = desk("-p", f"bundle:={seven_bundle}", ready=False)
    assert d.probe.spin(lambda: d.got("sensors"), 30), d.process.output()
    window = Parameter("window", value=2.0).to_parameter_msg()  # too long for events, not for sound
    answer = change(d, SET, "mic", modality="audio", parameters=[window])
    assert answer.success, answer.message
    far = Parameter("window", value=31.0).to_parameter_msg()
    assert "must be in" in change(d, SET, "other", modality="audio", parameters=[far]).message


def test_a_call_that_fails_inside_is_answered(caplog):
    node = SimpleNamespace(get_logger=lambda: logging.getLogger("node"))
    services = SimpleNamespace(_node=node)

    def work():
        raise KeyError("left")

    answer = Services.answer(services, SetSensor.Response(success=True), work)
    assert not answer.success
    assert "KeyError: 'left'" in answer.message
    assert "Traceback" in caplog.text  # it is ours to mend


def test_a_sensor_can_be_renamed_while_its_encoder_is_loaded():
    queue = SimpleNamespace(call=lambda function: function())
    engine = Engine(print, time.time_ns)
    sensors = SensorSet(None, engine, None, SensingConfig(), queue, lambda names: None)
    loading, loaded = threading.Event(), threading.Event()

    def make(name, setup):
        loading.set()
        assert loaded.wait(10)
        return Channel(name, setup.config, None, None, "no encoder")

    sensors._make = make
    sensors._node = SimpleNamespace(get_logger=lambda: logging.getLogger("node"))
    first = sensors.apply({"left": SensorSetup(SensorConfig(modality="image"))})
    assert loading.wait(10)
    sensors.rename("left", "right")
    second = sensors.apply({"right": SensorSetup(SensorConfig(modality="image"))})
    loaded.set()
    for future in (*first, *second):
        future.result(10)
    assert list(engine.channels()) == ["right"]
    sensors.close()


def test_sensors_follow_the_parameters(desk):
    d = desk()
    described = (
        Parameter("sensor.left.modality", value="image"),
        Parameter("sensor.left.topic", value="left"),
        Parameter("sensor.left.max_age", value=1),
        Parameter("sensors", value=["camera", "left"]),
    )
    assert all(result.successful for result in set_parameters(d, *described))
    assert d.probe.spin(lambda: names(d) == ["camera", "left"])
    assert d.probe.spin(lambda: d.sensor("left").topic == "/left")
    assert set_parameters(d, Parameter("sensor.left.topic", value="right"))[0].successful
    assert d.probe.spin(lambda: d.sensor("left").topic == "/right")
    assert set_parameters(d, Parameter("sensor.left.max_age", value=0.5))[0].successful
    refused = set_parameters(d, Parameter("sensor.left.topik", value="x"))[0]
    assert not refused.successful
    assert "did you mean sensor.left.topic?" in refused.reason
    assert set_parameters(d, Parameter("sensors", value=["camera", "camera"]))[0].successful
    assert d.probe.spin(lambda: d.diagnosed("names a sensor twice"))
    d.show(photograph("coffee"), lambda: d.recognises("cup"))


def test_a_publisher_whose_qos_does_not_match_is_absent(desk):
    d = desk()
    publisher = d.probe.node.create_publisher(Image, "second", qos_profile_sensor_data)
    reliable = Parameter("reliability", value="reliable").to_parameter_msg()
    answer = change(d, SET, "second", modality="image", topic="second", parameters=[reliable])
    assert answer.success, answer.message
    d.show(photograph("coffee"), lambda: d.sensor("second").state != 255)
    assert d.sensor("second").state == SensorStatus.ABSENT
    d.probe.node.destroy_publisher(publisher)


def test_lifecycle_round_trips_with_a_service_call_under_way(desk):
    from lifecycle_msgs.msg import Transition  # noqa: PLC0415
    from lifecycle_msgs.srv import ChangeState  # noqa: PLC0415

    d = desk()

    def transit(number):
        request = ChangeState.Request(transition=Transition(id=number))
        return d.probe.call(ChangeState, "/perception/change_state", request).success

    client = d.probe.node.create_client(SetSensor, "/perception/set_sensor")
    assert d.probe.spin(client.service_is_ready)
    for _ in range(2):
        future = client.call_async(SetSensor.Request(operation=SET, name="left", modality="image"))
        assert transit(Transition.TRANSITION_DEACTIVATE)
        assert transit(Transition.TRANSITION_CLEANUP)
        assert d.probe.spin(lambda: not client.service_is_ready())
        assert transit(Transition.TRANSITION_CONFIGURE)
        assert transit(Transition.TRANSITION_ACTIVATE)
        client.remove_pending_request(future)
        assert d.probe.spin(client.service_is_ready)
    d.show(photograph("coffee"), lambda: d.recognises("cup"))
    d.probe.node.destroy_client(client)


def test_topics_that_appear_are_discovered(desk, tmp_path):
    file = tmp_path / "discover.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": {"discover": True}}}))
    d = desk("--params-file", str(file))
    front = d.probe.node.create_publisher(Image, "front/camera/image_raw", qos_profile_sensor_data)
    depth = d.probe.node.create_publisher(Image, "front/camera/depth", qos_profile_sensor_data)
    name = "front_camera_image_raw"
    assert d.probe.spin(lambda: d.sensor(name).state != 255), d.process.output()
    assert d.sensor(name).modality == "image"

    def seen():
        front.publish(image(photograph("coffee"), d.now()))
        return d.sensor(name).state == SensorStatus.FRESH

    d.show(photograph("coffee"), seen)
    assert names(d) == ["camera", "speech", name]  # a depth picture is no camera picture
    d.probe.node.destroy_publisher(front)
    d.probe.node.destroy_publisher(depth)
    assert d.probe.spin(lambda: d.sensor(name).state == SensorStatus.ABSENT)


def test_a_topic_that_cannot_be_subscribed_to_is_adopted_once():
    added = []
    node = SimpleNamespace(
        get_fully_qualified_name=lambda: "/perception",
        get_topic_names_and_types=lambda: [("/dvs/events", ["event_camera_msgs/msg/EventPacket"])],
        count_publishers=lambda _topic: 1,
        get_logger=lambda: logging.getLogger("node"),
    )
    parameters = SimpleNamespace(
        config=SimpleNamespace(sensors=added), set_sensor=lambda name, _: added.append(name)
    )
    discovery = Discovery(node, parameters, SimpleNamespace(topics=set))
    for _ in range(3):  # no such package, or its encoder is still being loaded
        discovery.look()
    assert added == ["dvs_events"]


def test_stamps_beyond_the_last_one_are_the_last_one():
    largest = Time(sec=2**31 - 1, nanosec=2**32 - 1)  # what a broken driver may send
    assert to_time(to_nanoseconds(largest)) == Time(sec=2**31 - 1, nanosec=10**9 - 1)
    assert to_time(-1) == Time()
