"""The simulated robot over DDS: seven sensors of boxes that have names of chairs and lamps."""

import math
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("open3d")

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_messages import TYPES
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import String
from tiny_furniture import furniture

from omnibind_msgs.msg import SensorStatus
from omnibind_ros.datasets.household.things import find_things
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.nodes.robot_messages import camera_info, sensor_message, static_transforms
from omnibind_ros.simulation.robot.rendered import RenderPlan, render
from omnibind_ros.simulation.robot.rendering import Reading, streamed_modalities

LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PIECES = [(f"c{n}", "Chair") for n in range(3)] + [(f"l{n}", "Lamp") for n in range(3)]
RATES = {"image": 5, "thermal": 5, "event": 10, "points": 4, "touch": 15, "audio": 10, "text": 1}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The furniture, and the folder of what is rendered of it."""
    folder = tmp_path_factory.mktemp("robot")
    catalogue = str(furniture(folder / "furniture", PIECES))
    plan = RenderPlan(2.0, 0, tuple((name, float(RATES[name])) for name in streamed_modalities()))
    for thing in find_things("test", catalogue):
        render(thing, plan, folder / "cache" / plan.file_name(thing.object_id))
    return {"split": "test", "catalogue": catalogue, "cache": str(folder / "cache")}


@pytest.fixture
def start(places, start_node):
    def make(**values):
        merged = {**places, "seconds": 2.0, "lead_in": 1.5, "count": 0, "room": "false", **values}
        merged |= {f"rate.{name}": float(rate) for name, rate in RATES.items()}
        arguments = [part for name, value in merged.items() for part in ("-p", f"{name}:={value}")]
        return start_node("robot_simulator_node", *arguments)

    return make


@pytest.fixture
def heard(probe):
    for name, modality in MODALITIES.items():
        probe.subscribe(TYPES[name], modality.topic, qos_profile_sensor_data)
    for topic in ("label", "object"):
        probe.subscribe(String, f"/robot_simulator/{topic}", LATCHED)
    probe.subscribe(CameraInfo, "image/camera_info")
    probe.subscribe(DiagnosticArray, "/diagnostics")
    return lambda topic: [msg for _, msg in probe.arrivals[topic]]


def test_seven_sensors_see_one_object_after_the_other(start, probe, heard, tmp_path):
    node = start(loop="false", render_first="true", cache=tmp_path / "new")
    objects = "/robot_simulator/object"
    assert probe.spin(lambda: bool(heard(objects)) and heard(objects)[-1].data == "", 150), (
        node.output()
    )
    labels = [msg.data for msg in heard("/robot_simulator/label")]
    assert sorted(labels[:-1]) == ["chair", "lamp"]
    assert len({msg.data for msg in heard(objects)}) == 3
    begin = probe.arrivals[objects][0][0]
    arrivals = {name: probe.arrivals[name] for name in MODALITIES}
    early = {name for name, all_ in arrivals.items() for at, _ in all_ if at < begin - 0.05}
    assert early == {"touch"}
    for name, rate in RATES.items():
        within = [msg for at, msg in arrivals[name] if begin - 0.05 <= at]
        assert 0.7 * 4 * rate <= len(within) <= 1.1 * 4 * rate, name
        if name != "text":
            ages = [
                at - (m.header.stamp.sec + m.header.stamp.nanosec / 1e9) for at, m in arrivals[name]
            ]
            assert -0.01 < np.median(ages) < 0.35, name
            assert {msg.header.frame_id for msg in within} == {
                f"{name}_optical_frame"
                if name in ("image", "thermal", "touch", "event")
                else f"{name}_frame"
            }
    assert {msg.encoding for msg in heard("thermal")} == {"mono16"}
    assert {msg.encoding for msg in heard("image")} == {"rgb8"}
    info = heard("image/camera_info")[0]
    assert (info.width, info.height) == (224, 224)


def test_the_robot_drives_through_a_room(start, probe, heard):
    probe.subscribe(PoseStamped, "/robot_simulator/pose")
    node = start(room="true", approach=1.0, loop="false", render_first="true", workers=2)
    objects, poses = "/robot_simulator/object", "/robot_simulator/pose"
    names = lambda: [msg.data for msg in heard(objects)]  # noqa: E731
    assert probe.spin(lambda: len(names()) >= 4 and names()[-1] == "", 150), node.output()
    assert names()[1::2] == [""] * 2
    assert len(set(names()[0::2])) == 2
    at = [at for at, _ in probe.arrivals[objects]]
    assert at[1] - at[0] == pytest.approx(2.0, abs=0.4)
    assert at[2] - at[1] == pytest.approx(1.0, abs=0.4)
    # It goes on to see while it drives; the pad is free, and nobody says anything.
    for name in MODALITIES:
        driving = [now for now, _ in probe.arrivals[name] if at[1] + 0.3 < now < at[2] - 0.3]
        assert bool(driving) == (name != "text"), name
    found = heard(poses)
    assert {msg.header.frame_id for msg in found} == {"room"}
    places = np.array([[p.pose.position.x, p.pose.position.y, p.pose.position.z] for p in found])
    assert len(places) > 40
    assert np.ptp(places[:, 0]) > 0.5
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert steps.max() < 1.0  # no jump


def test_a_sensor_is_unplugged_and_plugged_in_at_run_time(start, probe, heard):
    node = start(missing="[thermal]")
    assert probe.spin(lambda: len(heard("image")) > 3, 150), node.output()
    count = probe.node.count_publishers
    assert not heard("thermal")
    assert count("thermal") == 0

    def unplug(*names):
        value = ParameterValue(type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=names)
        request = SetParameters.Request(parameters=[Parameter(name="missing", value=value)])
        return probe.call(SetParameters, "/robot_simulator/set_parameters", request).results[0]

    assert unplug("image").successful
    assert probe.spin(lambda: count("image") == 0 and len(heard("thermal")) > 3), node.output()
    refused = unplug("smell")
    assert not refused.successful
    assert "'smell', which is no sensor of the robot" in refused.reason
    before = len(heard("image"))
    assert unplug().successful
    assert probe.spin(lambda: len(heard("image")) > before + 3), node.output()
    assert node.stop() == 0


def test_perception_takes_all_seven(start, start_perception, seven_bundle, tmp_path, probe):
    file = tmp_path / "seven.yaml"
    names = ", ".join(MODALITIES)
    file.write_text(
        f"/**: {{ros__parameters: {{sensors: [{names}], bundle: {seven_bundle}, enrolled: ''}}}}"
    )
    client = start_perception("--params-file", str(file), ready=False)
    client.close()
    node = start(seconds=2.0)
    assert probe.spin(
        lambda: bool(client.messages()) and set(client.messages()[-1].sensors) == set(MODALITIES),
        150,
    ), node.output() + client.process.output()
    assert all(client.sensor(name).rejected == 0 for name in MODALITIES)
    assert client.sensor("image").state == SensorStatus.FRESH


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"objects": "[nothing]"}, "'nothing' is no object of the split"),
        ({"lying": "smell"}, "parameter lying has 'smell', which is no sensor of the robot"),
        ({"catalogue": "/nowhere"}, "/nowhere"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(start, probe, values, sentence):
    node = start(**values)
    assert probe.spin(lambda: not node.alive(), 60)
    assert node.stop() == 1
    assert sentence in node.output()
    assert "Traceback" not in node.output()


def test_a_missing_package_is_one_sentence():
    code = (
        "import sys; sys.modules['trimesh'] = None\n"
        "from omnibind_ros.nodes.robot_simulator_node import main; sys.exit(main([]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("robot_simulator: trimesh is not installed: install")
    assert done.stderr.count("\n") == 1


def test_stamps_of_events_and_sound_are_their_begin():
    sound = Reading(1.0, np.arange(800, dtype=np.int16), 0.05)
    message = sensor_message("audio", sound, 10_000_000_000)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (9, 950_000_000)
    assert list(message.samples) == list(range(800))
    cloud = np.arange(6, dtype=np.float32).reshape(2, 3)
    message = sensor_message("points", Reading(1.0, cloud), 10_000_000_000)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (10, 0)
    assert np.frombuffer(bytes(message.data), "<f4").tolist() == cloud.ravel().tolist()


@pytest.mark.parametrize(("celsius", "pixel"), [(0.0, 27315), (36.6, 30975), (-273.15, 0)])
def test_temperatures_are_hundredths_of_a_kelvin(celsius, pixel):
    picture = np.full((3, 4), celsius, np.float32)
    message = sensor_message("thermal", Reading(0.0, picture), 0)
    assert (message.height, message.width, message.step) == (3, 4, 8)
    assert set(np.frombuffer(bytes(message.data), "<u2")) == {pixel}


def test_the_camera_is_a_pinhole():
    message = sensor_message("image", Reading(0.0, np.zeros((224, 224, 3), np.uint8)), 0)
    info = camera_info(message)
    # Half the field of view of 45 degrees from the middle to the border, half a pixel further out.
    angle = math.atan((223 + 0.5 - info.k[2]) / info.k[0])
    assert math.degrees(angle) == pytest.approx(22.5)
    assert info.p[0] == info.k[0]
    assert info.header == message.header


def test_optical_frames_look_forward():
    from builtin_interfaces.msg import Time  # noqa: PLC0415 - only where ROS is

    made = {t.child_frame_id: t for t in static_transforms(list(MODALITIES), Time(sec=1))}
    assert "text_frame" not in made
    turn = made["image_optical_frame"].transform.rotation
    w, v = turn.w, np.array([turn.x, turn.y, turn.z])
    forward = np.array([0.0, 0.0, 1.0])  # of an optical frame
    rotated = forward + 2 * np.cross(v, np.cross(v, forward) + w * forward)
    assert rotated == pytest.approx([1, 0, 0])  # x of the base
    assert made["points_frame"].transform.rotation.w == 1
    assert {t.header.frame_id for t in made.values()} == {"base_link"}
