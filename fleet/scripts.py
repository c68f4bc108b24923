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

#: Between statements: white space, comments, and lines with only a slash.
_BETWEEN = re.compile(r"(?:\s+|--[^\n]*|/\*.*?(?:\*/|\Z)|/[ \t]*(?=\n|\Z))*", re.DOTALL)
_LINE = re.compile(r"[^\n]*")
_SLASH_LINE = re.compile(r"^[ \t]*/[ \t]*$", re.MULTILINE)
_END_OF_SCRIPT = re.compile(r"(?:EXIT|QUIT)\b", re.IGNORECASE)
#: What these would set or let pass is not known here; leaving them out would run other statements than were meant.
_REFUSED_COMMAND = re.compile(
    r"(ACCEPT|VARIABLE|PRINT|START|CONNECT|WHENEVER\s+\w+\s+CONTINUE)\b|(?P<file>@)", re.IGNORECASE
)
_FORMATTING_COMMAND = re.compile(
    r"(?:SET(?!\s+(?:TRANSACTION|ROLE|CONSTRAINTS?)\b)|PROMPT|WHENEVER|SHOW|SPOOL|REM(?:ARK)?|CLEAR|COL(?:UMN)?|PAUSE|"
    r"TIMING|TTITLE|BTITLE|BREAK|DEFINE|UNDEFINE)\b",
    re.IGNORECASE,
)
_EXECUTE = re.compile(r"EXEC(?:UTE)?\s+(?P<call>.+?);?\s*", re.IGNORECASE)
_BLOCK_START = re.compile(
    r"(?:DECLARE\b|BEGIN\b|<<|CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    r"(?:PROCEDURE|FUNCTION|PACKAGE|TRIGGER|TYPE)\b)",
    re.IGNORECASE | re.DOTALL,
)
_COMPILED = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:NON)?EDITIONABLE\s+)?(?P<kind>PROCEDURE|FUNCTION|TRIGGER|PACKAGE(?:\s+BODY)?)\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+)?(?:(?P<owner>\w+)\.)?(?P<name>\w+)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"&&?(\w+)\.?")
_DEFINE = re.compile(r"^[ \t]*DEFINE[ \t]+(\w+)[ \t]*=[ \t]*([^\n]*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_INCLUDED = re.compile(r"^@@(\S+)[ \t]*$", re.MULTILINE)
_QUOTED_OR_END = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|[nN]?[qQ]'(?:\[.*?\]'|\(.*?\)'|\{.*?\}'|<.*?>'|(.).*?\1')|'(?:[^']|'')*'|"[^"]*\""""
    r"|(?P<end>;|^[ \t]*/[ \t]*$)",
    re.DOTALL | re.MULTILINE,
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
    """Yield the statements of a script in order, up to EXIT; SQL*Plus commands that only format are left out.

    Raises:
        InputError: A SQL*Plus command that would change what the statements do.
    """
    position = 0
    while True:
        position = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]  # it matches nothing, too
        if position == len(text):
            return
        line = text.count("\n", 0, position) + 1
        command = _LINE.match(text, position)
        assert command is not None  # noqa: S101 - the rest of a line always matches
        if execute := _EXECUTE.fullmatch(command[0]):
            yield ScriptStatement(f"BEGIN {execute['call']}; END;", line)
            position = command.end()
        elif _END_OF_SCRIPT.match(command[0]):
            return
        elif refused := _REFUSED_COMMAND.match(command[0]):
            name = "@" if refused["file"] else " ".join(refused[1].upper().split())
            raise InputError(f"line {line}: the SQL*Plus command {name} is not carried out here; nothing was run")
        elif _FORMATTING_COMMAND.match(command[0]):
            position = command.end()
        else:
            taken, position = _take(text, position)
            yield ScriptStatement(taken, line)


def _take(text: str, start: int) -> tuple[str, int]:
    """Return the statement that begins at a position, and the position after it."""
    if _BLOCK_START.match(text, start):
        slash = _SLASH_LINE.search(text, start)
        return (
            (text[start:].strip(), len(text)) if slash is None else (text[start : slash.start()].strip(), slash.end())
        )
    for found in _QUOTED_OR_END.finditer(text, start):
        if found["end"] is not None:
            return text[start : found.start()].strip(), found.end()
    return text[start:].strip(), len(text)


def run_script(
    connection: Connection,
    text: str,
    *,
    variables: Mapping[str, str] | None = None,
    on_result: Callable[[StatementResult], None] | None = None,
) -> int:
    """Run a script's statements in order, and commit; also what went before a statement that failed, as SQL*Plus does.

    Returns:
        The number of statements.

    Raises:
        PermanentDatabaseError: A unit was stored with compilation errors; the text has them.
        InputError: A substitution variable has no value, or a SQL*Plus command that is not carried out here.
        oracledb.Error: A statement failed; those before it stand.
    """
    statements = list(split_script(substitute(text, variables or {})))
    try:
        _run(connection, statements, on_result)
    finally:
        connection.commit()
    return len(statements)


def _run(
    connection: Connection,
    statements: Sequence[ScriptStatement],
    on_result: Callable[[StatementResult], None] | None,
) -> None:
    with connection.cursor() as cursor:
        cursor.callproc("dbms_output.enable", [None])
        for statement in statements:
            cursor.execute(statement.text)
            compiled = _COMPILED.search(statement.text)
            if compiled is not None:
                _check_compiled(connection, compiled)
            columns = tuple(column[0] for column in cursor.description or ())
            rows = cursor.fetchall() if columns else []
            row_count = max(cursor.rowcount, 0)
            if on_result is not None:
                on_result(StatementResult(statement, columns, rows, row_count, _output(connection)))


def _check_compiled(connection: Connection, compiled: re.Match[str]) -> None:
    kind, name = compiled["kind"], compiled["name"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line, position, text FROM all_errors "
            "WHERE owner = NVL(:owner, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND name = :name AND type = :kind "
            "AND attribute = 'ERROR' ORDER BY sequence",
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
