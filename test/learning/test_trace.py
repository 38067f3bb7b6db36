"""A training step of a student can be followed in a few files, from the command to the loss."""

import pytest

pytest.importorskip("torch", reason="torch trains the students, and is not installed")
pytest.importorskip("lightning_fabric", reason="training needs lightning-fabric")

from step_trace import PACKAGE, files_of_a_step

CONFIG = """\
teacher: {teacher}
modalities: [{modality}]
accelerator: cpu
adapt: {{epochs: 0}}
schedule: {{epochs: 2, batch_size: 8, start: random}}
"""


@pytest.mark.parametrize("modality", ["thermal", "points"])
def test_a_step_of_a_student_runs_through_eight_files(
    tmp_path, monkeypatch, training_dataset, training_cache, bundle_dir, modality
):
    config = tmp_path / "run.yaml"
    config.write_text(CONFIG.format(teacher=bundle_dir, modality=modality))
    arguments = ["train", "students", "--data", training_dataset, "--config", config]
    arguments += ["--cache", training_cache.folder.parent, "--workers", 1]
    files = files_of_a_step([*arguments, "--out", tmp_path / "out"], monkeypatch)
    lines = {file: len((PACKAGE / file).read_text().splitlines()) for file in files}
    print(lines, sum(lines.values()))
    assert files[0] == "cli.py"
    assert {"learning/loop.py", f"learning/students/{modality}.py"} < set(files)
    assert len(files) <= 8, files
    assert sum(lines.values()) <= 1600, lines
