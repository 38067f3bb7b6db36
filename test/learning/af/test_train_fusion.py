"""Training of the fusion: it learns which members to trust, and ends no worse than it began."""

import json
from dataclasses import replace

import numpy as np
import pytest
from embedding_sets import make_embeddings
from paths import ROOT

torch = pytest.importorskip("torch", reason="torch trains the fusion, and is not installed")

from omnibind_ros.cli import main  # noqa: E402
from omnibind_ros.evaluation.measure.combinations import select_modalities  # noqa: E402
from omnibind_ros.learning.af.config import FusionConfig, read_fusion_config  # noqa: E402
from omnibind_ros.learning.af.corruptions import CORRUPTIONS, SetSampler, members_of  # noqa: E402
from omnibind_ros.learning.af.files import load_fusion  # noqa: E402
from omnibind_ros.learning.af.initial_values import fit_modalities  # noqa: E402
from omnibind_ros.learning.af.network import FusionNetwork  # noqa: E402
from omnibind_ros.learning.af.training import FusionObjective, train_fusion  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.modalities import MODALITIES  # noqa: E402
from omnibind_ros.recognition.label_bank import LabelBank  # noqa: E402
from omnibind_ros.recognition.prototypes import entropies, probabilities  # noqa: E402

QUICK = FusionConfig(
    steps=120, batch_size=128, learning_rate=3e-3, dropout=0.0, corrupt=0.05, refit=False
)
UNEQUAL = {"image": 0.6, "touch": 4.0, "audio": 4.0}


@pytest.fixture(scope="module")
def unequal():
    """One modality that is nearly always right among two that hardly ever are."""
    return make_embeddings(samples=800, modalities=tuple(UNEQUAL), noise=UNEQUAL)


@pytest.fixture(scope="module")
def trained(unequal):
    return train_fusion(unequal, QUICK)


def test_it_does_better_than_the_mean_where_members_are_unequal(trained):
    assert trained.figures["top1"] > trained.figures["mean_top1"] + 0.02
    assert trained.figures["cross_entropy"] <= trained.figures["pool_cross_entropy"]


def test_the_weights_turn_to_the_member_that_is_right(trained, unequal):
    _, weights = trained.fuse(members_of(unequal.split("test"), trained.temperature))
    # A third would be its share in the mean of three alike.
    assert weights[:, 0].mean() > 0.5


def test_one_seed_gives_one_network(unequal, trained):
    again = train_fusion(unequal, QUICK)
    for one, two in zip(trained.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, two)


def test_what_cannot_be_learnt_leaves_where_it_began(unequal):
    labels = np.random.default_rng(0).permutation(unequal.labels)
    noise = make_embeddings(samples=80, modalities=("image", "touch"))
    noise.labels[:] = labels[:80]
    found = train_fusion(noise, QUICK).figures
    assert found["cross_entropy"] <= found["pool_cross_entropy"]


def test_initial_evidence_follows_the_modalities_own_temperatures(unequal):
    data = unequal.split("validation")
    own = fit_modalities(data).temperatures
    assert own[0] < own[1] / 2
    network = FusionNetwork(data.size, classes=len(data.bank.labels))
    network.initialise(data, 0.05)
    trust = network.evidence.trust[data.numbers, 0].exp().detach()
    np.testing.assert_allclose(trust, 0.05 / own, rtol=1e-3)


def test_labels_and_sentences_have_nothing_in_the_null_directions():
    data = make_embeddings(samples=400, classes=6, size=48, modalities=("image", "text"))
    plane = np.linalg.qr(np.random.default_rng(3).normal(size=(48, 20)))[0].astype(np.float32)
    flat = (data.values @ plane) @ plane.T
    data.values[:] = flat / np.linalg.norm(flat, axis=2, keepdims=True)
    network = FusionNetwork(48, classes=6)
    network.initialise(data, 0.05)
    null = network.null.directions.numpy()
    np.testing.assert_allclose(null @ null.T, np.eye(len(null)), atol=1e-5)
    assert np.abs(data.bank.prototypes @ null.T).max() < 0.02
    assert (np.square(data.values[:, 1] @ null.T).sum(1) < 0.01).all()


