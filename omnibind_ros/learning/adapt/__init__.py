"""Adapts the students of a bundle to one's own sensors, with labels or without.

sources.py makes a dataset of bags and folders, samples.py chooses the samples of a sensor,
clock_offset.py looks whether clocks differ, start.py builds the networks that training may begin
with, teaching.py is what they learn from, training.py trains them, and selection.py chooses what is
exported, by the measures of likelihood.py. out_of_fold.py gives embeddings of training samples to
calibrate by. export/adaptation.py makes the bundle.
"""
