"""Stored packages: specification and body compiled together, and their variables for each session.

A package is compiled anew after each DDL. A session keeps the values of its variables as long as the package's text is
the same; after a change they are lost, and the session is told once (ORA-04068).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from emulator.engine.objects import Scope, Unit
from emulator.errors import NotEmulated, OraError
from emulator.plsql.compiler import check_defined, compile_package_part
from emulator.plsql.exceptions import CompileError
from emulator.plsql.lexer import Source
from emulator.plsql.parser import parse_package
from emulator.plsql.runtime import Execute, Frame
from emulator.plsql.scopes import Compilation, LexicalScope

if TYPE_CHECKING:
    from emulator.plsql.port import SqlPort
    from emulator.plsql.syntax import PackageDeclaration


@dataclass(slots=True)
class PackageSymbol:
    """A package that is compiled, or being compiled."""

    owner: str
    name: str
    #: What others see of it.
    public: LexicalScope = field(default_factory=lambda: LexicalScope(None))
    #: Everything in it.
    names: LexicalScope = field(default_factory=lambda: LexicalScope(None))
    #: Slots of its own frame; one entry, as in ``Compilation.slots``.
    slots: list[int] = field(default_factory=lambda: [0])
    #: What fills its variables: declarations of specification and body, then the body's own statements.
    initialisers: list[Execute] = field(default_factory=list)
    #: Texts that it was compiled from.
    texts: tuple[str, ...] = ()

    @property
    def rights(self) -> Scope:
        """Whose rights hold: the owner's."""
        return Scope(user=self.owner, schema=self.owner)

    @property
    def place(self) -> str:
        """Its place in ORA-06512 lines."""
        return f'"{self.owner}.{self.name}", '

    def home(self, frame: Frame) -> Frame:
        """Return the frame of the session's variables of this package; they are made when first asked for.

        Raises:
            OraError: 4068, the package was changed since the session first used it.
        """
        kept = frame.run.port.package_state
        key = f"{self.owner}.{self.name}"
        state = cast("_State | None", kept.get(key))
        if state is not None and state.package is not self:
            if state.package.texts != self.texts:
                del kept[key]
                if state.package.slots[0]:
                    raise OraError(4068, f' of package "{self.owner}.{self.name}"')
                state = None
            else:
                state.package = self
        if state is None:
            state = kept[key] = _State(self, Frame(frame.run, None, self.slots[0], self.rights))
            try:
                for initialise in self.initialisers:
                    initialise(state.frame)
            except BaseException:
                kept.pop(key, None)
                raise
        state.frame.run = frame.run
        return state.frame


@dataclass(slots=True)
class _State:
    """A session's variables of a package."""

    package: PackageSymbol
    frame: Frame


def begin_package(owner: str, name: str) -> PackageSymbol:
    """Return a package without contents; its own name is known inside it."""
    package = PackageSymbol(owner, name)
    package.names = LexicalScope(LexicalScope(None, {name: package.public}))
    return package


def add_part(port: SqlPort, package: PackageSymbol, text: str) -> list[CompileError]:
    """Compile a specification, or the body after it, into a package; returns what is wrong with it.

    Raises:
        NotEmulated: A feature that is not there.
    """
    try:
        source = Source(text)
        node = parse_package(source)
        if node.invoker_rights:
            raise NotEmulated("packages with AUTHID CURRENT_USER", offset=node.offset)
        return _compile(port, package, source, node)
    except CompileError as error:
        return [error]
    finally:
        package.texts = (*package.texts, text)


def _compile(port: SqlPort, package: PackageSymbol, source: Source, node: PackageDeclaration) -> list[CompileError]:
    comp = Compilation(source, port, package.rights, names=package.names, place=package.place, home=package.home)
    comp.slots = package.slots
    package.initialisers.append(compile_package_part(comp, node))
    if node.is_body:
        check_defined(comp, node.offset)
    else:
        package.public.names.update(package.names.names)
    return comp.errors


def load_body(port: SqlPort, package: PackageSymbol) -> None:
    """Compile a package's body; while it has errors, its subprograms cannot be called."""
    body: Unit | None = port.catalogue.units.get((package.owner, package.name, "PACKAGE BODY"))
    if body is not None and add_part(port, package, body.source):
        package.initialisers.append(_refuse(f'package body "{package.owner}.{package.name}"'))


def _refuse(what: str) -> Execute:
    def raise_invalid(_frame: Frame) -> None:
        raise OraError(4063, what)

    return raise_invalid
