"""How the benchmarks of single steps measure."""

from __future__ import annotations

import time
from collections.abc import Callable
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
