"""Visible light: lamps and sun, what surfaces reflect, and frames of a moving camera."""
