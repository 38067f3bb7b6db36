"""Sound of every rate, format and chunking becomes the same sound at 16 kHz; bad messages one
sentence."""

import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import Chunk, NotReadyError, RejectedSampleError
from omnibind_ros.sensors.audio import decode_audio
from omnibind_ros.sensors.sound import JOIN_TOLERANCE, SlidingWindow
from omnibind_ros.units import SAMPLE_RATE

START_NS = 1_700_000_000 * 10**9
PITCH = 440.0


def tone(rate, seconds, channels=1, amplitude=0.5):
    """int16 [n * channels]: the same sine on all channels."""
    wave = amplitude * np.sin(2 * np.pi * PITCH * np.arange(round(seconds * rate)) / rate)
    return np.repeat(np.round(wave * 32767).astype(np.int16), channels)


def message(samples, rate=16000, channels=1):
    return SimpleNamespace(
        sample_rate=rate, channels=channels, samples=array.array("h", samples.tobytes())
    )


def chunks_of(samples, rate, sizes, start_ns=START_NS):
    """Cut mono samples into chunks, whose sizes repeat."""
    chunks, at, i = [], 0, 0
    while at < len(samples):
        part = samples[at : at + sizes[i % len(sizes)]]
        chunks.append(Chunk(decode_audio(message(part, rate)), start_ns + at * 10**9 // rate))
        at, i = at + len(part), i + 1
    return chunks


def hear(window, chunks, kept=1.0):
    """Give a window its chunks one by one, as the engine does; return the last sample."""
    sample = None
    for i, newest in enumerate(chunks):
        oldest = newest.stamp_ns - kept * 1e9
        there = [chunk for chunk in chunks[: i + 1] if chunk.stamp_ns >= oldest]
        try:
            sample = window(there)
        except NotReadyError:
            assert sample is None
    return sample


def misfit(sample, amplitude=0.5):
    """How far a sample is from a sine of that pitch and amplitude, whatever its phase."""
    angle = 2 * np.pi * PITCH * np.arange(len(sample)) / SAMPLE_RATE
    basis = np.stack([np.sin(angle), np.cos(angle)], 1)
    factors = np.linalg.lstsq(basis, sample, rcond=None)[0]
    return max(np.abs(sample - basis @ factors).max(), abs(np.hypot(*factors) - amplitude))


@settings(max_examples=25, deadline=None)
@given(
    rate=st.one_of(
        st.sampled_from([4000, 8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000]),
        st.integers(4000, 192000),
    ),
    channels=st.integers(1, 8),
    millis=st.lists(st.integers(5, 200), min_size=1, max_size=4),
)
def test_any_rate_channels_and_chunking_give_the_same_sine(rate, channels, millis):
    samples = tone(rate, 1.6, channels)
    window = SlidingWindow(1.0)
    chunks, at = [], 0
    while at < len(samples):
        size = channels * (millis[len(chunks) % len(millis)] * rate // 1000)
        sound = decode_audio(message(samples[at : at + size], rate, channels))
        chunks.append(Chunk(sound, START_NS + at // channels * 10**9 // rate))
        at += size
    sample = hear(window, chunks)
    assert sample.dtype == np.float32
    assert sample.shape == (SAMPLE_RATE,)
    assert misfit(sample) < 1e-3


def test_chunking_changes_nothing():
    samples = tone(48000, 1.5)
    whole = hear(SlidingWindow(1.0), chunks_of(samples, 48000, [4800]))
    uneven = hear(SlidingWindow(1.0), chunks_of(samples, 48000, [960, 7, 480, 4000]))
    # The resampler holds back whole blocks, so that the ends may differ by some.
    shared = whole[-12000:-3000]
    start = int(np.argmin([np.abs(uneven[i : i + 9000] - shared).max() for i in range(7000)]))
    np.testing.assert_allclose(uneven[start : start + 9000], shared, atol=1e-5)


def test_16_khz_passes_unchanged():
    samples = tone(16000, 0.5)
    sample = hear(SlidingWindow(1.0), chunks_of(samples, 16000, [320]))
    np.testing.assert_array_equal(sample, samples / np.float32(32768))


def test_several_chunks_at_once_are_as_good_as_one_by_one():
    chunks = chunks_of(tone(44100, 1.0), 44100, [882])
    one_by_one = hear(SlidingWindow(1.0), chunks)
    window = SlidingWindow(1.0)
    for i in range(7, len(chunks) + 1, 7):
        window(chunks[:i])
    np.testing.assert_array_equal(window(chunks), one_by_one)


def test_stamps_that_jitter_past_each_other_do_not_swap_chunks():
    chunks = chunks_of(tone(16000, 0.4), 16000, [320])
    late = [
        chunk._replace(stamp_ns=chunk.stamp_ns - 25_000_000 * (i % 2))
        for i, chunk in enumerate(chunks)
    ]
    np.testing.assert_array_equal(SlidingWindow(1.0)(late), SlidingWindow(1.0)(chunks))


def test_the_same_chunks_give_the_same_sound_again():
    chunks = chunks_of(tone(48000, 1.0), 48000, [960])
    window = SlidingWindow(1.0)
    first = window(chunks)
    np.testing.assert_array_equal(window(chunks), first)
    np.testing.assert_array_equal(SlidingWindow(1.0)(chunks), first)


def test_a_sample_cannot_be_written_to():
    sample = SlidingWindow(1.0)(chunks_of(tone(16000, 0.1), 16000, [320]))
    with pytest.raises(ValueError, match="read-only"):
        sample[0] = 1.0


def test_the_window_keeps_the_newest_sound():
    samples = tone(16000, 1.0)
    sample = hear(SlidingWindow(0.25), chunks_of(samples, 16000, [320]), kept=0.25)
    np.testing.assert_array_equal(sample, samples[-4000:] / np.float32(32768))


@pytest.mark.parametrize("rate", [16000, 48000])
def test_sound_that_the_buffer_has_forgotten_is_heard_no_more(rate):
    before = chunks_of(tone(rate, 1.0), rate, [rate // 50])
    silence = np.zeros(rate // 5, np.int16)
    after = chunks_of(silence, rate, [rate // 50], START_NS + 10**9)
    window = SlidingWindow(2.0)
    window(before)
    sample = window([before[-1], *after[:1]])  # the scene changed while it was heard
    assert sample.size == 0.04 * SAMPLE_RATE
    sample = window(after)
    assert sample.size == 0.2 * SAMPLE_RATE
    delay = 0 if rate == SAMPLE_RATE else round(0.03 * SAMPLE_RATE)  # of the resampler
    assert np.abs(sample[delay:]).max() < 1e-3


def test_a_long_chunk_of_long_ago_changes_nothing_of_that():
    long = chunks_of(tone(16000, 2.0), 16000, [32000])
    short = chunks_of(tone(16000, 3.0), 16000, [320], START_NS + 2 * 10**9)
    window = SlidingWindow(2.0)
    for end in range(1, len(short) + 1):
        window([*(long if end < 100 else ()), *short[max(end - 100, 0) : end]])
    after = chunks_of(np.zeros(3200, np.int16), 16000, [320], START_NS + 5 * 10**9)
    sample = window(after)
    assert sample.size == 3200
    assert not sample.any()


@pytest.mark.parametrize("jump", [JOIN_TOLERANCE + 0.05, 30.0, -JOIN_TOLERANCE - 0.3, -3600.0])
def test_after_a_gap_or_a_jump_back_the_sound_begins_anew(jump):
    before = chunks_of(tone(16000, 0.5), 16000, [320])
    start_ns = START_NS + int((0.5 + jump) * 1e9)
    after = chunks_of(tone(16000, 0.2), 16000, [320], start_ns)
    window = SlidingWindow(1.0)
    window(before)
    np.testing.assert_array_equal(window([*before, after[0]]), after[0].data.samples)
    assert window(after).size == 0.2 * SAMPLE_RATE


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.04, 0.04), min_size=60, max_size=60))
def test_stamps_may_jitter(jitter):
    chunks = [
        chunk._replace(stamp_ns=chunk.stamp_ns + int(late * 1e9))
        for chunk, late in zip(chunks_of(tone(16000, 1.2), 16000, [320]), jitter, strict=True)
    ]
    window = SlidingWindow(1.0)
    for i in range(1, len(chunks) + 1):
        sample = window(chunks[max(i - 50, 0) : i])
    assert sample.size == SAMPLE_RATE
    assert misfit(sample) < 1e-3


@pytest.mark.parametrize("error", [-0.005, 0.005])
def test_a_microphone_with_a_bad_clock_is_not_cut(error):
    chunks = chunks_of(tone(16000, 60.0), 16000, [1600])
    window = SlidingWindow(1.0)
    for i, chunk in enumerate(chunks):
        stamp_ns = START_NS + int((chunk.stamp_ns - START_NS) * (1.0 + error))
        chunks[i] = chunk._replace(stamp_ns=stamp_ns)
        sample = window(chunks[max(i - 9, 0) : i + 1])
        assert sample.size == min(SAMPLE_RATE, 1600 * (i + 1))


def test_a_lost_chunk_does_not_cut_the_sound():
    chunks = chunks_of(tone(16000, 0.5), 16000, [320])
    del chunks[10]
    assert hear(SlidingWindow(1.0), chunks).size == 24 * 320


def test_two_publishers_on_one_topic_are_cut_apart():
    here = chunks_of(tone(16000, 1.0), 16000, [320])
    there = chunks_of(tone(16000, 1.0), 16000, [320], START_NS + 5_000_000)
    mixed = sorted([*here, *there], key=lambda chunk: chunk.stamp_ns)
    assert hear(SlidingWindow(1.0), mixed).size < SAMPLE_RATE / 2


@pytest.mark.parametrize(("before", "after"), [(48000, 16000), (16000, 44100), (8000, 48000)])
def test_a_change_of_rate_in_mid_stream_keeps_the_sound(before, after):
    first = chunks_of(tone(before, 0.5), before, [before // 50])
    second = chunks_of(tone(after, 0.5), after, [after // 50], START_NS + 500_000_000)
    sample = hear(SlidingWindow(1.0), [*first, *second])
    assert sample.size > 0.9 * SAMPLE_RATE
    assert misfit(sample[800:7200]) < 1e-3  # but for where the sound starts and changes
    assert misfit(sample[-6000:]) < 1e-3


def test_a_change_of_channels_in_mid_stream_keeps_the_sound():
    samples = tone(16000, 0.2)
    mono = Chunk(decode_audio(message(samples)), START_NS)
    stereo = decode_audio(message(np.repeat(samples, 2), channels=2))
    sample = SlidingWindow(1.0)([mono, Chunk(stereo, START_NS + 200_000_000)])
    np.testing.assert_array_equal(sample, np.tile(samples, 2) / np.float32(32768))


def test_channels_are_mixed_with_equal_weights():
    sound = decode_audio(message(np.array([100, 300, -200, 0], np.int16), channels=2))
    np.testing.assert_allclose(sound.samples, np.array([200, -100]) / 32768)


def test_the_first_chunk_may_not_be_heard_yet():
    with pytest.raises(NotReadyError, match="resampler"):
        SlidingWindow(1.0)(chunks_of(tone(48000, 0.001), 48000, [48]))


def test_resampled_sound_stays_within_full_scale():
    square = np.where(tone(44100, 0.5) > 0, 32767, -32768).astype(np.int16)
    sample = SlidingWindow(1.0)(chunks_of(square, 44100, [882]))
    assert np.abs(sample).max() == 1.0


BAD = {
    "no rate": (message(tone(16000, 0.02), rate=0), "sample rate is 0 Hz"),
    "a rate too high": (message(tone(16000, 0.02), rate=2**32 - 1), "sample rate"),
    "no channels": (message(tone(16000, 0.02), channels=0), "0 channels"),
    "absurd channels": (message(tone(16000, 0.02), channels=65535), "65535 channels"),
    "no samples": (message(np.empty(0, np.int16)), "no samples"),
    "a broken frame": (message(tone(16000, 0.02)[:319], channels=2), "do not divide"),
    "an hour at once": (message(np.zeros(61 * 16000, np.int16)), "61 s of sound"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_messages_are_one_sentence(name):
    msg, words = BAD[name]
    with pytest.raises(RejectedSampleError, match=words) as error:
        decode_audio(msg)
    assert "\n" not in str(error.value)


@settings(max_examples=200, deadline=None)
@given(
    rate=st.integers(0, 2**32 - 1) | st.integers(3990, 4010) | st.just(16000),
    channels=st.integers(0, 2**16 - 1) | st.integers(0, 4),
    data=st.binary(max_size=400),
)
def test_garbage_is_rejected_or_becomes_sound_and_is_not_written_to(rate, channels, data):
    samples = array.array("h", data[: len(data) // 2 * 2])
    msg = SimpleNamespace(sample_rate=rate, channels=channels, samples=array.array("h", samples))
    try:
        sound = decode_audio(msg)
    except RejectedSampleError:
        return
    finally:
        assert msg.samples == samples
    assert sound.samples.dtype == np.float32
    assert sound.samples.shape == (len(samples) // channels,)
    assert np.abs(sound.samples).max() <= 1.0
    np.testing.assert_array_equal(decode_audio(msg).samples, sound.samples)
