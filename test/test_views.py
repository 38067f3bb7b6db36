"""The views for rviz, Foxglove and Lichtblick name real topics and fields of real messages."""

import importlib
import json
import re

import pytest
import yaml
from paths import ROOT

from omnibind_ros.modalities import MODALITIES

CONFIG = ROOT / "config"
SENSORS = yaml.safe_load((CONFIG / "seven_senses.yaml").read_text())["/**"]["ros__parameters"]
PANELS = {"Image", "3D", "StateTransitions", "Plot", "RawMessages"}
PATH = re.compile(r"(/[\w/]+)((?:\.\w+|\[\d+\]|\[:\]\{\w+==\"\w+\"\})*)")
STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[:\]\{(\w+)==\"(\w+)\"\}")
DISPLAYS = {"Grid", "TF", "PointCloud2", "MarkerArray", "Image"}


def topics():
    """Return the type of each topic: what the nodes' page says, and the sensors' defaults."""
    page = (ROOT / "docs" / "reference" / "interface.md").read_text()
    found = {
        f"/perception/{name}": kind
        for name, kind in re.findall(r"^\| `~/(\w+)` \| (\w+/\w+) \|", page, re.MULTILINE)
    }
    for name in SENSORS["sensors"]:
        modality = MODALITIES[name]
        package, _, kind = modality.type.split("/")
        found[f"/{modality.topic}"] = f"{package}/{kind}"
    return found


def layout():
    return json.loads((CONFIG / "foxglove_layout.json").read_text())


def panel_ids(node):
    if isinstance(node, str):
        return [node]
    assert node["direction"] in ("row", "column")
    assert 0 < node["splitPercentage"] < 100
    return panel_ids(node["first"]) + panel_ids(node["second"])


def message_paths():
    """Yield every message path of the layout."""
    for name, panel in layout()["configById"].items():
        kind = name.partition("!")[0]
        if kind in ("Plot", "StateTransitions"):
            yield from (path["value"] for path in panel["paths"])
        elif kind == "RawMessages":
            yield panel["topicPath"]
        elif kind == "Image":
            yield panel["imageMode"]["imageTopic"]
        elif kind == "3D":
            yield from panel["topics"]


def test_each_panel_has_one_place_and_a_known_type():
    content = layout()
    placed = panel_ids(content["layout"])
    assert sorted(placed) == sorted(content["configById"])
    kinds = {name.partition("!")[0] for name in placed}
    assert kinds == PANELS
    assert set(content) == {
        "configById",
        "globalVariables",
        "userNodes",
        "playbackConfig",
        "layout",
    }


def test_series_have_what_both_programs_need():
    for name, panel in layout()["configById"].items():
        for path in panel.get("paths", ()):
            assert set(path) == {"value", "label", "enabled", "timestampMethod"}, name
            assert path["timestampMethod"] in ("receiveTime", "headerStamp")
            assert path["enabled"] is True
        if name.startswith("Plot!"):
            assert panel["xAxisVal"] == "timestamp"


def test_each_sensor_has_a_row_of_states():
    (panel,) = [
        panel
        for name, panel in layout()["configById"].items()
        if name.startswith("StateTransitions!")
    ]
    assert [path["label"] for path in panel["paths"]] == SENSORS["sensors"]


@pytest.mark.parametrize("path", sorted(set(message_paths())))
def test_a_message_path_leads_to_a_field(path):
    match = PATH.fullmatch(path)
    assert match, path
    kind = topics()[match[1]]
    for field, index, key, value in STEP.findall(match[2]):
        if index:
            assert kind.endswith("[]"), path
            kind = kind[:-2]
            continue
        if key:
            assert kind.endswith("[]"), path
            kind = kind[:-2]
            assert fields(kind)[key] == "string"
            assert value in SENSORS["sensors"]
            continue
        kind = fields(kind)[field]
    if match[2]:
        assert re.fullmatch(r"float|double|u?int\d+|boolean", kind), path


def fields(kind):
    """Return the types of a message's fields; of a sequence, its items' with []."""
    package, _, name = kind.partition("/")
    pytest.importorskip("rclpy")
    message = getattr(importlib.import_module(f"{package}.msg"), name)
    return {
        field: re.sub(r"^sequence<(.*?)(, \d+)?>$", r"\1[]", of)
        for field, of in message.get_fields_and_field_types().items()
    }


def rviz():
    return yaml.safe_load((CONFIG / "perception.rviz").read_text())


def test_the_rviz_file_has_the_structure_of_rviz():
    content = rviz()
    assert set(content) == {"Panels", "Visualization Manager", "Window Geometry"}
    assert all({"Class", "Name"} <= set(panel) for panel in content["Panels"])
    manager = content["Visualization Manager"]
    assert set(manager) == {
        *("Class", "Displays", "Enabled", "Global Options", "Name", "Tools", "Transformation"),
        *("Value", "Views"),
    }
    assert manager["Name"] == "root"
    assert manager["Transformation"]["Current"]["Class"] == "rviz_default_plugins/TF"
    assert set(manager["Views"]) == {"Current", "Saved"}
    assert {"Background Color", "Fixed Frame", "Frame Rate"} == set(manager["Global Options"])
    names = [display["Name"] for display in manager["Displays"]]
    assert len(set(names)) == len(names)
    for display in manager["Displays"]:
        plugin, _, kind = display["Class"].partition("/")
        assert plugin == "rviz_default_plugins"
        assert kind in DISPLAYS
        assert display["Enabled"] is display["Value"] is True
    kinds = {display["Class"].partition("/")[2] for display in manager["Displays"]}
    assert kinds == DISPLAYS


def test_rviz_shows_topics_of_the_right_type_with_a_qos_that_matches():
    seen = 0
    for display in rviz()["Visualization Manager"]["Displays"]:
        topic = display.get("Topic")
        if topic is None:
            continue
        seen += 1
        kind = display["Class"].partition("/")[2]
        assert topics()[f"/{topic['Value']}"].partition("/")[2] == kind
        assert topic["Reliability Policy"] in ("Best Effort", "Reliable")
        assert topic["Durability Policy"] == "Volatile"  # no publisher is transient local
        assert topic["History Policy"] == "Keep Last"
        if kind == "PointCloud2":
            assert topic["Reliability Policy"] == "Best Effort"  # as drivers publish
    assert seen == 3
