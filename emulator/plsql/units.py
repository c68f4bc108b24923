"""Stored units: compiled from their source when they are first called, and again after each DDL."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias

from emulator.engine.catalogue import UnitError
from emulator.engine.objects import Scope, Unit
from emulator.errors import NotEmulated, OraError
from emulator.plsql.compiler import compile_block, compile_subprogram
from emulator.plsql.exceptions import CompileError
from emulator.plsql.lexer import Source
from emulator.plsql.parser import parse_block, parse_unit
from emulator.plsql.scopes import Compilation, SubprogramSymbol
from emulator.plsql.stored_packages import PackageSymbol, add_part, begin_package, load_body
from emulator.plsql.syntax import SubprogramDeclaration

if TYPE_CHECKING:
    from emulator.engine.catalogue import Catalogue
    from emulator.plsql.port import SqlPort

_HEAD = re.compile(
    r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    r"(?=(?P<kind>\w+))",
    re.IGNORECASE | re.DOTALL,
)
_KEPT = 256


_Compiled: TypeAlias = SubprogramSymbol | PackageSymbol


class _Cache:
    """Compiled units by catalogue snapshot and name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[int, str, str, str], tuple[Catalogue, _Compiled | None]] = OrderedDict()

    def get(self, catalogue: Catalogue, unit: Unit) -> tuple[bool, _Compiled | None]:
        key = (id(catalogue), unit.owner, unit.name, unit.kind)
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return False, None
            self._entries.move_to_end(key)
            return True, found[1]

    def put(self, catalogue: Catalogue, unit: Unit, symbol: _Compiled | None) -> None:
        # The entry holds the catalogue, so that its id is not given to another one meanwhile.
        with self._lock:
            self._entries[id(catalogue), unit.owner, unit.name, unit.kind] = (catalogue, symbol)
            while len(self._entries) > _KEPT:
                self._entries.popitem(last=False)


_cache = _Cache()
#: Units that this thread is compiling now, for those that call each other.
_compiling = threading.local()


def load_unit(port: SqlPort, unit: Unit) -> SubprogramSymbol | None:
    """Return a stored unit ready to be called, None if it does not compile."""
    catalogue = port.catalogue
    known, cached = _cache.get(catalogue, unit)
    if known:
        return cached if isinstance(cached, SubprogramSymbol) else None
    active: dict[tuple[str, str], _Compiled] = _compiling.__dict__.setdefault("active", {})
    begun = active.get((unit.owner, unit.name))
    if isinstance(begun, SubprogramSymbol):
        return begun
    rights = None if unit.invoker_rights else Scope(user=unit.owner, schema=unit.owner, has_roles=False)
    symbol = SubprogramSymbol(unit.name, -1, [], None, rights=rights, place=f'"{unit.owner}.{unit.name}", ')
    active[unit.owner, unit.name] = symbol
    try:
        source = Source(unit.source)
        errors = _compile(port, source, parse_unit(source), symbol, unit.owner)
    except CompileError as error:
        errors = [error]
    finally:
        del active[unit.owner, unit.name]
    result = None if errors else symbol
    _cache.put(catalogue, unit, result)
    return result


def load_package(port: SqlPort, unit: Unit) -> PackageSymbol | None:
    """Return a stored package ready to be used, None if its specification does not compile."""
    catalogue = port.catalogue
    known, cached = _cache.get(catalogue, unit)
    if known:
        return cached if isinstance(cached, PackageSymbol) else None
    active: dict[tuple[str, str], _Compiled] = _compiling.__dict__.setdefault("active", {})
    begun = active.get((unit.owner, unit.name))
    if isinstance(begun, PackageSymbol):
        return begun
    package = begin_package(unit.owner, unit.name)
    active[unit.owner, unit.name] = package
    try:
        errors = add_part(port, package, unit.source)
        if not errors:
            load_body(port, package)
    finally:
        del active[unit.owner, unit.name]
    result = None if errors else package
    _cache.put(catalogue, unit, result)
    return result


def _compile(
    port: SqlPort, source: Source, node: SubprogramDeclaration, symbol: SubprogramSymbol, owner: str
) -> list[CompileError]:
    # Invoker's rights too are compiled as the owner; their SQL is bound again for each caller.
    rights = symbol.rights or Scope(user=owner, schema=owner, has_roles=False)
    comp = Compilation(source, port, rights, place=symbol.place)
    comp.names.names[symbol.name] = symbol
    try:
        compile_subprogram(comp, node, symbol)
    except CompileError as error:
        comp.errors.append(error)
    return comp.errors


