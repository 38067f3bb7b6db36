"""A bag is read as a node sees it: equal samples at the same times, from all seven modalities."""

import itertools

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from sensor_messages import GOOD, TYPES, bytes_of
from sensor_msgs.msg import CompressedImage

from omnibind_msgs.msg import Audio
from omnibind_ros.datasets.readers.bags.files import messages, typestore
from omnibind_ros.datasets.readers.bags.observing import find_moments, load_observation
from omnibind_ros.datasets.readers.bags.sensors import BagSensor
from omnibind_ros.datasets.storage.skip_log import SkipLog
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.sensors import NotReadyError, SensorRegistry

START = 1_700_000_000_000_000_000
SECOND = 10**9
RATES = {
    "image": 9.0,
    "text": 0.7,
    "touch": 14.0,
    "thermal": 8.0,
    "event": 90.0,
    "points": 5.0,
    "audio": 50.0,
}
DELAY = 0.013
LENGTH = 7.0


def stamp_of(time):
    return Time(sec=time // SECOND, nanosec=time % SECOND)


def sound(stamp, count):
    """Stereo at 44.1 kHz, so that the state of the resampler counts."""
    time = (count * 882 + np.arange(882)) / 44_100
    left = 8000 * np.sin(2 * np.pi * 440 * time)
    both = np.stack([left, 3000 * np.sin(2 * np.pi * 97 * time)], 1).astype(np.int16)
    msg = Audio(sample_rate=44_100, channels=2)
    msg.samples.frombytes(both.tobytes())
    msg.header.stamp = stamp
    return msg


def photograph(stamp, count):
    pixels = np.random.default_rng(count).integers(0, 255, (48, 64, 3), np.uint8)
    data = cv2.imencode(".jpg", pixels)[1]
    msg = CompressedImage(format="jpeg", data=bytes_of(data))
    msg.header.stamp = stamp
    return msg


MAKE = {**GOOD, "audio": sound, "image": photograph}
KIND = {**TYPES, "image": CompressedImage}


def type_name(modality):
    module = KIND[modality].__module__.split(".")[0]
    return f"{module}/msg/{KIND[modality].__name__}"


@pytest.fixture(scope="module")
def recorded():
    """Return (time, modality, serialised message) in the order of recording."""
    found = []
    for modality, rate in RATES.items():
        for count in range(int(LENGTH * rate)):
            taken = START + round(count / rate * SECOND)
            message = MAKE[modality](stamp_of(taken), count)
            found.append((taken + round(DELAY * SECOND), modality, serialize_message(message)))
    return sorted(found, key=lambda entry: entry[:2])


@pytest.fixture(scope="module")
def bag(recorded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bags") / "robot"
    store = typestore()
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {
            modality: writer.add_connection(f"/{modality}", type_name(modality), typestore=store)
            for modality in RATES
        }
        for time, modality, data in recorded:
            writer.write(connections[modality], time, data)
    return folder


def node_channel(modality):
    """Return a channel as the node's factory makes it, but for the encoder."""
    registry = SensorRegistry.installed()
    config = SensorConfig(modality=modality, topic=f"/{modality}", type=type_name(modality))
    config.max_age = MODALITIES[modality].max_age
    kind = registry.find(modality, config.type)
    return Channel(modality, config, kind, None, options=kind.options())


def as_the_node_sees_it(recorded, modality):
    """Return the sample and the last decoded message by the time of each arrival that gives one."""
    channel, seen = node_channel(modality), {}
    for time, name, data in recorded:
        if name != modality:
            continue
        message = deserialize_message(data, KIND[modality])
        header = getattr(message, "header", None)
        stamp = header and header.stamp.sec * SECOND + header.stamp.nanosec
        channel.put(message, stamp, "", time, time * 1e-9)
        arrivals = channel.take(time * 1e-9)
        channel.busy = False
        decoded = channel.decoder.decode(arrivals)
        assert not decoded.bad
        try:
            sample, _ = channel.decoder.combine(decoded.chunks)
        except NotReadyError:  # no reference yet
            continue
        seen[time] = (sample, decoded.chunks[-1].data)
    return seen


def equal(one, other):
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return np.array_equal(one, other)


@pytest.mark.parametrize("modality", list(RATES))
def test_samples_and_readings_are_equal_at_the_same_times(recorded, bag, modality):
    sensor = BagSensor(bag, modality, f"/{modality}", type_name(modality))
    edges = START + np.round(np.arange(0.7, LENGTH, 2.0) * SECOND).astype(np.int64)
    samples = [(int(a), int(b)) for a, b in itertools.pairwise(edges)]
    log = SkipLog()
    moments = find_moments(sensor, messages(bag, {sensor.topic}), samples, log)
    assert len(log) == 0
    seen = as_the_node_sees_it(recorded, modality)
    compared = 0
    for moment in moments:
        if moment is None:
            assert modality == "text"  # it is rarer than the samples
            continue
        observation = load_observation(sensor, moment)
        sample, reading = seen[moment.last]
        assert equal(observation.sample, sample)
        assert equal(observation.reading, reading)
        compared += 1
    assert compared >= 2
