"""Texts of a query's select items, as written: the names of columns that have no alias.

Source: Oracle SQL Language Reference 23ai, SELECT, c_alias; blanks fall away, as clients see them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from emulator.statement_text import tokens_of

_BEFORE_ITEMS = frozenset({"DISTINCT", "UNIQUE", "ALL"})


@functools.lru_cache(maxsize=512)
def item_texts(text: str) -> tuple[str, ...]:
    """Return the items of a statement's outermost SELECT: upper case outside quotes, without blanks and comments."""
    words = _outermost_items(text)
    items: list[list[str]] = [[]]
    depth = 0
    for part in words:
        depth += (part == "(") - (part == ")")
        if part == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(part if part[0] in "'\"" or part[:2].upper() in {"Q'", "N'"} else part.upper())
    return tuple("".join(item) for item in items)


def _outermost_items(text: str) -> Iterator[str]:
    depth, inside, first = 0, False, True
    for part in tokens_of(text):
        word = part.upper()
        if not inside:
            inside = depth == 0 and word == "SELECT"
        elif depth == 0 and word in {"FROM", "BULK", "INTO"}:
            return
        elif not (first and word in _BEFORE_ITEMS):
            first = False
            yield part
        depth += (part == "(") - (part == ")")
