"""The digits set: recorded pictures, events and speech of ten digits, joined by class."""
