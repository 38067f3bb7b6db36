"""Training and building of models; the only room, beside export, that may import torch."""
