"""A study is a list of runs; what is done stays done, and its results add up."""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
import pytest
from paths import ROOT

torch = pytest.importorskip("torch", reason="torch trains the students, and is not installed")

from omnibind_ros.datasets.household.class_map import ClassMap  # noqa: E402
from omnibind_ros.evaluation.report.write import write_report  # noqa: E402
from omnibind_ros.evaluation.study import run as running  # noqa: E402
from omnibind_ros.evaluation.study.plan import read_plan  # noqa: E402
from omnibind_ros.evaluation.study.results import read_results, read_study, students  # noqa: E402
from omnibind_ros.evaluation.study.run import run_study  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402

SHIPPED = ROOT / "config" / "study.yaml"

PLAN = """
defaults:
  students:
    modalities: [touch, thermal]
    adapt: {epochs: 2}
    schedule: {epochs: 1, batch_size: 16}
runs:
  - {kind: students, data: small, objective: [cad, cross_entropy], share: 100, seed: 0}
  - {kind: fusion, data: small, of: small-cad-100-s0, seed: 0, config: {steps: 10}}
"""


def plan(folder, text=PLAN):
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return read_plan(path)


def quiet(*_):
    pass


def result(objective, share, seed, **top1):
    return {
        "kind": "students",
        "data": "household",
        "key": "",
        "objective": objective,
        "share": share,
        "seed": seed,
        "without": "",
        "modalities": {m: {"test_samples": value} for m, value in top1.items()},
    }


def test_an_entry_with_lists_is_a_run_of_each_combination(tmp_path):
    text = "runs:\n  - {kind: students, objective: [cad, infonce], share: [10, 100], seed: [0, 1]}"
    runs = plan(tmp_path, text)
    assert len(runs) == 8
    assert runs[0].name == "household-cad-10-s0"
    assert runs[-1].students().loss.objective == "infonce"
    assert runs[-1].students().shares["touch"] == 100


def test_a_term_is_switched_off_by_its_name(tmp_path):
    (run,) = plan(tmp_path, "runs:\n  - {kind: students, without: distil, share: 10, seed: 0}")
    assert run.name == "household-cad-without-distil-10-s0"
    assert run.students().loss.distil == 0
    assert run.students().loss.contrast > 0


def test_origins_and_tags_are_in_a_run_s_name_and_change_no_other_run_s_key(tmp_path):
    text = """
runs:
  - {kind: students, origins: [all, simulated], share: 100, seed: 0}
  - {kind: students, tag: left_out, seed: 0, config: {left_out: [chair]}}
  - {kind: fusion, of: household-cad-100-left_out-s0, tag: left_out, config: {left_out: [chair]}}
"""
    runs = plan(tmp_path, text)
    assert [run.name for run in runs] == [
        "household-cad-100-s0",
        "household-cad-100-simulated-s0",
        "household-cad-100-left_out-s0",
        "household-fusion-left_out-s0",
    ]
    assert runs[1].students().origins == "simulated"
    assert runs[2].students().left_out == runs[3].fusion().left_out == ["chair"]
    assert len({run.key("a") for run in runs}) == 4
    # What there was before these keys were keeps its result.
    facts = {n: v for n, v in asdict(runs[0]).items() if n not in ("origins", "tag")}
    said = hashlib.sha256(json.dumps([facts, "a"], sort_keys=True).encode()).hexdigest()
    assert runs[0].key("a") == said[:16]


def test_classes_left_out_are_the_same_for_students_and_their_fusion():
    runs = {run.name: run for run in read_plan(SHIPPED)}
    students_run = runs["household-cad-100-left_out-s0"]
    left_out = students_run.students().left_out
    assert runs["household-fusion-left_out-s0"].fusion().left_out == left_out
    shown = sorted(c.label for c in ClassMap.load().classes.values() if c.names or c.objects)
    assert left_out == shown[6::7]  # a rule, so that no result chooses them


