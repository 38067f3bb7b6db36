"""Sound files, written by soundfile, against the samples that were written."""

import numpy as np
import pytest
import soundfile

from omnibind_ros.files.errors import FileError
from omnibind_ros.files.opening import find_source, open_source
from omnibind_ros.files.samples import read_sample
from omnibind_ros.files.sensors import look_times


def tone(seconds, rate, hertz=440.0, level=0.5):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize(
    ("suffix", "subtype", "error"),
    [
        (".wav", "PCM_16", 1e-4),
        (".wav", "PCM_24", 1e-6),
        (".wav", "PCM_U8", 1e-2),
        (".wav", "FLOAT", 1e-6),
        (".flac", "PCM_16", 1e-4),
        (".aiff", "PCM_16", 1e-4),
        (".ogg", "VORBIS", 5e-2),
    ],
)
def test_sounds_of_16_khz_are_kept(tmp_path, suffix, subtype, error):
    for seconds in (0.3, 1.0):
        wave = tone(seconds, 16_000)
        path = tmp_path / f"a{suffix}"
        soundfile.write(path, wave, 16_000, subtype=subtype)
        found = read_sample(find_source(path)).sample
        assert len(found) == len(wave)
        assert np.abs(found - wave).max() < error


def test_another_rate_and_two_channels(tmp_path):
    wave = tone(1.0, 48_000)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, wave * 0.5], 1), 48_000)
    found = read_sample(find_source(tmp_path / "a.wav")).sample
    # The mean of the channels, 25 ms late, as of a node's resampler.
    peak = np.abs(np.fft.rfft(found[2000:14_000])).argmax() * 16_000 / 12_000
    assert peak == pytest.approx(440, abs=2)
    assert np.abs(found[4000:12_000]).max() == pytest.approx(0.375, abs=0.01)


def test_a_long_sound_has_samples_each_half_window(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(5.0, 16_000), 16_000)
    recording = open_source(find_source(tmp_path / "a.wav"))
    assert recording.duration_ns == 5_000_000_000
    assert look_times(2_000_000_000, recording.duration_ns) == [
        2_000_000_000,
        3_000_000_000,
        4_000_000_000,
        5_000_000_000,
    ]
    assert len(look_times(1_000_000_000, 3_600_000_000_000)) == 32
    assert look_times(1_000_000_000, 400_000_000) == [400_000_000]
    assert look_times(0, 0) == [0]


def test_sounds_that_cannot_be_used(tmp_path):
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, tone(1.0, 16_000), 16_000)
    data = whole.read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[: len(data) // 2])
    (tmp_path / "head.wav").write_bytes(data[:20])
    (tmp_path / "none.wav").write_bytes(b"RIFF\x24\0\0\0WAVE" + b"junk" * 8)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    soundfile.write(tmp_path / "nan.wav", np.full(4000, np.nan), 16_000, subtype="FLOAT")
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000)
    soundfile.write(tmp_path / "whole.flac", noise, 16_000)
    flac = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(flac[: len(flac) // 2])
    soundfile.write(tmp_path / "short.wav", tone(0.1, 8_000), 8_000)
    for name, says in (
        ("short.wav", r"has 0.100 s, too little to tell anything; use at least 0.15 s"),
        ("cut.wav", "cut off: the file has 16022 bytes of 32044"),
        ("head.wav", "does not decode"),
        ("none.wav", "does not decode"),
        ("empty.wav", "has no samples"),
        ("nan.wav", "not finite"),
        ("cut.flac", r"cut off|does not decode"),
    ):
        with pytest.raises(FileError, match=says):
            read_sample(find_source(tmp_path / name))


def test_a_streamed_wav_of_unknown_length_is_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(0.5, 16_000), 16_000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(data)
    assert len(read_sample(find_source(tmp_path / "a.wav")).sample) == 8000
