"""What must hold of a refusal, and of a reader's memory."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

LONGEST = 1500
"""Characters of a refusal at most."""

UNSHOWN = ("Cc", "Cs", "Zl", "Zp")
STEERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that turn the direction in which a text is shown."""

_NO_MEMORY = ("bad_alloc", "insufficient memory", "failed to allocate", "unable to allocate")


class TooMuchMemoryError(AssertionError):
    """A reader has tried to take more memory than the campaign allows, which is 1 GiB."""


def check_sentence(text: str) -> None:
    """Check that a refusal can be shown as it is: one line, nothing invisible, not endless."""
    assert len(text) > 10, "a refusal says too little"
    assert len(text) <= LONGEST, f"a refusal has {len(text)} characters"
    bad = [one for one in text if unicodedata.category(one) in UNSHOWN or one in STEERING]
    assert not bad, f"a refusal has characters that cannot be shown: {text[:300]!r}"


def check_memory(error: BaseException | None) -> None:
    """Raise TooMuchMemoryError if the cause of an error, however wrapped, was memory."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        text = f"{type(error).__name__} {error}".lower()
        if "memoryerror" in text or any(part in text for part in _NO_MEMORY):
            raise TooMuchMemoryError(text[:300]) from error
        error = error.__cause__ or error.__context__


def attempt(read: Callable[[], Any], *errors: type[Exception]) -> Any:
    """Return what a reader gives, None if it refuses; any error but its own is raised.

    Args:
        read: The reader.
        errors: What it may raise to refuse.
    """
    try:
        return read()
    except MemoryError as error:
        raise TooMuchMemoryError(str(error)) from error
    except errors as error:
        check_memory(error)
        check_sentence(str(error))
        return None
