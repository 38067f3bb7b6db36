"""The image student learns from all images, and hands on layers and head to other students."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("lightning_fabric", reason="training needs lightning-fabric")

from omnibind_ros.learning.cad import image_student as module  # noqa: E402
from omnibind_ros.learning.cad.image_student import train_image_student  # noqa: E402
from omnibind_ros.learning.cad.selection import class_bank  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.learning.config_file import parse_config  # noqa: E402
from omnibind_ros.learning.students.image import INPUT, augment  # noqa: E402
from omnibind_ros.learning.students.registry import build  # noqa: E402
from omnibind_ros.learning.tensors.specs import IMAGE_SIDE, input_spec  # noqa: E402

torch.set_num_threads(1)  # tests share their cores, and threads that wait for one another spin

CONFIG = parse_config({"image_student": {"epochs": 8, "batch_size": 16}, "adapt": {"epochs": 0}})


@pytest.fixture(scope="module")
def kept(training_cache, tmp_path_factory):
    """Where an image student is kept, and the student."""
    where = tmp_path_factory.mktemp("shared")
    bank = class_bank(training_cache, [])
    targets = np.asarray(training_cache.targets.image, np.float32)
    return where, train_image_student(training_cache, bank, CONFIG, targets, where)


def test_the_cache_has_the_images_made_small(training_cache):
    pictures = training_cache.targets.pictures
    assert pictures.shape == (len(training_cache.index.rows["image"]), 3, IMAGE_SIDE, IMAGE_SIDE)
    assert pictures.dtype == np.uint8
    # An image of this dataset has a light wall, and one colour before it.
    assert np.median(pictures[0]) == 200
    assert pictures[0].min() < 40


def test_it_learns_and_is_kept(kept, training_cache, monkeypatch):
    where, trained = kept
    guessing = 1 / len(training_cache.vocabulary.classes.labels)
    assert trained.metrics["validation_objects"] > 1.5 * guessing
    monkeypatch.setattr(module, "_train", lambda *_: pytest.fail("trained again"))
    bank = class_bank(training_cache, [])
    targets = np.asarray(training_cache.targets.image, np.float32)
    again = train_image_student(training_cache, bank, CONFIG, targets, where)
    assert again.metrics == trained.metrics
    assert all(torch.equal(again.state[name], value) for name, value in trained.state.items())


@pytest.mark.parametrize("modality", ["thermal", "event", "audio"])
def test_a_student_begins_as_it_whatever_its_own_input_is(kept, modality):
    _, trained = kept
    student = build(modality, 384, input_spec(modality), pretrained=True)
    student.load_image_student(trained.state)
    mine = student.state_dict()
    assert all(torch.equal(mine[name], value) for name, value in trained.state.items())
    z = student(torch.zeros(2, *input_spec(modality).shape[1:]))
    assert z.shape == (2, 384)


def test_who_begins_as_what():
    cad = parse_config({})
    assert [cad.initialisation(m) for m in ("touch", "thermal", "event", "audio")] == [
        "teacher",
        "image",
        "image",
        "image",
    ]
    plain = parse_config({"loss": {"objective": "cross_entropy"}})
    assert plain.initialisation("thermal") == "teacher"
    alike = parse_config({"loss": {"objective": "infonce"}, "schedule": {"start": "image"}})
    assert alike.initialisation("thermal") == "image"
    nothing = parse_config({"schedule": {"start": "random"}})
    assert nothing.initialisation("event") == "random"
    assert not nothing.pretrained("event")
    trained = parse_config({"overrides": {"audio": {"student": "audio.pt"}}})
    assert trained.initialisation("audio") == "teacher"


def test_another_seed_or_bank_is_another_student(kept, training_cache):
    where, _ = kept
    before = set(where.glob("*.pt"))
    quick = replace(CONFIG, image_student=replace(CONFIG.image_student, epochs=1))
    targets = np.asarray(training_cache.targets.image, np.float32)
    for config in (quick, replace(quick, seed=1), replace(quick, left_out=["lamp"])):
        bank = class_bank(training_cache, config.left_out)
        train_image_student(training_cache, bank, config, targets, where)
    assert len(set(where.glob("*.pt")) - before) == 3


def test_without_images_there_is_one_sentence(training_cache, tmp_path):
    blind = replace(
        training_cache,
        targets=replace(
            training_cache.targets,
            image_quality=np.zeros_like(training_cache.targets.image_quality),
        ),
    )
    targets = np.asarray(training_cache.targets.image, np.float32)
    with pytest.raises(TrainingError, match=r"set schedule\.start to teacher"):
        train_image_student(blind, class_bank(blind, []), CONFIG, targets, tmp_path)


def test_varied_images_stay_images_and_some_lose_their_colours():
    x = torch.rand((64, *INPUT.shape[1:]), generator=torch.Generator().manual_seed(0))
    varied = augment(x, torch.Generator().manual_seed(1))
    assert varied.shape == x.shape
    assert float(varied.min()) > -1e-5
    assert float(varied.max()) < 1 + 1e-5
    grey = (varied - varied.mean(1, keepdim=True)).abs().amax((1, 2, 3)) < 1e-4
    assert 0.4 < float(grey.float().mean()) < 0.95
