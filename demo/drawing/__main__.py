"""``python -m demo.drawing DIRECTORY``: draws an album."""

from __future__ import annotations

import argparse
from pathlib import Path

from demo.drawing.album import write_album


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m demo.drawing", description="Draw an album of pictures.")
    parser.add_argument("directory", type=Path, help="where the files go")
    parser.add_argument(
        "--pictures", type=int, default=60, help="how many, corrupt ones included (default: %(default)s)"
    )
    parser.add_argument("--bad", type=int, default=2, help="how many of them are corrupt (default: %(default)s)")
    options = parser.parse_args()
    if not 0 <= options.bad <= options.pictures:
        parser.error("--bad must be between 0 and --pictures")
    album = write_album(options.directory, pictures=options.pictures, bad=options.bad)
    print(f"{len(album)} pictures in {options.directory}")  # noqa: T201 - what the command says


if __name__ == "__main__":
    main()
