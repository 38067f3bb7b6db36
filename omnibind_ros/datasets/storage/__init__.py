"""How datasets lie on the disk: items into shards and an index, and back."""
