"""PL/SQL's syntax tree: nothing but node classes; ``offset`` is a node's place in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from emulator.datatypes import Value

# ---------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, date, TRUE, FALSE or NULL."""

    offset: int
    value: Value


@dataclass(frozen=True, slots=True)
class Bind:
    """``:name``."""

    offset: int
    name: str


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument; ``name => value`` when it has a name."""

    name: str | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a reference: a name, perhaps with brackets behind it; "" is a second subscript: ``v(1)(2)``."""

    offset: int
    name: str
    arguments: tuple[Argument, ...] | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable, element, field, call, or method: ``a``, ``v(i).id``, ``p.q(x)``, ``v.COUNT``."""

    offset: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class CursorAttribute:
    """``c%FOUND``, ``SQL%ROWCOUNT``, ``SQL%BULK_EXCEPTIONS(i).ERROR_CODE``."""

    offset: int
    #: None is the implicit cursor SQL.
    cursor: Reference | None
    attribute: str
    subscript: Expression | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x``, ``NOT x``."""

    offset: int
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two operands, AND and OR among them."""

    offset: int
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class IsNull:
    """``x IS [NOT] NULL``."""

    offset: int
    operand: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    """``x [NOT] LIKE pattern [ESCAPE e]``."""

    offset: int
    operand: Expression
    pattern: Expression
    escape: Expression | None
    negated: bool


@dataclass(frozen=True, slots=True)
class Between:
    """``x [NOT] BETWEEN low AND high``."""

    offset: int
    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class InList:
    """``x [NOT] IN (a, b)``."""

    offset: int
    operand: Expression
    items: tuple[Expression, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class CaseExpression:
    """``CASE [x] WHEN a THEN b … [ELSE c] END``."""

    offset: int
    subject: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


@dataclass(frozen=True, slots=True)
class Cast:
    """``CAST(x AS type)``."""

    offset: int
    operand: Expression
    type: TypeReference


Expression: TypeAlias = (
    Literal
    | Bind
    | Reference
    | CursorAttribute
    | Unary
    | Binary
    | IsNull
    | Like
    | Between
    | InList
    | CaseExpression
    | Cast
)

# ---------------------------------------------------------------------- declarations


@dataclass(frozen=True, slots=True)
class TypeReference:
    """A type as it is written."""

    offset: int
    names: tuple[str, ...]
    sizes: tuple[int, ...] = ()
    #: "TYPE" or "ROWTYPE" of ``%TYPE`` and ``%ROWTYPE``, "" without.
    attribute: str = ""
    #: "", "TIME ZONE" or "LOCAL TIME ZONE".
    zone: str = ""


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    """A variable or constant."""

    offset: int
    name: str
    type: TypeReference
    constant: bool
    not_null: bool
    default: Expression | None


@dataclass(frozen=True, slots=True)
class ExceptionDeclaration:
    """``name EXCEPTION``."""

    offset: int
    name: str


@dataclass(frozen=True, slots=True)
class ExceptionInit:
    """``PRAGMA EXCEPTION_INIT(name, code)``."""

    offset: int
    name: str
    code: int


@dataclass(frozen=True, slots=True)
class RecordTypeDeclaration:
    """``TYPE name IS RECORD (…)``."""

    offset: int
    name: str
    fields: tuple[VariableDeclaration, ...]


@dataclass(frozen=True, slots=True)
class CollectionTypeDeclaration:
    """``TYPE name IS TABLE OF …`` or ``VARRAY(n) OF …``."""

    offset: int
    name: str
    element: TypeReference
    #: Type of the index of an associative array.
    index: TypeReference | None
    #: Size of a VARRAY, 0 for others.
    limit: int


@dataclass(frozen=True, slots=True)
class SubtypeDeclaration:
    """``SUBTYPE name IS type``."""

    offset: int
    name: str
    type: TypeReference
    not_null: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a subprogram or cursor."""

    offset: int
    name: str
    #: IN, OUT or IN OUT.
    mode: str
    type: TypeReference
    default: Expression | None


@dataclass(frozen=True, slots=True)
class SqlText:
    """An embedded statement; INTO is blanked out, so that offsets hold."""

    offset: int
    text: str
    verb: str


@dataclass(frozen=True, slots=True)
class CursorDeclaration:
    """``CURSOR name (…) IS SELECT …``."""

    offset: int
    name: str
    parameters: tuple[Parameter, ...]
    query: SqlText


@dataclass(frozen=True, slots=True)
class SubprogramDeclaration:
    """A procedure or function; without a block it is announced only."""

    offset: int
    name: str
    parameters: tuple[Parameter, ...]
    #: None for a procedure.
    result: TypeReference | None
    block: Block | None
    #: Of a stored unit: its schema as written, and AUTHID CURRENT_USER.
    owner: str | None = None
    invoker_rights: bool = False


