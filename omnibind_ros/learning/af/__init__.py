"""Adaptive Fusion (AF): one embedding out of any number of them.

`commands.py` declares `omnibind train fusion`, `training.py` runs it: sets of
members are drawn from embeddings (`embeddings.py`) and corrupted (`corruptions.py`), and the
network (`network.py`, which begins with `initial_values.py`) learns to fuse them. `calibration.py`
fits temperatures and thresholds, across folds of the objects (`cross_fitting.py`) where no others
are held back; `files.py` holds what has been trained. `encoding.py` embeds a dataset with a bundle.
"""
