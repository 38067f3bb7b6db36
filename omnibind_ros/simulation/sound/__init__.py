"""Sounds: impacts, operating objects, and the room in which they are recorded."""
