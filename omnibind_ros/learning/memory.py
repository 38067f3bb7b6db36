"""Keeps memory that a training step frees in the process, for the next step."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_LARGE = 1 << 30


def keep_freed_memory() -> bool:
    """Let glibc keep what is freed, where glibc is.

    By default it returns large blocks to the kernel at once, so that every step of training gets
    each of its tensors as new pages, which must be cleared: with two processes on two virtual cores
    half of the processor's time was the kernel's.

    Returns:
        Whether it was set; False with a C library other than glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE)) and bool(mallopt(_TRIM_THRESHOLD, _LARGE))
