"""A script of somebody else's: where it wants to be run, and its statements.

SQL*Plus scripts are split as ``fleet.scripts`` does. Of a Python program the statements count that it gives to
``execute``; they are run with pictures of ours for the binds ``id``, ``img_size`` and ``img``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.scripts import ScriptStatement, split_script, substitute

#: The value of every substitution variable that is not given, and the password of all users.
ANSWER = "Answer_1"
_RUN_AS = re.compile(r"\b(?:run|execute)\s+as\s*:\s*(\w+)", re.IGNORECASE)
_SCOPE = re.compile(r"\bscope\s*:[^\n]*\bstandby\b", re.IGNORECASE)
_REDIRECTS = re.compile(r"^\s*alter\s+session\s+enable\s+adg_redirect_dml", re.IGNORECASE | re.MULTILINE)
_VARIABLE = re.compile(r"&&?(\w+)")
_INCLUDED = re.compile(r"^@@?(\S+?)(?:\.sql)?[ \t]*;?[ \t]*$", re.MULTILINE)
_DRIVER_METHODS = frozenset({"execute", "executemany"})


@dataclass(frozen=True, slots=True)
class Script:
    """One file."""

    path: Path
    #: As it is shown.
    name: str
    #: Who it says it is to be run as; SYS is played by SYSTEM.
    user: str
    on_standby: bool

    @property
    def is_program(self) -> bool:
        """Whether it is a Python program, of which only the statements are run."""
        return self.path.suffix == ".py"

    def statements(self, variables: Mapping[str, str], paths: Mapping[str, str]) -> Iterator[ScriptStatement]:
        """Yield its statements.

        Args:
            variables: Values of substitution variables; ``ANSWER`` for all others.
            paths: Paths of its author's machine, and what stands for them here.
        """
        text = self.path.read_text(encoding="utf-8")
        if self.is_program:
            yield from _executed_texts(text)
            return
        text = _INCLUDED.sub(lambda found: (self.path.parent / f"{found[1]}.sql").read_text(encoding="utf-8"), text)
        for theirs, ours in paths.items():
            text = text.replace(theirs, ours)
        values = dict.fromkeys(_VARIABLE.findall(text), ANSWER) | dict(variables)
        yield from split_script(substitute(text, values))


def find_scripts(folders: list[Path], *, owner: str) -> list[Script]:
    """Return the scripts of folders, sorted within each; those that others include are left to them."""
    found: list[Script] = []
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in {".sql", ".py"})
        included = {
            (path.parent / f"{name}.sql").resolve()
            for path in paths
            if path.suffix == ".sql"
            for name in _INCLUDED.findall(path.read_text(encoding="utf-8"))
        }
        found += [_read(path, folder, owner) for path in paths if path.resolve() not in included]
    return found


def _read(path: Path, folder: Path, owner: str) -> Script:
    text = path.read_text(encoding="utf-8")
    words = path.stem.upper().replace("_", "-").split("-")
    said = _RUN_AS.search(text)
    user = "SYS" if "SYS" in words else said[1].upper() if said else owner.upper()
    is_query = "PRIMARY" not in words and _REDIRECTS.search(text) is not None
    on_standby = "STANDBY" in words or _SCOPE.search(text) is not None or is_query
    return Script(path, str(path.relative_to(folder.parent)), "SYSTEM" if user == "SYS" else user, on_standby)


def _executed_texts(text: str) -> Iterator[ScriptStatement]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _DRIVER_METHODS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            yield ScriptStatement(node.args[0].value.strip(), node.lineno)
