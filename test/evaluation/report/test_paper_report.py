"""The report's sections on the best baseline and the paper's tables, with and without figures."""

import json

import numpy as np
import pytest
from embedding_sets import make_embeddings
from paths import ROOT

torch = pytest.importorskip("torch", reason="torch trains the baselines, and is not installed")

from omnibind_ros.encoders.manifest import Calibration  # noqa: E402
from omnibind_ros.evaluation.measure.bundle import fuse_at_run_time, main_figures  # noqa: E402
from omnibind_ros.evaluation.measure.fusion import MeasurementConfig, measure_fusion  # noqa: E402
from omnibind_ros.evaluation.report.fusion import bundle_sections  # noqa: E402
from omnibind_ros.evaluation.report.goals import fusion_goals  # noqa: E402
from omnibind_ros.evaluation.report.write import write_report  # noqa: E402
from omnibind_ros.fusion.mean import MeanFusion  # noqa: E402
from omnibind_ros.learning.af.config import FusionConfig  # noqa: E402

NEW = (
    *("paper", "paper_intervals", "best_learned", "comparisons", "intervals"),
    *("gain_over_best_learned", "gain_over_best_learned_without_text"),
)


@pytest.fixture(scope="module")
def evaluation():
    data = make_embeddings(samples=200, classes=4, modalities=("image", "text", "touch"))
    calibration = Calibration(0.05, 0, dict.fromkeys(data.modalities, 0.2))
    config = MeasurementConfig(calibration, (), FusionConfig(steps=5, batch_size=32))
    found = measure_fusion(data, fuse_at_run_time(MeanFusion()), config)
    assert set(NEW) <= found.keys()
    labels = {"which": "shipped", "number": 4, "added": []}
    given = {"bundle": "b", "data": "d", "recordings": {}, "labels": labels}
    return json.loads(json.dumps({**given, **found}))


def sections(evaluation, folder):
    return "\n\n".join(bundle_sections(evaluation, folder, folder))


def test_the_tables_have_our_figures_beside_the_papers(evaluation, tmp_path):
    text = sections(evaluation, tmp_path)
    touch = evaluation["paper"]["image+touch"]
    low, high = evaluation["paper_intervals"]["image+touch"]["ours"]
    ours = " | ".join(f"{v:.1f}" for v in touch.values())
    assert f"| image+touch | {ours} | {low:.1f} to {high:.1f} | 89.40 | 42.60 | 75.60 |" in text
    assert "text+points" not in text  # these data have no points
    assert "of its datasets and encoders" in text
    best = evaluation["best_learned"]["all"]
    assert f"| {best['gain']:+.2f} |" in text
    assert "| a combination against its best single member | 4 |" in text


def test_the_goals_are_over_the_best_baseline(evaluation):
    goals = {goal.what.split(" (")[0]: goal for goal in fusion_goals(evaluation)}
    assert goals["AF over the best baseline, all combinations"].measured == pytest.approx(
        evaluation["gain_over_best_learned"]
    )
    counted = goals["combinations significantly more than 0.5 below their best member"]
    assert counted.measured == len(evaluation["comparisons"]["against_best_single"]["significant"])
    assert counted.verdict == "reached"
    missed = counted._replace(measured=3.0)
    assert missed.verdict == "missed by 3.0 of 4"


def test_what_is_significantly_worse_is_named(evaluation, tmp_path):
    worse = dict(evaluation["comparisons"]["additions"])
    worse["significant"] = [
        {"name": "touch to image", "points": -7.0, "interval": [-9, -5], "p": 0}
    ]
    changed = evaluation | {"comparisons": evaluation["comparisons"] | {"additions": worse}}
    assert "Significantly worse: touch to image -7.0." in sections(changed, tmp_path)
    assert "Significantly worse" not in sections(evaluation, tmp_path)


def test_an_evaluation_of_an_older_version_has_none_of_it(evaluation, tmp_path):
    old = {name: value for name, value in evaluation.items() if name not in NEW}
    text = sections(old, tmp_path)
    assert "### Combinations" in text
    assert "best baseline" not in text
    assert "The paper's tables" not in text
    whats = [goal.what for goal in fusion_goals(old)]
    assert any("AF over the best single member, all combinations, at worst" in w for w in whats)
    assert not any("best baseline" in what for what in whats)


def test_the_shipped_results_can_be_reported(tmp_path):
    """They are of the version that made them, and lack what was added later."""
    for path in (ROOT / "docs" / "results").rglob("*.json"):
        copy = tmp_path / path.relative_to(ROOT / "docs" / "results")
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    write_report(tmp_path, tmp_path / "results.md")
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "## At a glance" in text
    assert "## Students" in text


def test_the_manifest_keeps_the_gain_and_its_interval(evaluation):
    kept = main_figures(evaluation)["gain_over_best_learned"]
    best = evaluation["best_learned"]
    assert kept["without_text"]["gain"] == pytest.approx(best["without_text"]["gain"], abs=0.005)
    np.testing.assert_allclose(kept["all"]["interval"], best["all"]["interval"], atol=0.005)


def test_the_report_says_which_labels_competed(evaluation, tmp_path):
    exact = evaluation["combinations"]["image+text+touch"]["exact"]
    text = sections(evaluation, tmp_path)
    assert "All 4 labels that the bundle ships compete" in text
    assert f"{exact:.1f}% of the answers are the finest name itself" in text
    classes = evaluation | {"labels": evaluation["labels"] | {"which": "classes"}}
    assert "The 4 classes of the dataset compete." in sections(classes, tmp_path)
    old = {name: of for name, of in evaluation.items() if name != "labels"}
    assert "compete" not in sections(old, tmp_path)
