"""What names mean while PL/SQL is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from emulator.datatypes import SqlType, Value
from emulator.plsql.exceptions import CompileError
from emulator.plsql.lexer import Source
from emulator.plsql.runtime import Evaluate, Execute, Frame
from emulator.plsql.values import PlsqlType, RecordType

if TYPE_CHECKING:
    from emulator.engine.objects import Scope
    from emulator.plsql.embedded_sql import EmbeddedSql
    from emulator.plsql.port import SqlPort


#: Finds the frame of a package's own names from any frame.
Home: TypeAlias = Callable[[Frame], Frame]


@dataclass(slots=True)
class Variable:
    """A variable, constant, parameter or loop index."""

    name: str
    level: int
    slot: int
    type: PlsqlType
    writable: bool = True
    not_null: bool = False
    #: Of a package: finds the frame that it is in, from any frame.
    home: Home | None = None


@dataclass(slots=True)
class TypeSymbol:
    """A declared type."""

    name: str
    type: PlsqlType
    not_null: bool = False


@dataclass(slots=True)
class ExceptionSymbol:
    """A declared exception; the declaration itself is its identity."""

    name: str
    code: int | None = None


@dataclass(slots=True)
class ParameterSymbol:
    """A parameter: its place is its variable's slot."""

    name: str
    mode: str
    type: PlsqlType
    #: Evaluated in the frame around the subprogram; None without a default.
    default: Evaluate | None = None
    slot: int = 0


@dataclass(slots=True)
class SubprogramCode:
    """A subprogram that can run."""

    slots: int
    body: Execute


@dataclass(slots=True)
class SubprogramSymbol:
    """A procedure or function written in PL/SQL."""

    name: str
    #: Level of the frame around its own.
    level: int
    parameters: list[ParameterSymbol]
    result: PlsqlType | None
    #: None until its body is compiled.
    code: SubprogramCode | None = None
    #: Its names, for ``name.variable``.
    names: LexicalScope | None = None
    #: Stored units: whose rights hold (None: the caller's).
    rights: Scope | None = None
    #: Place in ORA-06512 lines: ``"OWNER.UNIT", `` or nothing.
    place: str = ""
    #: Of a package: finds the frame around it.
    home: Home | None = None

    @property
    def signature(self) -> tuple[object, ...]:
        """What tells it from others of its name."""
        parameters = tuple((each.name, each.mode, each.type) for each in self.parameters)
        return (*parameters, self.result)


@dataclass(slots=True)
class Overloads:
    """Several subprograms of one name; which one is meant is seen by the arguments."""

    name: str
    symbols: list[SubprogramSymbol | NativeSubprogram]


@dataclass(slots=True)
class NativeSubprogram:
    """A procedure or function of a supplied package, written in Python."""

    name: str
    parameters: list[ParameterSymbol]
    result: PlsqlType | None
    #: Gets a value per parameter; replaces those of OUT parameters; returns a function's value.
    call: Callable[[Frame, list[Value]], Value]


@dataclass(slots=True)
class CursorSymbol:
    """A declared cursor."""

    name: str
    level: int
    slot: int
    parameters: list[ParameterSymbol]
    query: EmbeddedSql
    row_type: RecordType
    home: Home | None = None


Symbol: TypeAlias = (
    "Variable | TypeSymbol | ExceptionSymbol | SubprogramSymbol | Overloads | CursorSymbol | LexicalScope "
    "| NativeSubprogram"
)


@dataclass(slots=True)
class LexicalScope:
    """The names of a block, subprogram or loop."""

    parent: LexicalScope | None
    names: dict[str, Symbol] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """Return what a name means here or further out."""
        scope: LexicalScope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None


@dataclass(slots=True)
class LoopTarget:
    """A loop that EXIT and CONTINUE can name."""

    label: str | None
    exit: object
    next: object
    level: int


@dataclass(slots=True)
class BindUse:
    """A bind variable of an anonymous block."""

    slot: int
    type: SqlType
    read: bool = False
    written: bool = False


@dataclass(slots=True)
class Compilation:
    """The state of compiling one text."""

    source: Source
    port: SqlPort
    rights: Scope
    names: LexicalScope = field(default_factory=lambda: LexicalScope(None))
    #: Subprogram nesting of the place that is compiled, and slots used so far at each level.
    level: int = 0
    slots: list[int] = field(default_factory=lambda: [0])
    loops: list[LoopTarget] = field(default_factory=list)
    binds: dict[str, BindUse] = field(default_factory=dict)
    errors: list[CompileError] = field(default_factory=list)
    #: ``RETURN x`` is converted to this; None in procedures and blocks.
    result: PlsqlType | None = None
    place: str = ""
    #: Of a package: where names of level 0 are.
    home: Home | None = None

    @property
    def present_home(self) -> Home | None:
        """The home of what is declared now."""
        return self.home if self.level == 0 else None

    def new_slot(self) -> int:
        """Return a new slot of the present frame."""
        self.slots[self.level] += 1
        return self.slots[self.level] - 1

    def declare(self, name: str, symbol: Symbol, offset: int) -> None:
        """Give a name its meaning in the present scope."""
        if name in self.names.names:
            raise CompileError(f"PLS-00371: at most one declaration for '{name}' is permitted", offset)
        self.names.names[name] = symbol

    def variable(self, name: str, declared: PlsqlType, offset: int, *, writable: bool = True) -> Variable:
        """Declare a variable in a new slot."""
        made = Variable(name, self.level, self.new_slot(), declared, writable, home=self.present_home)
        self.declare(name, made, offset)
        return made

    def line(self, offset: int) -> int:
        """Return the line of an offset."""
        return self.source.position(offset)[0]
