"""A long sound is heard in windows, and counts once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.encoders.audio import prepare
from omnibind_ros.learning.tensors.specs import input_spec
from omnibind_ros.learning.tensors.windows import HOP, best_rows, input_length, window, window_count

SPEC = input_spec("audio")
WANTED = input_length(SPEC)


def test_a_window_is_what_the_encoder_takes():
    assert WANTED == 97 * 320 + 512
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.1, WANTED + 5000).astype(np.float32)
    whole, end = (prepare(part, SPEC).values for part in (sound, sound[5000:]))
    assert np.array_equal(whole, end)


@given(st.integers(0, 400_000))
def test_windows_cover_a_sound_from_its_start_to_its_end(length):
    count = window_count(length, WANTED)
    sound = np.arange(length)
    parts = [window(sound, number, count, WANTED) for number in range(count)]
    if count == 1:
        assert len(parts[0]) == length < WANTED + HOP
        return
    assert all(len(part) == WANTED for part in parts)
    assert parts[0][0] == 0
    assert parts[-1][-1] == length - 1
    starts = np.diff([part[0] for part in parts])
    assert starts.max() - starts.min() <= 1
    assert starts.max() < min(1.5 * HOP, WANTED)


def test_a_simulated_sound_of_two_seconds_is_one_window_and_a_clip_of_five_four():
    assert window_count(32_000, WANTED) == 1
    assert window_count(80_000, WANTED) == 4


@given(st.lists(st.tuples(st.integers(0, 6), st.floats(0, 1, width=32)), max_size=30))
def test_each_sample_is_there_once_by_its_best_window(pairs):
    rows = np.array(sorted(row for row, _ in pairs), np.int64)
    quality = np.array([value for _, value in pairs], np.float32)
    place = best_rows(rows, quality)
    assert list(rows[place]) == sorted(set(rows))
    assert all(quality[i] == quality[rows == rows[i]].max() for i in place)
