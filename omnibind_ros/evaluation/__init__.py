"""Evaluation: how well encoders and fusion name things that they have not seen."""
