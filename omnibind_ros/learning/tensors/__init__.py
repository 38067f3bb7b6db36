"""A dataset as tensors: the students' inputs, what the teachers give, and the vocabulary."""
