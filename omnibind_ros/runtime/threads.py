"""Threads of numerical libraries. Imports nothing, so that a process can call it first of all."""

from __future__ import annotations

import os


def limit_blas_threads() -> None:
    """Let OpenBLAS, which NumPy uses, compute in one thread; a value of the user's own stays.

    Comparing an embedding with 10 000 labels takes 0.7 ms with one thread, and 16 ms with two on
    two cores that are busy otherwise. OpenBLAS reads the variable when NumPy is imported, so a
    process must call this before.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
