"""Sensors that need no hardware."""
