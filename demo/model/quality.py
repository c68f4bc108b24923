"""Measures the tiny model on pictures that it has never seen: ``python -m demo.model.quality``.

For each pair of colour and subject it asks for "a <colour> <subject>" among fresh drawings; the pair is right when the
first hit shows it. Drawn, encoded and decoded as in the demo; embedded by the two ONNX files themselves.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnxruntime
import onnxruntime_extensions

from demo.drawing.album import Pair, all_pairs, held_out_pairs
from demo.drawing.sketch import Sketch, jpeg_bytes
from demo.drawing.subjects import SUBJECTS
from emulator.picture_guard import clean_picture

_HERE = Path(__file__).parent
#: Share of pairs whose first hit must be right.
GOAL = 0.95


def _open(path: Path) -> Any:  # noqa: ANN401 - onnxruntime ships no types
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def measure(directory: Path, *, each: int, seed: int) -> dict[str, float]:
    """Return the share of pairs whose first hit is right: of all, and of those held out of training.

    Args:
        directory: Where the two ONNX files are.
        each: Fresh pictures of each pair.
        seed: Of the pictures; training uses others.
    """
    rng = Random(f"quality {seed}")  # noqa: S311 - pictures, not secrets
    pairs = all_pairs()
    image, text = _open(directory / "image.onnx"), _open(directory / "text.onnx")
    shown: list[Pair] = []
    vectors = []
    for pair in pairs:
        for _ in range(each):
            scene = rng.choice(SUBJECTS[pair.subject].scenes)
            data = clean_picture(jpeg_bytes(Sketch(pair.subject, pair.colour, scene, rng.randrange(10**9))))
            vectors.append(image.run(None, {"data": np.frombuffer(data, dtype=np.uint8)})[0][0])
            shown.append(pair)
    texts = text.run(None, {"data": np.array([pair.text for pair in pairs], dtype=object)})[0]
    first = (texts @ np.stack(vectors).T).argmax(axis=1)
    right = {pair: shown[hit] == pair for pair, hit in zip(pairs, first, strict=True)}
    hidden = held_out_pairs()
    return {
        "all_pairs": sum(right.values()) / len(right),
        "held_out_pairs": sum(right[pair] for pair in hidden) / len(hidden),
    }


def main() -> None:
    """Measure, say, and end in 1 below the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=5, help="fresh pictures of each pair")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--directory", type=Path, default=_HERE)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    shares = measure(options.directory, each=options.each, seed=options.seed)
    if options.json:
        sys.stdout.write(json.dumps({**shares, "each": options.each, "seed": options.seed, "goal": GOAL}) + "\n")
    else:
        count, hidden = len(all_pairs()), len(held_out_pairs())
        sys.stdout.write(
            f"first hit right for {shares['all_pairs']:.1%} of {count} pairs, {shares['held_out_pairs']:.1%} of the "
            f"{hidden} that training never saw ({options.each} fresh pictures each, seed {options.seed})\n"
        )
    if shares["all_pairs"] < GOAL:
        sys.exit(1)


if __name__ == "__main__":
    main()
