"""A modality of another package, that of docs/how-to/adding_a_modality.md."""

import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from example_modality import EXAMPLE, install, run
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.sensors import Chunk, NotReadyError, RejectedSampleError

START_NS = 1_700_000_000_000_000_000


class Parts:
    """The modules of the example, imported when they are first used."""

    sensors, encoders, samples, simulation = (
        property(lambda _self, name=name: importlib.import_module(f"imu_vibration.{name}"))
        for name in ("sensors", "encoders", "samples", "simulation")
    )


@pytest.fixture(scope="module")
def vibration():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLE))
        yield Parts()
    for name in [name for name in sys.modules if name.partition(".")[0] == "imu_vibration"]:
        del sys.modules[name]


def imu(x=0.0, y=0.0, z=9.81, covariance=0.0):
    return SimpleNamespace(
        linear_acceleration=SimpleNamespace(x=x, y=y, z=z),
        linear_acceleration_covariance=[covariance] * 9,
    )


def chunks(rate, seconds, hertz=20.0, start_ns=START_NS):
    """A sine of 1 m/s2 along x."""
    times = np.arange(round(rate * seconds)) / rate
    return [
        Chunk(np.array([np.sin(2 * np.pi * hertz * t), 0.0, 9.81]), start_ns + round(t * 1e9))
        for t in times
    ]


def test_good_messages_are_decoded(vibration):
    decoded = vibration.sensors.decode_imu(imu(1.0, -2.0, 3.0), None)
    np.testing.assert_array_equal(decoded, [1, -2, 3])


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (imu(covariance=-1.0), "gives no accelerations"),
        (imu(x=float("nan")), "is not within 1000 m/s2"),
        (imu(z=9810.0), "check the driver's units"),
    ],
)
def test_bad_messages_are_explained(vibration, message, words):
    with pytest.raises(RejectedSampleError, match=words):
        vibration.sensors.decode_imu(message, None)


@pytest.mark.parametrize("rate", [100, 200, 237, 1000])
def test_an_imu_of_any_rate_gives_the_same_vibration(vibration, rate):
    sample = vibration.sensors.resample(chunks(rate, 3.0), 2.0)
    assert sample.dtype == np.float32
    assert sample.shape == (400, 3)
    assert sample[:, 0].std() == pytest.approx(np.sqrt(0.5), rel=0.2)
    spectrum = np.abs(np.fft.rfft(sample[:, 0]))
    assert np.argmax(spectrum) / 2.0 == pytest.approx(20.0, abs=0.5)
    np.testing.assert_allclose(sample[:, 2], 9.81, rtol=1e-4)


def test_a_gap_starts_the_vibration_again(vibration):
    late = chunks(200, 0.5, start_ns=START_NS + 2_000_000_000)
    assert len(vibration.sensors.resample([*chunks(200, 1.0), *late], 2.0)) == 99
    with pytest.raises(NotReadyError, match="one message"):
        vibration.sensors.resample([*chunks(200, 1.0), late[0]], 2.0)


@given(st.lists(st.tuples(st.floats(-1000, 1000), st.integers(0, 10**9)), min_size=1, max_size=40))
def test_whatever_the_stamps_are_it_is_a_vibration(vibration, messages):
    arrived = [Chunk(np.full(3, value), START_NS + stamp) for value, stamp in messages]
    try:
        sample = vibration.sensors.resample(arrived, 0.5)
    except NotReadyError:
        return
    assert 1 <= len(sample) <= 100
    assert np.isfinite(sample).all()
    assert np.abs(sample).max() <= 1000 * (1 + 1e-3)
    prepared = vibration.encoders.prepare(sample, vibration.encoders.INPUT)
    assert np.isfinite(prepared.values).all()
    assert 0 <= prepared.quality <= 1


def test_a_vibration_is_loudest_at_its_frequency(vibration):
    encoders = vibration.encoders
    sample = vibration.sensors.resample(chunks(200, 3.0, hertz=25.0), 2.0)
    values, quality = encoders.prepare(sample, encoders.INPUT)
    assert values.shape == encoders.INPUT.shape
    assert values.dtype == np.float32
    assert quality == 1.0
    assert (values[0, 0].argmax(axis=0) == 25.0 * encoders.WINDOW / 200 - 1).all()
    # A sine of 1 m/s2 has power 1 in its bin; the means over 5 ms take a little of it.
    assert values[0, 0].max() == pytest.approx(0.0, abs=0.2)
    assert values[0, 1:].max() < values[0, 0].max() - 10


def test_the_quality_of_rest_and_of_half_a_window(vibration):
    encoders = vibration.encoders
    rest = np.tile(np.float32([0, 0, 9.81]), (400, 1))
    assert encoders.prepare(rest, encoders.INPUT).quality == 0
    half = vibration.sensors.resample(chunks(200, 1.005), 2.0)
    assert encoders.prepare(half, encoders.INPUT).quality == pytest.approx(0.5, abs=0.01)
    assert encoders.prepare(rest[:0], encoders.INPUT).quality == 0


def test_a_vibration_is_stored_unchanged_and_drawn(vibration):
    samples = vibration.samples
    data = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    stored = samples.encode(data)
    np.testing.assert_array_equal(samples.decode(stored), data)
    with pytest.raises(samples.CodecError, match="vibration data is float64"):
        samples.encode(data.astype(np.float64))
    with pytest.raises(samples.CodecError, match="cannot be decoded"):
        samples.decode(stored[:200])
    assert samples.picture(data, 96).shape == (96, 96, 3)
    assert samples.picture(np.zeros((2, 3), np.float32), 96).std() > 0
    rng = np.random.default_rng(0)
    for observation in (samples.noise(data, rng), samples.dead(data, rng)):
        assert (observation.shape, observation.dtype) == (data.shape, data.dtype)


def test_soft_objects_ring_slower_and_light_ones_faster(vibration):
    resonance = vibration.simulation.resonance
    crate = (0.4, 0.6, 0.8)
    wood = resonance(1e10, 700, crate)
    assert 30 < wood < 40
    assert resonance(1e5, 700, crate) < wood / 4
    assert resonance(1e10, 700, (0.1, 0.1, 0.1)) > 1.5 * wood


def test_an_installed_package_adds_the_modality(tmp_path):
    pytest.importorskip("torch", reason="the room learning.students needs torch")
    out = run(
        install(tmp_path),
        "-c",
        "from modality_parts import missing_parts\n"
        "from omnibind_ros.modalities import MODALITIES, STUDENTS\n"
        "from omnibind_ros.sensors import SensorRegistry\n"
        "print(MODALITIES['vibration'].number, STUDENTS[-1], list(missing_parts('vibration')))\n"
        "print(SensorRegistry.installed().find('vibration', 'sensor_msgs/Imu').depth)\n",
    )
    assert out.splitlines() == ["64 vibration []", "200"]
