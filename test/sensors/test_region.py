"""Regions of interest against slices of arrays."""

import numpy as np
import pytest

from omnibind_ros.sensors import Chunk, Doubt, Doubtful, Issue, RejectedSampleError, SensorRegistry
from omnibind_ros.sensors.event import EventWindow
from omnibind_ros.sensors.region import Region, crop, with_region


@pytest.mark.parametrize(
    ("text", "rows", "columns"),
    [
        ("0,0,1,1", slice(0, 48), slice(0, 64)),
        ("0.25, 0.5, 0.5, 0.25", slice(24, 36), slice(16, 48)),
        ("0.999,0.999,0.0001,0.0001", slice(47, 48), slice(63, 64)),
        ("0,0,1e-9,1", slice(0, 48), slice(0, 1)),
    ],
)
def test_a_picture_is_cut(text, rows, columns):
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    assert np.array_equal(crop(picture, Region.parse(text)), picture[rows, columns])
    heat = picture[..., 0].astype(np.float32)
    assert np.array_equal(crop(heat, Region.parse(text)), heat[rows, columns])


def test_events_are_cut_and_moved():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 64, 900).astype(np.uint16), rng.integers(0, 48, 900).astype(np.uint16)
    t, p = np.arange(900), (np.arange(900) % 2).astype(np.uint8)
    found = crop(EventWindow(x, y, t, p, 64, 48, 1000), Region.parse("0.5,0.25,0.25,0.5"))
    want = [
        (a - 32, b - 12, c)
        for a, b, c in zip(x, y, t, strict=True)
        if 32 <= a < 48 and 12 <= b < 36
    ]
    assert list(zip(found.x, found.y, found.t, strict=True)) == want
    assert (found.width, found.height, found.duration_ns) == (16, 24, 1000)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2,3", "is not x,y,w,h"),
        ("a,b,c,d", "is not x,y,w,h"),
        ("0,0,2,1", "lies outside the picture"),
        ("-0.1,0,0.5,0.5", "lies outside the picture"),
        ("0.5,0.5,0.6,0.1", "lies outside the picture"),
        ("0,0,0,1", "lies outside the picture"),
        ("nan,0,1,1", "lies outside the picture"),
        ("10,20,300,200", "lies outside the picture"),
    ],
)
def test_a_region_that_is_none(text, says):
    with pytest.raises(ValueError, match=says):
        Region.parse(text)


def test_a_doubt_stays_and_sounds_have_no_region():
    types = SensorRegistry.installed()
    kind = types.find("image", "sensor_msgs/msg/Image")
    doubt = Doubt(Issue.UNIT_GUESSED, "guessed")
    picture = np.zeros((4, 8, 3), np.uint8)
    combine = with_region(kind, Region.parse("0,0,0.5,1")).make_combiner(kind.options())
    assert combine([Chunk(picture, 0)]).shape == (4, 4, 3)
    kind = types.find("touch", "sensor_msgs/msg/Image")
    doubtful = with_region(
        type(kind)(
            "touch",
            "a/msg/B",
            kind.decode,
            make_combiner=lambda _: lambda chunks: Doubtful(chunks[-1].data, (doubt,)),
        ),
        Region.parse("0,0,0.5,1"),
    ).make_combiner(None)([Chunk(picture, 0)])
    assert doubtful.doubts == (doubt,)
    assert doubtful.data.shape == (4, 4, 3)
    with pytest.raises(RejectedSampleError, match="a audio sample has no region"):
        with_region(types.find("audio", "omnibind_msgs/msg/Audio"), Region(0, 0, 1, 1))
