"""labels.yaml of an imported teacher: the given labels in CLIP's sentences."""

from __future__ import annotations

from pathlib import Path

import yaml

from omnibind_ros.recognition.labels import LabelFile, read_labels
from omnibind_ros.safe_yaml import load_yaml

TEMPLATES = (
    "itap of a {}.",
    "a bad photo of the {}.",
    "a origami {}.",
    "a photo of the large {}.",
    "a {} in a video game.",
    "art of the {}.",
    "a photo of the small {}.",
)
"""The seven of CLIP's templates that its authors recommend
(Prompt_Engineering_for_ImageNet.ipynb of github.com/openai/CLIP); SigLIP's are the same ones
(prompt_engineering.py of github.com/google-research/big_vision)."""

HEAD = (
    "# The label bank of this bundle: what recognition can name, until ~/set_labels replaces it.\n"
    "# templates: sentences around a label; an embedding is the unit mean over them.\n"
    "# After an edit the embeddings are computed at the next start, or by\n"
    "# `omnibind bundle embed-labels`.\n"
)


def write_labels(source: Path, target: Path) -> LabelFile:
    """Write a file of labels with CLIP's templates.

    Args:
        source: A file of labels; its own templates are used if it is not a bundle's.
        target: The file to write.

    Raises:
        LabelError: The source cannot be used.
        OSError: The file cannot be written.
    """
    read_labels(source, TEMPLATES)  # checks it
    data = load_yaml(source.read_text(encoding="utf-8"))
    text = yaml.safe_dump(
        {**data, "templates": list(TEMPLATES)}, sort_keys=False, allow_unicode=True, width=100
    )
    target.write_text(HEAD + text, encoding="utf-8")
    return read_labels(target)
