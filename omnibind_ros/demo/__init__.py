"""The demonstration: its record, its table and its story."""
