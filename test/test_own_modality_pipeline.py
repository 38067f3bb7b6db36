"""The modality of the how-to page: dataset, training, fusion, export, and a node that runs it."""

import json
import math
import time

import numpy as np
import pytest
import yaml
from example_modality import install, run
from tiny_furniture import furniture

pytest.importorskip("torch", reason="the students are trained with torch")
pytest.importorskip("onnxscript", reason="the networks are exported with onnx")

from omnibind_ros.simulation.scene import ray_casting

pytestmark = [
    pytest.mark.skipif(ray_casting.o3d is None, reason="Open3D cannot be imported"),
    pytest.mark.timeout(900),  # each fixture is a command of its own
]

CLI = ("-m", "omnibind_ros.cli")
PIECES = [
    (f"{name.lower()}-{number}", name) for name in ("Chair", "Table", "Lamp") for number in range(5)
]
TRAINING = {
    "modalities": ["vibration"],
    "adapt": {"epochs": 2},
    "schedule": {"epochs": 2, "batch_size": 16, "start": "random"},
}
FUSION = {"steps": 20, "batch_size": 32, "splits": ["train", "validation"]}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("vibration")


@pytest.fixture(scope="module")
def data(installed, folder):
    out = folder / "data"
    furniture(folder / "furniture", PIECES)
    run(
        installed,
        *CLI,
        "dataset",
        "build",
        "household",
        "--samples",
        36,
        "--workers",
        1,
        "--furniture",
        folder / "furniture",
        "--out",
        out,
    )
    return out


@pytest.fixture(scope="module")
def students(installed, folder, data):
    (folder / "students.yaml").write_text(yaml.safe_dump(TRAINING))
    out = folder / "students"
    run(
        installed,
        *CLI,
        "train",
        "students",
        "--data",
        data,
        "--out",
        out,
        "--workers",
        1,
        "--config",
        folder / "students.yaml",
    )
    return out


@pytest.fixture(scope="module")
def bundle(installed, folder, data, students):
    (folder / "fusion.yaml").write_text(yaml.safe_dump(FUSION))
    run(
        installed,
        *CLI,
        "train",
        "fusion",
        "--embeddings",
        students / "embeddings.npz",
        "--config",
        folder / "fusion.yaml",
        "--out",
        folder / "fusion",
    )
    out = folder / "bundle"
    run(
        installed,
        *CLI,
        "export",
        "--data",
        data,
        "--run",
        students,
        "--fusion",
        folder / "fusion",
        "--precision",
        "fp32",
        "--out",
        out,
    )
    return out


def test_the_dataset_has_simulated_vibrations(installed, folder, data):
    out = folder / "counts.json"
    run(installed, *CLI, "dataset", "inspect", data, "--json", out, "--sheet", folder / "sheet.png")
    assert json.loads(out.read_text())["samples_by_modality"]["vibration"] == 36
    assert (folder / "sheet.png").stat().st_size > 10_000


def test_the_students_are_trained(students):
    embeddings = np.load(students / "embeddings.npz")
    assert len(embeddings["vibration"]) == 36
    assert (embeddings["vibration-quality"] > 0.5).all()
    assert (students / "students" / "vibration.pt").is_file()


def test_the_bundle_has_the_encoder(bundle):
    manifest = yaml.safe_load((bundle / "bundle.yaml").read_text())
    assert set(manifest["encoders"]) == {"image", "text", "vibration"}
    (inputs,) = manifest["encoders"]["vibration"]["inputs"]
    assert inputs["shape"] == [1, 3, 32, 43]
    assert manifest["fusion"]["path"] == "fusion.onnx"


def test_a_node_recognises_imu_messages(installed, bundle, start_perception, monkeypatch, tmp_path):
    pytest.importorskip("rclpy")
    from sensor_msgs.msg import Imu  # noqa: PLC0415 - only where ROS is

    from omnibind_msgs.msg import SensorStatus  # noqa: PLC0415
    from omnibind_msgs.srv import Enroll  # noqa: PLC0415

    monkeypatch.setenv("PYTHONPATH", installed)
    values = {
        "bundle": str(bundle),
        "sensors": ["camera", "gripper"],
        "sensor": {"gripper": {"modality": "vibration", "topic": "gripper/imu"}},
    }
    file = tmp_path / "vibration.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    client = start_perception("--params-file", str(file), ready=False)
    publisher = client.probe.node.create_publisher(Imu, "gripper/imu", 200)
    assert client.probe.spin(publisher.get_subscription_count, 30), client.process.output()

    def publish(condition, covariance=0.0):
        """Publish taps as the training has them, at up to 200 Hz, until a condition holds.

        There is one tap in 0.8 s, of 25 Hz and a damping of 0.1, with an IMU's noise: a
        vibration that is unlike those of the training may have a lower quality.
        """
        rng = np.random.default_rng(0)

        def step():
            message = Imu()
            message.header.stamp = client.now()
            angle = 2 * math.pi * 25 * (time.monotonic() % 0.8)
            tap = 4.0 * math.exp(-0.1 * angle) * math.sin(angle)
            values = np.array([0.6, 0.64, 0.48]) * tap + [7.848, -5.886, 0.0]
            values += rng.normal(0, 0.01, 3)
            acceleration = message.linear_acceleration
            acceleration.x, acceleration.y, acceleration.z = values.tolist()
            message.linear_acceleration_covariance[0] = covariance
            publisher.publish(message)
            client.probe.spin(condition, 0.005)
            return condition()

        assert client.probe.spin(step, 30), client.process.output()

    publish(lambda: len(client.messages()) >= 5)
    recognition = client.messages()[-1]
    assert list(recognition.sensors) == ["gripper"]
    # The labels of the dataset's own three classes.
    assert len(recognition.labels) == len(recognition.probabilities) == 3
    assert client.sensor("gripper").state == SensorStatus.FRESH

    full = time.monotonic() + 2.5  # until the window of 2 s is full, the quality is lower
    publish(lambda: time.monotonic() > full)
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    future = service.call_async(Enroll.Request(label="my drill", duration=2.0))
    publish(future.done)
    assert future.result().success, future.result().message
    publish(lambda: client.recognises("my drill"))
    client.probe.node.destroy_client(service)

    publish(lambda: client.sensor("gripper").rejected > 0, covariance=-1.0)
    assert "gives no accelerations" in client.sensor("gripper").reason
    client.probe.node.destroy_publisher(publisher)
