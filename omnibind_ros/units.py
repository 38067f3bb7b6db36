"""Constants of the samples' units that several rooms need."""

from __future__ import annotations

SAMPLE_RATE = 16_000
"""Samples per second of every sound: as sensors give it, datasets store it, encoders take it."""

ABSOLUTE_ZERO = -273.15
"""0 K in degrees Celsius."""
