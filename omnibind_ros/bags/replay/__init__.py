"""The engine of the perception node on a recording, in virtual time (`runtime.virtual_time`)."""