def test_what_left_classes_out_is_compared_with_nothing_and_says_how_unknown_things_fare(tmp_path):
    plain, other = result("cad", 100.0, 0, touch=0.5), result("cad", 100.0, 0, touch=0.9)
    said = {"classes": ["chair"], "samples": 9, "margin": 0.88}
    fusion = {
        "name": "household-fusion-left_out-s0",
        "kind": "fusion",
        "data": "household",
        "key": "",
        "auroc_unknown": 0.88,
        "unknown": said,
    }
    for number, one in enumerate((plain, other | {"tag": "left_out"}, fusion)):
        (tmp_path / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    found = read_study(tmp_path)
    assert found["students"]["touch"]["at_100"]["cad"] == pytest.approx(50)
    assert found["unknown"] == said | {"run": "household-fusion-left_out-s0", "auroc": 0.88}


def test_the_shipped_plan_can_be_read():
    runs = read_plan(SHIPPED)
    assert {run.kind for run in runs} == {"students", "fusion"}
    assert {run.data for run in runs} == {"household", "digits"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("runs: 3", "it needs `runs`, a list"),
        ("runs:\n  - {kind: dance}", "entry 1 of runs: kind must be one of students, fusion"),
        ("runs:\n  - {kind: students, size: 3}", "there is no key size"),
        ("runs:\n  - {kind: students, objective: best}", "objective is 'best'"),
        ("runs:\n  - {kind: students, without: all}", "without is 'all'"),
        ("runs:\n  - {kind: students, share: 0}", "share is 0"),
        ("runs:\n  - {kind: students, tag: A b}", "tag is 'A b'"),
        ("runs:\n  - {kind: students, origins: half}", "origins is 'half'"),
        ("runs:\n  - {kind: students, config: {epochs: 3}}", "no parameter epochs"),
        ("runs:\n  - {kind: fusion, of: none}", "'none', which is no earlier run"),
        ("runs:\n  - {kind: students}\n  - {kind: students}", "twice; leave one out"),
    ],
)
def test_what_cannot_be_planned_is_said(tmp_path, text, sentence):
    with pytest.raises(TrainingError, match=sentence):
        plan(tmp_path, text)


@pytest.fixture(scope="module")
def finished(training_dataset, tmp_path_factory):
    """A study that has been run, and what it left."""
    folder = tmp_path_factory.mktemp("study")
    runs = plan(folder)
    done = run_study(runs, {"small": training_dataset}, folder / "study", folder / "work", 1, quiet)
    assert done == 3
    return folder, runs


def test_each_run_has_a_result(finished):
    folder, runs = finished
    results = {r["name"]: r for r in read_results(folder / "study")}
    assert set(results) == {run.name for run in runs}
    assert set(results["small-cad-100-s0"]["modalities"]) == {"touch", "thermal"}
    cad = results["small-cad-100-s0"]
    for modality, metrics in cad["modalities"].items():
        counts = np.array([each.split("/") for each in cad["outcomes"][modality].split()], int)
        assert len(counts) == len(cad["outcomes"]["objects"].splitlines())
        assert counts[:, 0].sum() / counts[:, 1].sum() == pytest.approx(metrics["test_samples"])
    fusion = results["small-fusion-s0"]
    assert "image+text+touch+thermal" in fusion["combinations"]
    assert len(fusion["combinations"]) == 15


def test_what_is_done_is_not_done_again(finished, training_dataset, monkeypatch):
    folder, runs = finished
    monkeypatch.setattr(running, "train_students", lambda *_, **__: pytest.fail("trained again"))
    assert (
        run_study(runs, {"small": training_dataset}, folder / "study", folder / "work", 1, quiet)
        == 0
    )


def test_stage_zero_of_runs_that_have_it_in_common_is_computed_once(finished):
    folder, _ = finished
    assert len(list((folder / "work" / "shared").glob("teacher-*.pt"))) == 1
    cad, plain = (
        next(r for r in read_results(folder / "study") if r.get("objective") == objective)
        for objective in ("cad", "cross_entropy")
    )
    assert cad["teacher"] == plain["teacher"]


def test_two_processes_share_the_runs_out(training_dataset, tmp_path, monkeypatch):
    runs = plan(tmp_path)
    ran = []

    def run(study, what):
        time.sleep(0.2)
        assert what.kind == "students" or (tmp_path / "out" / f"{what.of}.json").is_file()
        found = {"key": study._keys[what.name], "kind": what.kind, "data": what.data}
        (tmp_path / "out" / f"{what.name}.json").write_text(json.dumps(found), encoding="utf-8")
        (tmp_path / "work" / what.name).mkdir()
        (tmp_path / "work" / what.name / running.EMBEDDINGS).touch()
        ran.append(what.name)

    monkeypatch.setattr(running._Study, "run", run)
    monkeypatch.setattr(running, "POLL_INTERVAL", 0.05)
    where = {"small": training_dataset}, tmp_path / "out", tmp_path / "work", 1, quiet
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda _: run_study(runs, *where), range(2)))
    assert sum(counts) == len(runs) == len(set(ran))
    assert min(counts) > 0


