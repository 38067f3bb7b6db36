"""Building a dataset from a plan, in parallel and resumable."""
