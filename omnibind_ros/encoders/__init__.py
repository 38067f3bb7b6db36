"""Encoders: bundles, inference backends, and one module a modality from sample to embedding."""
