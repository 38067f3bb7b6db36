"""A dataset as tensors, prepared once and memory-mapped: what every training reads.

- `cache`: `TensorCache`, and `build_cache`, which prepares it in parallel and can be interrupted
- `index`: which samples there are, their classes, objects and splits
- `inputs`: the prepared inputs of the students
- `targets`: what the teachers give for images and sentences
- `vocabulary`: the names of the classes, embedded
- `task`: one piece of the preparation; `windows`: windows of long sounds; `storage`: files
"""
