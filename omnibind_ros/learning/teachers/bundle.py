"""The teacher of a bundle: its image and text encoders."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.framing import frame
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.encoders.picture import STRUCTURE, ramp
from omnibind_ros.encoders.text import TextEncoder

from .interface import Anchors, ImageEmbeddings

FEATURES = "features"
"""The output of an image network with what its embedding is made of."""


class BundleTeacher:
    """The image and text encoders of a bundle."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        """Load both encoders.

        The image network gets a further output, unless it has the output `features`: what goes into
        its first fully connected layer, which is where features end and classes begin.

        Args:
            bundle: A checked bundle.
            threads: Threads of the processor that one embedding may use.

        Raises:
            BundleError: One of them is missing or broken.
        """
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
        self._anchors = Anchors.none()
        self._features = features_tensor(model)
        if self._features:
            if self._features not in self._outputs:
                self._outputs.append(self._features)
                model.graph.output.append(onnx.ValueInfoProto(name=self._features))
            self._anchors = _class_anchors(model)
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
            framed = frame(picture, self._input)
            outputs = self._session.run(self._outputs, {self._input.name: framed.pixels[None]})
            given = dict(zip(self._outputs, outputs, strict=True))
            values.append(outputs[0][0])
            own = np.clip(given["quality"][0], 0, 1)
            qualities.append(own * ramp(framed.structure, STRUCTURE))
            features.append(given.get(self._features, outputs[0])[0])
        return ImageEmbeddings(
            np.stack(values), np.array(qualities, np.float32), np.stack(features)
        )

    def encode_batch(self, texts: Sequence[str]) -> Floats:
        """Embed N sentences: unit vectors, float32 [N, D]."""
        return self._text.encode_batch(texts)

    def anchors(self) -> Anchors:
        """Return the classes that the image network was trained on."""
        return self._anchors


def features_tensor(model: Any) -> str:
    """Return the name of the tensor with an image network's features, float32 [1, F].

    Args:
        model: An ONNX model.

    Returns:
        `FEATURES` where the network has that output, else the input of its first fully connected
        layer; empty if it has neither.
    """
    if any(output.name == FEATURES for output in model.graph.output):
        return FEATURES
    first = next((node for node in model.graph.node if node.op_type == "Gemm"), None)
    return "" if first is None else str(first.input[0])


def _class_anchors(model: Any) -> Anchors:
    """Return a classifier's rows and its classes' embeddings, if a network has both.

    The classifier is the fully connected layer with a row for each row of `table`. A network with
    an adapted projection has another one, which may come first.
    """
    arrays = {tensor.name: tensor for tensor in model.graph.initializer}
    if "table" not in arrays:
        return Anchors.none()
    classes = arrays["table"].dims[0]
    for node in model.graph.node:
        weight = arrays.get(node.input[1]) if node.op_type == "Gemm" else None
        if weight is not None and weight.dims[0] == classes:
            rows = numpy_helper.to_array(weight).astype(np.float32)
            table = numpy_helper.to_array(arrays["table"]).astype(np.float32)
            return Anchors(rows, table / np.linalg.norm(table, axis=1, keepdims=True))
    return Anchors.none()
