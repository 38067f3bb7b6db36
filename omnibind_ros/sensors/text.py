"""Text: a sentence that a person typed or a speech recogniser heard."""

from __future__ import annotations

from typing import Any

from .base import RejectedSampleError, SensorType

MAX_CHARACTERS = 1000


def decode_text(msg: Any, _options: Any = None) -> str:
    """Return the sentence of a std_msgs/String.

    Args:
        msg: Anything with a str attribute `data`.

    Returns:
        The sentence without leading, trailing and repeated white space and control characters.

    Raises:
        RejectedSampleError: Empty, or longer than `MAX_CHARACTERS` characters.
    """
    length = len(msg.data)
    if length > MAX_CHARACTERS:
        raise RejectedSampleError(
            f"a text of {length} characters is longer than {MAX_CHARACTERS}; "
            "publish one sentence at a time"
        )
    printable = "".join(c if c.isprintable() else " " for c in msg.data)
    sentence = " ".join(printable.split())
    if not sentence:
        raise RejectedSampleError("the text is empty; publish a sentence")
    return sentence


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
