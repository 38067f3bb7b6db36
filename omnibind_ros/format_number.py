"""The number of a file's format: older ones are read or refused, newer ones are refused."""

from __future__ import annotations

from typing import Any

UPDATE = "update omnibind_ros"


class NewerFormatError(ValueError):
    """A file of a later version; the text is a clause that says what to do."""


def check_format(found: Any, newest: int) -> int:
    """Return the number of a file's format, at most the newest that this version reads.

    Args:
        found: The number, as the file has it.
        newest: The newest format that this version reads.

    Raises:
        NewerFormatError: The format is newer.
        ValueError: It is no number of a format; the text is a clause.
    """
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ValueError(f"the format {str(found)[:40]!r}, which is no whole number from 1 on")
    if found > newest:
        raise NewerFormatError(
            f"it has format {found if found < 10**40 else 'of many digits'}, and this version of "
            f"omnibind_ros reads formats up to {newest}: {UPDATE}"
        )
    return found
