"""Which parameters launch arguments set over those of a file."""

import pytest

from omnibind_ros.runtime.launch_plan import (
    COMPRESSED,
    LaunchError,
    node_sections,
    overrides,
    parameters_of,
    unknown_arguments,
)

CAMERA = """
/**:
  ros__parameters:
    bundle: mine
    sensors: [eye, speech]
    sensor:
      eye: {modality: image, topic: /usb_cam/image_raw}
"""


def file(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_arguments_that_are_not_given_leave_the_file_alone(tmp_path):
    path = file(tmp_path, CAMERA)
    assert overrides(path, "/perception", {"bundle": "", "image": "", "use_sim_time": ""}) == {}
    given = {"bundle": "other", "use_sim_time": "true", "autostart": "False", "namespace": "x"}
    assert overrides(path, "/perception", given) == {
        "bundle": "other",
        "use_sim_time": True,
        "autostart": False,
    }


def test_a_modality_is_the_topic_of_its_sensor_or_a_new_one(tmp_path):
    path = file(tmp_path, CAMERA)
    given = {"image": "/camera/color/image_raw/compressed", "points": "/lidar"}
    assert overrides(path, "/perception", given) == {
        "sensor.eye.topic": "/camera/color/image_raw/compressed",
        "sensor.eye.type": COMPRESSED,
        "sensor.points.modality": "points",
        "sensor.points.topic": "/lidar",
        "sensors": ["eye", "speech", "points"],
    }


def test_a_new_sensor_gets_a_free_name(tmp_path):
    path = file(
        tmp_path,
        "/**:\n  ros__parameters:\n    sensors: [points]\n    sensor.points.modality: text\n",
    )
    found = overrides(path, "/perception", {"points": "/lidar"})
    assert found["sensors"] == ["points", "points_2"]
    assert found["sensor.points_2.topic"] == "/lidar"


def test_without_sensors_in_the_file_the_default_ones_are_meant(tmp_path):
    path = file(tmp_path, "/**:\n  ros__parameters:\n    top_k: 3\n")
    assert overrides(path, "/perception", {"image": "/cam"}) == {"sensor.camera.topic": "/cam"}


def test_two_cameras_are_not_guessed(tmp_path):
    text = "/**:\n  ros__parameters:\n    sensors: [image, eye]\n    sensor.eye.modality: image\n"
    with pytest.raises(LaunchError, match="image, eye of modality image"):
        overrides(file(tmp_path, text), "/perception", {"image": "/cam"})


@pytest.mark.parametrize(
    ("key", "node", "reached"),
    [
        ("/**:", "/robot/perception", True),
        ("perception:", "/perception", True),
        ("/perception:", "/perception", True),
        ("/robot/perception:", "/robot/perception", True),
        ("/*/perception:", "/robot/perception", True),
        ("/**/perception:", "/a/b/perception", True),
        ("/**/perception:", "/perception", True),
        ("/robot/**:", "/robot/perception", True),
        ("/robot/**:", "/robot/left/perception", True),
        ("/robot/**/perception:", "/robot/perception", True),
        ("/*/*:", "/robot/perception", True),
        ("/**/robot/**:", "/a/robot/perception", True),
        ("/robot/**:", "/robot2/perception", False),
        ("/**/perception:", "/perception2", False),
        ("omnibind:", "/perception", False),
        ("perception:", "/robot/perception", False),
        ("/*:", "/robot/perception", False),
    ],
)
def test_keys_are_matched_as_ros_does(tmp_path, key, node, reached):
    path = file(tmp_path, f"{key}\n  ros__parameters:\n    top_k: 3\n    a: {{b: {{c: 1}}}}\n")
    if reached:
        assert parameters_of(path, node) == {"top_k": 3, "a.b.c": 1}
    else:
        with pytest.raises(LaunchError, match=f"no parameter .* reaches the node {node}"):
            parameters_of(path, node)


def test_tags_of_values_are_read_as_lyrical_reads_them(tmp_path):
    text = (
        "/**:\n  ros__parameters:\n    reset_topic: !!str true\n    discover: !!bool yes\n"
        "    top_k: !!int 4\n    memory: !!float 2\n    labels: !!seq [cup, !!str 1]\n"
    )
    assert parameters_of(file(tmp_path, text), "/perception") == {
        "reset_topic": "true",
        "discover": True,
        "top_k": 4,
        "memory": 2.0,
        "labels": ["cup", "1"],
    }


def test_nested_keys_are_names(tmp_path):
    path = file(tmp_path, "robot:\n  perception:\n    ros__parameters:\n      top_k: 3\n")
    assert set(node_sections(path)) == {"/robot/perception"}


@pytest.mark.parametrize("text", ["", "[1, 2]", "top_k: 3", "a: {b: 1}", "{", "/**:\n"])
def test_a_file_of_another_form_is_a_sentence(tmp_path, text):
    with pytest.raises(LaunchError, match="parameter file"):
        node_sections(file(tmp_path, text))


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(LaunchError, match="does not exist"):
        overrides(tmp_path / "gone.yaml", "/perception", {})


def test_neither_true_nor_false(tmp_path):
    with pytest.raises(LaunchError, match="use_sim_time:=maybe"):
        overrides(file(tmp_path, CAMERA), "/perception", {"use_sim_time": "maybe"})


def test_unknown_arguments_are_told():
    said = unknown_arguments(["imge", "config", "xyz"], ["config", "image"])
    assert len(said) == 2
    assert "did you mean image?" in said[0]
    assert "there are: config, image" in said[1]
