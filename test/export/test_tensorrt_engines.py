"""Engines are built once for each GPU, version and file; there is no GPU here to build one with."""

import sys
from types import SimpleNamespace

import pytest

from omnibind_ros.cli import main
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.export import tensorrt_engines
from omnibind_ros.export.tensorrt_engines import TIMING, build_engines


@pytest.fixture
def engines(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNIBIND_ENGINES", str(tmp_path / "engines"))
    return tmp_path / "engines"


def test_without_tensorrt_the_error_names_what_to_install(seven_bundle, engines, capsys):
    assert main(["export", "--tensorrt", "--bundle", str(seven_bundle)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "install onnxruntime-gpu and TensorRT" in error
    assert not engines.exists()


class FakeTensorRT:
    """Takes the calls that TensorRT's Python package documents, and records them."""

    def __init__(self, typed=True, readable=True, gpu=True):
        self.__version__ = "10.3.0"
        self.calls = []
        self.readable = readable
        self.gpu = gpu
        flags = {"EXPLICIT_BATCH": 0, **({"STRONGLY_TYPED": 1} if typed else {})}
        self.NetworkDefinitionCreationFlag = SimpleNamespace(**flags)
        self.BuilderFlag = SimpleNamespace(FP16="fp16", INT8="int8")
        self.Logger = lambda _: None
        self.Logger.WARNING = 2

    def Builder(self, _):  # noqa: N802
        if not self.gpu:
            raise TypeError("pybind11::init(): factory function returned nullptr")
        return SimpleNamespace(
            create_network=lambda flags: self.calls.append(("network", flags)),
            create_builder_config=self.config,
            build_serialized_network=lambda *_: b"engine",
        )

    def OnnxParser(self, *_):  # noqa: N802
        return SimpleNamespace(
            parse_from_file=lambda path: self.calls.append(("parse", path)) or self.readable,
            num_errors=1,
            get_error=lambda _: "unknown operator",
        )

    def config(self):
        return SimpleNamespace(
            set_flag=lambda flag: self.calls.append(("flag", flag)),
            create_timing_cache=lambda known: known,
            set_timing_cache=lambda cache, ignore_mismatch: self.calls.append(("timing", cache)),
            get_timing_cache=lambda: SimpleNamespace(serialize=lambda: b"times"),
        )

    def of(self, kind):
        return [value for name, value in self.calls if name == kind]


@pytest.fixture
def install(monkeypatch, engines):
    def install(**options):
        fake = FakeTensorRT(**options)
        monkeypatch.setitem(sys.modules, "tensorrt", fake)
        monkeypatch.setattr(tensorrt_engines.importlib.util, "find_spec", lambda name: name)
        return fake

    return install


def test_an_engine_for_each_network_of_fixed_size_and_once_only(seven_bundle, install, engines):
    fake, bundle = install(), Bundle.load(seven_bundle)
    first = build_engines(bundle)
    assert {engine.modality for engine in first} == set(bundle.manifest.encoders) - {"text"}
    assert all(engine.built and engine.path.read_bytes() == b"engine" for engine in first)
    assert len({engine.path.parent for engine in first}) == len(first)
    assert set(fake.of("network")) == {2}
    # The second network builds on what was timed for the first.
    assert fake.of("timing")[:2] == [b"", b"times"]
    assert len(list(engines.rglob(TIMING))) == 1
    count = len(fake.calls)
    second = build_engines(bundle)
    assert [engine.path for engine in second] == [engine.path for engine in first]
    assert not any(engine.built for engine in second)
    assert len(fake.calls) == count
    assert list(engines.rglob("*.part")) == []


def test_an_old_tensorrt_gets_the_precision(seven_bundle, install):
    fake = install(typed=False)
    bundle = Bundle.load(seven_bundle)
    for spec in bundle.manifest.encoders.values():
        object.__setattr__(spec, "precision", "int8")
    build_engines(bundle)
    assert set(fake.of("network")) == {1}
    assert set(fake.of("flag")) == {"fp16", "int8"}


@pytest.mark.parametrize(
    ("options", "reason"), [({"readable": False}, "unknown operator"), ({"gpu": False}, "no GPU")]
)
def test_what_tensorrt_cannot_do_is_one_sentence(seven_bundle, install, engines, options, reason):
    install(**options)
    with pytest.raises(BundleError, match=reason) as error:
        build_engines(Bundle.load(seven_bundle))
    assert "\n" not in str(error.value)
    assert list(engines.rglob("*.engine")) == []


def test_a_provider_that_builds_nothing_is_an_error(seven_bundle, engines, monkeypatch):
    monkeypatch.setattr(tensorrt_engines, "_choose_builder", lambda: lambda *_: None)
    with pytest.raises(BundleError, match="went on without TensorRT"):
        build_engines(Bundle.load(seven_bundle))


def test_a_broken_bundle_gets_no_engines(bundle_copy, install):
    install()
    (bundle_copy / "image.onnx").write_bytes(b"")
    with pytest.raises(BundleError, match="restore it"):
        build_engines(Bundle.load(bundle_copy))
