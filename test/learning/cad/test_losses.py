"""Each term of CAD says what it should, and can be switched off."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.learning.cad.losses import (  # noqa: E402
    CAD_TERMS,
    PAPER_TERMS,
    PLAIN,
    Batch,
    Objective,
    distil,
    infonce,
    relation,
)
from omnibind_ros.learning.config import LossConfig  # noqa: E402
from omnibind_ros.learning.prototypes import ClassSimilarity  # noqa: E402
from omnibind_ros.recognition.label_bank import LabelBank  # noqa: E402

SIZE = 8
CONFIG = LossConfig()


def unit(rows):
    return rows / rows.norm(dim=1, keepdim=True)


def random(count, seed):
    return unit(torch.randn((count, SIZE), generator=torch.Generator().manual_seed(seed)))


@pytest.fixture
def bank():
    owner = np.array([0, 0, 0, 1, 2, 2])
    return LabelBank(("a", "b", "c"), random(6, 0).numpy(), owner)


def batch(bank, z, image, labels, text=None):
    each = ClassSimilarity(bank)
    text = random(len(z), 9) if text is None else text
    return Batch(z, torch.tensor(labels), image, text, each(z), each(image))


def test_a_class_scores_as_at_run_time(bank):
    z = random(5, 1)
    said = ClassSimilarity(bank)(z).numpy()
    for row, values in zip(said, z.numpy(), strict=True):
        assert np.allclose(row, bank.similarities(values), atol=1e-6)


def test_alignment_is_zero_at_the_teacher_and_at_the_name(bank):
    z = torch.from_numpy(bank.prototypes[[1, 3]])
    at = batch(bank, z, z, [0, 1])
    assert CAD_TERMS["align_image"](at, CONFIG) == pytest.approx(0, abs=1e-6)
    assert CAD_TERMS["align_text"](at, CONFIG) == pytest.approx(0, abs=1e-6)
    assert CAD_TERMS["align_image"](batch(bank, z, -z, [0, 1]), CONFIG) == pytest.approx(
        2, abs=1e-6
    )


def test_contrast_is_the_cross_entropy_over_classes(bank):
    z, labels = random(4, 1), [0, 1, 2, 0]
    scores = torch.from_numpy(np.stack([bank.similarities(row) for row in z.numpy()]))
    wanted = torch.nn.functional.cross_entropy(scores / CONFIG.tau, torch.tensor(labels))
    got = CAD_TERMS["contrast"](batch(bank, z, z, labels), CONFIG)
    assert got == pytest.approx(float(wanted), rel=1e-5)


def test_nothing_is_distilled_from_a_teacher_that_agrees_or_is_wrong(bank):
    image = torch.from_numpy(bank.prototypes[[3, 3]])  # surely class b
    z = torch.from_numpy(bank.prototypes[[0, 4]])
    sharp = replace(CONFIG, tau_teacher=0.005)
    right = float(distil(batch(bank, z, image, [1, 1]), sharp))
    wrong = float(distil(batch(bank, z, image, [0, 2]), sharp))
    assert float(distil(batch(bank, image, image, [1, 1]), CONFIG)) == pytest.approx(0, abs=1e-5)
    assert right > 1
    assert wrong < 1e-3 * right


def test_relations_are_the_teachers_when_the_student_is(bank):
    z, image = random(6, 1), random(6, 2)
    labels = [0, 1, 2, 0, 1, 2]
    assert float(relation(batch(bank, image, image, labels), CONFIG)) == pytest.approx(0, abs=1e-6)
    assert float(relation(batch(bank, z, image, labels), CONFIG)) > 0.01


def test_infonce_wants_the_own_image(bank):
    image = torch.eye(SIZE)[:4]
    labels = [0, 1, 2, 0]
    own = float(infonce(batch(bank, image, image, labels), CONFIG))
    other = float(infonce(batch(bank, image.roll(1, 0), image, labels), CONFIG))
    assert own < 1e-3
    assert other > 10


def softmax(scores, axis):
    """In double precision, by its definition."""
    exponential = np.exp(scores - scores.max(axis, keepdims=True))
    return exponential / exponential.sum(axis, keepdims=True)


def divergence(teacher, student, axis):
    p, q = softmax(teacher, axis), softmax(student, axis)
    return (p * np.log(p / q)).sum(axis).mean()


@pytest.mark.parametrize("count", [2, 5, 32])
@pytest.mark.parametrize(("tau", "tau_relation"), [(0.05, 0.1), (0.2, 0.03)])
def test_the_papers_objective_is_its_three_losses(bank, count, tau, tau_relation):
    z, image, text = (random(count, count + seed) for seed in (1, 2, 3))
    config = LossConfig(objective="omnibind", tau=tau, tau_relation=tau_relation)
    labels = torch.arange(count) % 3
    total, terms = Objective(config, ClassSimilarity(bank))(z, labels, image, text)
    s, v, t = (each.numpy().astype(np.float64) for each in (z, image, text))
    inner = -np.log(softmax(s @ t.T / tau, 1).diagonal()).mean()
    across = [divergence(v @ t.T / tau_relation, s @ t.T / tau_relation, a) for a in (0, 1)]
    own = divergence((v @ v.T + t @ t.T) / 2 / tau_relation, s @ s.T / tau_relation, 1)
    wanted = {"text_contrast": inner, "relation": np.mean(across), "self_relation": own}
    assert list(terms) == list(PAPER_TERMS) == list(wanted)
    for name, value in wanted.items():
        assert terms[name].item() == pytest.approx(value, rel=1e-4, abs=1e-5), name
    assert total.item() == pytest.approx(sum(wanted.values()), rel=1e-4)


def test_self_relations_ignore_a_rotation_and_count_both_teachers_alike():
    image, text = random(6, 1), random(6, 2)
    rotation = torch.linalg.qr(
        torch.randn((SIZE, SIZE), generator=torch.Generator().manual_seed(4))
    )[0]
    objective = PAPER_TERMS["self_relation"]

    def value(z, image, text):
        return float(objective(Batch(z, None, image, text, None, None), CONFIG))

    assert value(image, image, image @ rotation) == pytest.approx(0, abs=1e-5)
    assert value(image @ rotation, image, image) == pytest.approx(0, abs=1e-5)
    assert value(image, image, text) > 1e-3
    assert value(random(6, 3), image, text) == pytest.approx(value(random(6, 3), text, image))


def test_the_papers_objective_has_no_categories(bank):
    z, rest = random(4, 1), (torch.tensor([0, 1, 2, 0]), random(4, 2), random(4, 3))
    config, categories = LossConfig(objective="omnibind"), torch.tensor([0, 1, -1, 2])
    with_them = Objective(config, ClassSimilarity(bank), ClassSimilarity(bank))
    total, terms = with_them(z, *rest, categories)
    assert "categories" not in terms
    assert total.item() == Objective(config, ClassSimilarity(bank))(z, *rest)[0].item()


@pytest.mark.parametrize("name", CAD_TERMS)
def test_a_weight_of_zero_switches_a_term_off(bank, name):
    z = random(4, 1).requires_grad_()
    rest = (torch.tensor([0, 1, 2, 0]), random(4, 2), random(4, 3))
    objective = Objective(replace(CONFIG, **{name: 0.0}), ClassSimilarity(bank))
    loss, terms = objective(z, *rest)
    whole, every = Objective(CONFIG, ClassSimilarity(bank))(z, *rest)
    assert set(every) == set(CAD_TERMS)
    assert set(terms) == set(CAD_TERMS) - {name}
    dropped = getattr(CONFIG, name) * every[name]
    assert loss.item() == pytest.approx((whole - dropped).item(), rel=1e-5)
    loss.backward()
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("name", ["omnibind", *PLAIN])
def test_an_objective_of_equal_weights_can_be_learnt(bank, name):
    z = random(6, 1).requires_grad_()
    rest = (torch.tensor([0, 1, 2, 0, 1, 2]), random(6, 2), random(6, 3))
    objective = Objective(replace(CONFIG, objective=name), ClassSimilarity(bank))
    before, terms = objective(unit(z), *rest)
    assert list(terms) == (list(PAPER_TERMS) if name == "omnibind" else [name])
    optimizer = torch.optim.SGD([z], 0.05)
    for _ in range(50):
        optimizer.zero_grad()
        objective(unit(z), *rest)[0].backward()
        optimizer.step()
    assert float(objective(unit(z), *rest)[0]) < float(before)
