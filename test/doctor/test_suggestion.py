"""Topics that look like sensors, as a parameter file."""

import yaml

from omnibind_ros.doctor.suggestion import parameter_file, suggested_sensors
from omnibind_ros.runtime.launch_plan import overrides
from omnibind_ros.sensors import SensorRegistry

IMAGE, ZIPPED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


def test_topics_become_a_file_that_can_be_run(tmp_path):
    published = {
        "/camera/image_raw": [IMAGE],
        "/camera/image_raw/compressed": [ZIPPED],
        "/camera/depth/image_raw": [IMAGE],
        "/lidar/points": ["sensor_msgs/msg/PointCloud2"],
        "/rosout": ["rcl_interfaces/msg/Log"],
        "/thermal/image": [IMAGE],
    }
    kinds = SensorRegistry.installed()
    found = suggested_sensors(published, {"/lidar/points"}, kinds)
    assert found == {
        "camera_image_raw": {"modality": "image", "topic": "/camera/image_raw", "type": IMAGE},
        "thermal_image": {"modality": "thermal", "topic": "/thermal/image", "type": IMAGE},
    }
    file = tmp_path / "sensors.yaml"
    file.write_text(parameter_file(found))
    sensors = yaml.safe_load(file.read_text())["/**"]["ros__parameters"]["sensors"]
    assert sensors == list(found)
    assert overrides(file, "/perception", {"thermal": "/t"}) == {"sensor.thermal_image.topic": "/t"}


def test_nothing_is_suggested_where_nothing_looks_like_a_sensor():
    assert suggested_sensors({"/rosout": ["rcl_interfaces/msg/Log"]}, (), []) == {}
