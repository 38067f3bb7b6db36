"""Thermal cameras: where they stand, what is behind the object, and what they make of radiation."""
