"""Datasets of samples that share a meaning: building, storing, reading and joining them."""
