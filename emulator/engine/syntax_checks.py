"""Mistakes in queries and DML that the parser lets pass, or names otherwise than Oracle does.

Source: error pages of the codes; where in the text each is reported is inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from emulator.engine.definition_parser import Token, tokens_of
from emulator.errors import NotEmulated, OraError

#: Characters that no SQL has outside of quotes; ``!``, ``^`` and ``~`` are left to their operators.
_NO_SQL = frozenset("?`[]{}\\")
#: Words that begin a clause.
_CLAUSES = frozenset(
    {"SELECT", "FROM", "JOIN", "ON", "USING", "WHERE", "START", "CONNECT", "GROUP", "HAVING", "ORDER", "UNION"}
    | {"MINUS", "INTERSECT", "EXCEPT", "UPDATE", "SET", "DELETE", "WITH", "INSERT", "VALUES", "OFFSET", "FETCH", "FOR"}
)
_QUERY_WORDS = frozenset({"SELECT", "WITH", "VALUES", "(", "TABLE"})
#: What ends a select list, a condition or a list that has just been begun.
_ENDS = frozenset({"FROM", "WHERE", "ORDER", "GROUP", "HAVING", "UNION", "MINUS", "INTERSECT", ")", ",", ""})


def check_syntax(text: str) -> None:
    """Look for the mistakes that can be seen by the words alone.

    Raises:
        OraError: 905, 911, 924 to 927, 936, 971, with the offset of the word in whose place another was expected.
    """
    tokens = tokens_of(text)
    for before, token in pairwise([Token("", "", "start", 0), *tokens]):
        _check_pair(before, token)
    first = tokens[0].word
    if first == "INSERT":
        _check_insert(tokens)
    elif first == "UPDATE":
        _check_update(tokens)
    _check_joins(tokens)
    _check_aliases(tokens)


def lacks_from(text: str, offset: int) -> bool:
    """Tell whether a SELECT goes wrong at an offset before its FROM."""
    tokens = [token for token in tokens_of(text) if token.offset < offset]
    if not tokens or tokens[0].word != "SELECT":
        return False
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if depth == 0 and token.word == "FROM":
            return False
    return depth <= 0


def _check_pair(before: Token, token: Token) -> None:
    if token.kind == "sign" and token.text in _NO_SQL:
        raise OraError(911, token.text, before.text or "the beginning", offset=token.offset)
    if before.word in {"ORDER", "GROUP"} and token.word not in {"BY", "SIBLINGS", "(", ","}:
        raise OraError(924, offset=token.offset)
    wants_more = before.word in {",", "SELECT", "WHERE", "BY", "HAVING", "="} and before.kind != "quoted"
    if (wants_more and token.word in _ENDS and token.kind != "quoted") or (before.word == token.word == "="):
        raise OraError(936, offset=token.offset)
    if before.word == "VALUES" and token.word not in {"(", "OF"} and token.kind == "end":
        raise OraError(936, offset=token.offset)


def _check_aliases(tokens: Sequence[Token]) -> None:
    """Look for AS before the alias of a table, and for items beside a bare asterisk."""
    clauses = [""]
    for at, token in enumerate(tokens):
        if token.word == "(":
            clauses.append("")
        elif token.word == ")":
            if len(clauses) > 1:
                clauses.pop()
        elif token.kind == "word" and token.word in _CLAUSES:
            # FROM inside of TRIM and EXTRACT begins no clause.
            clauses[-1] = token.word if token.word != "FROM" or clauses[-1] in {"SELECT", "DELETE"} else clauses[-1]
        elif token.word == "AS" and token.kind == "word" and clauses[-1] in {"FROM", "JOIN", "UPDATE", "DELETE"}:
            if tokens[at + 1].word != "OF":
                raise OraError(971 if clauses[-1] == "UPDATE" else 933, offset=token.offset)
        elif token.word == "*" and clauses[-1] == "SELECT":
            before, after = tokens[at - 1].word, tokens[min(at + 1, len(tokens) - 1)]
            if before == ",":
                raise OraError(936, offset=token.offset)
            if before in {"SELECT", "DISTINCT", "UNIQUE", "ALL"} and after.word == ",":
                raise OraError(923, offset=after.offset)


def _check_insert(tokens: Sequence[Token]) -> None:
    if tokens[1].word in {"ALL", "FIRST"}:
        return
    if tokens[1].word != "INTO":
        raise OraError(925, offset=tokens[1].offset)
    at = _after_name(tokens, 2)
    if tokens[at].kind in {"word", "quoted"} and tokens[at].word not in _QUERY_WORDS and tokens[at + 1].word == "(":
        # An alias, or VALUE for VALUES: an alias has a list of columns and then VALUES behind it.
        closing = _closing(tokens, at + 1)
        if tokens[closing].word not in _QUERY_WORDS:
            raise OraError(926, offset=tokens[at].offset)
        at += 1
    elif tokens[at].word not in _QUERY_WORDS and tokens[at + 1].word in _QUERY_WORDS:
        at += 1
    if tokens[at].word == "(" and tokens[at + 1].word not in {"SELECT", "WITH", "("}:
        at = _closing(tokens, at)
    if tokens[at].word not in _QUERY_WORDS:
        raise OraError(926, offset=tokens[at].offset)
    if tokens[at].word == "VALUES" and [token.word for token in tokens[at + 1 : at + 3]] == ["(", ")"]:
        raise OraError(936, offset=tokens[at + 2].offset)


def _check_update(tokens: Sequence[Token]) -> None:
    if tokens[1].word == "(":
        raise NotEmulated("UPDATE of a query", offset=tokens[1].offset)
    at = _after_name(tokens, 1)
    if tokens[at].word == "AS":
        raise OraError(971, offset=tokens[at].offset)
    if tokens[at].word != "SET" and tokens[at].kind in {"word", "quoted"}:
        at += 1
    if tokens[at].word != "SET":
        raise OraError(971, offset=tokens[at].offset)
    if tokens[at + 1].kind == "end":
        raise OraError(936, offset=tokens[at + 1].offset)
    if tokens[at + 1].word != "(":
        at = _after_name(tokens, at + 1)
        if tokens[at].word != "=":
            raise OraError(927, offset=tokens[at].offset)


def _check_joins(tokens: Sequence[Token]) -> None:
    """Look for a JOIN without ON or USING: ORA-00905."""
    open_: list[list[Token]] = [[]]
    for before, token in pairwise([Token("", "", "start", 0), *tokens]):
        if token.word == "(":
            open_.append([])
        elif token.word == ")" and len(open_) > 1:
            _refuse_open(open_.pop(), token)
        elif token.word == "JOIN" and token.kind == "word":
            names = {before.word}
            if not names & {"CROSS", "NATURAL"}:
                open_[-1].append(token)
        elif token.word in {"ON", "USING"} and token.kind == "word" and open_[-1]:
            open_[-1].pop()
        elif token.word in {"WHERE", "ORDER", "GROUP", "UNION", ""}:
            _refuse_open(open_[-1], token)


def _refuse_open(joins: list[Token], token: Token) -> None:
    if joins:
        raise OraError(905, offset=token.offset)


def _after_name(tokens: Sequence[Token], at: int) -> int:
    """Return the position after ``[schema.]name``."""
    at += 1
    while at + 1 < len(tokens) and tokens[at].word == ".":
        at += 2
    return min(at, len(tokens) - 1)


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Return the position after the bracket that closes one."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at].word, 0)
        if depth == 0:
            return min(at + 1, len(tokens) - 1)
    return len(tokens) - 1