def test_sets_of_every_size_are_as_sure_as_they_are_right():
    data = make_embeddings(samples=1600, classes=8, noise=dict.fromkeys(MODALITIES, 2.5))
    trained = train_fusion(data, QUICK)
    test = data.split("test")
    for count in (1, 3, 7):
        members = select_modalities(
            members_of(test, trained.temperature), test, test.modalities[:count]
        )
        similarities = test.bank.similarities(trained.fuse(members)[0])
        p = probabilities(similarities, trained.temperature)
        correct = (p.argmax(1) == test.labels).mean()
        assert abs(correct - p.max(1).mean()) < 0.1


def test_objects_held_back_are_learnt_from_in_the_end(unequal):
    config = replace(QUICK, steps=40)
    once, again = train_fusion(unequal, config), train_fusion(unequal, replace(config, refit=True))
    assert once.figures == again.figures
    assert not torch.equal(once.network.evidence.trust, again.network.evidence.trust)


@pytest.fixture(scope="module")
def with_synonyms(unequal):
    """The same embeddings, and a second word for each class."""
    bank, rng = unequal.bank, np.random.default_rng(5)
    words = bank.prototypes + rng.normal(0, 0.2, bank.prototypes.shape)
    prototypes = np.stack([bank.prototypes, words], 1).reshape(-1, unequal.size)
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    owner = np.repeat(np.arange(len(bank.labels)), 2)
    return replace(unequal, bank=LabelBank(bank.labels, np.float32(prototypes), owner))


@pytest.mark.parametrize("tau", [0.02, 0.05, 0.3])
def test_the_papers_loss_pulls_to_the_label_and_pushes_from_all_others(with_synonyms, tau):
    config = replace(QUICK, objective="omnibind", tau=tau)
    objective = FusionObjective(with_synonyms, 0.1, config)
    labels = with_synonyms.labels[:40]
    fused = np.random.default_rng(1).normal(size=(40, with_synonyms.size))
    fused /= np.linalg.norm(fused, axis=1, keepdims=True)
    names = with_synonyms.bank.prototypes[::2].astype(np.float64)  # no synonyms
    losses = []
    for each, label in zip(fused, labels, strict=True):
        pull = np.exp(names[label] @ each / tau)
        push = sum(np.exp(n @ each / tau) for i, n in enumerate(names) if i != label)
        losses.append(-np.log(pull / (pull + push)))
    found = objective.label_contrast(torch.from_numpy(np.float32(fused)), torch.tensor(labels))
    assert found.item() == pytest.approx(np.mean(losses), rel=1e-4)


def test_the_fusion_learns_by_the_papers_loss_and_not_by_ours(with_synonyms, unequal):
    config = replace(QUICK, steps=20, batch_size=64, objective="omnibind")
    ours = train_fusion(with_synonyms, replace(config, objective="cross_entropy"))
    papers = train_fusion(with_synonyms, config)
    assert not torch.equal(papers.network.evidence.trust, ours.network.evidence.trust)
    assert papers.figures["cross_entropy"] <= papers.figures["pool_cross_entropy"]
    # Regret is of our loss alone.
    regret = train_fusion(with_synonyms, replace(config, regret=5.0))
    assert torch.equal(papers.network.evidence.trust, regret.network.evidence.trust)
    # Without synonyms, and at the same temperature, they are the same loss.
    network = FusionNetwork(unequal.size, classes=8)
    network.initialise(unequal, 0.1)
    sets = SetSampler(unequal, 0.1, 0.1, 0).draw(64)
    one, other = (
        FusionObjective(unequal, 0.1, replace(config, objective=name, tau=0.1))(network, sets)
        for name in ("omnibind", "cross_entropy")
    )
    assert one.item() == pytest.approx(other.item(), rel=1e-5)


def test_sets_are_subsets_of_the_members_that_a_sample_has():
    data = make_embeddings(samples=60).split("validation")
    data.present[:, 3] = False
    drawn = SetSampler(data, 0.05, 0.3, 0).draw(500)
    members = drawn.members
    assert members.present.any(1).all()
    assert not members.present[:, 3].any()
    assert set(members.present.sum(1)) == set(range(1, 7))
    assert not members.values[~members.present].any()
    limits = np.array([m.max_age for m in MODALITIES.values()])
    assert (members.age <= limits + 1e-6).all()
    np.testing.assert_allclose(
        np.linalg.norm(members.values[members.present], axis=1), 1, atol=1e-5
    )


