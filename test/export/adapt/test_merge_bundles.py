"""`omnibind bundle merge` and `omnibind bundle checkpoints`."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from adapting import HOUSEHOLD, run, sentence
from fixture_bundle import TEACHER
from folder_hashes import hashes

pytest.importorskip("torch", reason="merging needs torch")

from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.encoders.manifest_writing import write_manifest
from omnibind_ros.fusion import AdaptiveFusion
from omnibind_ros.learning.af.files import load_fusion
from omnibind_ros.learning.released import FUSION, checkpoints_folder, find_checkpoint
from omnibind_ros.modalities import MODALITIES

pytestmark = pytest.mark.timeout(900)  # a busy machine adapts slowly

TOUCH = MODALITIES["touch"].number


@pytest.fixture(scope="module")
def merged(adapted, tmp_path_factory):
    """The shipped bundle with the touch encoder of an adapted one."""
    out = tmp_path_factory.mktemp("merged") / "both"
    done = run("bundle", "merge", HOUSEHOLD, adapted.out, "--take", "touch", "--out", out)
    assert done.status == 0, done.err
    return out, done


def trust(bundle):
    """Return how far a bundle's fusion trusts each modality, at a temperature of 1."""
    trained = load_fusion(find_checkpoint(bundle, FUSION).parent)
    return trained.network.evidence.trust.detach().numpy() - np.log(trained.temperature)


def test_one_encoder_is_taken_and_all_else_stays(merged, adapted):
    out, done = merged
    assert run("bundle", "check", out).status == 0
    both, first, second = (Bundle.load(path) for path in (out, HOUSEHOLD, adapted.out))
    for modality, spec in both.manifest.encoders.items():
        source = second if modality == "touch" else first
        assert spec.sha256 == source.manifest.encoders[modality].sha256
    assert (out / "labels.yaml").read_bytes() == (HOUSEHOLD / "labels.yaml").read_bytes()
    assert "thresholds of combinations with touch" in done.out
    assert both.manifest.model != first.manifest.model
    kept = first.manifest.figures["export"]
    figures = both.manifest.figures["export"]
    assert {name: figures[name] for name in kept if name != "touch"} == {
        name: of for name, of in kept.items() if name != "touch"
    }
    assert figures.get("touch") == second.manifest.figures.get("export", {}).get("touch")


def test_thresholds_and_trust_come_with_it(merged, adapted):
    both, first, second = (Bundle.load(path) for path in (merged[0], HOUSEHOLD, adapted.out))
    limits = both.manifest.calibration.min_similarity
    assert limits["touch"] == second.manifest.calibration.min_similarity["touch"]
    before = first.manifest.calibration.min_similarity
    assert {k: v for k, v in limits.items() if k != "touch"} == {
        k: v for k, v in before.items() if k != "touch"
    }
    others = np.arange(len(trust(both))) != TOUCH
    assert np.allclose(trust(both)[others], trust(first)[others], atol=1e-5)
    assert trust(both)[TOUCH] == pytest.approx(trust(second)[TOUCH], abs=1e-5)
    assert trust(both)[TOUCH] != pytest.approx(trust(first)[TOUCH], abs=1e-3)


def test_it_works_in_the_fusion(merged):
    fusion = AdaptiveFusion.load(Bundle.load(merged[0]))
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 384)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    ones = np.ones(3, np.float32)
    fused = fusion.fuse(values, ["image", "touch", "thermal"], ones * 0, ones, ones * 0)
    assert fusion.failures == 0
    assert np.linalg.norm(fused.values) == pytest.approx(1, abs=1e-4)
    assert fused.weights.sum() == pytest.approx(1, abs=1e-4)
    assert (fused.weights > 0).all()


def test_it_can_be_adapted_further(merged):
    bundle = Bundle.load(merged[0])
    for name in ("touch", "thermal", FUSION):
        assert find_checkpoint(bundle, name).is_file()


@pytest.fixture
def refused(tmp_path):
    """Return a call that must be refused with a sentence, and changes nothing at its --out."""

    def call(first, second, take="touch", out=tmp_path / "both"):
        before = hashes(out) if out.is_dir() else None
        done = run("bundle", "merge", first, second, "--take", take, "--out", out)
        assert done.status == 1
        assert (hashes(out) if out.is_dir() else None) == before
        return sentence(done)

    return call


