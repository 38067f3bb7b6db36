"""Samples read in a wrong format are refused; sounds that are read rightly never are."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from paths import recordings

from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.audio import RawAudioOptions, decode_audio, decode_audio_data

WRITE = {
    "S16LE": lambda x: np.rint(x * 32767).astype("<i2").tobytes(),
    "S16BE": lambda x: np.rint(x * 32767).astype(">i2").tobytes(),
    "S32LE": lambda x: (np.float64(x) * (2**31 - 1)).astype("<i4").tobytes(),
    "24 bits in 32": lambda x: ((np.float64(x) * (2**23 - 1)).astype("<i4") << 8).tobytes(),
    "16 bits in 32": lambda x: (np.rint(x * 32767).astype("<i4") << 16).tobytes(),
    "F32LE": lambda x: x.astype("<f4").tobytes(),
    "U8": lambda x: (np.rint(x * 127) + 128).astype("u1").tobytes(),
    "8 bits in 16": lambda x: (np.rint(x * 127).astype("<i2") << 8).tobytes(),
    "a byte late": lambda x: WRITE["S16LE"](x)[1:] + b"\0",
    "a byte early": lambda x: b"\0" + WRITE["S16LE"](x)[:-1],
}
RIGHT = [("S16LE",) * 2, ("S16BE",) * 2, ("S32LE",) * 2, ("F32LE",) * 2, ("U8",) * 2]
RIGHT += [("24 bits in 32", "S32LE"), ("16 bits in 32", "S32LE"), ("8 bits in 16", "S16LE")]
WRONG = [
    ("a byte late", "S16LE"),
    ("a byte early", "S16LE"),
    ("S16BE", "S16LE"),
    ("S16LE", "S16BE"),
    ("F32LE", "S16LE"),
    ("S32LE", "S16LE"),
    ("24 bits in 32", "S16LE"),
    ("16 bits in 32", "S16LE"),
    ("U8", "S16LE"),
    ("S16LE", "U8"),
    ("S16LE", "F32LE"),
    ("F32LE", "S32LE"),
    ("S16LE", "S32LE"),
]


def sounds(rate=16000, seconds=0.4):
    """Sounds by name, float32 [n], at most 1."""
    rng = np.random.default_rng(0)
    t = np.arange(int(rate * seconds)) / rate
    voice = sum(np.sin(2 * np.pi * 130 * k * t + k) / k for k in range(1, 20))
    voice = voice * (1.2 + np.sin(2 * np.pi * 4 * t)) + 0.02 * rng.standard_normal(t.size)
    brown = np.cumsum(rng.standard_normal(t.size))
    made = {
        "a tone": np.sin(2 * np.pi * 440 * t),
        "a voice": voice,
        "rain": rng.laplace(size=t.size),
        "rumble": brown - brown.mean(),
        "hiss and hum": np.sin(2 * np.pi * 50 * t) + 0.1 * rng.standard_normal(t.size),
    }
    return {name: (wave / np.abs(wave).max()).astype(np.float32) for name, wave in made.items()}


SOUNDS = sounds()


def refused(data, kind, channels=1):
    """Return the share of chunks of 20 ms that are refused."""
    size = 640 * channels * {"U8": 1, "F32LE": 4, "S32LE": 4}.get(kind, 2) // 2
    count = no = 0
    for i in range(0, len(data) - size, size):
        if not np.frombuffer(data[i : i + size], np.uint8).any():
            continue
        count += 1
        try:
            decode_audio_data(
                SimpleNamespace(data=data[i : i + size]),
                RawAudioOptions(format=kind, channels=channels),
            )
        except RejectedSampleError as error:
            no += "\n" not in str(error)
    return no / max(count, 1)


@pytest.mark.parametrize(("written", "read"), RIGHT)
@pytest.mark.parametrize("amplitude", [0.0005, 0.004, 0.05, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("name", SOUNDS)
def test_what_is_read_rightly_is_never_refused(written, read, amplitude, name):
    sound = np.clip(amplitude * SOUNDS[name], -1, 1)
    assert refused(WRITE[written](sound), read) == 0
    stereo = np.stack([sound, 0.5 * np.roll(sound, 7)], 1).reshape(-1)
    assert refused(WRITE[written](stereo), read, 2) == 0


@pytest.mark.parametrize(("written", "read"), WRONG)
@pytest.mark.parametrize("amplitude", [0.004, 0.05, 0.4])
@pytest.mark.parametrize("name", ["a voice", "rain", "hiss and hum"])
def test_what_is_read_wrongly_is_refused(written, read, amplitude, name):
    share = refused(WRITE[written](amplitude * SOUNDS[name]), read)
    noise = (name, written, read) == ("rain", "S16LE", "S32LE")  # each second sample is noise too
    silent = written == "U8" and amplitude < 1 / 127
    assert share > 0.25 or noise or silent


def test_the_sentence_names_what_to_do():
    data = WRITE["a byte late"](0.3 * SOUNDS["a voice"])[:1280]
    with pytest.raises(RejectedSampleError, match=r"shifted by a byte.*set the sensor's format"):
        decode_audio_data(SimpleNamespace(data=data), RawAudioOptions())


def test_typed_samples_are_checked_too():
    swapped = np.frombuffer(WRITE["S16BE"](0.3 * SOUNDS["a voice"])[:1280], "<i2")
    msg = SimpleNamespace(sample_rate=16000, channels=1, samples=swapped)
    with pytest.raises(RejectedSampleError, match="of the other byte order"):
        decode_audio(msg)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(640),
        np.tile([0, -1], 320),
        np.tile([0, 255, -256, -1], 160),
        np.tile([32767] * 9 + [-32768] * 11, 32),
        np.tile([32767, -32768], 320),
        np.full(640, -32768),
        np.tile([12000, 0, -12000, 0], 160),
        np.r_[np.zeros(639), 32767],
        np.arange(640) * 100 - 32000,
    ],
)
def test_odd_but_right_samples_are_not_refused(values):
    samples = values.astype(np.int16)
    for channels in (1, 2):
        sound = decode_audio(
            SimpleNamespace(sample_rate=16000, channels=channels, samples=samples)
        ).samples
        expected = samples.reshape(-1, channels).mean(axis=1) / 32768
        if np.var(expected):
            np.testing.assert_allclose(sound, expected, atol=1e-6)


@pytest.mark.parametrize("folder", ["esc10", "fsdd"])
def test_recordings_are_never_refused(folder):
    files = sorted(
        path for path in recordings(folder).rglob("*") if path.suffix in (".ogg", ".wav")
    )[::15]
    assert len(files) > 10
    for path in files:
        sound, rate = soundfile.read(path, dtype="float32")
        sound = sound[: 2 * rate] / max(np.abs(sound).max(), 1e-3)
        for peak in (0.005, 0.1, 1.0):
            data = WRITE["S16LE"](peak * sound)
            size = rate // 50 * 2
            for i in range(0, len(data) - size, size):
                msg = SimpleNamespace(data=data[i : i + size])
                decode_audio_data(msg, RawAudioOptions(sample_rate=rate))
