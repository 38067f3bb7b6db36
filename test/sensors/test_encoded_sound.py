"""Compressed sound and sound files are refused by name, and never taken for samples."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.audio import FORMATS, RawAudioOptions, decode_audio_data
from omnibind_ros.sensors.encoded_sound import encoding_at_start, encoding_inside


def speech_like(rate, seconds=2.0, seed=0):
    """Noise and tones that come and go, float32 [n]."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds)) / rate
    tones = sum(np.sin(2 * np.pi * f * t + f) / f for f in (150, 300, 460, 900, 1800))
    wave = tones * 60 + 0.2 * rng.standard_normal(t.size)
    return (0.3 * wave * (1 + np.sin(2 * np.pi * 3 * t)) / 2).clip(-1, 1).astype(np.float32)


def encoded(form, subtype, rate=44100, channels=1, mode=None):
    sound = speech_like(rate)
    buffer = io.BytesIO()
    more = {"bitrate_mode": mode, "compression_level": 0.5} if mode else {}
    with soundfile.SoundFile(
        buffer, "w", rate, channels, format=form, subtype=subtype, **more
    ) as file:
        file.write(np.repeat(sound[:, None], channels, 1))
    return buffer.getvalue()


def mp3_frames(data):
    """Cut MPEG 1, 2 and 2.5 layer III into frames by the tables of the standard."""
    rates = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
    first = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    second = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    frames, at = [], data.index(b"\xff")
    while at + 4 <= len(data):
        header = int.from_bytes(data[at : at + 4], "big")
        version, bits, rate, padding = (
            header >> 19 & 3,
            header >> 12 & 15,
            header >> 10 & 3,
            header >> 9 & 1,
        )
        assert header >> 21 == 0x7FF
        kbit = (first if version == 3 else second)[bits]
        samples = 1152 if version == 3 else 576
        size = samples // 8 * kbit * 1000 // rates[version][rate] + padding
        frames.append(data[at : at + size])
        at += size
    return frames[:-1]


MP3 = [
    (rate, channels, mode)
    for rate in (8000, 16000, 22050, 44100, 48000)
    for channels in (1, 2)
    for mode in ("CONSTANT", "VARIABLE")
]


@pytest.mark.parametrize(("rate", "channels", "mode"), MP3)
def test_chunks_of_mp3_frames_are_refused_as_samples_of_any_format(rate, channels, mode):
    frames = mp3_frames(encoded("MP3", "MPEG_LAYER_III", rate, channels, mode))
    assert len(frames) > 20
    for size in (1, 2, 3, 7):
        for i in range(0, len(frames) - size, size):
            msg = SimpleNamespace(data=b"".join(frames[i : i + size]))
            for kind in FORMATS:
                with pytest.raises(RejectedSampleError, match=r"MP3.*audio_capture: format wave"):
                    decode_audio_data(msg, RawAudioOptions(format=kind))


@pytest.mark.parametrize(("rate", "channels", "mode"), MP3)
def test_chunks_that_cut_frames_are_refused_too(rate, channels, mode):
    data = encoded("MP3", "MPEG_LAYER_III", rate, channels, mode)
    for i in range(501, len(data) - 4096, 4096):
        with pytest.raises(RejectedSampleError, match="MP3"):
            decode_audio_data(SimpleNamespace(data=data[i : i + 4096]), RawAudioOptions())


@pytest.mark.parametrize(
    ("form", "subtype", "name"),
    [
        ("WAV", "PCM_16", "a WAV file"),
        ("WAV", "FLOAT", "a WAV file"),
        ("RF64", "PCM_24", "a WAV file"),
        ("FLAC", "PCM_16", "FLAC"),
        ("OGG", "VORBIS", "Ogg"),
        ("OGG", "OPUS", "Ogg"),
        ("AIFF", "PCM_16", "an AIFF file"),
        ("AU", "PCM_16", "AU"),
        ("CAF", "PCM_16", "CAF"),
    ],
)
def test_the_head_of_a_file_is_refused_by_name(form, subtype, name):
    data = encoded(form, subtype, 48000)
    for size in (len(data), 4096, 640):
        with pytest.raises(RejectedSampleError, match=f"holds {name}, not samples") as error:
            decode_audio_data(SimpleNamespace(data=data[:size]), RawAudioOptions())
        assert "\n" not in str(error.value)


def test_id3_and_mp4_are_known_by_their_heads():
    assert encoding_at_start(b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(100)) == "MP3"
    assert encoding_at_start(b"\x00\x00\x00\x18ftypM4A " + bytes(100)) == "MP4"
    assert encoding_at_start(b"\x1aE\xdf\xa3" + bytes(100)) == "WebM or Matroska"


def adts(rng, size):
    """Return a frame of AAC LC, 44.1 kHz, two channels: header of 7 bytes, then random bytes."""
    header = 0xFFF << 44 | 1 << 40 | 1 << 38 | 4 << 34 | 2 << 30 | size << 13 | 0x7FF << 2
    return header.to_bytes(7, "big") + rng.bytes(size - 7)


def test_frames_of_aac_are_recognised():
    rng = np.random.default_rng(0)
    frames = [adts(rng, int(rng.integers(200, 500))) for _ in range(20)]
    for i in range(18):
        assert encoding_at_start(frames[i]) == "AAC"
        assert encoding_inside(b"".join(frames[i : i + 3])[50:]) == "AAC"


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("amplitude", [1e-4, 1e-3, 0.01, 0.3, 3.0])
def test_samples_are_not_taken_for_frames(rate, amplitude):
    sound = np.clip(amplitude * speech_like(rate), -1, 1)
    for kind, scale in (("<i2", 2**15 - 1), (">i2", 2**15 - 1), ("<i4", 2**31 - 128), ("<f4", 1)):
        data = (sound * scale).astype(kind).tobytes()
        for size in (640, 1024, 3840):
            for i in range(0, len(data) - size, size):
                chunk = data[i : i + size]
                assert encoding_at_start(chunk) == ""
                assert encoding_inside(chunk) == ""


def test_random_bytes_are_hardly_ever_frames():
    rng = np.random.default_rng(0)
    assert not any(encoding_inside(rng.bytes(2000)) for _ in range(2000))
