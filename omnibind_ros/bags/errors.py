"""Errors of recording, each one sentence for the user."""

from __future__ import annotations


class RecordingError(RuntimeError):
    """A bag cannot be written; the text says what, where and what to do."""


class ReplayError(ValueError):
    """A recording cannot be replayed or reported; the text is one sentence for the user."""