@dataclass(frozen=True, slots=True)
class PackageDeclaration:
    """``PACKAGE [BODY] name IS … [BEGIN …] END``."""

    offset: int
    name: str
    is_body: bool
    declarations: tuple[Declaration, ...]
    #: A body's own statements, () without.
    block: Block
    invoker_rights: bool


Declaration: TypeAlias = (
    VariableDeclaration
    | ExceptionDeclaration
    | ExceptionInit
    | RecordTypeDeclaration
    | CollectionTypeDeclaration
    | SubtypeDeclaration
    | CursorDeclaration
    | SubprogramDeclaration
)

# ---------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Handler:
    """``WHEN a OR b THEN …``; no names is OTHERS."""

    #: Of the first name.
    offset: int
    names: tuple[tuple[str, ...], ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """``[DECLARE …] BEGIN … [EXCEPTION …] END``."""

    offset: int
    label: str | None
    declarations: tuple[Declaration, ...]
    statements: tuple[Statement, ...]
    handlers: tuple[Handler, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """``target := value``."""

    offset: int
    target: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A procedure's call, or a collection's method."""

    offset: int
    target: Reference
    #: CALL f(…) INTO :bind.
    into: Expression | None = None


@dataclass(frozen=True, slots=True)
class If:
    """``IF … THEN … ELSIF … ELSE … END IF``."""

    offset: int
    branches: tuple[tuple[Expression, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class CaseStatement:
    """``CASE … END CASE``; ``otherwise`` None raises CASE_NOT_FOUND."""

    offset: int
    subject: Expression | None
    branches: tuple[tuple[Expression, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class Loop:
    """``LOOP``, or ``WHILE condition LOOP``."""

    offset: int
    label: str | None
    condition: Expression | None
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class NumericLoop:
    """``FOR i IN [REVERSE] low .. high LOOP``."""

    offset: int
    label: str | None
    variable: str
    reverse: bool
    low: Expression
    high: Expression
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class CursorLoop:
    """``FOR r IN cursor|(SELECT …) LOOP``."""

    offset: int
    label: str | None
    variable: str
    source: Reference | SqlText
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """EXIT or CONTINUE."""

    offset: int
    is_exit: bool
    label: str | None
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Return:
    """``RETURN [x]``."""

    offset: int
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Raise:
    """``RAISE [name]``."""

    offset: int
    name: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Null:
    """``NULL``."""

    offset: int


@dataclass(frozen=True, slots=True)
class Into:
    """INTO's targets."""

    offset: int
    targets: tuple[Expression, ...]
    bulk: bool
    limit: Expression | None = None


@dataclass(frozen=True, slots=True)
class SqlStatement:
    """SELECT INTO, INSERT, UPDATE, DELETE or MERGE."""

    offset: int
    sql: SqlText
    into: Into | None


@dataclass(frozen=True, slots=True)
class Forall:
    """``FORALL i IN low .. high [SAVE EXCEPTIONS] dml``; without ``high``, ``low`` is INDICES OF's collection."""

    offset: int
    variable: str
    low: Expression
    high: Expression | None
    save_exceptions: bool
    statement: SqlStatement


@dataclass(frozen=True, slots=True)
class Open:
    """``OPEN c(…)``, or ``OPEN c FOR query``."""

    offset: int
    cursor: Expression
    query: SqlText | Expression | None
    using: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetch:
    """``FETCH c [BULK COLLECT] INTO … [LIMIT n]``."""

    offset: int
    cursor: Expression
    into: Into


@dataclass(frozen=True, slots=True)
class Close:
    """``CLOSE c``."""

    offset: int
    cursor: Expression


@dataclass(frozen=True, slots=True)
class UsingArgument:
    """An argument of USING."""

    mode: str
    value: Expression


@dataclass(frozen=True, slots=True)
class ExecuteImmediate:
    """``EXECUTE IMMEDIATE text [INTO …] [USING …]``."""

    offset: int
    text: Expression
    into: Into | None
    using: tuple[UsingArgument, ...]


@dataclass(frozen=True, slots=True)
class TransactionControl:
    """COMMIT, ROLLBACK, SAVEPOINT name, ROLLBACK TO name."""

    offset: int
    verb: str
    savepoint: str | None


Statement: TypeAlias = (
    Block
    | Assignment
    | Call
    | If
    | CaseStatement
    | Loop
    | NumericLoop
    | CursorLoop
    | Jump
    | Return
    | Raise
    | Null
    | SqlStatement
    | Forall
    | Open
    | Fetch
    | Close
    | ExecuteImmediate
    | TransactionControl
)
