"""Looks at a statement's text without parsing it: its kind, its bind placeholders, its RETURNING clause.

The driver finds placeholders with a tokenizer of its own and sends values by position, so both sides must agree
to the letter. Source: python-oracledb 26.1.0, thin mode, read as specification.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass


class StatementKind(enum.Enum):
    """What a statement is, by its first word."""

    QUERY = "query"
    DML = "dml"
    PLSQL = "plsql"
    DDL = "ddl"
    #: ALTER SESSION, SET ROLE, LOCK TABLE, EXPLAIN PLAN …: neither of the above.
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class StatementText:
    """A statement's text and what can be said of it before parsing."""

    text: str
    kind: StatementKind
    #: Leading keyword in upper case (SELECT, WITH, INSERT, CREATE …), "" for an empty text.
    verb: str
    #: Names of the binds in the order in which values travel: upper case unless quoted, without the colon. In SQL one
    #: for each occurrence, in PL/SQL one for each distinct name.
    binds: tuple[str, ...]
    #: Offset of each placeholder's colon in the text, one for each *occurrence*.
    placeholder_offsets: tuple[int, ...]
    #: Name of each occurrence, parallel to ``placeholder_offsets``.
    placeholder_names: tuple[str, ...]
    #: Positions in ``binds`` of the targets of RETURNING … INTO (DML only).
    returning: tuple[int, ...]
    #: Offset of the INTO of RETURNING … INTO in the text, -1 where there is none.
    returning_into_offset: int
    #: Offset of the first bind whose name is a reserved word (ORA-01745), -1 where there is none.
    reserved_bind_offset: int = -1


