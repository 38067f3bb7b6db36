"""A model of another library becomes a bundle that says what the library says, or is refused."""

import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml
from folder_hashes import hashes
from tiny_teachers import LIBRARY, import_tiny, libraries, pictures, save

torch = pytest.importorskip("torch", reason="the group train is not installed")

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.encoders.bundle import Bundle  # noqa: E402
from omnibind_ros.encoders.manifest import BundleError  # noqa: E402
from omnibind_ros.export.run_import_teacher import open_pair  # noqa: E402
from omnibind_ros.export.teacher_import.build import ImportRequest, import_teacher  # noqa: E402
from omnibind_ros.export.teacher_import.written_labels import TEMPLATES  # noqa: E402
from omnibind_ros.export.verify import verify_bundle  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.learning.teachers.loading import load_teacher  # noqa: E402

SENTENCES = ["a photo of a chair", "It's a LAMP!", "", "cup " * 100]
SIZES = [(80, 100), (200, 120), (24, 24)]

SCALES = {
    "clip": 50,
    "siglip": 117.33,
    "siglip2": 117.33,
    "open_clip": 100,
    "open_clip_siglip": 1 / 0.07,
}

torch.set_num_threads(1)


@pytest.fixture(scope="module", params=list(LIBRARY))
def imported(request, tmp_path_factory):
    return import_tiny(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return import_tiny("clip", tmp_path_factory.mktemp("clip"))


def cosines(one, other):
    return (np.asarray(one) * np.asarray(other)).sum(1)


def test_pictures_and_sentences_are_embedded_as_the_library_does(imported):
    bundle = Bundle.load(imported.bundle)
    assert bundle.problems == {}
    verify_bundle(bundle.root)
    image, text = bundle.encoder("image"), bundle.encoder("text")
    for size in SIZES:
        given = [cv2.GaussianBlur(each, (0, 0), 3) for each in pictures(3, *size)]
        if imported.kind == "siglip2":  # pictures of any shape become squares in a bundle
            given = [cv2.resize(each, (64, 64)) for each in given]
        encoded = [image.encode(each) for each in given]
        ours = [each.values for each in encoded]
        assert (cosines(ours, imported.pair.embed_images(given)) > 1 - 1e-3).all()
        assert all(each.features.ndim == 1 and len(each.features) >= 16 for each in encoded)
    wanted = imported.pair.embed_texts(SENTENCES)
    assert np.allclose(text.encode_batch(SENTENCES), wanted, atol=1e-4)
    assert np.allclose(text.encode(SENTENCES[1]).values, wanted[1], atol=1e-4)


def test_the_manifest_says_what_the_model_said(imported):
    manifest = Bundle.load(imported.bundle).manifest
    assert manifest.calibration.temperature == pytest.approx(1 / SCALES[imported.kind], rel=1e-3)
    assert set(manifest.calibration.min_similarity) == {"image", "text"}
    image, text = manifest.encoders["image"], manifest.encoders["text"]
    assert image.inputs[0].options["fit"] == (
        "crop" if imported.kind in ("clip", "open_clip") else "stretch"
    )
    library = "openclip" if imported.kind.startswith("open") else "huggingface"
    assert image.origin.startswith(f"{library}: folder model, imported with")
    assert str(imported.source) not in (imported.bundle / "bundle.yaml").read_text()
    assert image.licence.startswith("not stated")
    assert text.extra["tokenizer"].path == "tokenizer.json"
    labels = yaml.safe_load((imported.bundle / "labels.yaml").read_text())
    assert labels["templates"] == list(TEMPLATES)
    figures = manifest.figures["import"]
    for modality in ("image", "text"):
        assert figures[modality]["fp32"]["min_cosine"] > 1 - 1e-4
        assert figures[modality]["fp16"]["min_cosine"] > 0.999
        assert 0.5 < figures[modality]["int8"]["mean_cosine"] <= 1
    assert figures["image"]["library"]["min_cosine"] > 1 - 1e-3
    assert figures["image"]["tensorrt"]
    assert ("logit_bias" in figures) == ("siglip" in imported.kind)
    uncalibrated, unlicensed = imported.report.warnings
    assert uncalibrated.startswith("the threshold of images is not calibrated")
    assert unlicensed.startswith("the model states no licence")


def test_it_teaches(imported):
    teacher = load_teacher(str(imported.bundle))
    given = pictures(3)
    if imported.kind == "siglip2":
        given = [cv2.resize(each, (64, 64)) for each in given]
    embedded = teacher.embed_images(given)
    assert (cosines(embedded.values, imported.pair.embed_images(given)) > 1 - 1e-3).all()
    image = Bundle.load(imported.bundle).encoder("image")
    for picture, features, quality in zip(given, embedded.features, embedded.quality, strict=True):
        encoding = image.encode(picture)
        assert np.allclose(features, encoding.features, atol=1e-5)
        assert quality == pytest.approx(encoding.quality)
    assert teacher.anchors().values.size == 0


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_smaller_precision(tmp_path, precision, clip):
    made = import_tiny("clip", tmp_path, precision=precision)
    manifest = Bundle.load(made.bundle).manifest
    assert {spec.precision for spec in manifest.encoders.values()} == {precision}
    for name in ("image.onnx", "text.onnx"):
        assert (made.bundle / name).stat().st_size < 0.9 * (clip.bundle / name).stat().st_size
    sentences = ["a photo of a chair", "a lamp"]
    encoder = Bundle.load(made.bundle).encoder("text")
    assert (cosines(encoder.encode_batch(sentences), made.pair.embed_texts(sentences)) > 0.9).all()


def test_pictures_by_class_set_the_threshold(tmp_path, clip):
    rng = np.random.default_rng(1)
    image = Bundle.load(clip.bundle).encoder("image")
    folder = tmp_path / "images"
    names = ["chair", "lamp", "mug", "something else"]
    for number in range(24):
        path = folder / names[number % 4] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(
            str(path), cv2.GaussianBlur(rng.integers(0, 256, (60, 80, 3), np.uint8), (0, 0), 4)
        )
    (folder / "chair" / "broken.png").write_bytes(b"no picture")
    request = ImportRequest(clip.source.parent / "labels.yaml", folder, licence="MIT")
    report = import_teacher(tmp_path / "out", clip.pair, request)
    assert report.warnings == (
        f"1 files of {folder} are no pictures that can be read; look at them",
    )
    figures = report.bundle.manifest.figures["import"]["calibration"]
    assert figures["pictures"] == 24
    assert figures["with_label"] == 18  # a mug is a red cup
    threshold = report.bundle.manifest.calibration.min_similarity["image"]
    assert threshold != Bundle.load(clip.bundle).manifest.calibration.min_similarity["image"]
    assert report.bundle.manifest.encoders["image"].licence == "MIT"
    assert image.modality == "image"
    for path in list(folder.rglob("*.png")):
        path.rename(folder / path.name)
    for name in names:
        (folder / name).rmdir()
    unlabelled = import_teacher(tmp_path / "out", clip.pair, replace(request, images=folder))
    assert unlabelled.warnings[0].startswith("the threshold of images lets 95% of the pictures")


def test_the_command_and_the_licence_of_a_card(tmp_path, capsys):
    model = save("clip", tmp_path / "model")
    (model / "README.md").write_text("---\nlicense: apache-2.0\ntags: [x]\n---\nA model.\n")
    out, figures = tmp_path / "mine", tmp_path / "figures.json"
    command = ["bundle", "import-teacher", str(model), "--out", str(out), "--json", str(figures)]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "WARNING: the threshold of images is not calibrated" in said.err
    assert "licence" not in said.err
    assert "image: least cosine to the model: fp32 1.00000" in said.out
    assert f"imported {out}: mine@" in said.out
    assert "embeddings of 16 values" in said.out
    assert json.loads(figures.read_text())["text"]["fp32"]["samples"] > 20
    assert Bundle.load(out).manifest.encoders["text"].licence == "apache-2.0"
    before = hashes(out)
    (model / "tokenizer.json").unlink()
    assert main(command) == 1
    assert "has no tokenizer" in capsys.readouterr().err
    assert hashes(out) == before


def test_what_is_no_model_is_refused(tmp_path):
    for name in (str(tmp_path / "none"), str(tmp_path), "nobody"):
        with pytest.raises(BundleError, match=r"config\.json \(Hugging Face\)"):
            open_pair(name)


def test_a_model_without_pictures_is_refused(tmp_path):
    _, transformers = libraries("transformers")
    config = transformers.BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(TrainingError, match="is a BertModel, which does not put images and sent"):
        open_pair(str(tmp_path))


@pytest.mark.parametrize("kind", ["clip", "siglip", "siglip2"])
def test_a_missing_tokenizer_is_told(tmp_path, kind):
    save(kind, tmp_path)
    for file in ("tokenizer.json", "spiece.model"):
        (tmp_path / file).unlink(missing_ok=True)
    with pytest.raises(TrainingError, match=r"has no tokenizer \(none of tokenizer\.json, spiece"):
        open_pair(str(tmp_path))


def test_another_models_tokenizer_is_told(tmp_path):
    save("clip", tmp_path / "clip")
    save("siglip", tmp_path / "siglip")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "siglip" / file).unlink(missing_ok=True)
        shutil.copy(tmp_path / "clip" / file, tmp_path / "siglip" / file)
    with pytest.raises(TrainingError, match="has 632 tokens, but its text network"):
        open_pair(str(tmp_path / "siglip"))


