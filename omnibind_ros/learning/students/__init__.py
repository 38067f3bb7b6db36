"""Students: one small network a modality, from its prepared input to a unit embedding.

The module of a student modality, `students/MODALITY.py`, has

- `build(spec, size, dropout, pretrained)`: returns the modality's own network, untrained: float
  [B, ...] as `spec` (a `TensorSpec`) describes it -> unit embeddings float [B, size]. `dropout` is
  the share of features that training drops; `pretrained` tells whether the network begins with the
  weights of the image teacher. It raises `TrainingError` where these are not installed.
- `augment(x, generator, mirror)`: returns a batch [B, ...] of prepared inputs, each varied as the
  sensor and the scene vary. All random numbers come from the `torch.Generator`; `mirror` is the
  probability that a sample is mirrored, which must not happen to what is written.
- `IMAGE_INITIALISATION`: whether the network has the parts of the image student
  (cad/image_student.py) and may begin with its weights.

A configuration may replace the modality's own network by one of `registry.ARCHITECTURES`.

Only operators that TensorRT's ONNX parser supports; every shape is static but the batch.
"""
