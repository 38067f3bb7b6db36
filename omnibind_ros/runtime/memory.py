"""Gives memory back that is no longer used."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from collections.abc import Callable
from typing import Any

M_ARENA_MAX = -8
"""Of glibc's mallopt, see malloc.h."""

USERS_OWN = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
"""Variables by which a user sets how glibc allocates memory."""


def share_one_arena() -> bool:
    """Let all threads allocate from one area of memory. A setting of the user's own stays.

    glibc gives each thread an arena of its own, up to eight a processor. Each keeps the pages of
    the largest messages and samples that its thread has ever had, and what is free at the end of an
    arena is returned for the first arena alone. With one arena, pages that a thread has freed serve
    the next one, and `return_free_pages` finds all of them.

    To be called before other threads are started.

    Returns:
        Whether it was done: not with another C library than glibc, or with a setting of the user's.
    """
    if any(os.environ.get(name) for name in USERS_OWN):
        return False
    mallopt = _of_glibc("mallopt")
    return mallopt is not None and bool(mallopt(M_ARENA_MAX, 1))


def give_back_memory() -> None:
    """Free what only refers to itself, and return free pages to the operating system.

    A node's engine, its services and their callbacks refer to each other, so that they and the
    bundle that they hold are freed by the garbage collector alone, at some time. Until then a node
    that is configured again would hold two bundles; and glibc would keep the pages.
    """
    gc.collect()
    return_free_pages()


def return_free_pages() -> None:
    """Return free pages to the operating system; takes some milliseconds."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Callable[..., Any] | None:
    """Return a function of glibc; None with another C library."""
    with contextlib.suppress(OSError, AttributeError):
        return getattr(ctypes.CDLL("libc.so.6"), name)
    return None
