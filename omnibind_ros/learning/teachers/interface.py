"""The teachers: models that put images and sentences into one space, behind one interface."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.image import centre_crop, structure
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.encoders.picture import STRUCTURE, ramp
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.learning.config import TrainingError


class ImageEmbeddings(NamedTuple):
    """What a teacher says of N images.

    Attributes:
        values: float32 [N, D], unit vectors.
        quality: float32 [N], 0..1.
        features: float32 [N, F], what lies before the projection into the shared space.
    """

    values: Floats
    quality: Floats
    features: Floats


class Anchors(NamedTuple):
    """What a teacher has learnt to name, as directions in its features.

    Attributes:
        directions: float32 [K, F]; K is 0 where the teacher has none.
        values: float32 [K, D], unit vectors: where each of the K names lies.
    """

    directions: Floats
    values: Floats


class Teacher(Protocol):
    """A frozen pair of an image and a text encoder."""

    name: str
    key: str
    """Hash of its weights: what it says of an image follows from that and the image."""

    def embed_images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> ImageEmbeddings:
        """Embed N pictures, each uint8 [H, W, 3], RGB."""
        ...

    def encode_batch(self, texts: Sequence[str]) -> Floats:
        """Embed N sentences: unit vectors, float32 [N, D]."""
        ...

    def anchors(self) -> Anchors:
        """Return what it can name without any text."""
        ...


class BundleTeacher:
    """The image and text encoders of a bundle."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        """Load both encoders.

        The image network gets a second output: what goes into its first fully connected layer,
        which is where features end and classes begin.

        Args:
            bundle: A checked bundle.
            threads: Threads of the processor that one embedding may use.

        Raises:
            BundleError: One of them is missing or broken.
        """
        import onnx  # noqa: PLC0415 - only this teacher needs it
        import onnxruntime  # noqa: PLC0415

        bundle.encoder("image", threads)  # checks it
        text = bundle.encoder("text", threads)
        if not isinstance(text, TextEncoder):
            raise BundleError(f"the text encoder of {bundle.manifest.model} is of another kind")
        self.name = bundle.manifest.model
        self._text = text
        spec = bundle.manifest.encoders["image"]
        self._input = spec.inputs[0]
        joined = spec.sha256 + bundle.manifest.encoders["text"].sha256
        self.key = hashlib.sha256(joined.encode()).hexdigest()

        model = onnx.load(str(bundle.root / spec.path))
        self._outputs = [output.name for output in spec.outputs]
        self._anchors = Anchors(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        first = next((node for node in model.graph.node if node.op_type == "Gemm"), None)
        if first is not None:
            self._outputs.append(first.input[0])
            model.graph.output.append(onnx.ValueInfoProto(name=first.input[0]))
            self._anchors = _class_anchors(model, first.input[1])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def embed_images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> ImageEmbeddings:
        """Embed N pictures, each uint8 [H, W, 3], RGB, as the bundle's image encoder does."""
        values, qualities, features = [], [], []
        for picture in pictures:
            crop = centre_crop(picture, self._input.shape[1])
            said = self._session.run(self._outputs, {self._input.name: crop[None]})
            values.append(said[0][0])
            qualities.append(np.clip(said[1][0], 0, 1) * ramp(structure(crop), STRUCTURE))
            features.append(said[2][0] if len(said) > 2 else said[0][0])
        return ImageEmbeddings(
            np.stack(values), np.array(qualities, np.float32), np.stack(features)
        )

    def encode_batch(self, texts: Sequence[str]) -> Floats:
        """Embed N sentences: unit vectors, float32 [N, D]."""
        return self._text.encode_batch(texts)

    def anchors(self) -> Anchors:
        """Return the classes that the image network was trained on, and their names' places."""
        return self._anchors


def _class_anchors(model: Any, weight: str) -> Anchors:
    """Return a classifier's rows and its classes' embeddings, where a network has both."""
    from onnx import numpy_helper  # noqa: PLC0415

    arrays = {tensor.name: tensor for tensor in model.graph.initializer}
    if weight not in arrays or "table" not in arrays:
        return Anchors(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
    rows = numpy_helper.to_array(arrays[weight]).astype(np.float32)
    table = numpy_helper.to_array(arrays["table"]).astype(np.float32)
    return Anchors(rows, table / np.linalg.norm(table, axis=1, keepdims=True))


def load_teacher(name: str, threads: int = 1) -> Teacher:
    """Load a teacher.

    Args:
        name: A bundle's name or folder; a folder that OpenCLIP or Hugging Face's transformers
            saved; or `openclip:NAME` or `huggingface:NAME` of the hub.
        threads: Threads of the processor that one embedding may use.

    Raises:
        TrainingError: It is none of these, or a library for it is missing.
        BundleError: The bundle is broken.
    """
    from .clip import HuggingFaceTeacher, OpenClipTeacher  # noqa: PLC0415 - slow

    kind, _, rest = name.partition(":")
    folder = Path(name).expanduser()
    if kind == "openclip" or (folder / "open_clip_config.json").is_file():
        return OpenClipTeacher(rest if kind == "openclip" else f"local-dir:{folder}")
    if kind == "huggingface" or (folder / "config.json").is_file():
        return HuggingFaceTeacher(rest if kind == "huggingface" else str(folder))
    try:
        found = resolve_bundle(name)
    except BundleError as error:
        raise TrainingError(
            f"there is no teacher '{name}'; give a bundle, a folder of an OpenCLIP or Hugging "
            "Face model, or openclip:NAME or huggingface:NAME"
        ) from error
    return BundleTeacher(Bundle.load(found), threads)
