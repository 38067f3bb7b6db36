"""Names of the bundles that are installed with the package; imports nothing."""

from __future__ import annotations

DEFAULT_BUNDLE = "household"
"""All seven encoders and the fusion, for a robot."""

TEACHER_BUNDLE = "teacher"
"""The image and text encoders that training starts from."""
