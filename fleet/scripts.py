"""SQL*Plus-style scripts: splits them into statements and runs them through a session.

A block (``BEGIN``, ``DECLARE``, ``CREATE PROCEDURE`` …) ends at a line with ``/`` alone; other SQL ends at ``;``
outside quotes and comments, or at ``/``. ``&name`` is replaced before splitting, by the caller's value or the
script's own ``DEFINE name = value``. A line ``@@file`` is the text of that file beside the script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.errors import InputError, PermanentDatabaseError
from fleet.sessions import Connection

_SQLPLUS_COMMAND = re.compile(
    r"\s*(SET(?!\s+(TRANSACTION|ROLE|CONSTRAINTS?)\b)|PROMPT|WHENEVER|SHOW|SPOOL|REM(ARK)?|EXIT|QUIT|CLEAR|COLUMN|"
    r"DEFINE|UNDEFINE|ACCEPT|PAUSE|TIMING)\b",
    re.IGNORECASE,
)
_EXECUTE = re.compile(r"\s*EXEC(?:UTE)?\s+(?P<call>.+?);?\s*$", re.IGNORECASE | re.DOTALL)
_BLOCK_START = re.compile(
    r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
    r"(?:DECLARE\b|BEGIN\b|<<|CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    r"(?:PROCEDURE|FUNCTION|PACKAGE|TRIGGER|TYPE)\b)",
    re.IGNORECASE | re.DOTALL,
)
_COMPILED = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:NON)?EDITIONABLE\s+)?(?P<kind>PROCEDURE|FUNCTION|PACKAGE(?:\s+BODY)?)\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+)?(?:(?P<owner>\w+)\.)?(?P<name>\w+)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"&&?(\w+)\.?")
_DEFINE = re.compile(r"^[ \t]*DEFINE[ \t]+(\w+)[ \t]*=[ \t]*([^\n]*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_INCLUDED = re.compile(r"^@@(\S+)[ \t]*$", re.MULTILINE)
_QUOTED = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|[nN]?[qQ]'(?:\[.*?\]'|\(.*?\)'|\{.*?\}'|<.*?>'|(.).*?\1')|'(?:[^']|'')*'|"[^"]*\"""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ScriptStatement:
    """One statement of a script, as it is sent: SQL without its ``;``, a block with it."""

    text: str
    #: 1-based line of its first word in the script.
    line: int


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What one statement of a script did."""

    statement: ScriptStatement
    #: Column names of a query, () for anything else.
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    row_count: int
    #: What the statement printed by DBMS_OUTPUT.
    output: tuple[str, ...]


def read_script(path: Path) -> str:
    """Return a script's text, with that of the files that it includes by ``@@file``.

    Raises:
        InputError: One of them cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InputError(f"the script {path} cannot be read: {reason}") from error
    return _INCLUDED.sub(lambda match: read_script(path.parent / match[1]), text)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``&name``, ``&&name`` and ``&name.`` everywhere, quotes and comments included, as SQL*Plus does.

    Args:
        text: The script; its DEFINEs are the values of what ``variables`` leaves out.
        variables: Values by name.

    Raises:
        InputError: A name has no value.
    """
    defined: list[tuple[str, str]] = _DEFINE.findall(text)
    values = {name.lower(): value for name, value in (*defined, *variables.items())}

    def value(match: re.Match[str]) -> str:
        try:
            return values[match[1].lower()]
        except KeyError:
            raise InputError(f"the script asks for &{match[1]}; give it with --define {match[1]}=VALUE") from None

    return _VARIABLE.sub(value, text)


def split_script(text: str) -> Iterator[ScriptStatement]:
    """Yield the statements of a script in order; SQL*Plus commands that only format are left out."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        if not line.strip() or line.strip() == "/" or line.lstrip().startswith("--"):
            number += 1
            continue
        if line.lstrip().startswith("/*") and "*/" in line and not line.partition("*/")[2].strip():
            number += 1
            continue
        execute = _EXECUTE.match(line)
        if execute is not None:
            yield ScriptStatement(f"BEGIN {execute['call']}; END;", number + 1)
            number += 1
        elif _SQLPLUS_COMMAND.match(line):
            number += 1
        else:
            statement, number = _take(lines, number)
            if statement is not None:
                yield statement


def _take(lines: Sequence[str], start: int) -> tuple[ScriptStatement | None, int]:
    """Return the statement that begins at a line, and the number of the line after it."""
    rest = "\n".join(lines[start:])
    if _BLOCK_START.match(rest):
        end = next((n for n in range(start, len(lines)) if lines[n].strip() == "/"), len(lines))
        return _statement("\n".join(lines[start:end]).strip(), start), end + 1
    hidden = _QUOTED.sub(lambda match: re.sub(r"[^\n]", "x", match[0]), rest)
    end_match = re.search(r";[ \t]*(?=\n|\Z)|;|^[ \t]*/[ \t]*$", hidden, re.MULTILINE)
    if end_match is None:
        return _statement(rest.strip(), start), len(lines)
    taken = rest[: end_match.start()]
    return _statement(taken.strip(), start), start + rest[: end_match.end()].count("\n") + 1


def _statement(text: str, start: int) -> ScriptStatement | None:
    plain = re.sub(r"--[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL).strip()
    return ScriptStatement(text, start + 1) if plain else None


def run_script(
    connection: Connection,
    text: str,
    *,
    variables: Mapping[str, str] | None = None,
    on_result: Callable[[StatementResult], None] | None = None,
) -> int:
    """Run a script's statements in order, and commit.

    Returns:
        The number of statements.

    Raises:
        PermanentDatabaseError: A unit was stored with compilation errors; the text has them.
        InputError: A substitution variable has no value.
        oracledb.Error: A statement failed; those before it stand.
    """
    count = 0
    with connection.cursor() as cursor:
        cursor.callproc("dbms_output.enable", [None])
        for statement in split_script(substitute(text, variables or {})):
            cursor.execute(statement.text)
            compiled = _COMPILED.search(statement.text)
            if compiled is not None:
                _check_compiled(connection, compiled)
            columns = tuple(column[0] for column in cursor.description or ())
            rows = cursor.fetchall() if columns else []
            row_count = max(cursor.rowcount, 0)
            if on_result is not None:
                on_result(StatementResult(statement, columns, rows, row_count, _output(connection)))
            count += 1
    connection.commit()
    return count


def _check_compiled(connection: Connection, compiled: re.Match[str]) -> None:
    kind, name = compiled["kind"], compiled["name"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line, position, text FROM all_errors "
            "WHERE owner = NVL(:owner, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND name = :name AND type = :kind "
            "ORDER BY sequence",
            owner=compiled["owner"] and compiled["owner"].upper(),
            name=name.upper(),
            kind=" ".join(kind.upper().split()),
        )
        errors = cursor.fetchall()
    if errors:
        listed = "; ".join(f"line {line}: {text.strip()}" for line, _, text in errors)
        raise PermanentDatabaseError(f"{kind.lower()} {name.lower()} was stored with compilation errors: {listed}")


def _output(connection: Connection) -> tuple[str, ...]:
    lines: list[str] = []
    with connection.cursor() as cursor:
        line, status = cursor.var(str), cursor.var(int)
        while True:
            cursor.callproc("dbms_output.get_line", [line, status])
            if status.getvalue() != 0:
                return tuple(lines)
            lines.append(line.getvalue() or "")