def define_unit(port: SqlPort, text: str, scope: Scope) -> tuple[Unit, list[UnitError]]:
    """Compile the text of CREATE PROCEDURE or FUNCTION; see ``execution.compile_unit``."""
    head = _HEAD.match(text)
    if head is None:
        raise OraError(900)
    kind = head["kind"].upper()
    if kind == "TRIGGER":
        return _define_trigger(port, scope, text[head.end() :], replaces=bool(head["replace"]))
    if kind not in {"PROCEDURE", "FUNCTION", "PACKAGE"}:
        raise NotEmulated(f"CREATE {kind}")
    body = text[head.end() :]
    if re.match(r"PACKAGE\s+BODY\b", body, re.IGNORECASE):
        kind = "PACKAGE BODY"
    name_match = re.match(
        r'\w+\s+(?:BODY\s+)?(?P<exists>IF\s+NOT\s+EXISTS\s)?\s*(?:(?P<owner>"[^"]+"|[\w$#]+)\s*\.\s*)?(?P<name>"[^"]+"|[\w$#]+)',
        body,
        re.IGNORECASE,
    )
    if name_match is None:
        raise OraError(4050, text="ORA-04050: invalid or missing procedure, function, or package name")
    if name_match["exists"]:
        raise NotEmulated(f"CREATE {kind} IF NOT EXISTS")
    owner = _stored(name_match["owner"]) if name_match["owner"] else scope.schema
    name = _stored(name_match["name"])
    _check_right(port, scope, owner, name, kind, replaces=bool(head["replace"]))
    if kind in {"PACKAGE", "PACKAGE BODY"}:
        return _define_package(port, Unit(owner, name, kind, body, valid=True))
    errors: list[CompileError]
    invoker_rights = False
    source = None
    try:
        source = Source(body)
        node = parse_unit(source)
        invoker_rights = node.invoker_rights
        rights = Scope(user=owner, schema=owner, has_roles=False)
        symbol = SubprogramSymbol(name, -1, [], None, rights=rights, place=f'"{owner}.{name}", ')
        errors = _compile(port, source, node, symbol, owner)
    except CompileError as error:
        errors = [error]
    unit = Unit(owner, name, kind, body, valid=not errors, invoker_rights=invoker_rights)
    listed = [UnitError(*_position(source, body, error.offset), error.text) for error in errors]
    return unit, sorted(listed, key=lambda each: (each.line, each.position))


_TRIGGER = re.compile(
    r'TRIGGER\s+(?:(?P<owner>"[^"]+"|[\w$#]+)\s*\.\s*)?(?P<name>"[^"]+"|[\w$#]+)\s+'
    r"AFTER\s+STARTUP\s+ON\s+(?:PLUGGABLE\s+)?DATABASE\s+(?=DECLARE\b|BEGIN\b)",
    re.IGNORECASE,
)


def trigger_block(source: str) -> str:
    """Return the block of a trigger's text."""
    match = _TRIGGER.match(source)
    return source[match.end() :] if match is not None else source


def _define_trigger(port: SqlPort, scope: Scope, body: str, *, replaces: bool) -> tuple[Unit, list[UnitError]]:
    """Compile a trigger that runs when the database opens; no other is emulated."""
    match = _TRIGGER.match(body)
    if match is None:
        raise NotEmulated("CREATE TRIGGER other than AFTER STARTUP ON DATABASE")
    owner = _stored(match["owner"]) if match["owner"] else scope.schema
    name = _stored(match["name"])
    for privilege in ("CREATE TRIGGER" if owner == scope.user else "CREATE ANY TRIGGER", "ADMINISTER DATABASE TRIGGER"):
        if not port.catalogue.has_privilege(scope.user, privilege):
            raise OraError(1031)
    if (owner, name, "TRIGGER") in port.catalogue.units and not replaces:
        raise OraError(4081, text=f"ORA-04081: trigger '{name}' already exists")
    listed: list[CompileError] = []
    source = None
    try:
        source = Source(body[match.end() :])
        comp = Compilation(source, port, Scope(user=owner, schema=owner))
        compile_block(comp, parse_block(source))
        listed = comp.errors
    except CompileError as error:
        listed = [error]
    errors = [UnitError(*_position(source, body, error.offset), error.text) for error in listed]
    return Unit(owner, name, "TRIGGER", body, valid=not errors), errors


def _define_package(port: SqlPort, unit: Unit) -> tuple[Unit, list[UnitError]]:
    """Compile a specification, or a body together with the specification that is stored."""
    package = begin_package(unit.owner, unit.name)
    errors: list[CompileError] = []
    if unit.kind == "PACKAGE BODY":
        specification = port.catalogue.units.get((unit.owner, unit.name, "PACKAGE"))
        if specification is None or add_part(port, package, specification.source):
            errors.append(CompileError(f"PLS-00905: object {unit.owner}.{unit.name} is invalid", 0))
    if not errors:
        active: dict[tuple[str, str], _Compiled] = _compiling.__dict__.setdefault("active", {})
        active[unit.owner, unit.name] = package
        try:
            errors = add_part(port, package, unit.source)
        finally:
            del active[unit.owner, unit.name]
    listed = [UnitError(*_position(None, unit.source, error.offset), error.text) for error in errors]
    made = Unit(unit.owner, unit.name, unit.kind, unit.source, valid=not errors)
    return made, sorted(listed, key=lambda each: (each.line, each.position))


def _position(source: Source | None, body: str, offset: int) -> tuple[int, int]:
    if source is not None:
        return source.position(offset)
    before = body[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _stored(written: str) -> str:
    return written[1:-1] if written.startswith('"') else written.upper()


def _check_right(port: SqlPort, scope: Scope, owner: str, name: str, kind: str, *, replaces: bool) -> None:
    catalogue = port.catalogue
    if catalogue.user(owner) is None:
        raise OraError(1917, owner)
    privilege = "CREATE PROCEDURE" if owner == scope.user else "CREATE ANY PROCEDURE"
    if not catalogue.has_privilege(scope.user, privilege):
        raise OraError(1031)
    known = (owner, name, kind) in catalogue.units
    taken = known if kind == "PACKAGE BODY" else catalogue.name_is_used(owner, name)  # it shares its package's name
    if taken and not (replaces and known):
        raise OraError(955)
