"""The household set: object models seen by simulated sensors, and recordings beside them."""
