"""Sensors: one module a modality, each a pure function from a ROS message to a sample.

A new message type is one line in `DECODERS`; a new modality one module and its lines.
"""

from __future__ import annotations

from .base import Decoder, RejectedSampleError
from .image import decode_compressed_image, decode_image
from .text import decode_text

__all__ = ["DECODERS", "Decoder", "RejectedSampleError", "find_decoder", "normalise_type"]

DECODERS: dict[tuple[str, str], Decoder] = {
    ("image", "sensor_msgs/msg/Image"): decode_image,
    ("image", "sensor_msgs/msg/CompressedImage"): decode_compressed_image,
    ("text", "std_msgs/msg/String"): decode_text,
}


def normalise_type(name: str) -> str:
    """Return a ROS message type in its three-part form: `pkg/Name` becomes `pkg/msg/Name`."""
    package, _, message = name.partition("/")
    return name if "/" in message or not message else f"{package}/msg/{message}"


def find_decoder(modality: str, message_type: str) -> Decoder:
    """Return the decoder of a modality's message type.

    Raises:
        KeyError: There is none; the text is a sentence that names those there are.
    """
    message_type = normalise_type(message_type)
    try:
        return DECODERS[modality, message_type]
    except KeyError:
        known = sorted(kind for name, kind in DECODERS if name == modality)
        raise KeyError(
            f"no decoder turns {message_type or 'an empty type'} into modality '{modality}'; "
            + (f"use one of: {', '.join(known)}" if known else "this modality has no sensor yet")
        ) from None
