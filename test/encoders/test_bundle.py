"""Bundles: found, checked, and each kind of damage told in one sentence."""

import hashlib
import pickle
import shutil
import sys
import threading

import numpy as np
import pytest
import yaml

from omnibind_ros.encoders.backend import BACKENDS, load_model
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.manifest import BundleError, FileSpec, read_manifest
from omnibind_ros.encoders.manifest_writing import record_figures


def edit(folder, change):
    """Change the manifest of a bundle."""
    path = folder / "bundle.yaml"
    data = yaml.safe_load(path.read_text())
    change(data)
    path.write_text(yaml.safe_dump(data))


def one_sentence(error):
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 600
    return text


@pytest.mark.parametrize("name", ["teacher", "household"])
def test_the_shipped_bundles_are_whole(name):
    bundle_dir = resolve_bundle(name)
    bundle = Bundle.load(bundle_dir)
    assert bundle.problems == {}
    assert bundle.manifest.model == f"{bundle.manifest.name}@{bundle.manifest.version}"
    assert set(bundle.manifest.encoders) >= {"image", "text"}
    for spec in bundle.manifest.encoders.values():
        assert spec.licence
        assert spec.origin
    files = [path for path in bundle_dir.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60e6


def test_image_model_has_static_shapes(bundle_dir):
    image = Bundle.load(bundle_dir).manifest.encoders["image"]
    assert all(min(t.shape) > 0 for t in (*image.inputs, *image.outputs))


def test_bundles_are_found_by_name_and_by_folder(bundle_dir, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert (resolve_bundle("household") / "bundle.yaml").is_file()
    assert resolve_bundle(str(bundle_dir)) == bundle_dir.resolve()


@pytest.mark.parametrize(
    "name", ["no_such_bundle", "", "/no/such/folder", "../models", "~nobody/x"]
)
def test_an_unknown_bundle_names_what_was_tried(name):
    with pytest.raises(BundleError, match="looked for") as error:
        resolve_bundle(name)
    one_sentence(error)


@pytest.mark.parametrize("file", ["image.onnx", "text.onnx", "tokenizer.json"])
@pytest.mark.parametrize("how", ["missing", "changed", "cut off", "a folder"])
def test_a_broken_file_costs_only_its_encoder(bundle_copy, file, how):
    path = bundle_copy / file
    content = path.read_bytes()
    path.unlink()
    if how == "changed":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "a folder":
        path.mkdir()
    bundle = Bundle.load(bundle_copy)
    broken = "image" if file == "image.onnx" else "text"
    assert list(bundle.problems) == [broken]
    assert file in bundle.problems[broken]
    with pytest.raises(BundleError) as error:
        bundle.encoder(broken)
    assert one_sentence(error) == bundle.problems[broken]
    assert bundle.encoder("text" if broken == "image" else "image")


@pytest.mark.parametrize("content", ["", "{[", "[1, 2]", "3", "name: x", "\x00"])
def test_a_broken_manifest_is_one_sentence(bundle_copy, content):
    (bundle_copy / "bundle.yaml").write_text(content)
    with pytest.raises(BundleError, match=r"bundle\.yaml") as error:
        Bundle.load(bundle_copy)
    one_sentence(error)


def test_a_manifest_that_is_missing_or_no_text(bundle_copy):
    (bundle_copy / "bundle.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(BundleError, match="not YAML"):
        Bundle.load(bundle_copy)
    (bundle_copy / "bundle.yaml").unlink()
    with pytest.raises(BundleError, match="build-teacher"):
        Bundle.load(bundle_copy)


def test_a_manifest_runs_no_code(bundle_copy, tmp_path):
    mark = tmp_path / "mark"
    (bundle_copy / "bundle.yaml").write_text(f"!!python/object/apply:os.mkdir ['{mark}']")
    with pytest.raises(BundleError):
        Bundle.load(bundle_copy)
    assert not mark.exists()


@pytest.mark.parametrize(
    "key", ["name", "version", "embedding_size", "encoders", "labels", "calibration"]
)
def test_a_manifest_that_lacks_something_says_what(bundle_copy, key):
    edit(bundle_copy, lambda data: data.pop(key))
    with pytest.raises(BundleError, match=key):
        Bundle.load(bundle_copy)


@pytest.mark.parametrize("path", ["../image.onnx", "/etc/passwd", "a/../../b"])
def test_files_may_not_leave_the_bundle(bundle_copy, path):
    edit(bundle_copy, lambda data: data["encoders"]["image"].update(path=path))
    with pytest.raises(BundleError, match="leaves the bundle"):
        Bundle.load(bundle_copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image["inputs"][0].update(shape=[1, 3, 224, 224]),
        lambda image: image["inputs"][0].update(dtype="float32"),
        lambda image: image["inputs"][0].update(name="picture"),
        lambda image: image["outputs"][0].update(shape=[1, 512]),
        lambda image: image["outputs"].pop(),
    ],
)
def test_a_model_that_is_not_as_the_manifest_says(bundle_copy, change):
    edit(bundle_copy, lambda data: change(data["encoders"]["image"]))
    bundle = Bundle.load(bundle_copy)
    with pytest.raises(BundleError, match=r"image\.onnx") as error:
        bundle.encoder("image")
    one_sentence(error)


def test_another_embedding_size_is_refused(bundle_copy):
    edit(bundle_copy, lambda data: data.update(embedding_size=512))
    with pytest.raises(BundleError, match="512"):
        Bundle.load(bundle_copy).encoder("image")


def test_a_text_encoder_without_tokenizer_is_refused(bundle_copy):
    edit(bundle_copy, lambda data: data["encoders"]["text"].pop("extra"))
    with pytest.raises(BundleError, match="tokenizer"):
        Bundle.load(bundle_copy).encoder("text")


@pytest.mark.parametrize(("modality", "file"), [("image", "image.onnx"), ("text", "text.onnx")])
def test_a_file_that_is_no_model_though_its_hash_fits(bundle_copy, modality, file):
    (bundle_copy / file).write_bytes(b"no model")
    digest = hashlib.sha256(b"no model").hexdigest()
    edit(bundle_copy, lambda data: data["encoders"][modality].update(sha256=digest))
    with pytest.raises(BundleError, match=file) as error:
        Bundle.load(bundle_copy).encoder(modality)
    one_sentence(error)


def test_a_modality_without_encoder(bundle_dir):
    with pytest.raises(BundleError, match="'audio'"):
        Bundle.load(bundle_dir).encoder("audio")


def test_an_encoder_that_cannot_be_imported(bundle_dir, monkeypatch):
    monkeypatch.setitem(sys.modules, "omnibind_ros.encoders.image", None)
    with pytest.raises(BundleError, match="modality 'image' cannot be imported") as error:
        Bundle.load(bundle_dir).encoder("image")
    one_sentence(error)


def test_providers_that_are_not_there_leave_the_processor(bundle_dir):
    encoder = Bundle.load(bundle_dir).encoder("image", providers=["NoSuchExecutionProvider"])
    assert encoder.encode(np.zeros((8, 8, 3), np.uint8)).values.shape == (384,)


def test_backends_are_chosen_by_file_name(tmp_path, monkeypatch):
    spec = FileSpec("model.engine", "")
    with pytest.raises(BundleError, match=r"model\.engine"):
        load_model(tmp_path / "model.engine", spec)
    monkeypatch.setitem(BACKENDS, ".engine", lambda *_: "another backend")
    assert load_model(tmp_path / "model.engine", spec) == "another backend"


def test_figures_are_recorded_beside_those_that_are_there(bundle_copy):
    before = (bundle_copy / "bundle.yaml").read_text(encoding="utf-8")
    photographs = read_manifest(bundle_copy).figures["photographs"]
    record_figures(bundle_copy, "evaluation", {"top1": 90.5, "alone": {"image": 67.0}})
    record_figures(bundle_copy, "evaluation", {"top1": 91.0})
    figures = Bundle.load(bundle_copy).manifest.figures
    assert figures["evaluation"] == {"top1": 91.0}
    assert figures["photographs"] == photographs
    after = (bundle_copy / "bundle.yaml").read_text(encoding="utf-8")
    comments = [line for line in before.splitlines() if line.startswith("#")]
    assert after.splitlines()[: len(comments)] == comments


def count_loads(monkeypatch):
    """Return a list that gets the path of each model that is loaded, slowly."""
    loaded, real = [], BACKENDS[".onnx"]

    def load(path, *arguments):
        loaded.append(path.name)
        threading.Event().wait(0.05)  # other threads come meanwhile
        return real(path, *arguments)

    monkeypatch.setitem(BACKENDS, ".onnx", load)
    return loaded


def test_an_encoder_that_many_threads_ask_for_is_loaded_once(bundle_dir, monkeypatch):
    loaded = count_loads(monkeypatch)
    bundle, found = Bundle.load(bundle_dir), []
    threads = [
        threading.Thread(target=lambda: found.append(bundle.encoder("image"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loaded == ["image.onnx"]
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_encoders_are_loaded_ahead(bundle_dir, monkeypatch):
    loaded = count_loads(monkeypatch)
    bundle = Bundle.load(bundle_dir)
    bundle.begin_loading(["text", "image", "image"])
    assert bundle.encoder("image") is bundle.encoder("image")
    bundle.encoder("text")
    assert sorted(loaded) == ["image.onnx", "text.onnx"]


def test_what_cannot_be_loaded_ahead_is_told_when_it_is_asked_for(bundle_copy):
    path = bundle_copy / "image.onnx"
    path.write_bytes(path.read_bytes()[:1000])
    bundle = Bundle.load(bundle_copy)
    bundle.begin_loading(["smell", "image", "text"])
    with pytest.raises(BundleError, match=r"image\.onnx"):
        bundle.encoder("image")
    with pytest.raises(BundleError, match="'smell'"):
        bundle.encoder("smell")
    assert bundle.encoder("text")


def test_a_bundle_in_use_is_pickled_without_its_files_and_models(bundle_dir):
    bundle = Bundle.load(bundle_dir)
    bundle.encoder("image")
    copy = pickle.loads(pickle.dumps(bundle))
    assert (copy.root, copy.manifest, copy.problems) == (bundle.root, bundle.manifest, {})
    assert copy.encoder("image") is not bundle.encoder("image")


@pytest.mark.parametrize("limits", [None, {}, {"image": -0.2}])
def test_limits_of_contradiction_are_kept(bundle_dir, tmp_path, limits):
    edit_copy = shutil.copytree(bundle_dir, tmp_path / "copy")

    def change(data):
        data["calibration"].pop("contradiction", None)
        if limits is not None:
            data["calibration"]["contradiction"] = limits

    edit(edit_copy, change)
    record_figures(edit_copy, "touch", {"known": 1})
    assert read_manifest(edit_copy).calibration.contradiction == limits
