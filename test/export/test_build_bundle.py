"""`omnibind export` makes a bundle of a training run, or changes nothing."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="exports start from torch")

from folder_hashes import hashes  # noqa: E402
from paths import ROOT  # noqa: E402
from training_run import make_fusion_run, make_run  # noqa: E402

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.datasets.storage.dataset import Dataset  # noqa: E402
from omnibind_ros.encoders.bundle import Bundle, file_sha256  # noqa: E402
from omnibind_ros.encoders.manifest import BundleError, FileSpec  # noqa: E402
from omnibind_ros.encoders.manifest_writing import record_figures, write_manifest  # noqa: E402
from omnibind_ros.export import build_bundle as building  # noqa: E402
from omnibind_ros.export import verify  # noqa: E402
from omnibind_ros.export.atomic_folder import staging_folder  # noqa: E402
from omnibind_ros.export.build_bundle import build_bundle  # noqa: E402
from omnibind_ros.export.export_inputs import BundleRequest  # noqa: E402
from omnibind_ros.export.replace_fusion import replace_fusion  # noqa: E402
from omnibind_ros.export.verify import verify_bundle  # noqa: E402
from omnibind_ros.fusion import AdaptiveFusion  # noqa: E402
from omnibind_ros.learning import checkpoints  # noqa: E402
from omnibind_ros.learning.config import TrainingConfig, TrainingError  # noqa: E402
from omnibind_ros.learning.config_file import write_config  # noqa: E402
from omnibind_ros.learning.tensors.specs import input_spec  # noqa: E402
from omnibind_ros.recognition.labels import read_labels  # noqa: E402


@pytest.fixture(scope="module")
def bundle_request(training_dataset, training_cache, bundle_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return BundleRequest(
        run=make_run(folder / "students", training_cache),
        data=training_dataset,
        source=bundle_dir,
        cache=training_cache.folder.parent,
        precision="fp32",
    )


@pytest.fixture(scope="module")
def made(bundle_request, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "household"
    fusion = make_fusion_run(out.parent / "fusion")
    return build_bundle(out, replace(bundle_request, fusion=fusion, precision="auto"))


@pytest.fixture
def present(tmp_path):
    """A folder of models with something in it that must not be touched."""
    out = tmp_path / "models" / "household"
    out.mkdir(parents=True)
    (out / "bundle.yaml").write_text("of old")
    return out


def untouched(out):
    return hashes(out.parent) == {"household/bundle.yaml": hashlib.sha256(b"of old").hexdigest()}


def test_the_bundle_is_complete_and_states_its_origin(made):
    bundle = made.bundle
    assert bundle.problems == {}
    verify_bundle(bundle.root)
    assert list(bundle.manifest.encoders) == ["image", "text", "touch"]
    touch = bundle.manifest.encoders["touch"]
    assert touch.inputs == (input_spec("touch"),)
    assert touch.licence == "Apache-2.0"
    assert "omnibind train students" in touch.origin
    assert touch.precision in ("fp32", "int8")
    assert bundle.manifest.model.startswith("household@0.2.0+")


def test_an_encoder_runs_as_in_the_perception_node(made):
    gel = np.random.default_rng(0).uniform(-1, 1, (60, 80, 3)).astype(np.float32)
    encoding = made.bundle.encoder("touch").encode(gel)
    assert np.linalg.norm(encoding.values) == pytest.approx(1, abs=1e-4)


def test_figures_of_the_export_are_in_the_manifest(made):
    figures = made.bundle.manifest.figures["export"]
    times = {"ms", "ms_fp32"}  # of this machine at this moment
    for modality, measured in made.figures.items():
        assert measured.keys() >= times
        assert min(measured[name] for name in times) > 0
        rest = {name: value for name, value in measured.items() if name not in times}
        assert figures[modality] == rest
    assert set(figures) == {"image", "touch"}
    for measured in figures.values():
        assert measured["samples"] > 0
        assert 0.9 < measured["min_cosine"] <= measured["mean_cosine"] <= 1.001
        assert 0 <= measured["top1"] <= 100
        worth = measured["top1"] >= measured["top1_fp32"] - 1
        assert measured["precision"] == "fp32" or worth
    assert made.remarks == ()


def test_calibration_and_fusion_are_those_of_the_fusions_run(made, bundle_dir):
    before = Bundle.load(bundle_dir).manifest.calibration
    after = made.bundle.manifest.calibration
    assert after.temperature == 0.07
    assert after.min_quality == before.min_quality
    assert after.min_similarity == {**before.min_similarity, "touch": 0.33}
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 384)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    quality = np.float32([0.2, 0.3, 0.5])
    fusion = AdaptiveFusion.load(made.bundle)
    fused = fusion.fuse(values, ["image", "touch", "text"], quality * 0, quality, quality * 0)
    assert fusion.failures == 0
    np.testing.assert_allclose(fused.weights, quality, atol=1e-5)  # untrained, it is the mean


def test_a_bundle_has_the_labels_of_its_dataset(made, bundle_request):
    labels = read_labels(made.bundle.root / made.bundle.manifest.labels.path).labels
    assert len(labels) == len(Dataset.open(bundle_request.data).labels)
    about = made.bundle.manifest.figures["labels"]
    assert about["number"] == len(labels)
    # This run has no embeddings, so that it says that the calibration is that of the source.
    assert "with the calibration of" in about["calibrated"]
    assert "embeddings.npz is missing" in about["calibrated"]


def test_a_bundle_gets_another_fusion(made, tmp_path):
    out, fusion = tmp_path / "household", tmp_path / "fusion"
    shutil.copytree(made.bundle.root, out)
    record_figures(out, "evaluation", {"samples": 1})
    make_fusion_run(fusion, 0.09)
    old, new = made.bundle.manifest, replace_fusion(out, out, fusion).manifest
    verify_bundle(out)
    assert new.calibration.temperature == 0.09
    assert new.encoders == old.encoders
    assert new.fusion.sha256 != old.fusion.sha256
    assert new.version != old.version
    # Without those of an evaluation of the old fusion, and of its calibration.
    assert new.figures == {"export": old.figures["export"]}


def test_another_fusion_that_does_not_fit_leaves_the_bundle_as_it_was(made, tmp_path):
    out = tmp_path / "household"
    shutil.copytree(made.bundle.root, out)
    before = hashes(out)
    with pytest.raises(TrainingError, match="is for embeddings of 16 values, not 384"):
        replace_fusion(out, out, make_fusion_run(tmp_path / "fusion", size=16))
    with pytest.raises(TrainingError):
        replace_fusion(out, out, tmp_path / "nothing")
    assert hashes(out) == before


def test_files_of_the_user_stay_with_another_fusion(made, tmp_path):
    out, fusion = tmp_path / "own", make_fusion_run(tmp_path / "fusion", 0.09)
    shutil.copytree(made.bundle.root, out)
    (out / "README.md").write_text("mine")
    replace_fusion(out, made.bundle.root, fusion)
    assert (out / "README.md").read_text() == "mine"
    (out / "notes").mkdir()
    (out / "notes" / "day.txt").write_text("mine")
    before = hashes(out)
    with pytest.raises(BundleError, match="notes is a folder"):
        replace_fusion(out, out, fusion)
    assert hashes(out) == before


def test_the_command_gives_a_bundle_another_fusion(made, tmp_path, capsys):
    out, fusion = tmp_path / "own", make_fusion_run(tmp_path / "fusion", 0.09)
    arguments = ["--bundle", made.bundle.root, "--fusion", fusion, "--out", out]
    assert main(["export", *map(str, arguments)]) == 0
    assert "exported" in capsys.readouterr().out
    assert Bundle.load(out).manifest.model.startswith("own@")


def test_no_file_of_it_names_a_folder_of_the_machine(made):
    for path in made.bundle.root.iterdir():
        assert str(ROOT).encode() not in path.read_bytes(), path.name


def test_the_next_training_finds_features_and_classes_in_it(made):
    from omnibind_ros.learning.teachers.loading import load_teacher  # noqa: PLC0415 - needs onnx

    teacher = load_teacher(str(made.bundle.root))
    assert teacher.anchors().directions.shape == (1000, 1280)
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert teacher.embed_images([picture]).features.shape == (1, 1280)


def test_a_bundle_can_replace_its_teacher(bundle_request, bundle_copy, tmp_path):
    """Files of the old bundle go; files of the user stay, and labels that a run has learned."""
    run = shutil.copytree(bundle_request.run, tmp_path / "run")
    write_config(TrainingConfig(labels="household"), run / "config.yaml")
    (bundle_copy / "README.md").write_text("mine")
    (bundle_copy / "old.onnx").write_text("of an old bundle")
    labels = (bundle_copy / "labels.yaml").read_text() + "  - name: weaver's loom\n"
    (bundle_copy / "labels.yaml").write_text(labels)
    manifest = Bundle.load(bundle_request.source).manifest
    old = FileSpec("old.onnx", file_sha256(bundle_copy / "old.onnx"))
    write_manifest(bundle_copy, replace(manifest, fusion=old), "an old command")
    build_bundle(bundle_copy, replace(bundle_request, run=run, source=bundle_copy))
    assert (bundle_copy / "README.md").read_text() == "mine"
    assert (bundle_copy / "labels.yaml").read_text() == labels
    assert not (bundle_copy / "old.onnx").exists()
    verify_bundle(bundle_copy)


def fails(bundle_request, out, error, match):
    with pytest.raises(error, match=match) as caught:
        build_bundle(out, bundle_request)
    assert "\n" not in str(caught.value)
    assert untouched(out)


def test_a_run_of_another_teacher(bundle_request, present, training_cache, tmp_path):
    run = make_run(tmp_path / "run", replace(training_cache, teacher="other@1"))
    fails(
        replace(bundle_request, run=run),
        present,
        BundleError,
        "was trained with the teacher other@1",
    )


def test_a_run_that_is_not_there(bundle_request, present, tmp_path):
    request = replace(bundle_request, run=tmp_path / "none")
    fails(request, present, TrainingError, "there is no training run to export .no folder")


def test_tensors_that_are_not_there(bundle_request, present, tmp_path):
    fails(
        replace(bundle_request, cache=tmp_path / "none"), present, TrainingError, "no whole cache"
    )
    fails(
        replace(bundle_request, cache=tmp_path),
        present,
        TrainingError,
        "was trained on the tensors",
    )


def test_a_checkpoint_of_another_kind(bundle_request, present, training_cache, tmp_path):
    run = make_run(tmp_path / "run", training_cache)
    content = checkpoints.load(run / "students" / "touch.pt")
    content["state"].popitem()
    checkpoints.save(run / "students" / "touch.pt", content)
    fails(replace(bundle_request, run=run), present, TrainingError, "no student of this version")


def test_a_student_that_gives_no_numbers(bundle_request, present, training_cache, tmp_path):
    run = make_run(tmp_path / "run", training_cache)
    content = checkpoints.load(run / "students" / "touch.pt")
    content["state"]["head.project.bias"][:] = torch.nan
    checkpoints.save(run / "students" / "touch.pt", content)
    fails(replace(bundle_request, run=run), present, BundleError, "no unit vectors")


def test_a_fusion_without_calibration(bundle_request, present, tmp_path):
    fusion = make_fusion_run(tmp_path / "fusion")
    (fusion / "fusion.json").write_text("{}")
    fails(
        replace(bundle_request, fusion=fusion),
        present,
        TrainingError,
        "no calibration that can be read",
    )


def test_a_bundle_that_is_not_verified(bundle_request, present, monkeypatch):
    def damage(stage, limited):
        path = stage / "touch.onnx"
        path.write_bytes(path.read_bytes()[:-100])
        verify_bundle(stage, limited)

    monkeypatch.setattr(building, "verify_bundle", damage)
    fails(bundle_request, present, BundleError, "touch.onnx of bundle")


@pytest.mark.parametrize("file", ["touch.onnx", "text.onnx", "tokenizer.json", "fusion.onnx"])
@pytest.mark.parametrize("how", ["missing", "cut off"])
def test_verification_finds_what_is_damaged(made, tmp_path, file, how):
    folder = shutil.copytree(made.bundle.root, tmp_path / "copy")
    content = (folder / file).read_bytes()
    (folder / file).unlink()
    if how == "cut off":
        (folder / file).write_bytes(content[:-100])
    with pytest.raises(BundleError, match=file):
        verify_bundle(folder)


def test_verification_finds_another_network_of_the_right_hash(made, tmp_path):
    folder = shutil.copytree(made.bundle.root, tmp_path / "copy")
    manifest = made.bundle.manifest
    image = manifest.encoders["image"]
    touch = replace(manifest.encoders["touch"], path=image.path, sha256=image.sha256)
    write_manifest(
        folder, replace(manifest, encoders={**manifest.encoders, "touch": touch}), "a test"
    )
    with pytest.raises(BundleError, match="has the inputs"):
        verify_bundle(folder)


def test_a_bundle_that_is_too_large(made, monkeypatch):
    monkeypatch.setattr(verify, "MAX_BYTES", 1_000_000)
    with pytest.raises(BundleError, match="more than 1;"):
        verify_bundle(made.bundle.root)


def test_a_full_disk(bundle_request, present, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(building, "write_manifest", full)
    fails(bundle_request, present, OSError, "No space")


def command(bundle_request, out, *more):
    options = {
        "--run": bundle_request.run,
        "--data": bundle_request.data,
        "--out": out,
        "--cache": bundle_request.cache,
        "--source": bundle_request.source,
        "--precision": "fp32",
    }
    return ["export", *(str(part) for option in options.items() for part in option), *more]


def test_the_command(bundle_request, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    assert main(command(bundle_request, tmp_path / "made", "--json", str(figures))) == 0
    output = capsys.readouterr().out
    assert "touch: fp32; " in output
    assert "fused by the quality-weighted mean" in output
    bundle = Bundle.load(tmp_path / "made")
    assert bundle.manifest.fusion is None
    printed = json.loads(figures.read_text())
    for modality, kept in bundle.manifest.figures["export"].items():
        assert printed[modality] == kept | {n: printed[modality][n] for n in ("ms", "ms_fp32")}


@pytest.mark.parametrize(
    ("options", "reason"), [([], "--run DIR to make one"), (["--run", "x"], "--run needs --data")]
)
def test_a_command_that_lacks_an_option(options, reason, capsys):
    assert main(["export", *options]) == 1
    assert reason in capsys.readouterr().err


def test_a_killed_export_leaves_the_models_as_they_were(bundle_request, present):
    process = subprocess.Popen(
        [sys.executable, "-m", "omnibind_ros.cli", *command(bundle_request, present)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    stage, deadline = staging_folder(present), time.monotonic() + 120
    # Half of the bundle is there.
    while not (stage / "touch.onnx").is_file() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert process.poll() is None, "it ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(20)
    assert hashes(present) == {"bundle.yaml": hashlib.sha256(b"of old").hexdigest()}
    build_bundle(present, bundle_request)
    assert Bundle.load(present).problems == {}
    assert [path.name for path in present.parent.iterdir()] == ["household"]
