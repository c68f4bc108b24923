"""Trains the two towers on drawings and writes ``image.onnx``, ``text.onnx`` and ``model.json`` beside this file.

Needs two packages that nothing else here needs: ``pip install torch==2.13.0 onnx==1.23.0``. Then
``python -m demo.model.train``; about a quarter of an hour on two cores.

A picture and a caption are near when the caption is true of the picture: a caption may name subject, colour, scene or
any of them, and every picture of the batch that it fits counts as right. The pairs of ``held_out_pairs`` are never
drawn.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import nn

from demo.drawing.album import Pair, all_pairs, held_out_pairs
from demo.drawing.scenes import SCENES
from demo.drawing.sketch import Sketch, jpeg_bytes
from demo.model.words import caption_for, vocabulary

DIMENSIONS = 64
_PIXELS = 64
_CHANNELS = (32, 64, 96, 128)
_HIDDEN = 96
_HERE = Path(__file__).parent


# ---------------------------------------------------------------------- pictures


def _draw_small(sketch: Sketch) -> np.ndarray:
    """Draw a sketch as the model will see it: as a file, decoded and shrunk; shape (3, 64, 64), uint8."""
    rng = Random(sketch.seed)  # noqa: S311 - pictures, not secrets
    data = jpeg_bytes(sketch, 192, quality=rng.randint(72, 93), supersampling=2)
    with Image.open(io.BytesIO(data)) as opened:
        small = opened.convert("RGB").resize((_PIXELS, _PIXELS), Image.Resampling.BILINEAR)
    return np.asarray(small).transpose(2, 0, 1)


def draw_training_set(pictures: int, seed: int) -> tuple[list[Sketch], torch.Tensor]:
    """Draw pictures of all pairs but the held-out ones, in all scenes.

    Returns:
        The sketches, and their pictures: shape (pictures, 3, 64, 64), uint8.
    """
    rng = Random(seed)  # noqa: S311 - pictures, not secrets
    hidden = set(held_out_pairs())
    pairs: list[Pair] = [pair for pair in all_pairs() if pair not in hidden]
    scenes = list(SCENES)
    sketches = [
        Sketch(pair.subject, pair.colour, scenes[(number // len(pairs) + number) % len(scenes)], rng.randrange(10**9))
        for number, pair in ((number, pairs[number % len(pairs)]) for number in range(pictures))
    ]
    with ProcessPoolExecutor() as pool:
        drawn = list(pool.map(_draw_small, sketches, chunksize=64))
    return sketches, torch.from_numpy(np.stack(drawn))


# ---------------------------------------------------------------------- towers


class PictureTower(nn.Module):
    """Four convolutions, mean and maximum over the picture, one projection."""

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for channels in _CHANNELS:
            layers += [nn.Conv2d(before, channels, 3, stride=2, padding=1), nn.BatchNorm2d(channels), nn.ReLU()]
            before = channels
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(2 * before, DIMENSIONS)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Map uint8 pictures (batch, 3, 64, 64) to unit vectors (batch, 64)."""
        seen = self.layers(pictures.float() / 127.5 - 1.0)
        pooled = torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1)
        return nn.functional.normalize(self.project(pooled), dim=1)


class TextTower(nn.Module):
    """The sum of the words' vectors, then a small network; unknown words and padding are zero."""

    def __init__(self, words: int) -> None:
        """Build it with random weights."""
        super().__init__()
        self.table = nn.Embedding(words, DIMENSIONS)
        self.start = nn.Parameter(torch.zeros(DIMENSIONS))
        self.hidden = nn.Linear(DIMENSIONS, _HIDDEN)
        self.project = nn.Linear(_HIDDEN, DIMENSIONS)

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """Map word numbers (batch, words) to unit vectors (batch, 64)."""
        known = (numbers > 1).unsqueeze(2)
        summed = (self.table(numbers) * known).sum(dim=1) + self.start
        return nn.functional.normalize(self.project(torch.relu(self.hidden(summed))), dim=1)


# ---------------------------------------------------------------------- training


