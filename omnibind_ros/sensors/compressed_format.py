"""The field format of sensor_msgs/CompressedImage, as image_transport_plugins writes it.

`ORIGINAL; CODEC compressed TARGET`, such as `rgb8; jpeg compressed bgr8`: the encoding of the
published image, the codec, and the encoding that the codec was given. TARGET is left out where the
codec was given the pixels as they were: a Bayer mosaic, or 16 bits. `compressedDepth` stands in the
place of the codec for depth. Older publishers and drivers write the codec alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ENCODING = re.compile(
    r"(rgb|bgr|rgba|bgra|mono)(8|16)|bayer_(rggb|bggr|gbrg|grbg)(8|16)|"
    r"(8|16|32|64)[usf]c[1-4]|yuv422(_yuy2)?|uyvy|yuyv|nv21|nv24"
)
"""Names of sensor_msgs/image_encodings.hpp, in lower case."""


class CompressedFormat(NamedTuple):
    """What a format says, in lower case; empty where it says nothing.

    Attributes:
        original: Encoding of the published image.
        codec: First word about the codec, such as jpeg, png or compresseddepth.
        target: Encoding that the codec was given, where it differs.
    """

    original: str = ""
    codec: str = ""
    target: str = ""

    @property
    def bits(self) -> int:
        """Bits of a channel of the original: 8, 16, 32, 64, or 0 if it is not known."""
        if not self.original:
            return 0
        if self.original[0].isdigit():
            return int(re.split(r"[usf]", self.original)[0])
        return 16 if self.original.endswith("16") else 8

    @property
    def pattern(self) -> str:
        """Name of the Bayer pattern, such as rggb, if the codec was given the mosaic; else ''."""
        if not self.original.startswith("bayer_") or self.target.startswith(("mono", "rgb", "bgr")):
            return ""
        return self.original[6:10]


def parse_format(text: str) -> CompressedFormat:
    """Return what a format says.

    Args:
        text: The field format of a sensor_msgs/CompressedImage.
    """
    first, _, rest = str(text)[:200].lower().partition(";")
    first = first.strip()
    original = first if _ENCODING.fullmatch(first) else ""
    words = rest.split() if rest.strip() or original else first.split()
    codec = words[0] if words else ""
    target = words[2] if words[1:2] == ["compressed"] and len(words) > 2 else ""
    return CompressedFormat(original, codec, target)