_KINDS = {
    "SELECT": StatementKind.QUERY,
    "WITH": StatementKind.QUERY,
    "(": StatementKind.QUERY,
    "INSERT": StatementKind.DML,
    "UPDATE": StatementKind.DML,
    "DELETE": StatementKind.DML,
    "MERGE": StatementKind.DML,
    "BEGIN": StatementKind.PLSQL,
    "DECLARE": StatementKind.PLSQL,
    "CALL": StatementKind.PLSQL,
    "<<": StatementKind.PLSQL,
}
_DDL_VERBS = frozenset(
    {
        *("ALTER", "ANALYZE", "ASSOCIATE", "AUDIT", "COMMENT", "CREATE", "DISASSOCIATE", "DROP", "FLASHBACK"),
        *("GRANT", "NOAUDIT", "PURGE", "RENAME", "REVOKE", "TRUNCATE"),
    }
)
#: Reserved words, which no bind can be called. Source: SQL Language Reference 23ai, Oracle SQL Reserved Words.
_NO_BIND_NAMES = frozenset(
    {
        *("ACCESS", "ADD", "ALL", "ALTER", "AND", "ANY", "AS", "ASC", "AUDIT", "BETWEEN", "BY", "CHAR", "CHECK"),
        *("CLUSTER", "COLUMN", "COMMENT", "COMPRESS", "CONNECT", "CREATE", "CURRENT", "DATE", "DECIMAL", "DEFAULT"),
        *("DELETE", "DESC", "DISTINCT", "DROP", "ELSE", "EXCLUSIVE", "EXISTS", "FILE", "FLOAT", "FOR", "FROM"),
        *("GRANT", "GROUP", "HAVING", "IDENTIFIED", "IMMEDIATE", "IN", "INCREMENT", "INDEX", "INITIAL", "INSERT"),
        *("INTEGER", "INTERSECT", "INTO", "IS", "LEVEL", "LIKE", "LOCK", "LONG", "MAXEXTENTS", "MINUS", "MLSLABEL"),
        *("MODE", "MODIFY", "NOAUDIT", "NOCOMPRESS", "NOT", "NOWAIT", "NULL", "NUMBER", "OF", "OFFLINE", "ON"),
        *("ONLINE", "OPTION", "OR", "ORDER", "PCTFREE", "PRIOR", "PUBLIC", "RAW", "RENAME", "RESOURCE", "REVOKE"),
        *("ROW", "ROWID", "ROWNUM", "ROWS", "SELECT", "SESSION", "SET", "SHARE", "SIZE", "SMALLINT", "START"),
        *("SUCCESSFUL", "SYNONYM", "SYSDATE", "TABLE", "THEN", "TO", "TRIGGER", "UID", "UNION", "UNIQUE", "UPDATE"),
        *("USER", "VALIDATE", "VALUES", "VARCHAR", "VARCHAR2", "VIEW", "WHENEVER", "WHERE", "WITH"),
    }
)
_QUOTE_ENDS = {"[": "]", "(": ")", "{": "}", "<": ">"}
_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<qquote>[nN]?[qQ]'(?P<open>.))
  | (?P<string>'(?:[^']|'')*(?:'|\Z))
  | (?P<quoted>"[^"]*(?:"|\Z))
  | (?P<bind>:\s*(?:(?P<bname>[^\W\d][\w$\#]*|\d+)|"(?P<bquoted>[^"]+)"))
  | (?P<assign>:=|=>|<<|>>)
  | (?P<word>[^\W\d][\w$\#]*)
  | (?P<number>\d[\w.]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens_of(text: str) -> Iterator[str]:
    """Yield a statement's tokens without blanks and comments."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:  # cannot happen: `other` matches any character
            return
        position = match.end()
        if match["qquote"]:
            end = text.find(_QUOTE_ENDS.get(match["open"], match["open"]) + "'", position)
            position = len(text) if end < 0 else end + 2
        if match.lastgroup not in {"blank", "comment"}:
            yield text[match.start() : position]


@functools.lru_cache(maxsize=2048)
def scan_statement(text: str) -> StatementText:
    """Scan a statement's text; cached by the text.

    Never raises: a text that no rule recognises is CONTROL with its first word as the verb.
    """
    words: list[str] = []
    offsets: list[int] = []
    names: list[str] = []
    returning_from = -1
    into_offset = -1
    reserved_bind_offset = -1
    returning_seen = False
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:  # cannot happen: `other` matches any character
            break
        position = match.end()
        kind = match.lastgroup
        if match["qquote"]:
            close = _QUOTE_ENDS.get(match["open"], match["open"]) + "'"
            end = text.find(close, position)
            position = len(text) if end < 0 else end + 2
        elif match["bind"]:
            offsets.append(match.start())
            quoted = match["bquoted"]
            names.append(quoted if quoted is not None else match["bname"].upper())
            if quoted is None and names[-1] in _NO_BIND_NAMES and reserved_bind_offset < 0:
                reserved_bind_offset = match.start()
            if into_offset >= 0 and returning_from < 0:
                returning_from = len(names) - 1
        elif kind == "word" or (kind == "assign" and match[0] == "<<") or (match[0] == "(" and not words):
            word = match[0].upper()
            if len(words) < 2:
                words.append(word)
            if word in {"RETURNING", "RETURN"}:
                returning_seen = True
            elif word == "INTO" and returning_seen and into_offset < 0:
                into_offset = match.start()
    verb = words[0] if words else ""
    statement_kind = _KINDS.get(verb)
    if statement_kind is None:
        statement_kind = StatementKind.DDL if verb in _DDL_VERBS else StatementKind.CONTROL
        if verb == "ALTER" and len(words) > 1 and words[1] == "SESSION":
            statement_kind = StatementKind.CONTROL
    if statement_kind is StatementKind.DDL:  # the driver looks for no binds there (:new in a trigger is none)
        offsets, names = [], []
    returning: tuple[int, ...] = ()
    if statement_kind is StatementKind.DML and returning_from >= 0:
        returning = tuple(range(returning_from, len(names)))
    else:
        into_offset = -1
    binds = tuple(dict.fromkeys(names)) if statement_kind is StatementKind.PLSQL else tuple(names)
    return StatementText(
        text=text,
        kind=statement_kind,
        verb=verb,
        binds=binds,
        placeholder_offsets=tuple(offsets),
        placeholder_names=tuple(names),
        returning=returning,
        returning_into_offset=into_offset,
        reserved_bind_offset=reserved_bind_offset,
    )
