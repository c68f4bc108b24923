"""A loop over a model and nothing else: no database, no queue. Run by ``bench real``, one process for each standby.

It says ``ready.`` once the model is warm, then begins at the line with a time that comes on its standard input, and
prints one JSON object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from pathlib import Path

from benchmarks.picture_tower import PictureModel


def main() -> None:
    """Embed pictures over and over until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path, help="folder")
    arguments = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(arguments.pictures.iterdir())]
    model = PictureModel(arguments.model)
    model.embed(pictures[0])
    sys.stdout.write("ready.\n")
    sys.stdout.flush()
    seconds = float(sys.stdin.readline())
    began, cpu_before, done = time.monotonic(), time.process_time(), 0
    for picture in itertools.cycle(pictures):
        model.embed(picture)
        done += 1
        if (took := time.monotonic() - began) >= seconds:
            break
    figures = {"pictures": done, "seconds": took, "cpu_seconds": time.process_time() - cpu_before}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
