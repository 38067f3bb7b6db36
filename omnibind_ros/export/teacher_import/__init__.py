"""Import of teachers: a CLIP-like model of another library becomes a bundle."""
