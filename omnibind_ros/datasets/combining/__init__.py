"""Combining sets into one by what their labels mean."""
