"""The networks of a bundle before any training: students of their final size, and the fusion.

Only operators of TensorRT's ONNX parser.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from omnibind_ros.encoders.manifest import TensorSpec
from omnibind_ros.fusion.mean import FLOOR
from omnibind_ros.modalities import MODALITIES

from .graph import Graph

Widths = Sequence[tuple[int, int]]
"""(channels, stride) of each block of a convolutional network."""

TOKEN, HEADS = 64, 4
"""Values of a token of the fusion network, and its attention heads."""


def convolutional(graph: Graph, image: TensorSpec, widths: Widths, size: int) -> None:
    """Add a network of depthwise-separable convolutions (MobileNet: arXiv 1704.04861).

    Args:
        graph: Gets the network; its output is `embedding`.
        image: The input, [1, C, H, W].
        widths: Of the blocks; the first is a plain convolution.
        size: Values of an embedding.
    """
    channels = image.shape[1]
    values = image.name
    for block, (width, stride) in enumerate(widths):
        if block == 0:
            values = _convolution(graph, values, channels, width, 3, stride)
        else:
            values = _convolution(graph, values, channels, channels, 3, stride, groups=channels)
            values = _convolution(graph, values, channels, width, 1, 1)
        channels = width
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", values), axis=1)
    graph.unit(graph.dense(pooled, channels, size, biased=True), "embedding")


def _convolution(
    graph: Graph, values: str, n_in: int, n_out: int, side: int, stride: int, groups: int = 1
) -> str:
    fan_in = n_in // groups * side * side
    made = graph.add(
        "Conv",
        values,
        graph.weights(n_out, n_in // groups, side, side, fan_in=fan_in),
        graph.constant(np.zeros(n_out)),
        kernel_shape=[side, side],
        strides=[stride, stride],
        pads=[side // 2] * 4,
        group=groups,
    )
    return graph.add("Relu", made)


def point_network(graph: Graph, cloud: TensorSpec, widths: Sequence[int], size: int) -> None:
    """Add a network that sees a set of points (PointNet: arXiv 1612.00593).

    Args:
        graph: Gets the network; its output is `embedding`.
        cloud: The input, [1, P, 3].
        widths: Of the layers that see each point by itself.
        size: Values of an embedding.
    """
    values, channels = cloud.name, cloud.shape[2]
    for width in widths:
        values = graph.add("Relu", graph.dense(values, channels, width))
        channels = width
    whole = graph.add("ReduceMax", values, axes=[1], keepdims=0)
    hidden = graph.add("Relu", graph.dense(whole, channels, 256))
    graph.unit(graph.dense(hidden, 256, size, biased=True), "embedding")


def fusion_network(graph: Graph, size: int) -> None:
    """Add Adaptive Fusion in its starting state: it is the quality-weighted mean.

    A token a member: its embedding, its modality's code and (age, quality, entropy). A block of
    attention lets each see the others; then each gets a weight, a softmax over log(quality) plus
    what the block says, and all together a residual. What the block says begins with zero, both
    times.

    Args:
        graph: Gets the network, of the inputs and outputs that fusion/adaptive.py describes.
        size: Values of an embedding.
    """
    column = graph.constant([1], np.int64)
    quality = graph.add("Unsqueeze", "quality", column)
    age, entropy = (graph.add("Unsqueeze", name, column) for name in ("age", "entropy"))
    facts = graph.add("Concat", "embeddings", age, quality, entropy, axis=1)
    codes = graph.weights(len(MODALITIES), TOKEN, fan_in=TOKEN)
    code = graph.add("Gather", codes, "modality", axis=0)
    token = graph.add("Gemm", facts, graph.weights(size + 3, TOKEN, fan_in=size), code)
    token = graph.add("Add", token, _attention(graph, _normalised(graph, token)))
    hidden = graph.add("Relu", graph.dense(_normalised(graph, token), TOKEN, 2 * TOKEN))
    token = _normalised(graph, graph.add("Add", token, graph.dense(hidden, 2 * TOKEN, TOKEN)))

    prior = graph.add("Log", graph.add("Max", quality, graph.constant(FLOOR)))
    score = graph.add("Add", prior, graph.dense(token, TOKEN, 1, zero=True))
    share = graph.add("Transpose", graph.add("Softmax", score, axis=0), perm=[1, 0])
    row = graph.constant([0], np.int64)
    graph.add("Squeeze", share, row, output="weights")
    mean = graph.add("MatMul", share, "embeddings")
    residual = graph.dense(graph.add("MatMul", share, token), TOKEN, size, zero=True)
    graph.unit(graph.add("Squeeze", graph.add("Add", mean, residual), row), "fused")


def _normalised(graph: Graph, token: str) -> str:
    scale, shift = graph.constant(np.ones(TOKEN)), graph.constant(np.zeros(TOKEN))
    return graph.add("LayerNormalization", token, scale, shift, axis=-1)


def _attention(graph: Graph, token: str) -> str:
    heads = graph.constant([-1, HEADS, TOKEN // HEADS], np.int64)

    def split(order: list[int]) -> str:
        values = graph.add("Reshape", graph.dense(token, TOKEN, TOKEN), heads)
        return graph.add("Transpose", values, perm=order)

    query, key, value = split([1, 0, 2]), split([1, 2, 0]), split([1, 0, 2])
    scale = graph.constant((TOKEN // HEADS) ** -0.5)
    scores = graph.add("Mul", graph.add("MatMul", query, key), scale)
    seen = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.add("Transpose", seen, perm=[1, 0, 2])
    flat = graph.add("Reshape", joined, graph.constant([-1, TOKEN], np.int64))
    return graph.dense(flat, TOKEN, TOKEN)
