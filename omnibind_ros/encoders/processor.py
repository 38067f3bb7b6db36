"""What this machine's processor can do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
"""Flags of x86 processors that add products of uint8 and int8 in 32 bits."""


@cache
def may_saturate_int8(cpuinfo: Path = CPUINFO) -> bool:
    """Return whether sums of products of uint8 and int8 may saturate at 16 bits.

    They do on x86 processors without VNNI. Where it cannot be told, they may.

    Args:
        cpuinfo: Linux's description of the processors.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return True
    flags = [set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")]
    return not flags or not all(each & VNNI for each in flags)
