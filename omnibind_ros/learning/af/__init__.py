"""Adaptive Fusion (AF): the network, its initialisation, the corruptions and the training."""
