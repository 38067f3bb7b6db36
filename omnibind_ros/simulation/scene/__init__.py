"""The scene: an object that rays are cast at, its surroundings, and cameras."""
