"""A sensor type whose messages are commands: what its decoder does, in a node of the tests.

The parameter sensor_modules loads it. A message of std_msgs/String is a word and seconds, such as
"decode 5" for a decoder that takes 5 s; anything else is a picture.
"""

from __future__ import annotations

import itertools
import time

import numpy as np

from omnibind_ros.sensors import RejectedSampleError, SensorType

_numbers = itertools.count()


def _seconds(message, word):
    name, _, seconds = message.data.partition(" ")
    return float(seconds) if name == word else 0.0


def decode(message, _options):
    """Return noise, or do what the message says."""
    time.sleep(_seconds(message, "decode"))
    if message.data == "raise":
        raise RuntimeError("the decoder fails")
    if message.data == "memory":
        raise MemoryError
    if message.data == "reject":
        raise RejectedSampleError("this is no picture; send another")
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def payload(message):
    """Return what never repeats; called in the thread that receives."""
    time.sleep(_seconds(message, "receive"))
    return str(next(_numbers)).encode()


SENSOR_TYPES = (SensorType("image", "std_msgs/msg/String", decode, payload=payload),)
