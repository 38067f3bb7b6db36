"""Checks the figures of the demo's story: `make demo HEADLESS=1 DURATION=60 JSON=FILE`.

Usage: python3 tools/check_story.py FILE

What must be there and plausible on any machine is checked; how good the figures are is not, since
that depends on how busy the machine is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SENSORS = ("audio", "event", "image", "points", "text", "thermal", "touch")


def problems(figures: dict[str, Any]) -> list[str]:
    """Return a sentence for each figure that is missing or cannot be."""
    keys = (
        "results_per_s",
        "page_hz",
        "right_share",
        "right_share_by_sensors",
        "longest_gap_ms",
        "gap_ms_by_unplug",
        "lie_named_s",
    )
    found = [f"{key} is missing" for key in keys if key not in figures]
    if found:
        return found
    positive = ("results_per_s", "page_hz", "right_share", "longest_gap_ms")
    found += [
        f"{key} is {figures[key]}, but must be above 0"
        for key in positive
        if not (isinstance(figures[key], float) and figures[key] > 0)
    ]
    gaps = figures["gap_ms_by_unplug"]
    if sorted(gaps) != list(SENSORS):
        found.append(f"gap_ms_by_unplug has {', '.join(sorted(gaps))}")
    found += [f"no result came around the unplugging of {n}" for n, gap in gaps.items() if not gap]
    shares = figures["right_share_by_sensors"]
    conditions = ["all", "after teaching", "image lies", *(f"without {n}" for n in SENSORS)]
    found += [f"right_share_by_sensors lacks {name}" for name in conditions if name not in shares]
    if figures.get("taught_named_s") is None:
        found.append("the taught label was never the best one")
    return found


def main() -> int:
    """Print the problems; the status is 1 if there are any."""
    found = problems(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    for problem in found:
        print(f"check_story: {problem}.", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
