"""A sensor type in one file outside the package, that of docs/how-to/adding_a_sensor.md."""

import math
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from paths import ROOT

from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import RejectedSampleError, SensorRegistry, SensorType, thermal

EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def laser_scan(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    registry = SensorRegistry.installed()
    registry.register_module("laser_scan")
    yield registry.find("points", "sensor_msgs/LaserScan")
    sys.modules.pop("laser_scan", None)


def scan(ranges):
    return SimpleNamespace(
        ranges=ranges, range_min=0.1, range_max=10.0, angle_min=0.0, angle_increment=math.pi / 2
    )


def test_the_example_decodes(laser_scan):
    found = laser_scan.decode(scan([1.0, 2.0, math.inf]), laser_scan.options(height=0.3))
    np.testing.assert_allclose(found, [[1, 0, 0.3], [0, 2, 0.3]], atol=1e-6)
    with pytest.raises(RejectedSampleError, match="none of the scan's 2 ranges"):
        laser_scan.decode(scan([0.0, math.nan]), laser_scan.options())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise OSError('no scanner')", "no scanner"),
        ("x = 1", "SENSOR_TYPES"),
        ("SENSOR_TYPES = [1]", "no SensorType"),
    ],
)
def test_modules_that_cannot_be_used_are_explained(tmp_path, monkeypatch, text, words):
    (tmp_path / "bad_sensor.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match=words):
        SensorRegistry().register_module("bad_sensor")
    sys.modules.pop("bad_sensor", None)
    with pytest.raises(ValueError, match="cannot be used"):
        SensorRegistry().register_module("no_such_module")


def test_a_registry_does_not_change_another(laser_scan):
    with pytest.raises(KeyError, match="no decoder turns sensor_msgs/msg/LaserScan"):
        SensorRegistry.installed().find("points", "sensor_msgs/LaserScan")


def test_a_modality_that_is_not_there_is_explained():
    with pytest.raises(ValueError, match="unknown modality 'smell'"):
        SensorRegistry([SensorType("smell", "std_msgs/msg/String", decode=str)])


def test_a_sensor_module_that_cannot_be_used_leaves_the_others(monkeypatch, caplog):
    monkeypatch.delattr(thermal, "SENSOR_TYPES")
    assert {kind.modality for kind in SensorRegistry.installed() if not kind.encoded} == (
        set(MODALITIES) - {"thermal"}
    )
    assert "sensor module 'omnibind_ros.sensors.thermal' cannot be used" in caplog.text


def test_the_example_runs_over_dds(start_perception, seven_bundle, tmp_path, monkeypatch):
    pytest.importorskip("rclpy")
    from sensor_msgs.msg import LaserScan  # noqa: PLC0415 - only where ROS is

    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES), prepend=os.pathsep)
    values = {
        "bundle": str(seven_bundle),
        "sensor_modules": ["laser_scan"],
        "sensors": ["scanner"],
        "sensor": {
            "scanner": {
                "modality": "points",
                "topic": "scan",
                "type": "sensor_msgs/msg/LaserScan",
                "height": 0.3,
            }
        },
    }
    file = tmp_path / "scanner.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    client = start_perception("--params-file", str(file), ready=False)
    publisher = client.probe.node.create_publisher(LaserScan, "scan", 1)
    assert client.probe.spin(publisher.get_subscription_count, 30), client.process.output()

    def seen(ranges, condition):
        message = LaserScan(range_min=0.1, range_max=10.0, angle_increment=0.01, ranges=ranges)

        def send():
            message.header.stamp = client.now()
            publisher.publish(message)
            client.probe.spin(condition, 0.05)
            return condition()

        assert client.probe.spin(send), client.process.output()

    seen([2.0 + 0.1 * math.sin(i) for i in range(300)], lambda: bool(client.messages()))
    assert list(client.messages()[-1].sensors) == ["scanner"]
    seen([0.0] * 300, lambda: client.sensor("scanner").rejected > 0)
    assert "none of the scan's 300 ranges" in client.sensor("scanner").reason
    client.probe.node.destroy_publisher(publisher)
