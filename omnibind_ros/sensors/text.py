"""Text: a sentence that a person typed or a speech recogniser heard."""

from __future__ import annotations

import re
from typing import Any

from omnibind_ros.plain_text import clean_text

from .base import NoEvidenceError, RejectedSampleError, SensorType
from .denial import affirmed

MAX_CHARACTERS = 1000

_BRACKETS = r"(?:\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}|<[^<>]*>|\*[^*]*\*|\u3010[^\u3011]*\u3011)"
_SIGNS = re.compile(r"[\s\u2669-\u266f!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u205e\u3000-\u303f]*")
"""Punctuation and notes of music."""

_NOTE = re.compile(
    r"<\|[^|]*\|>|[\[({<*][^\])}>*]*\b(?:blank|silence|silent|pause|music|noise|"
    r"noises|applause|applauding|laugh|laughs|laughter|laughing|cough|coughs|coughing|sigh|sighs|"
    r"sneeze|sneezes|breathing|breath|breathes|inaudible|unintelligible|indistinct|crosstalk|"
    r"beep|beeps|beeping|static|clicking|typing|footsteps|chatter|speaking|foreign|unk)\b"
    r"[^\])}>*]*[\])}>*]",
    re.IGNORECASE,
)
"""A recogniser's note between words that were spoken."""

_UPPER_NOTE = re.compile(r"\[[A-Z0-9 _:.>-]+\]")
"""A note in capitals, such as a speaker or a time."""


def decode_text(msg: Any, _options: Any = None) -> str:
    """Return the sentence of a std_msgs/String, without what it denies.

    Args:
        msg: Anything with a str attribute `data`.

    Returns:
        The sentence as `clean_text` makes it, without a recogniser's notes and, in English, without
        the clauses that say what is not there; the others are then joined by ', ', so that it may
        have a space more for each comma.

    Raises:
        RejectedSampleError: Empty, or longer than `MAX_CHARACTERS` characters.
        NoEvidenceError: Only a recogniser's notes, such as [BLANK_AUDIO], or only denials.
    """
    length = len(msg.data)
    if length > MAX_CHARACTERS:
        raise RejectedSampleError(
            f"a text of {length} characters is longer than {MAX_CHARACTERS}; "
            "publish one sentence at a time"
        )
    sentence = clean_text(msg.data)
    if not sentence:
        raise RejectedSampleError("the text is empty; publish a sentence")
    spoken = _without_notes(sentence)
    if not spoken:
        raise NoEvidenceError(
            f"the text '{sentence[:40]}' is in brackets, like a recogniser's note, or has "
            "no words; publish the words alone",
            replaces=False,
        )
    left = affirmed(spoken)
    if not left:
        raise NoEvidenceError(
            f"the text '{sentence[:40]}' has a negation that leaves nothing to name; say what "
            "is there",
            replaces=False,
        )
    return left


def _without_notes(sentence: str) -> str:
    """Return what was spoken; empty if there are notes and signs only."""
    if sentence.isascii() and sentence.replace(" ", "").isalnum():
        return sentence
    outside = re.sub(_BRACKETS, " ", sentence)
    if _SIGNS.fullmatch(outside):
        return ""
    spoken = _NOTE.sub(" ", _UPPER_NOTE.sub(" ", sentence))
    spoken = re.sub(r"[\u2669-\u266f]", " ", spoken)
    return sentence if spoken == sentence else " ".join(spoken.split()).strip(" :;,-")


SENSOR_TYPES = (
    SensorType(
        "text",
        "std_msgs/msg/String",
        decode_text,
        # Many topics of this type are not speech, such as robot_description.
        discover=("text", "speech", "transcript", "transcription", "utterance"),
        single=True,
    ),
)
