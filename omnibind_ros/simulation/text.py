"""Text: sentences that a person might say of the object."""

from __future__ import annotations

from typing import Any

import numpy as np

from .interface import Setup, Step, Subject
from .language.sentences import describe

SENTENCES = 6
"""Sentences of a sample."""

NOTICED = 0.08
"""Share of the surface below which nobody mentions a substance."""


def sentences_about(subject: Subject, rng: np.random.Generator, count: int) -> list[str]:
    """Return sentences about the object, as `describe` makes them."""
    shares = subject.model.substance_shares()
    materials = [name for name, share in shares.items() if share >= NOTICED] or list(shares)
    called = subject.called or subject.label
    words = subject.synonyms if called == subject.label else (subject.label, *subject.synonyms)
    return describe(
        called,
        subject.description,
        rng,
        size=subject.model.size.tolist(),
        materials=materials,
        synonyms=words,
        name=subject.model.name,
        count=count,
    )


def simulate(
    subject: Subject,
    setup: Setup,
    rng: np.random.Generator,
) -> tuple[list[str], dict[str, Any]]:
    """Make the sentences of one sample; see the room's description."""
    return sentences_about(subject, rng, SENTENCES), {}


class Stream:
    """A person who says another sentence at each step."""

    rate = 0.5
    first = 0.5

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Keep the generator; see the room's description."""
        self._rng = rng

    def read(self, step: Step) -> list[str]:
        """Return a list of one sentence."""
        return [str(self._rng.choice(sentences_about(step.subject, self._rng, 2)))]
