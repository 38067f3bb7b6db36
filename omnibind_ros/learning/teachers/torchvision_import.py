"""Imports torchvision beside a build of torch that it was not compiled for."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

OPERATORS = ("nms", "qnms")
"""Compiled operators that torchvision refers to when it is imported."""


def import_torchvision() -> None:
    """Import torchvision where it is installed, as OpenCLIP and transformers do.

    The wheel on PyPI is compiled for the CUDA build of torch. Beside a CPU build its library of
    operators cannot be loaded, and the import ends with "operator torchvision::nms does not exist".
    The image transforms, all that teachers use of it, are written in Python and need no operator.
    So the operators are declared, without an implementation, and the import is tried once more.

    Raises:
        RuntimeError: It cannot be imported for another reason.
    """
    if find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        library = importlib.import_module("torch.library")
        schema = "(Tensor boxes, Tensor scores, float threshold) -> Tensor"
        for name in OPERATORS:
            library.define(f"torchvision::{name}", schema)
        importlib.import_module("torchvision")
