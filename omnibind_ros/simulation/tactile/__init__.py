"""Touch: where an object is touched, its micro-relief, and the gel that is pressed on it."""
