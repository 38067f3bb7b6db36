"""The parts of benchmarks/runtime.py: the load, the designs that are compared, and the figures."""

import omnibind_ros.nodes  # noqa: F401 - first, as it sets the threads of NumPy
