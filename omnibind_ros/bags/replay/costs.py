"""How long the encodes of a replay take, whatever machine it runs on.

A bundle's manifest states no times, so this table does. Its values are those of the shipped bundle
household on one core of an AMD EPYC with AVX2: `python3 benchmarks/encoders.py` gave 14.2 ms for
the image encoder, 11.9 for text and 1.6 to 1.9 for the others; the rest is decoding. They are
fixed, so that replays on all computers agree. `python3 benchmarks/bag_report.py --costs` measures
another one.
"""

from __future__ import annotations

from omnibind_ros.runtime.job import Job

COSTS = {
    "image": 0.016,
    "text": 0.012,
    "touch": 0.004,
    "thermal": 0.003,
    "event": 0.004,
    "points": 0.006,
    "audio": 0.004,
}
"""Processor seconds of decoding and encoding one sample, by modality."""

OTHER = 0.005
"""The same for modalities of other packages."""

RESULT = 0.003
"""Processor seconds of one result: fusing, recognising and publishing."""

PROCESSORS = 2
"""Processors of the computer that a replay stands for."""


def encode_cost(job: Job) -> float:
    """Return the processor seconds of a job."""
    return COSTS.get(job.channel.config.modality, OTHER)
