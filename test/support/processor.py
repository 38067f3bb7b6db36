"""What the processor of this machine can do."""

from __future__ import annotations

from pathlib import Path

INT8_IS_EXACT = any(
    flag in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    for flag in ("avx512_vnni", "avx_vnni", "asimddp")
)
"""Whether sums of products of uint8 and int8 are exact; other processors saturate them at 16 bits,
so that embeddings of int8 networks are further from those of float32."""
