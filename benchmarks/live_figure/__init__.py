"""The parts of benchmarks/seven_senses.py: what a robot's perception says, second by second."""