def test_corrupted_members_are_a_minority_and_single_ones_are_not_corrupted():
    data = make_embeddings(samples=200).split("validation")
    drawn = SetSampler(data, 0.05, 1.0, 0).draw(800)
    bad = (drawn.members.present & ~drawn.informative).sum(1)
    size = drawn.members.present.sum(1)
    assert (bad[size == 1] == 0).all()
    assert (bad[size > 2] * 2 < size[size > 2]).all()
    assert bad.max() > 1
    assert len(CORRUPTIONS) == 5


def test_mixed_members_are_of_the_same_class():
    data = make_embeddings(samples=100)
    data.values[:] = np.eye(data.size)[data.labels][:, None]
    data.quality[:] = np.arange(100)[:, None] / 100
    drawn = SetSampler(data, 0.05, 0.0, 0, mix=0.5).draw(300)
    members = drawn.members
    np.testing.assert_array_equal(
        members.values.argmax(2)[members.present],
        np.broadcast_to(drawn.labels[:, None], members.present.shape)[members.present],
    )
    several = members.present.sum(1) > 4
    differ = [len(set(q[p])) > 1 for q, p in zip(members.quality, members.present, strict=True)]
    assert np.mean(np.array(differ)[several]) > 0.9


def test_nothing_is_corrupted_where_none_is_wanted():
    data = make_embeddings(samples=100)
    drawn = SetSampler(data, 0.05, 0.0, 0).draw(200)
    np.testing.assert_array_equal(drawn.informative, drawn.members.present)


def test_the_command_writes_what_export_and_evaluation_need(tmp_path, capsys):
    make_embeddings(samples=120, modalities=("image", "touch")).save(tmp_path / "embeddings.npz")
    (tmp_path / "fusion.yaml").write_text("steps: 5\nleft_out: [class 1]\n", encoding="utf-8")
    options = {"embeddings": "embeddings.npz", "out": "out", "config": "fusion.yaml"}
    arguments = [part for name, file in options.items() for part in (f"--{name}", tmp_path / file)]
    assert main(["train", "fusion", *map(str, arguments)]) == 0
    assert "the quality-weighted mean" in capsys.readouterr().out
    record = json.loads((tmp_path / "out" / "fusion.json").read_text())
    assert record["left_out"] == ["class 1"]
    assert set(record["min_similarity"]) == {"image", "touch", "image+touch"}
    loaded = load_fusion(tmp_path / "out")
    assert loaded.temperature == record["temperature"]
    assert loaded.figures == record["figures"]


def test_errors_are_sentences(tmp_path):
    one = make_embeddings(modalities=("image",))
    with pytest.raises(TrainingError, match="fusion needs two modalities"):
        train_fusion(one, QUICK)
    with pytest.raises(TrainingError, match="build a larger dataset"):
        train_fusion(make_embeddings(samples=6), QUICK)
    (tmp_path / "fusion.yaml").write_text("step: 5\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="no parameter step; use one of seed"):
        read_fusion_config(tmp_path / "fusion.yaml")
    (tmp_path / "fusion.pt").write_bytes(b"damaged")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_fusion(tmp_path)


def test_a_loss_that_is_not_finite_ends_the_training():
    data = make_embeddings(samples=200, modalities=("image", "touch"))
    data.values[data.splits == "validation"] = np.nan
    with pytest.raises(TrainingError, match="the loss of the fusion is not finite in step 1"):
        train_fusion(data, FusionConfig(steps=5))


def test_entropies_of_drawn_members_are_their_own():
    data = make_embeddings(samples=100)
    members = SetSampler(data, 0.05, 0.5, 0, mix=0.5).draw(100).members
    wanted = entropies(data.bank.similarities(members.values), 0.05)
    there = members.present
    np.testing.assert_allclose(members.entropy[there], wanted[there], atol=1e-5)
    assert (members.entropy[~there] == 1).all()


def test_the_shipped_configuration_is_good():
    path = ROOT / "config" / "fusion.yaml"
    assert read_fusion_config(path).splits == ["validation"]


def test_names_of_version_0_1_are_read(tmp_path):
    (tmp_path / "fusion.yaml").write_text("lying: 0.4\n", encoding="utf-8")
    assert read_fusion_config(tmp_path / "fusion.yaml").other_object == 0.4
    (tmp_path / "fusion.yaml").write_text("lying: 0.4\nother_object: 0.3\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="lying is now other_object; give one of them"):
        read_fusion_config(tmp_path / "fusion.yaml")
