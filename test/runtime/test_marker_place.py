"""Where the text of ~/markers stands, by REP 103."""

import pytest

from omnibind_ros.runtime.marker_place import marker_place


@pytest.mark.parametrize(
    ("frames", "modalities", "wanted"),
    [
        (("default_cam",), ("image",), ("default_cam", (0.0, -1.0, 0.0))),
        (("cam", "cam_depth_optical_frame"), ("image", "points"), ("cam", (0.0, -1.0, 0.0))),
        (("", "lidar"), ("text", "points"), ("lidar", (0.0, 0.0, 1.0))),
        (("d435_Optical",), ("points",), ("d435_Optical", (0.0, -1.0, 0.0))),
        (("mic", "cam"), ("audio", "image"), ("mic", (0.0, 0.0, 1.0))),
        (("",), ("text",), ("", (0.0, 0.0, 1.0))),
    ],
)
def test_the_text_is_above_the_first_sensor_with_a_frame(frames, modalities, wanted):
    assert marker_place(frames, modalities) == wanted
