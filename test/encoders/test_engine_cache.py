"""What ONNX Runtime's TensorRT provider is told, and where its engines are kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from omnibind_ros.encoders import backend
from omnibind_ros.encoders.backend import CPU, PROVIDERS, choose_providers, load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.engines import TENSORRT, engines_folder, gpu_name, provider_options
from omnibind_ros.encoders.manifest import BundleError, FileSpec, TensorSpec, read_manifest

FIXED = FileSpec("touch.onnx", "ab" * 32, inputs=(TensorSpec("touch", (1, 3, 60, 80), "float32"),))
FREE = replace(FIXED, inputs=(TensorSpec("ids", (-1, -1), "int64"),))


@pytest.fixture
def engines(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNIBIND_ENGINES", str(tmp_path / "engines"))
    return tmp_path / "engines"


def test_without_a_gpu_there_is_the_processor():
    assert choose_providers(FIXED, None, [CPU]) == [CPU]
    assert choose_providers(FIXED, [TENSORRT], [CPU]) == [CPU]


def test_tensorrt_comes_first_and_is_told_where_engines_are(engines):
    (name, options), *others = choose_providers(FIXED, None, PROVIDERS)
    assert name == TENSORRT
    assert others == list(PROVIDERS[1:])
    folder = Path(options["trt_engine_cache_path"])
    assert folder.is_dir()
    assert folder.parent == Path(options["trt_timing_cache_path"])
    assert folder.name == FIXED.sha256[:16]
    assert engines in folder.parents
    assert options["trt_engine_cache_enable"] == options["trt_timing_cache_enable"] == "1"


@pytest.mark.parametrize(
    ("precision", "flags"),
    [
        ("", set()),
        ("fp32", set()),
        ("fp16", {"trt_fp16_enable"}),
        ("int8", {"trt_fp16_enable", "trt_int8_enable"}),
    ],
)
def test_an_engine_has_the_precision_of_its_file(engines, precision, flags):
    options = provider_options(replace(FIXED, precision=precision))
    assert {name for name in options if name.endswith(("fp16_enable", "int8_enable"))} == flags


def test_two_files_have_two_folders(engines):
    other = replace(FIXED, sha256="cd" * 32)
    paths = {provider_options(spec)["trt_engine_cache_path"] for spec in (FIXED, other)}
    assert len(paths) == 2


def test_a_network_of_free_sizes_stays_on_the_processor():
    assert choose_providers(FREE, None, PROVIDERS) == [CPU]
    assert choose_providers(FREE, PROVIDERS[1:], PROVIDERS) == list(PROVIDERS[1:])


def test_gpu_and_version_name_the_folder(engines):
    names = {
        engines_folder(gpu, version).name
        for gpu in ("Orin Nano", "H100")
        for version in ("8.6.2", "10.3.0")
    }
    assert len(names) == 4
    assert "Orin-Nano-tensorrt-8.6.2" in names
    assert engines_folder("a/../b", "1").parent == engines


def test_without_a_variable_engines_are_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("OMNIBIND_ENGINES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engines_folder("a", "1") == tmp_path / "omnibind" / "engines" / "a-tensorrt-1"


def test_the_gpu_is_named_by_the_driver_or_the_board(tmp_path):
    assert gpu_name(tmp_path) == ""
    for number, model in enumerate(["NVIDIA H100", "NVIDIA A2", "NVIDIA A2"]):
        folder = tmp_path / "proc" / "driver" / "nvidia" / "gpus" / f"0000:{number}"
        folder.mkdir(parents=True)
        (folder / "information").write_text(f"Model: \t\t {model}\nIRQ:   70\n")
    assert gpu_name(tmp_path) == "NVIDIA A2, NVIDIA H100"
    board = tmp_path / "proc" / "device-tree"
    board.mkdir()
    (board / "model").write_bytes(b"NVIDIA Jetson Orin Nano\0")
    assert gpu_name(tmp_path) == "NVIDIA Jetson Orin Nano"
    (board / "model").write_bytes(b"Raspberry Pi 5\0")
    assert gpu_name(tmp_path) == "NVIDIA A2, NVIDIA H100"


def test_the_providers_reach_onnx_runtime(seven_bundle, engines, monkeypatch):
    told = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, path, options, providers):
            told.extend(providers)
            super().__init__(path, options, providers=[CPU])

    monkeypatch.setattr(backend.onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(backend.onnxruntime, "get_available_providers", lambda: list(PROVIDERS))
    spec = read_manifest(seven_bundle).encoders["touch"]
    model = load_model(seven_bundle / spec.path, spec)
    assert told[0] == (TENSORRT, provider_options(spec))
    assert told[1:] == list(PROVIDERS[1:])
    assert np.isfinite(model.run({"touch": np.ones(spec.inputs[0].shape, np.float32)})[0]).all()


def test_a_folder_that_cannot_be_made_is_one_sentence(seven_bundle, engines, monkeypatch):
    engines.write_text("in the way")
    monkeypatch.setattr(backend.onnxruntime, "get_available_providers", lambda: list(PROVIDERS))
    with pytest.raises(BundleError, match="set OMNIBIND_ENGINES"):
        Bundle.load(seven_bundle).encoder("touch")
