"""Cuts a MERGE into its clauses, which the parser does not know with their WHEREs; offsets stay those of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from emulator.engine.definition_parser import Token, tokens_of
from emulator.errors import NotEmulated, OraError


@dataclass(frozen=True, slots=True)
class MergeText:
    """The clauses of a MERGE, each as a text of its own with blanks before it; "" where there is none."""

    target: str
    source: str
    condition: str
    update: str = ""
    update_where: str = ""
    delete_where: str = ""
    #: ``INSERT [(columns)] VALUES (…)``
    insert: str = ""
    insert_where: str = ""


class _Cutter:
    """A cursor over the words of the statement."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def accept(self, *words: str) -> bool:
        following = self.tokens[self.at : self.at + len(words)]
        if [token.word for token in following] == list(words):
            self.at += len(words)
            return True
        return False

    def expect(self, code: int, *words: str) -> None:
        if not self.accept(*words):
            raise OraError(code, offset=self.token.offset)

    def until(self, *stops: tuple[str, ...]) -> tuple[int, int]:
        """Pass over everything up to one of the word sequences outside of brackets; return where it was."""
        start, depth, end = self.token.offset, 0, self.token.offset
        while self.token.kind != "end":
            words = [token.word for token in self.tokens[self.at : self.at + 3]]
            if depth == 0 and any(words[: len(stop)] == list(stop) for stop in stops):
                break
            depth += {"(": 1, ")": -1}.get(self.token.word, 0)
            end = self.token.offset + len(self.token.text)
            self.at += 1
        return start, end

    def placed(self, prefix: str, span: tuple[int, int]) -> str:
        """Return a part of the text at its own place, with a prefix right before it and else blanks."""
        start, end = span
        return f"{prefix.rjust(start)}{self.text[start:end]}"


def cut_merge(text: str) -> MergeText:
    """Return the clauses of a MERGE.

    Raises:
        OraError: 905, 928 and their like where a word is missing; 3001 for clauses that are not emulated.
    """
    cutter = _Cutter(text)
    cutter.expect(900, "MERGE")
    cutter.expect(925, "INTO")
    target = cutter.placed("delete ", cutter.until(("USING",)))
    cutter.expect(905, "USING")
    source = cutter.placed("select * from ", cutter.until(("ON", "(")))
    cutter.expect(969, "ON")
    condition = cutter.placed("select 1 from d where ", cutter.until(("WHEN",)))
    clauses: dict[str, str] = {}
    while cutter.accept("WHEN"):
        if cutter.accept("MATCHED", "THEN", "UPDATE", "SET"):
            _refuse_twice(clauses, "update")
            stops = (("WHERE",), ("DELETE", "WHERE"), ("WHEN",))
            clauses["update"] = cutter.placed("update d set ", cutter.until(*stops))
            if cutter.accept("WHERE"):
                clauses["update_where"] = cutter.placed("select 1 from d where ", cutter.until(*stops[1:]))
            if cutter.accept("DELETE", "WHERE"):
                clauses["delete_where"] = cutter.placed("select 1 from d where ", cutter.until(("WHEN",)))
        elif cutter.accept("NOT", "MATCHED", "THEN", "INSERT"):
            _refuse_twice(clauses, "insert")
            first = cutter.at
            clauses["insert"] = cutter.placed("insert into d ", cutter.until(("WHERE",), ("WHEN",)))
            clauses["insert"] = _without_qualifiers(clauses["insert"], cutter.tokens[first : cutter.at])
            if cutter.accept("WHERE"):
                clauses["insert_where"] = cutter.placed("select 1 from d where ", cutter.until(("WHEN",)))
        else:
            raise OraError(905, offset=cutter.token.offset)
    if cutter.token.kind != "end":
        raise OraError(933, offset=cutter.token.offset)
    if not {"update", "insert"} & set(clauses):
        raise OraError(905, offset=cutter.token.offset)
    return MergeText(target, source, condition, **clauses)


def _without_qualifiers(text: str, tokens: Sequence[Token]) -> str:
    """Blank out ``t.`` before the names in INSERT's list of columns."""
    for before, token in pairwise(tokens):
        if token.word == ")" or before.word == "VALUES":
            break
        if token.word == ".":
            end = token.offset + 1
            text = text[: before.offset] + " " * (end - before.offset) + text[end:]
    return text


def _refuse_twice(clauses: dict[str, str], name: str) -> None:
    if name in clauses:
        raise NotEmulated(f"MERGE with two clauses of {name.upper()}")