def test_spaces_that_differ_are_refused(refused, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(HOUSEHOLD, other)
    manifest = Bundle.load(other).manifest
    with (other / "text.onnx").open("ab") as file:
        file.write(b"\x00")
    text = replace(manifest.encoders["text"], sha256=file_sha256(other / "text.onnx"))
    encoders = {**manifest.encoders, "text": text}
    write_manifest(other, replace(manifest, encoders=encoders), "a test")
    said = refused(HOUSEHOLD, other)
    assert "have no common space: their text encoders differ" in said


def test_what_cannot_be_taken(refused, tmp_path):
    assert "has no encoder of touch; take some of image, text" in refused(HOUSEHOLD, TEACHER)
    assert "has no encoder of nose" in refused(HOUSEHOLD, HOUSEHOLD, "nose")
    assert "nothing is taken; take some of" in refused(HOUSEHOLD, HOUSEHOLD, " , ")
    assert "nowhere" in refused(HOUSEHOLD, tmp_path / "nowhere")


def test_a_damaged_bundle(refused, adapted, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(adapted.out, damaged)
    (damaged / "touch.onnx").write_bytes((damaged / "touch.onnx").read_bytes()[:-9])
    assert "touch.onnx" in refused(HOUSEHOLD, damaged)


def test_what_is_read_or_is_no_bundle_is_not_replaced(refused, adapted, tmp_path):
    assert "is a bundle that is read" in refused(HOUSEHOLD, adapted.out, out=adapted.out)
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "holiday.jpg").write_bytes(b"jpg")
    assert "is no bundle" in refused(HOUSEHOLD, adapted.out, out=photos)


def test_a_bundle_without_weights_keeps_its_trust_and_says_so(adapted, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(adapted.out, alone)
    out = tmp_path / "both"
    done = run("bundle", "merge", HOUSEHOLD, alone, "--take", "touch", "--out", out)
    assert done.status == 0, done.err
    assert "how far touch is trusted beside other sensors stays as it was" in done.out
    shipped = Bundle.load(HOUSEHOLD).manifest.fusion
    assert Bundle.load(out).manifest.fusion.sha256 == shipped.sha256
    assert find_checkpoint(Bundle.load(out), "thermal").is_file()


def test_weights_of_a_run_that_is_not_there(tmp_path):
    done = run("bundle", "checkpoints", HOUSEHOLD, "--run", tmp_path, "--out", tmp_path / "out")
    assert done.status == 1
    assert "has no student" in sentence(done)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def as_a_run(tmp_path):
    """Return a call that lays weights out as `omnibind train students` leaves them."""

    def call(bundle):
        folder = tmp_path / "run"
        shutil.copytree(checkpoints_folder(Bundle.load(bundle)), folder / "students")
        return folder

    return call


def test_weights_of_the_run_of_a_bundle_are_written(as_a_run, adapted, tmp_path):
    bundle = tmp_path / "mine"
    shutil.copytree(adapted.out, bundle)
    done = run("bundle", "checkpoints", bundle, "--run", as_a_run(adapted.out))
    assert done.status == 0, done.err
    assert "the weights of touch, thermal, event, points, audio of mine" in done.out
    assert find_checkpoint(Bundle.load(bundle), "touch").is_file()


def test_weights_of_the_run_of_another_bundle_are_refused(as_a_run, adapted, tmp_path):
    bundle, folder = tmp_path / "mine", as_a_run(HOUSEHOLD)
    shutil.copytree(adapted.out, bundle)
    done = run("bundle", "checkpoints", bundle, "--run", folder)
    assert done.status == 1
    assert "touch.pt is not what touch.onnx of mine@" in sentence(done)
    assert "was exported from" in sentence(done)
    (folder / "students" / "touch.pt").write_bytes(b"cut off")
    done = run("bundle", "checkpoints", bundle, "--run", folder)
    assert done.status == 1
    assert "touch.pt cannot be read" in sentence(done)
    assert not (tmp_path / "mine_checkpoints").exists()
