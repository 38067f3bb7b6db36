"""Evaluation: how well encoders and fusion recognise held-out objects.

`measure/` computes the figures of any bundle on any dataset, `study/` runs a plan of trainings and
collects their results, `report/` writes both as a page with tables and pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JsonObject = Mapping[str, Any]
"""Figures as JSON holds them: what `measure` returns, and what the files of a study hold."""
