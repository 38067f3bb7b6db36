"""The parts of benchmarks/runtime.py: the load, the designs that are compared, and the figures."""
