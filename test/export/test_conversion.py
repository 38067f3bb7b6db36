"""Networks of torch as ONNX files, in fp32, fp16 and int8."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto

torch = pytest.importorskip("torch", reason="exports start from torch")

from paths import ROOT  # noqa: E402
from torch import nn  # noqa: E402

from omnibind_ros.encoders.backend import load_model  # noqa: E402
from omnibind_ros.encoders.manifest import BundleError, FileSpec, TensorSpec  # noqa: E402
from omnibind_ros.export.conversion import write_precision  # noqa: E402
from omnibind_ros.export.heavy_nodes import heavy_nodes  # noqa: E402
from omnibind_ros.export.precisions import PRECISIONS  # noqa: E402
from omnibind_ros.export.tensorrt_operators import violations  # noqa: E402
from omnibind_ros.export.torch_onnx import OPSET, write_network  # noqa: E402

SIZE = 16
INPUT = TensorSpec("touch", (1, 3, 20, 24), "float32", "NCHW")
OUTPUT = TensorSpec("embedding", (1, SIZE), "float32", "ND")
SPEC = FileSpec("touch.onnx", "", inputs=(INPUT,), outputs=(OUTPUT,))


class Small(nn.Module):
    """What students are made of: normalisation, convolutions, a shortcut, a length."""

    def __init__(self):
        super().__init__()
        self.start = nn.BatchNorm2d(3)
        self.stem = nn.Conv2d(3, 16, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.same = nn.Conv2d(16, 16, 3, 1, 1)
        self.project = nn.Linear(16, SIZE)

    def forward(self, x):
        x = torch.relu(self.norm(self.stem(self.start(x))))
        x = torch.relu(x + self.same(x))
        z = self.project(x.amax((2, 3)))
        return z / (z.square().sum(1, keepdim=True) + 1e-12).sqrt()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = Small()
    with torch.no_grad():  # statistics that are not those it starts with
        made.train()
        for _ in range(20):
            made(3 * torch.randn(8, *INPUT.shape[1:]) + 1)
    return made.eval()


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(1)
    return [(3 * rng.normal(size=INPUT.shape) + 1).astype(np.float32) for _ in range(40)]


@pytest.fixture(scope="module")
def base(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "touch.onnx"
    write_network(network, (torch.zeros(INPUT.shape),), (INPUT,), (OUTPUT,), path)
    return path


def run(path, samples):
    model = load_model(path, SPEC)  # compares inputs and outputs with the manifest's
    return np.concatenate([model.run({"touch": x})[0] for x in samples])


def test_the_file_gives_the_outputs_of_the_network(network, base, samples):
    with torch.no_grad():
        wanted = network(torch.from_numpy(np.concatenate(samples))).numpy()
    assert np.allclose(run(base, samples), wanted, atol=1e-5)
    assert np.ptp(wanted, axis=0).max() > 0.1


def test_the_file_is_the_same_each_time_and_names_no_source_file(network, base, tmp_path):
    again = tmp_path / "touch.onnx"
    write_network(network, (torch.zeros(INPUT.shape),), (INPUT,), (OUTPUT,), again)
    content = again.read_bytes()
    assert content == base.read_bytes()
    assert str(ROOT).encode() not in content
    assert b"site-packages" not in content
    assert onnx.load(again).opset_import[0].version == OPSET >= 17


@pytest.mark.parametrize("name", PRECISIONS)
def test_a_precision_keeps_inputs_outputs_and_nearly_the_embedding(base, samples, tmp_path, name):
    path = tmp_path / "touch.onnx"
    write_precision(name, base, path, samples[:20])
    wanted, found = run(base, samples[20:]), run(path, samples[20:])
    cosine = (wanted * found).sum(1) / np.linalg.norm(found, axis=1)
    least = {"fp32": 1 - 1e-6, "fp16": 0.99999, "int8": 0.995, "int8-tensorrt": 0.995}[name]
    assert cosine.min() > least
    # A precision that changed nothing would be none.
    assert (np.abs(wanted - found).max() == 0) == (name == "fp32")


@pytest.mark.parametrize("name", PRECISIONS)
def test_tensorrt_reads_all_but_what_is_for_processors(base, samples, tmp_path, name):
    path = tmp_path / "touch.onnx"
    write_precision(name, base, path, samples)
    assert bool(violations(onnx.load(path))) == (name == "int8")


def test_weights_have_the_type_of_their_precision(base, samples, tmp_path):
    kinds = {}
    for name in PRECISIONS:
        path = tmp_path / "touch.onnx"
        write_precision(name, base, path, samples)
        large = [t for t in onnx.load(path).graph.initializer if np.prod(t.dims) >= 16 * 16]
        assert large
        kinds[name] = {t.data_type for t in large}
    assert kinds["fp32"] == {TensorProto.FLOAT}
    assert kinds["fp16"] == {TensorProto.FLOAT16}
    assert kinds["int8"] == kinds["int8-tensorrt"] == {TensorProto.INT8}


def test_int8_has_scales_by_channel(base, samples, tmp_path):
    path = tmp_path / "touch.onnx"
    write_precision("int8-tensorrt", base, path, samples)
    scales = [t for t in onnx.load(path).graph.initializer if t.name.endswith("_scale")]
    assert any(np.prod(t.dims) == 16 for t in scales)


def test_inputs_are_not_rounded_before_the_layers(tmp_path):
    """Of 1000.1 and 1000.2 half precision makes one number; their difference must stay."""

    class Difference(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, SIZE)

        def forward(self, x):
            return torch.relu(self.layer(x - x.mean(1, keepdim=True)))

    torch.manual_seed(0)
    source, path = tmp_path / "a.onnx", tmp_path / "b.onnx"
    given = TensorSpec("x", (1, 2), "float32")
    write_network(Difference().eval(), (torch.zeros(1, 2),), (given,), (OUTPUT,), source)
    write_precision("fp16", source, path, ())
    spec = FileSpec("b.onnx", "", inputs=(given,), outputs=(OUTPUT,))
    x = {"x": np.array([[1000.1, 1000.2]], np.float32)}
    wanted, found = (load_model(p, spec).run(x)[0] for p in (source, path))
    assert np.allclose(wanted, found, atol=1e-3)
    assert not np.allclose(load_model(source, spec).run({"x": x["x"] * 0})[0], wanted, atol=1e-3)


def test_products_of_two_inputs_are_no_layers(tmp_path):
    class Distances(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(5, 5)

        def forward(self, x):
            return self.layer(x @ x.transpose(1, 2))

    path = tmp_path / "points.onnx"
    spec = TensorSpec("points", (1, 5, 3), "float32")
    out = TensorSpec("out", (1, 5, 5), "float32")
    write_network(Distances().eval(), (torch.zeros(1, 5, 3),), (spec,), (out,), path)
    model = onnx.load(path)
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    heavy = heavy_nodes(model)
    assert len(products) == 2
    assert products[0].name not in heavy
    assert products[1].name in heavy
    assert heavy_nodes(model, kept=("MatMul",)) == set()


def test_operators_that_are_kept_stay_in_fp32(base, samples, tmp_path):
    path = tmp_path / "touch.onnx"
    for name in ("fp16", "int8"):
        write_precision(name, base, path, samples, kept=("Gemm",))
        model = onnx.load(path)
        weights = {t.name: t.data_type for t in model.graph.initializer}
        (gemm,) = [node for node in model.graph.node if node.op_type == "Gemm"]
        assert weights[gemm.input[1]] == TensorProto.FLOAT
        assert TensorProto.FLOAT not in {
            weights[n.input[1]]
            for n in model.graph.node
            if n.op_type == "Conv" and n.input[1] in weights
        }


@pytest.mark.parametrize("name", ["int8", "int8-tensorrt"])
def test_int8_needs_samples(base, tmp_path, name):
    with pytest.raises(BundleError, match="no samples to measure"):
        write_precision(name, base, tmp_path / "touch.onnx", ())
    assert not (tmp_path / "touch.onnx").exists()