def _loss(pictures: torch.Tensor, texts: torch.Tensor, fits: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Return the symmetric contrastive loss; ``fits[i, j]`` says that caption j is true of picture i."""
    scores = scale.exp().clamp(max=60.0) * pictures @ texts.T
    wanted = fits.float()
    by_picture = -(scores.log_softmax(dim=1) * wanted).sum(dim=1) / wanted.sum(dim=1)
    by_text = -(scores.log_softmax(dim=0) * wanted).sum(dim=0) / wanted.sum(dim=0)
    return (by_picture.mean() + by_text.mean()) / 2


def _numbered(names: list[str]) -> torch.Tensor:
    """Return a number for each name, equal for equal names."""
    known = {name: number for number, name in enumerate(sorted(set(names)))}
    return torch.tensor([known[name] for name in names])


def train(sketches: list[Sketch], pictures: torch.Tensor, *, steps: int, seed: int) -> tuple[PictureTower, TextTower]:
    """Train both towers.

    Args:
        sketches: What the pictures show.
        pictures: Shape (n, 3, 64, 64), uint8.
        steps: Batches of 256.
        seed: Of weights, batches and captions.
    """
    torch.manual_seed(seed)
    rng = Random(seed)  # noqa: S311 - captions, not secrets
    words = {word: number for number, word in enumerate(vocabulary())}
    picture_tower, text_tower = PictureTower(), TextTower(len(words))
    scale = nn.Parameter(torch.tensor(2.5))
    parameters = [*picture_tower.parameters(), *text_tower.parameters(), scale]
    optimiser = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps, pct_start=0.1)
    aspects = {aspect: _numbered([getattr(s, aspect) for s in sketches]) for aspect in ("subject", "colour", "scene")}
    started = time.monotonic()
    for step in range(steps):
        chosen = torch.randint(len(sketches), (256,))
        captions = [caption_for(sketches[number], rng) for number in chosen.tolist()]
        numbers = torch.zeros(len(captions), 12, dtype=torch.long)
        for row, (text, _named) in enumerate(captions):
            known = [words.get(word, 1) for word in text.split()][:12]
            numbers[row, : len(known)] = torch.tensor(known)
        fits = torch.ones(256, 256, dtype=torch.bool)
        for aspect, values in aspects.items():
            here = values[chosen]
            named = torch.tensor([aspect in named for _text, named in captions])
            fits &= (here.unsqueeze(1) == here.unsqueeze(0)) | ~named.unsqueeze(0)
        batch = pictures[chosen]
        batch = batch.flip(3) if step % 2 else batch
        loss = _loss(picture_tower(batch), text_tower(numbers), fits, scale)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0 or step == steps - 1:
            sys.stderr.write(f"step {step}: loss {loss.item():.3f}, {time.monotonic() - started:.0f} s\n")
    return picture_tower.eval(), text_tower.eval()


# ---------------------------------------------------------------------- ONNX


def _constant(name: str, value: Any) -> Any:  # noqa: ANN401 - onnx ships no types
    return numpy_helper.from_array(np.asarray(value), name)


def picture_graph(tower: PictureTower) -> Any:  # noqa: ANN401
    """Return the picture model: the bytes of a PNG or JPEG file in, one unit vector out; decoding is in the graph.

    Source: facts measured with onnxruntime-extensions 0.15: ``DecodeImage`` is the decoder that works.
    """
    nodes = [
        helper.make_node("DecodeImage", ["data"], ["decoded"], domain="com.microsoft.extensions", color_space="rgb"),
        helper.make_node("Transpose", ["decoded"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes", "axis0"], ["batched"]),
        helper.make_node("Resize", ["batched", "", "", "pixels"], ["small"], mode="linear", antialias=1, axes=[2, 3]),
        helper.make_node("Concat", ["small", "small", "small"], ["channels"], axis=1),  # a gray JPEG has one channel
        helper.make_node("Slice", ["channels", "zero", "three", "axis1"], ["rgb"]),
        helper.make_node("Cast", ["rgb"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "half"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "one"], ["layer0"]),
    ]
    constants = [
        _constant("axis0", np.array([0])),
        _constant("pixels", np.array([_PIXELS, _PIXELS])),
        _constant("zero", np.array([0])),
        _constant("three", np.array([3])),
        _constant("axis1", np.array([1])),
        _constant("half", np.float32(127.5)),
        _constant("one", np.float32(1.0)),
        _constant("axes", np.array([2, 3])),
    ]
    layers = list(tower.layers)
    for number in range(len(_CHANNELS)):
        conv, norm = layers[3 * number], layers[3 * number + 1]
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = (conv.weight * factor[:, None, None, None]).detach().numpy()
        bias = ((conv.bias - norm.running_mean) * factor + norm.bias).detach().numpy()
        constants += [_constant(f"w{number}", weight), _constant(f"b{number}", bias)]
        nodes += [
            helper.make_node(
                "Conv",
                [f"layer{number}", f"w{number}", f"b{number}"],
                [f"conv{number}"],
                strides=[2, 2],
                pads=[1, 1, 1, 1],
            ),
            helper.make_node("Relu", [f"conv{number}"], [f"layer{number + 1}"]),
        ]
    last = f"layer{len(_CHANNELS)}"
    constants += [
        _constant("w", tower.project.weight.detach().numpy()),
        _constant("b", tower.project.bias.detach().numpy()),
    ]
    nodes += [
        helper.make_node("ReduceMean", [last, "axes"], ["mean"], keepdims=0),
        helper.make_node("ReduceMax", [last, "axes"], ["maximum"], keepdims=0),
        helper.make_node("Concat", ["mean", "maximum"], ["pooled"], axis=1),
        helper.make_node("Gemm", ["pooled", "w", "b"], ["projected"], transB=1),
        helper.make_node("LpNormalization", ["projected"], ["embedding"], axis=1, p=2),
    ]
    data = helper.make_tensor_value_info("data", TensorProto.UINT8, ["bytes"])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, DIMENSIONS])
    return _model(nodes, "picture", data, embedding, constants)


def text_graph(tower: TextTower) -> Any:  # noqa: ANN401
    """Return the text model: texts in, one unit vector each out; splitting into words is in the graph."""
    words = vocabulary()
    table = tower.table.weight.detach().numpy().copy()
    table[:2] = 0.0
    nodes = [
        helper.make_node("Reshape", ["data", "flat"], ["texts"]),
        helper.make_node("StringNormalizer", ["texts"], ["lower"], case_change_action="LOWER", locale="C"),
        helper.make_node(
            "Tokenizer",
            ["lower"],
            ["words"],
            domain="com.microsoft",
            tokenexp="[a-z]+",
            mark=0,
            mincharnum=1,
            pad_value=" ",
        ),
        helper.make_node(
            "LabelEncoder",
            ["words"],
            ["numbers"],
            domain="ai.onnx.ml",
            keys_strings=words,
            values_int64s=list(range(len(words))),
            default_int64=1,
        ),
        helper.make_node("Gather", ["table", "numbers"], ["vectors"]),
        helper.make_node("ReduceSum", ["vectors", "axis1"], ["summed"], keepdims=0),
        helper.make_node("Add", ["summed", "start"], ["begun"]),
        helper.make_node("Gemm", ["begun", "w1", "b1"], ["hidden"], transB=1),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["projected"], transB=1),
        helper.make_node("LpNormalization", ["projected"], ["embedding"], axis=1, p=2),
    ]
    constants = [
        _constant("flat", np.array([-1])),
        _constant("axis1", np.array([1])),
        _constant("table", table),
        _constant("start", tower.start.detach().numpy()),
        _constant("w1", tower.hidden.weight.detach().numpy()),
        _constant("b1", tower.hidden.bias.detach().numpy()),
        _constant("w2", tower.project.weight.detach().numpy()),
        _constant("b2", tower.project.bias.detach().numpy()),
    ]
    data = helper.make_tensor_value_info("data", TensorProto.STRING, ["texts"])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", DIMENSIONS])
    return _model(nodes, "text", data, embedding, constants)


def _model(nodes: list[Any], name: str, data: Any, embedding: Any, constants: list[Any]) -> Any:  # noqa: ANN401
    graph = helper.make_graph(nodes, name, [data], [embedding], constants)
    opsets = [
        helper.make_opsetid("", 18),
        helper.make_opsetid("com.microsoft.extensions", 1),
        helper.make_opsetid("com.microsoft", 1),
        helper.make_opsetid("ai.onnx.ml", 2),
    ]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="adgfleet demo")


# ---------------------------------------------------------------------- command


def main() -> None:
    """Draw, train, write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=15_000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, default=_HERE)
    options = parser.parse_args()
    sketches, pictures = draw_training_set(options.pictures, options.seed)
    sys.stderr.write(f"{len(sketches)} pictures drawn\n")
    towers = train(sketches, pictures, steps=options.steps, seed=options.seed)
    written = {}
    for name, graph in (("image.onnx", picture_graph(towers[0])), ("text.onnx", text_graph(towers[1]))):
        path: Path = options.directory / name
        onnx.save(graph, str(path))
        written[name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size_bytes": path.stat().st_size}
    about = {
        "dimensions": DIMENSIONS,
        "input": "data",
        "output": "embedding",
        "files": written,
        "training": {"pictures": options.pictures, "steps": options.steps, "batch": 256, "seed": options.seed},
        "versions": {"torch": torch.__version__, "onnx": onnx.__version__},
        "held_out": [f"{pair.colour} {pair.subject}" for pair in held_out_pairs()],
    }
    (options.directory / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
