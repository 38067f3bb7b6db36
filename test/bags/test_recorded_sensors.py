"""The labels.yaml that a recording gets: topics and parameters as the node has them."""

import yaml

from omnibind_ros.bags.sensors import RecordedSensor, labels_file
from omnibind_ros.datasets.readers.bags.labels import read_bag_labels


def test_topics_and_changed_parameters_are_written_as_the_reader_takes_them(tmp_path):
    sensors = [
        RecordedSensor("eye", "image", "/eye/image_raw", {"topic": "eye/image_raw", "depth": 3}),
        RecordedSensor("core", "thermal", "/core", {"unit": "decikelvin", "max_age": 0.0}),
        RecordedSensor("second", "image", "/other", {}),
        RecordedSensor("far", "touch", "/far", {}),
        RecordedSensor("silent", "audio", "/audio", {}),
    ]
    image = "sensor_msgs/msg/Image"
    types = {"/eye/image_raw": image, "/core": image, "/other": image}
    text, left_out = labels_file(sensors, {**types, "/far": "omnibind_msgs/msg/Embedding"})
    (tmp_path / "labels.yaml").write_text(text)
    assert yaml.safe_load(text) == {
        "topics": {
            "image": {"topic": "/eye/image_raw"},
            "thermal": {"topic": "/core", "unit": "decikelvin"},
        }
    }
    labels = read_bag_labels(tmp_path / "labels.yaml")
    assert labels.topics["thermal"].parameters == (("unit", "decikelvin"),)
    assert [sentence.split(" is ")[0] for sentence in left_out] == ["/other", "/far"]
    assert all(f"# {sentence}" in text for sentence in left_out)
