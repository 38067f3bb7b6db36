"""Any scene in any unit, layout and with any holes is right, doubtful or refused.

OMNIBIND_EXAMPLES sets the number of examples.
"""

import os

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from image_messages import attempt, image_message

from omnibind_ros.sensors import Doubtful, Issue
from omnibind_ros.sensors.thermal import ThermalOptions, decode_thermal

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "150"))

STEPS = {"celsius": (1.0, 0.0), "kelvin": (1.0, 273.15)}
COUNTS = {"centikelvin": (100.0, 273.15), "decikelvin": (10.0, 273.15), "kelvin": (1.0, 273.15)}


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(4, 12), st.integers(4, 12)),
    st.sampled_from(["32FC1", "mono16", "16UC1"]),
    st.floats(-90, 900),
    st.floats(0.1, 8),
    st.floats(0, 0.45),
    st.sampled_from([0.0, np.nan, np.inf, -np.inf]),
    st.booleans(),
    st.tuples(st.integers(0, 5), st.booleans(), st.booleans()),
    st.data(),
)
def test_a_scene_is_right_or_doubtful_or_refused(
    seed, size, encoding, middle, spread, share, hole, by_hand, layout, data
):
    rng = np.random.default_rng(seed)
    celsius = np.clip(rng.normal(middle, spread, size), middle - 9, middle + 9)
    floats = encoding == "32FC1"
    unit = data.draw(st.sampled_from(list(STEPS if floats else COUNTS)))
    scale, zero = (STEPS if floats else COUNTS)[unit]
    pixels = (celsius + zero) * scale
    holes = rng.random(size) < share
    if not floats:
        hole = 0.0
        pixels = pixels.round().clip(0, 65_535)
        celsius = pixels / scale - zero
    if hole == 0.0 and unit == "celsius":
        holes[:] = False  # 0 deg C is a temperature
    pixels[holes] = hole
    dtype = np.float32 if floats else np.uint16
    msg = image_message(pixels.astype(dtype), encoding, layout[0] * 4, *layout[1:])
    options = ThermalOptions(unit=unit if by_hand else "auto")
    out, sentence = attempt(decode_thermal, msg, options)
    if out is None:
        assert "set the parameter unit" in sentence or "check" in sentence
        if 2 * np.count_nonzero(holes) < holes.size and celsius.min() > -100:
            assert not by_hand
            guessed = floats or unit == "centikelvin"
            assert not (guessed and -59 < np.median(celsius[~holes]) < 199)
        return
    if by_hand:
        assert not isinstance(out, Doubtful)
    else:
        assert [doubt.issue for doubt in out.doubts] == [Issue.UNIT_GUESSED]
        out = out.data
        # A guess can be wrong, and says so; where the unit is what it guesses, it is right.
        if not floats and unit != "centikelvin":
            return
        if not -60 <= np.median(celsius[~holes]) <= 200:
            return  # a furnace or the sky, for which the unit must be set
    assert np.abs(out - celsius)[~holes & (celsius > -100)].max(initial=0) < 1e-2
    assert out.min() >= -100
    assert out.max() <= 1500
