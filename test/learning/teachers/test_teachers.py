"""Teachers are exchangeable: the bundle's, OpenCLIP's and Hugging Face's."""

import json

import numpy as np
import pytest

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.learning.config import TrainingError
from omnibind_ros.learning.teachers.loading import load_teacher
from omnibind_ros.learning.teachers.torchvision_import import import_torchvision

WORDS = ["a", "photo", "of", "chair", "lamp"]


GROUPS = {"transformers": "teachers-transformers", "open_clip": "teachers-openclip"}


def libraries(name):
    """Return torch and a library on top of it; skip the test where one is not installed."""
    torch = pytest.importorskip("torch", reason="the group train is not installed")
    import_torchvision()
    reason = f"the group {GROUPS[name]} is not installed"
    return torch, pytest.importorskip(name, reason=reason)


def pictures(count=3):
    rng = np.random.default_rng(0)
    return [
        np.kron(rng.integers(0, 256, (8, 10, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
        for _ in range(count)
    ]


def check(teacher, size):
    images = teacher.embed_images(pictures())
    texts = teacher.encode_batch(["a photo of a chair", "a lamp"])
    assert images.values.shape == (3, size)
    assert texts.shape == (2, size)
    for values in (images.values, texts):
        assert values.dtype == np.float32
        assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-4)
    assert np.abs(texts[0] - texts[1]).max() > 1e-4
    assert np.abs(images.values[0] - images.values[1]).max() > 1e-5
    assert images.features.shape[0] == 3
    assert ((images.quality >= 0) & (images.quality <= 1)).all()


def test_the_bundle_says_what_its_encoders_say(bundle_dir):
    teacher, bundle = load_teacher(str(bundle_dir)), Bundle.load(bundle_dir)
    check(teacher, 384)
    image = bundle.encoder("image")
    said = teacher.embed_images(pictures())
    for picture, values, quality in zip(pictures(), said.values, said.quality, strict=True):
        encoding = image.encode(picture)
        assert np.allclose(values, encoding.values, atol=1e-5)
        assert quality == pytest.approx(encoding.quality, abs=1e-5)
    assert said.features.shape == (3, 1280)
    assert teacher.anchors().directions.shape == (1000, 1280)
    assert teacher.anchors().values.shape == (1000, 384)


def test_a_bundle_of_its_own_embeddings_has_no_anchors(seven_bundle):
    assert load_teacher(str(seven_bundle)).key == load_teacher(str(seven_bundle)).key


def test_what_is_no_teacher_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="there is no teacher 'nobody'; give a bundle"):
        load_teacher("nobody")
    with pytest.raises(TrainingError, match="there is no teacher"):
        load_teacher(str(tmp_path))


def _tokenizer(folder):
    """Save a tokenizer of a few words."""
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[EOS]", *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", eos_token="[EOS]"
    ).save_pretrained(folder)


@pytest.mark.parametrize("kind", ["CLIP", "Siglip"])
def test_a_hugging_face_model_of_a_folder(tmp_path, kind):
    torch, transformers = libraries("transformers")
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    text = sizes | {"vocab_size": 8, "max_position_embeddings": 12, "eos_token_id": 2}
    text |= {"bos_token_id": 1, "pad_token_id": 0, "projection_size": 16}
    vision = sizes | {"image_size": 32, "patch_size": 8}
    config = getattr(transformers, f"{kind}Config")(
        text_config=text, vision_config=vision, projection_dim=16
    )
    getattr(transformers, f"{kind}Model")(config).save_pretrained(tmp_path)
    size = {"height": 32, "width": 32}
    processor = transformers.SiglipImageProcessor(size=size)
    if kind == "CLIP":
        processor = transformers.CLIPImageProcessor(size=size, crop_size=size)
    processor.save_pretrained(tmp_path)
    _tokenizer(tmp_path)
    teacher = load_teacher(str(tmp_path))
    check(teacher, 16)
    assert teacher.key == load_teacher(str(tmp_path)).key
    assert teacher.anchors().directions.size == 0


def test_a_hugging_face_model_that_embeds_no_images_is_refused(tmp_path):
    libraries("transformers")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nothing"}))
    with pytest.raises(TrainingError, match="transformers cannot load the teacher"):
        load_teacher(str(tmp_path))


def test_an_openclip_model_of_a_folder(tmp_path):
    torch, open_clip = libraries("open_clip")
    torch.manual_seed(0)
    architecture = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 16,
            "heads": 2,
            "layers": 1,
        },
    }
    model = open_clip.CLIP(**architecture)
    torch.save(model.state_dict(), tmp_path / "open_clip_pytorch_model.bin")
    mean = {"mean": [0.5] * 3, "std": [0.5] * 3}
    described = {"model_cfg": architecture, "preprocess_cfg": mean}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(described))
    check(load_teacher(str(tmp_path)), 16)


def test_an_openclip_name_without_weights_is_refused():
    libraries("open_clip")
    with pytest.raises(TrainingError, match="names no weights; write openclip:ViT-B-32/WEIGHTS"):
        load_teacher("openclip:ViT-B-32")
