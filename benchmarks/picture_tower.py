"""A picture model that costs what a real one costs: a vision transformer with random weights, as an ONNX file.

It is cut after the first layers that cost enough; all layers share one set of weights, so that the file stays small
while every layer has to be computed. What comes out means nothing.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emulator.picture_guard import clean_picture

#: Of ViT-B/16: patches of 16 × 16 of a picture of 224 × 224 pixels, width, heads. Source: arXiv 2010.11929, table 1.
_PIXELS, _PATCH, _WIDTH, _HEADS = 224, 16, 768, 12
_TOKENS = (_PIXELS // _PATCH) ** 2
_HEAD = _WIDTH // _HEADS
_SEED = 7
#: The cost of a layer is the difference between models of so many layers.
_FEW, _MANY = 1, 3
_TRIALS = 5


@dataclass(frozen=True, slots=True)
class PictureTower:
    """A model's file and its cost."""

    path: Path
    layers: int
    #: CPU time of a picture, decoding included, as measured when it was built.
    cpu_ms: float
    size_bytes: int


class OnnxMissingError(Exception):
    """The package that writes models is not installed; the text says what to do."""


def build_picture_tower(path: Path, picture: bytes, *, least_ms: float) -> PictureTower:
    """Write a model with as many layers as cost at least so much CPU time a picture on one core.

    Args:
        path: The file to write.
        picture: To measure with, a JPEG or PNG.
        least_ms: Milliseconds.

    Raises:
        OnnxMissingError: The package ``onnx`` is not installed.
    """
    if importlib.util.find_spec("onnx") is None:
        raise OnnxMissingError("this benchmark builds a model and needs the package onnx: pip install 'onnx>=1.19'")
    layers, cost = _FEW, _cpu_ms(_write(path, _FEW), picture)
    if cost < least_ms:
        layer = max((_cpu_ms(_write(path, _MANY), picture) - cost) / (_MANY - _FEW), 1.0)
        layers = round((least_ms - cost) / layer) + _FEW
        while (cost := _cpu_ms(_write(path, layers), picture)) < least_ms:
            layers += 1
    return PictureTower(path, layers, round(cost, 1), path.stat().st_size)


class PictureModel:
    """A model in this process as the emulator runs it: one thread, one picture at a time."""

    def __init__(self, path: Path) -> None:
        """Open a file that ``build_picture_tower`` wrote."""
        import onnxruntime  # noqa: PLC0415 - heavy; a command that only says its --help does not need it
        import onnxruntime_extensions  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def embed(self, picture: bytes) -> np.ndarray[Any, np.dtype[Any]]:
        """Decode a picture as the emulator does, run the model; shape (768,), dtype float32."""
        data = np.frombuffer(clean_picture(picture), dtype=np.uint8)
        return np.asarray(self._session.run(None, {"data": data})[0], dtype=np.float32).reshape(-1)


def _cpu_ms(path: Path, picture: bytes) -> float:
    """Return the CPU time of one picture; the least of some, for other programs can only add to it."""
    model = PictureModel(path)
    costs = []
    for _ in range(_TRIALS):
        began = time.process_time()
        model.embed(picture)
        costs.append(1000 * (time.process_time() - began))
    return min(costs)


# ---------------------------------------------------------------------- the graph


