"""What a dataset holds: counts, data card, contact sheet and probe."""
