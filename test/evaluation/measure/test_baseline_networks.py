"""The learned baselines compute what their papers say."""

import numpy as np
import pytest
from embedding_sets import make_embeddings

torch = pytest.importorskip("torch", reason="the baselines are networks of torch")

from omnibind_ros.evaluation.measure.baseline_networks import (  # noqa: E402
    LinearNetwork,
    UnseenNetwork,
)
from omnibind_ros.evaluation.measure.baselines import mean  # noqa: E402
from omnibind_ros.learning.af.corruptions import SetSampler  # noqa: E402
from omnibind_ros.learning.af.files import run  # noqa: E402
from omnibind_ros.learning.af.initial_values import fit_modalities  # noqa: E402

MODALITIES = ("image", "touch", "audio")


@pytest.fixture(scope="module")
def data():
    return make_embeddings(samples=120, modalities=MODALITIES)


@pytest.fixture(scope="module", params=[0, 1, 2])
def sets(request, data):
    """Random subsets, some of whose members are corrupted."""
    return SetSampler(data, 0.05, 0.5, request.param).draw(40)


def log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(-1, keepdims=True))


def test_the_linear_layer_begins_as_the_mean(data, sets):
    (scores,) = run(LinearNetwork(data, 0.05), sets.members)
    wanted = data.bank.similarities(mean(sets.members)) / 0.05
    np.testing.assert_allclose(scores, wanted, atol=1e-3)


def test_the_linear_layer_sees_the_concatenated_embeddings(data, sets):
    torch.manual_seed(3)
    network = LinearNetwork(data, 0.1, start="random")
    (scores,) = run(network, sets.members)
    weight, bias = (v.detach().numpy().astype(np.float64) for v in network.layer.parameters())
    for row, values in enumerate(sets.members.values):
        there = sets.members.present[row]
        whole = np.concatenate([v if t else 0 * v for v, t in zip(values, there, strict=True)])
        fused = weight @ whole + bias
        wanted = data.bank.prototypes @ fused / np.linalg.norm(fused) / 0.1
        np.testing.assert_allclose(scores[row], wanted, atol=1e-3)
    # Its loss is the cross-entropy of the label.
    wanted = -log_softmax(scores.numpy().astype(np.float64))[np.arange(40), sets.labels].mean()
    assert network.loss(sets).item() == pytest.approx(wanted, rel=1e-4)


def features_of(network, sets):
    """By sample and member that is there: features [2, width] of the two branches."""
    with torch.no_grad():
        return [
            {
                m: network.projections[m](torch.from_numpy(values[m : m + 1]))[0]
                .numpy()
                .reshape(2, network.width)
                for m in np.flatnonzero(present)
            }
            for values, present in zip(sets.members.values, sets.members.present, strict=True)
        ]


@pytest.fixture
def unseen(data):
    torch.manual_seed(5)
    return UnseenNetwork(data, 0.05, width=16).eval()


def branches_of(network, features):
    summed = np.stack([sum(of.values()) for of in features])
    with torch.no_grad():
        return network.branch(torch.from_numpy(summed)).numpy().astype(np.float64)


def test_unseen_adds_what_there_is_and_averages_both_branches(unseen, sets):
    (scores,) = run(unseen, sets.members)
    branches = branches_of(unseen, features_of(unseen, sets))
    wanted = np.exp(log_softmax(branches)).mean(1)
    np.testing.assert_allclose(np.exp(scores.numpy()), wanted, atol=1e-5)
    np.testing.assert_allclose(np.exp(scores.numpy()).sum(1), 1, atol=1e-5)


def test_unseen_learns_labels_pseudo_labels_and_alignment(unseen, data, sets):
    features = features_of(unseen, sets)
    log_p = log_softmax(branches_of(unseen, features))
    classes, labels = len(data.bank.labels), sets.labels
    target = np.full((40, classes), 0.1 / classes)  # label smoothing 0.1
    target[np.arange(40), labels] += 0.9
    label = -(target * log_p[:, 0]).sum(1).mean()
    temperatures = fit_modalities(data).temperatures
    divergences, distances = [], []
    vectors = unseen.classes.detach().numpy()
    for row, of in enumerate(features):
        for m, each in of.items():
            distances.append(np.square(each.mean(0) - vectors[labels[row]]).mean())
            if sets.informative[row, m]:
                similarity = data.bank.prototypes @ sets.members.values[row, m].astype(np.float64)
                pseudo = log_softmax(similarity / temperatures[m])
                divergences.append((np.exp(pseudo) * (pseudo - log_p[row, 1])).sum())
    assert len(divergences) < len(distances)  # corrupted members have no pseudo-label
    wanted = label + np.mean(divergences) + 0.001 * np.mean(distances)
    assert unseen.loss(sets).item() == pytest.approx(wanted, rel=1e-3)
