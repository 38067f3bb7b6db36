"""A modality of another package in datasets: stored, read, combined, counted and drawn."""

from __future__ import annotations

import textwrap

from example_modality import install, run

SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tiny_plan import TinyPlan

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.combining.labels import LabelMatcher
from omnibind_ros.datasets.combining.plan import CombinePlan
from omnibind_ros.datasets.combining.sets import SourceSet
from omnibind_ros.datasets.inspection.counts import count
from omnibind_ros.datasets.inspection.sheet import contact_sheet
from omnibind_ros.datasets.samples import stored_modalities
from omnibind_ros.datasets.storage.dataset import Dataset


def vibration(index):
    return np.random.default_rng(index).normal(size=(400, 3)).astype(np.float32)


class VibrationPlan(TinyPlan):
    def item(self, index):
        item = super().item(index)
        modalities = {"vibration": lambda: vibration(index)}
        origin = {"vibration": "recorded"}
        return replace(item, key=f"v{index}", modalities=modalities, origin=origin)


old, new, both = (Path(folder) for folder in sys.argv[1:])
assert stored_modalities()[-1] == "vibration"
build_dataset(VibrationPlan(30), new, workers=1)
stored = Dataset.open(new)
assert np.array_equal(stored[4]["vibration"], vibration(4))
assert stored.recorded("vibration").all()
assert not stored.has("audio").any()

before = Dataset.open(old)  # built where the modality is unknown
assert not before.has("vibration").any()
assert before[0]["points"].shape == (30, 3)
assert count(old, 0)["paired"] == 30
assert contact_sheet(before).shape[1] == contact_sheet(stored).shape[1]

sets = [SourceSet.parse(str(folder)) for folder in (old, new)]
build_dataset(CombinePlan(sets, LabelMatcher()), both, workers=1)
combined = Dataset.open(both)
assert combined.has("vibration").all()
assert combined.has("audio").all()
assert count(both, 0)["paired"] == len(combined)
print("used", contact_sheet(combined).shape[1] - contact_sheet(before).shape[1])
"""

OLD = """
import sys
from pathlib import Path

from tiny_plan import TinyPlan

from omnibind_ros.datasets.building.builder import build_dataset
from omnibind_ros.datasets.storage.dataset import Dataset

build_dataset(TinyPlan(30), Path(sys.argv[1]), workers=1)
for folder in sys.argv[2:]:  # built where another modality is known
    assert "vibration" not in Dataset.open(folder)[0].modalities
"""


def test_a_modality_of_another_package_is_used_like_an_own_one(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    (tmp_path / "old.py").write_text(textwrap.dedent(OLD))
    with_it = install(tmp_path / "package")
    without_it = with_it.replace(str(tmp_path / "package"), "")
    folders = [tmp_path / name for name in ("old", "new", "both")]
    run(without_it, tmp_path / "old.py", folders[0])
    assert run(with_it, tmp_path / "script.py", *folders).startswith("used")
    run(without_it, tmp_path / "old.py", tmp_path / "again", folders[2])
