"""What is said of a training run that is missing or damaged."""

import pytest

torch = pytest.importorskip("torch", reason="checkpoints are files of torch")

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.learning import checkpoints  # noqa: E402
from omnibind_ros.learning.af.files import load_fusion  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402

WHAT_TO_DO = "give the folder that `omnibind train students` (or `omnibind train fusion`) wrote"


@pytest.mark.parametrize(
    ("made", "path", "what"),
    [
        ("", "run/students/touch.pt", "the folder {}/run is missing"),
        ("run", "run/students/touch.pt", "the folder {}/run/students is missing"),
        (
            "run/students",
            "run/students/touch.pt",
            "the file touch.pt in {}/run/students is missing",
        ),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(tmp_path, made, path, what):
    (tmp_path / made).mkdir(parents=True, exist_ok=True)
    with pytest.raises(TrainingError) as caught:
        checkpoints.load(tmp_path / path)
    assert str(caught.value).startswith(f"{what.format(tmp_path)}; {WHAT_TO_DO}")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_a_damaged_file_is_not_called_missing(tmp_path, content):
    path = tmp_path / "teacher.pt"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"cannot be read .*; restore it, or remove it and run"):
        checkpoints.load(path)


def test_a_missing_fusion_is_named(tmp_path):
    with pytest.raises(TrainingError, match=f"the folder {tmp_path}/fusion is missing; give the"):
        load_fusion(tmp_path / "fusion")


@pytest.mark.parametrize("made", [False, True])
def test_export_of_a_missing_run_says_what_is_missing_and_what_to_do(tmp_path, capsys, made):
    run = tmp_path / "run"
    if made:
        run.mkdir()
    out = tmp_path / "out"
    assert main(["export", "--run", str(run), "--data", str(tmp_path), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    what = f"no teacher.pt in {run}" if made else f"no folder {run}"
    assert said == (
        f"omnibind export: there is no training run to export ({what}): give the folder that "
        "`omnibind train students` wrote with --out for --run; to export the encoders of a bundle, "
        "no run is needed: `omnibind export --bundle household --out DIR`\n"
    )
    assert not out.exists()


def test_replacing_a_fusion_by_a_missing_one_says_so(tmp_path, capsys, bundle_dir):
    arguments = ["--fusion", str(tmp_path / "no"), "--out", str(tmp_path / "out")]
    assert main(["export", "--bundle", str(bundle_dir), *arguments]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"omnibind export: the folder {tmp_path}/no is missing; give the folder")
    assert "trained again" not in said
