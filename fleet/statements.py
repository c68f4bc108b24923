"""SQL by name: one statement a file in ``fleet/queries``, values always bound.

A statement may hold ``{image_model}`` or ``{text_model}``: model names cannot be bound. Only names that the settings
have checked are put there.
"""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def _text(name: str) -> str:
    lines = resources.files("fleet").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--")).strip()


def statement(name: str, **models: str) -> str:
    """Return a statement's text.

    Args:
        name: File name without its ending.
        **models: Checked model names for the placeholders.
    """
    text = _text(name)
    return text.format(**models) if models else text
