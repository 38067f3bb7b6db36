"""The launch files: always read, and evaluated where launch and launch_ros are on the path."""

import ast
import importlib.util
import re
import runpy

import pytest
from paths import MAY_BE_MISSING, ROOT

from omnibind_ros.runtime.launch_arguments import PERCEPTION
from omnibind_ros.runtime.middleware import VARIABLES

FILES = sorted((ROOT / "launch").glob("*.launch.py"))
HAS_LAUNCH = all(importlib.util.find_spec(name) for name in ("launch", "launch_ros"))


def declared(file):
    """Return the arguments of a launch file with their defaults."""
    if file.name == "perception.launch.py":
        return {argument.name: argument.default for argument in PERCEPTION}
    tree = ast.parse(file.read_text())
    (value,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "ARGUMENTS"
    ]
    return {entry.elts[0].value: getattr(entry.elts[1], "value", None) for entry in value.elts}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_page_of_the_interface_names_every_argument(file):
    page = (ROOT / "docs" / "reference" / "interface.md").read_text()
    (row,) = re.findall(rf"^\| `{file.name}` \| (.*) \|$", page, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) >= set(declared(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_argument_overrides_the_parameter_file_by_its_default(file):
    defaults = declared(file)
    assert defaults["bundle"] == ""
    for name in ("use_sim_time", "autostart"):
        assert defaults.get(name, "") == ""


@pytest.fixture
def evaluate():
    """Return a call that evaluates a launch file as `ros2 launch` does, without starting it."""
    if not HAS_LAUNCH:
        pytest.skip(MAY_BE_MISSING[1])
    from launch.actions import OpaqueFunction  # noqa: PLC0415

    from launch import LaunchContext  # noqa: PLC0415 - only where launch is

    def run(name, **given):
        context = LaunchContext(argv=[f"{key}:={value}" for key, value in given.items()])
        context.launch_configurations.update(given)
        actions = runpy.run_path(str(ROOT / "launch" / name))["generate_launch_description"]()
        made = []
        for action in actions.entities:
            if isinstance(action, OpaqueFunction):
                made += action.execute(context)
            else:
                action.execute(context)
        return context, made

    return run


def named(made, kind="Node"):
    return [action for action in made if type(action).__name__ == kind]


def test_the_perception_node_is_launched(evaluate, monkeypatch):
    for name in ("ROS_DISTRO", *VARIABLES):
        monkeypatch.delenv(name, raising=False)
    context, made = evaluate("perception.launch.py", image="/cam", points="/lidar")
    (node,) = named(made)
    assert node.node_executable == "perception_node"
    for name in VARIABLES:
        assert context.environment[name].endswith("fastdds.xml")


def test_the_demo_is_a_simulated_robot_and_the_perception_node(evaluate):
    context, made = evaluate("demo.launch.py", view="false")
    assert [node.node_executable for node in named(made)] == [
        "robot_simulator_node",
        "perception_node",
    ]
    assert context.launch_configurations["config"].endswith("seven_senses.yaml")
    assert context.environment["FASTDDS_DEFAULT_PROFILES_FILE"].endswith("fastdds.xml")


def test_the_demo_shows_the_page_unless_told_otherwise(evaluate, monkeypatch, tmp_path):
    (tmp_path / "omnibind").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    _, made = evaluate("demo.launch.py")
    (page,) = named(made, "ExecuteProcess")
    assert [part[0].text for part in page.cmd] == ["omnibind", "view"]
    for given, words in (
        ({"rviz": "true"}, "needs rviz2"),
        ({"view": "perhaps"}, "view:=perhaps is neither true nor false"),
        ({"config": "/gone.yaml"}, "does not exist"),
    ):
        with pytest.raises(ValueError, match=words):
            evaluate("demo.launch.py", **given)
    (tmp_path / "omnibind").unlink()
    with pytest.raises(ValueError, match="needs the command omnibind"):
        evaluate("demo.launch.py")


def test_what_cannot_be_launched_is_a_sentence_before_anything_starts(evaluate):
    for given, words in (
        ({"config": "/gone.yaml"}, "does not exist"),
        ({"rviz": "true"}, "needs rviz2"),
        ({"overlay": "true"}, "needs rqt_image_view"),
        ({"use_sim_time": "maybe"}, "neither true nor false"),
        ({"rviz": "yes"}, "rviz:=yes is neither true nor false"),
    ):
        with pytest.raises(ValueError, match=words):
            evaluate("perception.launch.py", **given)


def test_an_unknown_argument_is_told(evaluate):
    _, made = evaluate("perception.launch.py", imge="/cam")
    (told,) = named(made, "LogInfo")
    assert "did you mean image?" in told.msg[0].text


@pytest.mark.parametrize(
    ("given", "nodes"),
    [
        ({}, ["encoder_node", "perception_node"]),
        ({"perception": "false"}, ["encoder_node"]),
        ({"encoder": "false"}, ["perception_node"]),
    ],
)
def test_each_half_is_launched_with_the_profile(evaluate, given, nodes):
    context, made = evaluate("distributed.launch.py", **given)
    assert [node.node_executable for node in named(made)] == nodes
    assert "FASTDDS_DEFAULT_PROFILES_FILE" in context.environment
