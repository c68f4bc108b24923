"""``python -m adgfleet``."""

from __future__ import annotations

from adgfleet.cli import main

if __name__ == "__main__":
    main()