def test_missing_weights_are_told(tmp_path):
    libraries("transformers")
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - comes with transformers

    save("clip", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(TrainingError, match="lacks 1 of its weights, such as visual_projection"):
        open_pair(str(tmp_path))


def test_pictures_of_several_sizes_are_refused(tmp_path):
    size = {"shortest_edge": 32, "longest_edge": 64}
    save("clip", tmp_path, size=size)
    with pytest.raises(BundleError, match="prepares pictures in a way that a bundle cannot"):
        open_pair(str(tmp_path))


def test_padded_pictures_of_openclip_are_refused(tmp_path):
    save("open_clip", tmp_path, resize_mode="longest")
    with pytest.raises(BundleError, match="by the mode 'longest', which a bundle cannot"):
        open_pair(str(tmp_path))


def test_stretched_pictures_of_openclip(tmp_path):
    save("open_clip", tmp_path, resize_mode="squash", interpolation="bilinear")
    options = open_pair(str(tmp_path)).image_input.options
    assert options == {"fit": "stretch", "interpolation": "bilinear"}


def test_sentences_padded_on_the_left(tmp_path):
    save("siglip2", tmp_path, padding_side="left")
    pair = open_pair(str(tmp_path))
    assert pair.padding.left
    report = import_teacher(tmp_path / "out", pair, ImportRequest(_labels(tmp_path), licence="MIT"))
    text = report.bundle.encoder("text")
    wanted = pair.embed_texts(SENTENCES)
    assert np.allclose(text.encode_batch(SENTENCES), wanted, atol=1e-4)


def _labels(folder):
    path = folder / "some.yaml"
    path.write_text("labels:\n- name: chair\n- name: lamp\n")
    return path
