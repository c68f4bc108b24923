"""Reads `.sql` files of pairs: a statement, and below it what it answers.

::

    create table t (n number);            setup: statements before the first case, run once for the file

    -- nulls come last when ascending     a case; its pairs run in order, then all is rolled back
    -- columns: N                         a key of the pair below: columns, offset, binds
    select n from t order by n;
    1
    NULL

A statement ends in `;` at a line's end; a block (and CREATE of a unit) in `/` on a line of its own. The answer goes up
to an empty line: rows with ` | ` between values, lines of DBMS_OUTPUT, `3 rows` of DML, or an error's text. A
statement without an answer only has to succeed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_KEY = re.compile(r"-- (columns|offset|binds): (.*)")
_BLOCK = re.compile(
    r"(BEGIN|DECLARE|<<|CREATE\s+(OR\s+REPLACE\s+)?(PROCEDURE|FUNCTION|PACKAGE|TYPE|TRIGGER))\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A statement and its answer."""

    line: int
    statement: str
    answer: tuple[str, ...]
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """Pairs that run one after the other."""

    title: str
    pairs: list[Pair] = field(default_factory=list)


def read_pairs(path: Path) -> tuple[list[Pair], list[Case]]:
    """Return a file's setup and its cases."""
    setup: list[Pair] = []
    cases: list[Case] = []
    keys: dict[str, str] = {}
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    for number, line in lines:
        key = _KEY.match(line)
        if key is not None:
            keys[key[1]] = key[2]
        elif line.startswith("-- "):
            cases.append(Case(line[3:]))
        elif line.strip():
            statement = _statement(line, lines)
            answer = tuple(_answer(lines))
            (cases[-1].pairs if cases else setup).append(Pair(number, statement, answer, keys))
            keys = {}
    return setup, cases


def _statement(first: str, lines: Iterator[tuple[int, str]]) -> str:
    is_block = _BLOCK.match(first) is not None
    taken = [first]
    while not (taken[-1].strip() == "/" if is_block else taken[-1].endswith(";")):
        taken.append(next(lines)[1])
    return "\n".join(taken[:-1]) if is_block else "\n".join(taken)[:-1]


def _answer(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    for _number, line in lines:
        if not line.strip():
            return
        yield line
