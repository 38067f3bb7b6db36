"""The page of drivers: its parameter files are accepted by the parameters that there are."""

import re

import pytest
import yaml
from driver_page import BLOCK, TEXT, check_sensor, sections, sensor_of

from omnibind_ros.config import ParameterError
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.sensors import SensorRegistry, normalise_type

CAMERAS = ["usb_cam", "v4l2_camera", "RealSense", "OAK-D", "ZED", "Azure Kinect"]
LIDARS = ["Velodyne", "Ouster", "Livox"]
THERMAL_CAMERAS = ["FLIR Boson", "FLIR Lepton", "Seek", "Optris"]
OTHERS = ["Prophesee", "DVXplorer", "DIGIT", "GelSight", "ReSpeaker"]
SOUND = ["audio_common of ros-drivers", "audio_common of mgonzs13", "Whisper"]
DRIVERS = [*CAMERAS, *LIDARS, *THERMAL_CAMERAS, *OTHERS, *SOUND]
TYPE = re.compile(r"`(\w+/msg/\w+)`")
HEAD = "| topic | type | QoS |\n| --- | --- | --- |\n"


def anchor(heading):
    """Return the anchor that MyST gives a heading, which is GitHub's too."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


SECTIONS = sections()
BLOCKS = [
    pytest.param(name, block, id=f"{name}-{number}")
    for name, text in SECTIONS.items()
    for number, block in enumerate(BLOCK.findall(text))
]


def rows_of(text):
    """Return the rows of a section's table of topics, at least one."""
    rows = text.split(HEAD)[1].split("\n\n")[0].splitlines()
    assert rows
    return rows


@pytest.fixture(scope="module")
def registry():
    return SensorRegistry.installed()


def test_there_is_a_section_for_each_driver():
    assert list(SECTIONS) == DRIVERS


def test_each_section_is_linked_from_the_first_table():
    links = re.findall(r"\]\(#([\w-]+)\)", TEXT.split("\n## ")[0])
    assert sorted(links) == sorted(map(anchor, DRIVERS))


def test_links_within_the_page_lead_to_headings():
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= set(map(anchor, headings))


@pytest.mark.parametrize("driver", SECTIONS)
def test_sections_have_one_structure(driver):
    text = SECTIONS[driver]
    places = [text.index(part) for part in (HEAD, "```yaml\n", "Beware of:\n\n- ", "Read from: [")]
    assert places == sorted(places)
    assert all(TYPE.search(row) for row in rows_of(text))
    sources = re.findall(r"\]\((https://[^)]+)\)", text.split("Read from: ")[1])
    assert len(sources) >= 2
    # A branch moves; a commit stays what was read.
    moving = [s for s in sources if "github.com" in s and re.search(r"/(blob|tree)/", s)]
    assert all(re.search(r"/(?:blob|tree)/[0-9a-f]{12}/", source) for source in moving)


@pytest.mark.parametrize(("driver", "block"), BLOCKS)
def test_blocks_are_accepted(registry, driver, block):
    name, values = sensor_of(block)
    check_sensor(registry, name, values)
    assert values["topic"].startswith("/")
    # The topic and the type are those that the section's table names.
    rows = [row for row in rows_of(SECTIONS[driver]) if row.startswith(f"| `{values['topic']}`")]
    assert any(f"`{values['type']}`" in row for row in rows), rows
    assert normalise_type(values["type"]) == values["type"]


def test_names_are_unique_so_that_blocks_can_be_joined():
    names = [sensor_of(block.values[1])[0] for block in BLOCKS]
    assert len(names) == len(set(names))


def test_each_modality_has_a_driver():
    used = {sensor_of(block.values[1])[1]["modality"] for block in BLOCKS}
    assert used == set(MODALITIES)


def test_types_that_are_not_decoded_are_not(registry):
    table = TEXT.split("### Not decoded here\n")[1].strip().split("\n\n")[0]
    listed = [TYPE.search(row)[1] for row in table.splitlines()[2:]]
    assert len(listed) > 5
    decoded = {kind.message for kind in registry}
    assert not decoded & set(listed)
    # Each type that a section's table names is decoded, or listed here, or said to be unused.
    for driver, text in SECTIONS.items():
        for row in rows_of(text):
            found = TYPE.search(row)[1]
            assert found in decoded or found in listed or "not used here" in row, driver


def test_the_subscription_matches_the_publisher():
    """No block asks for reliable messages of a publisher that is best effort."""
    for block in BLOCKS:
        _, values = sensor_of(block.values[1])
        assert values.get("reliability", "best_effort") == "best_effort"


def file_of(**changes):
    """Return a block with one sensor, some of its parameters changed or (None) left out."""
    values = {
        "modality": "points",
        "topic": "/points",
        "type": "sensor_msgs/msg/PointCloud2",
        "axes": "x_forward",
    }
    values = {key: value for key, value in {**values, **changes}.items() if value is not None}
    return yaml.safe_dump(
        {"/**": {"ros__parameters": {"sensors": ["lidar"], "sensor": {"lidar": values}}}}
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"axis": "x_forward"}, "no parameter axis"),
        ({"axes": "forward"}, "must be one of"),
        ({"voxel": 11.0}, "must be in"),
        ({"max_range": "far"}, "must be of type float"),
        ({"type": "livox_ros_driver2/msg/CustomMsg"}, "no decoder"),
        ({"modality": "image"}, "no decoder"),
        ({"window": 0.05}, "no parameter window"),
        ({"topic": None}, "does not say"),
    ],
)
def test_wrong_blocks_are_refused(registry, change, error):
    check_sensor(registry, *sensor_of(file_of()))
    with pytest.raises((ParameterError, KeyError), match=error):
        check_sensor(registry, *sensor_of(file_of(**change)))


@pytest.mark.parametrize(
    "block",
    [
        file_of().replace("- lidar", "- radar"),
        file_of().replace("- lidar", "- lidar\n    - radar"),
        file_of().replace("ros__parameters", "parameters"),
    ],
)
def test_files_of_another_form_are_refused(block):
    with pytest.raises(ParameterError):
        sensor_of(block)
