"""Training of models. Only this room, `evaluation` and `export` may import torch."""
