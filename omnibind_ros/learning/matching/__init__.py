"""Statistics that tell views of one thing from those of another; see recognition/match_table.py."""
