"""The ROS nodes: they translate between ROS and the engine and hold no logic."""

import os

# Before NumPy is imported: comparing an embedding with 10 000 labels takes 0.7 ms with one thread
# of OpenBLAS, and 16 ms with two on two cores that are busy otherwise.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
