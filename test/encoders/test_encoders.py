"""Encoders: what goes in, what comes out, and what counts as no evidence."""

from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.framing import centre_crop, structure
from omnibind_ros.encoders.picture import STRUCTURE

PHOTOGRAPHS = ("camera.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


@pytest.fixture(scope="module")
def bundle(bundle_dir):
    return Bundle.load(bundle_dir)


@pytest.fixture(scope="module")
def image_encoder(bundle):
    return bundle.encoder("image", threads=2)


@pytest.fixture(scope="module")
def text_encoder(bundle):
    return bundle.encoder("text", threads=2)


def photograph(name):
    skimage_data = pytest.importorskip("skimage.data")
    image = cv2.imread(str(Path(skimage_data.__file__).parent / name), cv2.IMREAD_COLOR)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def noise(seed, height, width):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_image_embedding_is_a_unit_vector(image_encoder, bundle):
    encoding = image_encoder.encode(photograph("coffee.png"))
    assert encoding.values.shape == (bundle.manifest.embedding_size,)
    assert encoding.values.dtype == np.float32
    assert np.linalg.norm(encoding.values) == pytest.approx(1, abs=1e-5)
    assert 0 <= encoding.quality <= 1
    assert image_encoder.modality == "image"
    assert image_encoder.model == bundle.manifest.model


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (3, 2), (30, 2000), (223, 225), (2000, 31)])
def test_any_size_of_image_is_encoded(image_encoder, shape):
    encoding = image_encoder.encode(noise(0, *shape))
    assert np.isfinite(encoding.values).all()
    assert 0 <= encoding.quality <= 1


def test_a_view_into_a_padded_frame_is_encoded_like_a_copy(image_encoder):
    frame = photograph("coffee.png")
    padded = np.pad(frame, ((0, 0), (0, 9), (0, 0)))
    view = padded[:, : frame.shape[1]]
    ours, theirs = image_encoder.encode(view), image_encoder.encode(frame)
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-6)


def test_channel_order_matters(image_encoder):
    frame = photograph("rocket.jpg")
    rgb, bgr = image_encoder.encode(frame), image_encoder.encode(frame[..., ::-1])
    assert float(rgb.values @ bgr.values) < 0.999


def test_centre_crop_keeps_the_middle():
    frame = np.zeros((256, 512, 3), np.uint8)
    frame[16:240, 144:368] = 255
    assert (centre_crop(frame, 224) == 255).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("height", "width"),
    [
        (480, 640),
        (224, 224),
        (256, 256),
        (120, 160),
        (32, 32),
        (720, 1280),
        *((h, 400) for h in range(257, 277, 3)),
    ],
)
def test_noise_is_no_evidence(image_encoder, bundle, seed, height, width):
    quality = image_encoder.encode(noise(seed, height, width)).quality
    assert quality < bundle.manifest.calibration.min_quality / 4


@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_a_plain_frame_is_no_evidence(image_encoder, value):
    assert image_encoder.encode(np.full((480, 640, 3), value, np.uint8)).quality == 0


@pytest.mark.parametrize("name", [*PHOTOGRAPHS, "astronaut.png", "grass.png", "gravel.png"])
@pytest.mark.parametrize("change", ["none", "dark", "grainy"])
def test_structure_takes_nothing_from_photographs(name, change):
    frame = photograph(name)
    if change == "dark":
        frame = frame // 8
    elif change == "grainy":
        grain = np.random.default_rng(0).normal(0, 15, frame.shape)
        frame = np.clip(frame + grain, 0, 255).astype(np.uint8)
    assert structure(centre_crop(frame, 224)) > STRUCTURE[1]


def test_text_embedding_is_a_unit_vector(text_encoder, bundle):
    encoding = text_encoder.encode("there is a cat")
    assert encoding.values.shape == (bundle.manifest.embedding_size,)
    assert encoding.values.dtype == np.float32
    assert np.linalg.norm(encoding.values) == pytest.approx(1, abs=1e-5)
    assert encoding.quality == 1


@pytest.mark.parametrize("text", ["", " ", "cup " * 1250, "杯子 ☕", "\x00", "a" * 5000])
def test_any_text_is_encoded(text_encoder, text):
    assert np.isfinite(text_encoder.encode(text).values).all()


def test_a_batch_keeps_order_and_is_near_single_sentences(text_encoder):
    texts = [f"{'very ' * (i % 7)}large thing number {i}" for i in range(70)]
    done = []
    batch = text_encoder.encode_batch(texts, lambda *state: done.append(state))
    assert done == [(64, 70), (70, 70)]
    for i in range(0, 70, 9):
        # Activations are quantised over the whole batch, so a sentence depends on it a little.
        assert float(batch[i] @ text_encoder.encode(texts[i]).values) > 0.97
        assert int(np.argmax(batch @ batch[i])) == i


def test_no_texts_give_no_rows(text_encoder):
    assert len(text_encoder.encode_batch([])) == 0


def test_like_sentences_lie_together(text_encoder):
    cat, kitten, invoice = text_encoder.encode_batch(["a cat", "a kitten", "pay the invoice"])
    assert float(cat @ kitten) > float(cat @ invoice) + 0.3


def test_encoders_may_be_used_from_threads(image_encoder, text_encoder):
    frame = photograph("chelsea.png")
    want = image_encoder.encode(frame).values, text_encoder.encode("a cat").values
    wrong = []

    def work():
        for _ in range(5):
            got = image_encoder.encode(frame).values, text_encoder.encode("a cat").values
            if not all(np.allclose(g, w, atol=1e-5) for g, w in zip(got, want, strict=True)):
                wrong.append(got)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_long_run_of_the_teachers_can_be_cancelled(text_encoder):
    errors = []

    def run():
        try:
            text_encoder.encode_batch(["a long sentence of many words " * 20] * 4000)
        except Exception as error:  # noqa: BLE001 - the library's own
            errors.append(error)

    thread = Thread(target=run)
    thread.start()
    while thread.is_alive():
        text_encoder.cancel(thread.ident)
        thread.join(0.01)
    assert "terminate" in str(errors[0]).lower()