class _Graph:
    """Nodes and constants, in the order in which they are computed."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper  # noqa: PLC0415 - only this benchmark needs it

        self._helper, self._numpy = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: Any) -> str:  # noqa: ANN401 - whatever numpy takes
        """Note a constant once; return its name."""
        if name not in self.constants:
            self.constants[name] = self._numpy.from_array(np.asarray(value), name)
        return name

    def add(self, operator: str, *inputs: str, domain: str | None = None, **attributes: Any) -> str:  # noqa: ANN401
        """Add a node; return the name of its output."""
        output = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(operator, list(inputs), [output], domain=domain, **attributes))
        return output


def _write(path: Path, layers: int) -> Path:
    from onnx import TensorProto, helper, save  # noqa: PLC0415

    graph, rng = _Graph(), np.random.default_rng(_SEED)

    def weight(name: str, *shape: int) -> str:
        if name in graph.constants:
            return name
        return graph.constant(name, rng.normal(0, 0.02, shape).astype(np.float32))

    tokens = _add_patches(graph, weight)
    for _ in range(layers):
        tokens = _add_layer(graph, weight, tokens)
    pooled = graph.add("ReduceMean", tokens, graph.constant("axis1", np.array([1])), keepdims=0)
    projected = graph.add("MatMul", pooled, weight("projection", _WIDTH, _WIDTH))
    graph.nodes.append(helper.make_node("LpNormalization", [projected], ["embedding"], axis=1, p=2))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "picture tower",
            [helper.make_tensor_value_info("data", TensorProto.UINT8, ["bytes"])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, _WIDTH])],
            list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft.extensions", 1)],
        ir_version=9,
        producer_name="adgfleet bench",
    )
    save(model, str(path))
    return path


def _add_patches(graph: _Graph, weight: Any) -> str:  # noqa: ANN401 - a function
    """Decode the bytes, resize, cut into patches; return tokens of shape (1, 196, 768)."""
    decoded = graph.add("DecodeImage", "data", domain="com.microsoft.extensions", color_space="rgb")
    planes = graph.add("Transpose", decoded, perm=[2, 0, 1])
    batch = graph.add("Unsqueeze", planes, graph.constant("axis0", np.array([0])))
    size = graph.constant("pixels", np.array([_PIXELS, _PIXELS]))
    small = graph.add("Resize", batch, "", "", size, mode="linear", antialias=1, axes=[2, 3])
    scaled = graph.add("Div", graph.add("Cast", small, to=1), graph.constant("half", np.float32(127.5)))
    pixels = graph.add("Sub", scaled, graph.constant("one", np.float32(1.0)))
    patches = graph.add("Conv", pixels, weight("patches", _WIDTH, 3, _PATCH, _PATCH), strides=[_PATCH, _PATCH])
    rows = graph.add("Reshape", patches, graph.constant("rows", np.array([1, _WIDTH, _TOKENS])))
    return graph.add("Add", graph.add("Transpose", rows, perm=[0, 2, 1]), weight("positions", 1, _TOKENS, _WIDTH))


def _add_layer(graph: _Graph, weight: Any, tokens: str) -> str:  # noqa: ANN401
    """Attention, then two dense layers, each with what goes past it; return tokens of the same shape."""
    ones, zeros = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    def normalized(values: str) -> str:
        return graph.add(
            "LayerNormalization", values, graph.constant("ones", ones), graph.constant("zeros", zeros), axis=-1
        )

    def heads(name: str, perm: list[int]) -> str:
        shape = graph.constant("heads", np.array([1, _TOKENS, _HEADS, _HEAD]))
        dense = graph.add("MatMul", calm, weight(name, _WIDTH, _WIDTH))
        return graph.add("Transpose", graph.add("Reshape", dense, shape), perm=perm)

    calm = normalized(tokens)
    scores = graph.add("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
    shares = graph.add("Softmax", graph.add("Div", scores, graph.constant("root", np.float32(_HEAD**0.5))), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, heads("value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
    joined = graph.add("Reshape", mixed, graph.constant("tokens", np.array([1, _TOKENS, _WIDTH])))
    tokens = graph.add("Add", tokens, graph.add("MatMul", joined, weight("output", _WIDTH, _WIDTH)))
    wide = graph.add("Gelu", graph.add("MatMul", normalized(tokens), weight("wide", _WIDTH, 4 * _WIDTH)))
    return graph.add("Add", tokens, graph.add("MatMul", wide, weight("narrow", 4 * _WIDTH, _WIDTH)))
