"""What the benchmarks have in common: processor time of a call, and the processor itself."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def median_ms(function: Callable[[], Any], repeats: int = 31) -> float:
    """Return the median processor time of a call: waiting on a busy machine does not count."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return round(float(np.median(times)) * 1e3, 3)


def processor_name() -> str:
    """Return the processor's name; its architecture where /proc/cpuinfo has none."""
    return _cpuinfo().get("model name") or platform.machine()


def processor_flags() -> set[str]:
    """Return the names of the processor's instruction sets, as Linux calls them."""
    fields = _cpuinfo()
    return set((fields.get("flags") or fields.get("Features") or "").split())


def _cpuinfo() -> dict[str, str]:
    """Return the fields of /proc/cpuinfo, of the last core; none where there is no such file."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    fields = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, colon, value in fields if colon}
