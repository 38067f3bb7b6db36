"""The fusion network: its initial state, its parts, and the same outputs in torch and ONNX."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch trains the fusion, and is not installed")

from omnibind_ros.encoders.backend import load_model  # noqa: E402
from omnibind_ros.export.export_fusion import ExportedFusion, export_fusion  # noqa: E402
from omnibind_ros.fusion import AdaptiveFusion, MeanFusion  # noqa: E402
from omnibind_ros.learning.af.network import FusionNetwork  # noqa: E402
from omnibind_ros.modalities import MODALITIES  # noqa: E402
from omnibind_ros.recognition.label_bank import LabelBank  # noqa: E402

OPERATORS = """
Add Cast Clip Concat Div Equal Exp Expand Gather GatherND Gemm Greater LayerNormalization Less Log
MatMul Mul Not Pow ReduceMax ReduceMean ReduceSum Relu Reshape Shape Sigmoid Slice Softmax Sqrt
Squeeze Sub Tanh Transpose Unsqueeze
"""
"""ONNX operators that TensorRT has, one or more of which fusion.onnx needs."""

SIZE = 48
NAMES = list(MODALITIES)


def members(count, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, SIZE)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    rest = (rng.random(count).astype(np.float32) for _ in range(3))
    return (values, rng.integers(0, len(NAMES), count), *rest)


def trained(seed=0, **sizes):
    """A network with other values than its initial ones."""
    torch.manual_seed(seed)
    network = FusionNetwork(SIZE, **sizes).eval()
    for name, values in (*network.named_parameters(), *network.named_buffers()):
        if name != "max_age" and not values.any():
            torch.nn.init.normal_(values, std=0.2)
    return network


def run(network, seen):
    with torch.no_grad():
        outputs = ExportedFusion(network)(*map(torch.from_numpy, seen))
    return [each.numpy() for each in outputs]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fusion")
    network = trained()
    spec = export_fusion(network, folder)
    model = load_model(folder / spec.path, spec, 1, ("CPUExecutionProvider",))
    return network, AdaptiveFusion(model, spec, SIZE)


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_initially_it_is_the_quality_weighted_mean(count):
    seen = members(count)
    fused, weights, _ = run(FusionNetwork(SIZE).eval(), seen)
    values, numbers, age, quality, entropy = seen
    mean = MeanFusion().fuse(values, [NAMES[n] for n in numbers], age, quality, entropy)
    np.testing.assert_allclose(fused, mean.values, atol=1e-6)
    np.testing.assert_allclose(weights, mean.weights, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_the_exported_network_gives_the_outputs_of_torch(exported, count):
    network, fusion = exported
    for seed in range(5):
        seen = members(count, seed)
        values, numbers, *rest = seen
        result = fusion.fuse(values, [NAMES[n] for n in numbers], *rest)
        if count == 1:  # the age of a lone member does not count at run time
            seen = (values, numbers, np.zeros_like(rest[0]), *rest[1:])
        fused, weights, agreement = run(network, seen)
        np.testing.assert_allclose(result.values, fused, atol=1e-4)
        np.testing.assert_allclose(result.weights, weights, atol=1e-4)
        np.testing.assert_allclose(result.agreement, agreement, atol=1e-4)
    assert fusion.failures == 0


def test_the_order_of_members_changes_nothing():
    network, seen = trained(), members(9)
    order = np.random.default_rng(1).permutation(9)
    fused, weights, _ = run(network, seen)
    again, turned, _ = run(network, tuple(array[order] for array in seen))
    np.testing.assert_allclose(again, fused, atol=1e-5)
    np.testing.assert_allclose(turned, weights[order], atol=1e-5)


def test_an_empty_place_in_a_batch_changes_nothing():
    network, seen = trained(), members(5)
    fused, weights, agreement = run(network, seen)
    present = np.array([[True] * 5 + [False] * 4])
    padded = [np.concatenate([a, a[:4]])[None] for a in seen]
    with torch.no_grad():
        got, shares, fits = network(*map(torch.from_numpy, (*padded, present)))
    np.testing.assert_allclose(got[0], fused, atol=1e-6)
    np.testing.assert_allclose(shares[0, :5], weights, atol=1e-6)
    assert not shares[0, 5:].any()
    np.testing.assert_allclose(fits[0, :5], agreement, atol=1e-6)
    assert not fits[0, 5:].any()


def test_evidence_fades_as_a_reading_ages():
    network, (values, numbers, _, quality, entropy) = FusionNetwork(SIZE).eval(), members(3)
    torch.nn.init.constant_(network.evidence.fading, 2.0)
    quality[:] = 1
    limits = np.float32([MODALITIES[NAMES[n]].max_age for n in numbers])
    left = np.float32([1.0, 0.5, 0.1])
    weights = run(network, (values, numbers, (1 - left) * limits, quality, entropy))[1]
    np.testing.assert_allclose(weights, left**2 / (left**2).sum(), atol=1e-5)
    # A clock that jumps makes a reading older than it may be, or younger than now.
    jumped = run(network, (values, numbers, np.float32([0, 50, -50]), quality, entropy))
    assert all(np.isfinite(part).all() for part in jumped)
    assert jumped[1][1] < 1e-3


def test_a_member_without_quality_has_no_weight():
    network, (values, numbers, age, quality, entropy) = FusionNetwork(SIZE).eval(), members(3)
    torch.nn.init.zeros_(network.evidence.power)
    torch.nn.init.ones_(network.evidence.gate)
    for worst, share in ((0.0, 0.0), (0.025, 0.2), (0.05, 1 / 3)):
        quality[:] = 1, 0.4, worst
        weights = run(network, (values, numbers, age, quality, entropy))[1]
        np.testing.assert_allclose(weights, [(1 - share) / 2, (1 - share) / 2, share], atol=1e-3)
    quality[:] = 0
    assert np.isfinite(run(network, (values, numbers, age, quality, entropy))[0]).all()


def test_little_evidence_lowers_all_similarities_alike():
    network, (values, numbers, age, quality, entropy) = FusionNetwork(SIZE).eval(), members(4)
    names = np.linalg.qr(np.random.default_rng(5).normal(size=(SIZE, SIZE)))[0].astype(np.float32)
    count = len(network.null.directions)
    labels, null = names[count:], names[:count]
    with torch.no_grad():
        network.null.directions.copy_(torch.from_numpy(null))
        network.null.projection.copy_(torch.from_numpy(labels[:count].T.copy()))
        found = []
        for log_scale in (-3.0, 0.0):
            network.evidence.log_scale.fill_(log_scale)
            found.append(labels @ run(network, (values, numbers, age, quality, entropy))[0])
    ratio = found[0] / found[1]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-2)
    assert 0 < ratio[0] < 0.5


def test_members_that_mean_a_class_by_different_words_agree():
    words = np.linalg.qr(np.random.default_rng(3).normal(size=(SIZE, SIZE)))[0].astype(np.float32)
    bank = LabelBank(("dog", "cat", "cup"), words[:4], np.array([0, 0, 1, 2]))
    network = FusionNetwork(SIZE, classes=3, words=2).eval()
    # An image of a dog and a bark, each a little similar to a cat.
    values = np.stack([0.6 * words[0] + 0.64 * words[2], 0.6 * words[1] + 0.5 * words[2]])
    values = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    zeros, ones = np.zeros(2, np.float32), np.ones(2, np.float32)
    seen = (values, np.array([0, 6]), zeros, ones, zeros)
    each = bank.similarities(values)
    together = each.sum(0) - each.sum(0).mean()
    uncorrected, *_ = run(network, seen)
    network.synonyms.initialise(bank)
    corrected, *_ = run(network, seen)
    alone, *_ = run(network, tuple(array[:1] for array in seen))
    assert together[0] > together[1]
    assert bank.similarities(uncorrected).argmax() == 1
    found = bank.similarities(corrected)
    assert found.argmax() == 0
    # The sum of the members' similarities, less its mean over the classes.
    assert found.mean() == pytest.approx(0, abs=0.01)
    np.testing.assert_allclose(found / found.std(), together / together.std(), atol=0.02)
    # One alone is not corrected.
    np.testing.assert_allclose(alone, values[0], atol=1e-6)


def common_labels(network):
    """Give a network three labels that have much in common; return it, the bank, and all words."""
    rng = np.random.default_rng(4)
    common, apart = rng.normal(size=SIZE), rng.normal(size=(4, SIZE))
    words = (common + 0.7 * apart).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    bank = LabelBank(("dog", "cat", "cup"), words[:3], np.arange(3))
    network.synonyms.initialise(bank)
    null = np.linalg.qr(np.concatenate([words, rng.normal(size=(SIZE - 4, SIZE))]).T)[0].T[4:]
    count = len(network.null.directions)
    with torch.no_grad():
        network.null.directions.copy_(torch.from_numpy(null[:count].astype(np.float32)))
        network.null.projection.copy_(torch.from_numpy(null[-count:].T.astype(np.float32).copy()))
    return bank, words, (common / np.linalg.norm(common)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 3])
def test_what_all_labels_have_in_common_makes_no_object_known(count):
    network = FusionNetwork(SIZE, classes=3, words=1).eval()
    bank, words, vague = common_labels(network)
    zeros, ones = np.zeros(count, np.float32), np.ones(count, np.float32)
    rest = (np.zeros(count, np.int64), zeros, ones, zeros)
    unknown, *_ = run(network, (np.tile(vague, (count, 1)), *rest))
    cat, *_ = run(network, (np.tile(words[1], (count, 1)), *rest))
    assert bank.similarities(vague).max() > 0.7  # as similar as a known object
    assert bank.similarities(unknown).max() < 0.15
    assert bank.similarities(cat).argmax() == 1
    assert bank.similarities(cat).max() > 2 * bank.similarities(unknown).max()
    # The same holds for a label that the network does not have.
    assert abs(words[3] @ unknown) < 0.5 * abs(words[3] @ vague)


def test_a_lone_member_keeps_the_order_of_any_labels():
    network = trained(classes=3, words=1)
    common_labels(network)
    torch.nn.init.normal_(network.bias.offset)
    labels = np.random.default_rng(8).normal(size=(200, SIZE)).astype(np.float32)
    # Labels have no component in the null directions.
    null = network.null.directions.numpy()
    labels -= (labels @ null.T) @ null
    for seed in range(5):
        values, *rest = members(1, seed)
        fused, weights, agreement = run(network, (values, *rest))
        np.testing.assert_array_equal(np.argsort(labels @ fused), np.argsort(labels @ values[0]))
        np.testing.assert_allclose(weights, [1])
        np.testing.assert_array_equal(agreement, [0])


def test_the_exported_operators_are_few_and_known_to_tensorrt(tmp_path):
    import onnx  # noqa: PLC0415

    export_fusion(trained(), tmp_path)
    graph = onnx.load(tmp_path / "fusion.onnx").graph
    assert {node.op_type for node in graph.node} <= set(OPERATORS.split())
