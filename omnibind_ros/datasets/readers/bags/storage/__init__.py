"""The files of a bag, MCAP or SQLite: read whole, or what is whole in them."""
