"""The command line of the node that `omnibind run` starts."""

import argparse

import pytest
import yaml

from omnibind_ros.runtime.launch_arguments import read_arguments
from omnibind_ros.runtime.launch_command import check, full_name, listing, node_arguments, programs
from omnibind_ros.runtime.launch_plan import LaunchError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sensors.yaml"
    path.write_text("/**:\n  ros__parameters:\n    sensors: [image]\n")
    return path


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["image"], "'image' is no argument; write NAME:=VALUE"),
        (["imge:=/x"], "launch argument imge does not exist (did you mean image?)"),
        (["image:=/a", "image:=/b"], "the argument image is given twice"),
        (["log_level:=loud"], "set one of debug, info, warn, error, fatal"),
    ],
)
def test_wrong_arguments_are_one_sentence(given, sentence):
    with pytest.raises(LaunchError) as error:
        read_arguments(given)
    assert sentence in str(error.value)


def test_a_value_may_be_empty_or_have_the_sign_in_it():
    assert read_arguments(["image:="])["image"] == ""
    assert read_arguments(["bundle:=/a:=b"])["bundle"] == "/a:=b"


def test_arguments_become_a_second_parameter_file_with_the_full_name_of_the_node(file, tmp_path):
    given = read_arguments(["image:=/eye", "namespace:=/robot/", "log_level:=warn"])
    line = node_arguments(given, file, tmp_path)
    over = tmp_path / "arguments.yaml"
    assert line == [
        *("--ros-args", "--params-file", str(file), "--log-level", "warn"),
        *("-r", "__ns:=/robot", "--params-file", str(over)),
    ]
    assert yaml.safe_load(over.read_text()) == {
        "/robot/perception": {"ros__parameters": {"sensor.image.topic": "/eye"}}
    }


def test_without_arguments_the_file_alone_is_used(file, tmp_path):
    line = node_arguments(read_arguments([]), file, tmp_path)
    assert line.count("--params-file") == 1
    assert not (tmp_path / "arguments.yaml").exists()


def test_a_program_that_is_missing_is_told_before_anything_starts(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    with pytest.raises(LaunchError, match="install ros-jazzy-rviz2"):
        check(argparse.Namespace(arguments=["rviz:=true"]))
    with pytest.raises(LaunchError, match="overlay:=true needs ros2"):
        check(argparse.Namespace(arguments=["overlay:=1"]))
    check(argparse.Namespace(arguments=["rviz:=false"]))


def test_programs_run_in_the_namespace_of_the_node(monkeypatch, tmp_path):
    for name in ("rviz2", "ros2"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    window, rviz = programs(
        read_arguments(["rviz:=true", "overlay:=true", "namespace:=robot"]), tmp_path / "v.rviz"
    )
    assert rviz == [
        str(tmp_path / "rviz2"),
        *("-d", str(tmp_path / "v.rviz"), "--ros-args", "-r", "__ns:=/robot"),
    ]
    assert window[:5] == [
        str(tmp_path / "ros2"),
        *("run", "rqt_image_view", "rqt_image_view", "perception/overlay"),
    ]


def test_the_name_of_the_node_has_single_slashes():
    assert full_name("") == "/perception"
    assert full_name("//a//b/") == "/a/b/perception"


def test_every_argument_is_listed():
    for name in read_arguments([]):
        assert f"{name}:=" in listing()