def test_embeddings_that_nobody_needs_do_not_stay(finished):
    folder, _ = finished
    kept = {path.name for path in (folder / "work").iterdir()} - {"cache", "locks", "shared"}
    assert kept == {"small-cad-100-s0"}


def test_a_dataset_that_is_not_given_is_said_before_anything_runs(finished):
    folder, runs = finished
    with pytest.raises(TrainingError, match="--data small=DIR"):
        run_study(runs, {}, folder / "other", folder / "work", 1, quiet)


def test_the_report_is_written_from_results_alone(finished):
    folder, _ = finished
    (folder / "tried.md").write_text("More of it.\n", encoding="utf-8")
    write_report(folder, folder / "results.md")
    text = (folder / "results.md").read_text(encoding="utf-8")
    assert "## What was tried where a goal is missed\n\nMore of it." in text
    assert "Fusion: small, seed 0" in text
    assert "(small-fusion-s0-combinations.png)" in text.replace("./", "")
    assert (folder / "small-fusion-s0-combinations.png").stat().st_size > 10_000


def test_seeds_are_averaged_and_their_spread_is_told(tmp_path):
    results = [result("cad", 10.0, seed, touch=value) for seed, value in enumerate((0.5, 0.7))]
    results += [result("cross_entropy", 10.0, 0, touch=0.4), result("cad", 100.0, 0, touch=0.9)]
    found = students(results)["touch"]
    assert found["cad"] == pytest.approx(60)
    assert found["spread"] == {"cad": pytest.approx(100 * np.std([0.5, 0.7], ddof=1))}
    assert found["cross_entropy"] == pytest.approx(40)
    assert found["at_100"]["cad"] == pytest.approx(90)
    for number, one in enumerate(results):
        (tmp_path / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    scale = read_study(tmp_path)["scale"]
    assert scale["cad"]["10"] == pytest.approx({"touch": 60, "mean": 60})


def test_cad_without_a_term_is_compared_with_cad_of_the_same_seed():
    results = [result("cad", 10.0, seed, touch=value) for seed, value in enumerate((0.5, 0.7))]
    results += [result("cad", 10.0, 1, touch=0.6) | {"without": "distil"}]
    found = students(results)["touch"]
    assert found["cad"] == pytest.approx(60)
    assert found["without"] == {"cad": pytest.approx(70), "distil": pytest.approx(60)}
    assert "without" not in found["at_100"]


def test_what_the_digits_should_reach_stands_in_the_report(finished, tmp_path):
    folder, _ = finished
    fusion = next(r for r in read_results(folder / "study") if r["kind"] == "fusion")
    results = [fusion | {"data": "digits", "name": "digits-fusion-s0", "tag": ""}]
    results += [fusion | {"data": "digits", "name": "digits-fusion-unequal-s0", "tag": "unequal"}]
    results += [
        result(objective, share, 0, event=value, audio=0.5) | {"data": "digits"}
        for objective, share, value in (
            ("cad", 10.0, 0.9),
            ("infonce", 10.0, 0.7),
            ("cross_entropy", 10.0, 0.8),
            ("cad", 100.0, 0.95),
        )
    ]
    (tmp_path / "study").mkdir()
    for number, one in enumerate(results):
        (tmp_path / "study" / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    write_report(tmp_path, tmp_path / "results.md")
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert (
        "| digits, events: CAD over the best plain objective, 10% of their data | "
        "at least 4.34 points | 10.00 points | reached |"
    ) in text
    assert "| digits: all four fused, top-1 | at least 99 % |" in text
    assert "## Students: digits" in text
    assert "## Fusion: digits, unequal, seed 0" in text
    assert "points over 4 combinations without text" in text
    assert (tmp_path / "digits-scale.png").is_file()
    assert not (tmp_path / "scale.png").exists()


def test_a_damaged_result_and_no_results_are_said(tmp_path):
    with pytest.raises(TrainingError, match=r"neither evaluation\.json nor study"):
        write_report(tmp_path, tmp_path / "results.md")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "one.json").write_text("{", encoding="utf-8")
    with pytest.raises(TrainingError, match="remove it, and it is run again"):
        write_report(tmp_path, tmp_path / "results.md")
