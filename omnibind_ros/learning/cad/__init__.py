"""Cross-modal Alignment Distillation (CAD): the losses, the image student and the training."""
