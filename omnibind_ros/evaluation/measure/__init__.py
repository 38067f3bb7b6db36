"""Measurements of a bundle or a fusion on held-out objects."""
