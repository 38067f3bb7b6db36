"""The rectangle of a region of interest in the overlay."""

import numpy as np
import pytest

from omnibind_ros.recognition.overlay import SensorRow, draw_overlay
from omnibind_ros.recognition.recogniser import Recognition
from omnibind_ros.sensors.region import Region

CUP = Recognition(("cup",), np.array([0.9], np.float32), 0.1, 0.5, 1.0, True)
ONE = [SensorRow("camera", "FRESH", 1.0, 0.1)]


@pytest.mark.parametrize("shape", [(480, 640), (720, 1280), (60, 80)])
def test_the_region_is_a_rectangle_at_its_edge(shape):
    picture = np.full((*shape, 3), 90, np.uint8)
    region = Region(0.5, 0.4, 0.25, 0.4)
    plain = draw_overlay(picture, CUP, ONE)
    drawn = draw_overlay(picture, CUP, ONE, region)
    changed = (drawn != plain).any(2)
    rows, columns = region.pixels(drawn.shape[1], drawn.shape[0])
    assert changed[rows.start, columns].all()
    assert changed[rows, columns.stop - 1].all()
    assert not changed[rows, columns][8:-8, 8:-8].any()
    outside = changed.copy()
    outside[rows.start - 3 : rows.stop + 3, columns.start - 3 : columns.stop + 3] = False
    assert not outside.any()
    assert (picture == 90).all()
