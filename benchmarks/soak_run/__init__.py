"""The parts of soak.py: what is published, what is done to the node, and what is measured."""
