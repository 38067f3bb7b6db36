"""Gives memory back that is no longer used."""

from __future__ import annotations

import ctypes
import gc


def give_back_memory() -> None:
    """Free what only refers to itself, and return free pages to the operating system.

    A node's engine, its services and their callbacks refer to each other, so that they and the
    bundle that they hold are freed by the garbage collector alone, at some time. Until then a node
    that is configured again would hold two bundles; and glibc would keep the pages.
    """
    gc.collect()
    try:
        trim = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):  # another C library than glibc
        return
    trim(0)
