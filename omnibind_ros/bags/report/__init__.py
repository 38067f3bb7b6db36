"""A page about a recording: what the perception node would have said, and what if."""
