"""Studies: a plan of training runs, carried out one by one, and their results."""
