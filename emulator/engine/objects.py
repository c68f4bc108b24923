"""Schema objects as values: what the data dictionary knows of tables, constraints, units, models and users.

Names are as stored: upper case unless they were quoted. ``sqlite_name`` is the name of a table's own storage.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.datatypes import SqlType

#: Accuracy of a vector index in percent when neither index nor query names one.
#: Source: AI Vector Search User's Guide 26ai.
DEFAULT_ACCURACY = 95


def sqlite_identifier(name: str) -> str:
    """Return a name for SQLite, which does not tell ``a`` from ``A``: small letters are marked, so that case counts."""
    return re.sub("[a-z~]", lambda found: "~" + found[0].upper(), name)


def oracle_identifier(written: str) -> str:
    """Return the name that ``sqlite_identifier`` wrote."""
    return re.sub("~(.)", lambda found: found[1].lower(), written)


def table_storage(owner: str, name: str) -> str:
    """Return the SQLite name of a table, to be written in double quotes."""
    return f"{sqlite_identifier(owner)}.{sqlite_identifier(name)}"


def index_storage(owner: str, name: str) -> str:
    """Return the SQLite name of an index; the small letters keep it apart from all tables."""
    return f"index {table_storage(owner, name)}"


def constraint_index(owner: str, table: str, constraint: str) -> str:
    """Return the SQLite name of an index that serves a constraint."""
    return f"{index_storage(owner, table)}.{constraint}"


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table or of a dictionary view."""

    name: str
    type: SqlType
    nullable: bool = True
    #: SQL text of DEFAULT, None without one.
    default: str | None = None
    #: The default also stands for an explicit NULL.
    default_on_null: bool = False
    #: ALWAYS or BY DEFAULT for an identity column; its default draws from ``identity_sequence``.
    identity: str = ""
    identity_sequence: str = ""


class ConstraintKind(enum.Enum):
    """Kinds of constraint, by Oracle's letter in USER_CONSTRAINTS."""

    PRIMARY_KEY = "P"
    UNIQUE = "U"
    FOREIGN_KEY = "R"
    CHECK = "C"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table."""

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...]
    #: FOREIGN_KEY: owner and name of the parent table, and its columns.
    parent_owner: str = ""
    parent_table: str = ""
    parent_columns: tuple[str, ...] = ()
    #: FOREIGN_KEY: "", "CASCADE" or "SET NULL".
    on_delete: str = ""
    #: CHECK: the condition's text.
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """An index made by CREATE INDEX (those of constraints are the constraints')."""

    owner: str
    name: str
    columns: tuple[str, ...]
    unique: bool = False
    #: Metric of a vector index (``vector_index``), empty for any other.
    metric: str = ""
    #: Accuracy of a vector index in percent where a query names none.
    accuracy: int = DEFAULT_ACCURACY

    @property
    def storage(self) -> str:
        """What the names of a vector index's own tables in SQLite are made of."""
        return table_storage(self.owner, self.name)


class RelationKind(enum.Enum):
    """What a name in FROM can be."""

    TABLE = "table"
    VIEW = "view"
    #: A dictionary or V$ view: rows come from Python through a virtual table of the same SQLite name.
    DICTIONARY = "dictionary"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view."""

    owner: str
    name: str
    kind: RelationKind
    columns: tuple[TableColumn, ...]
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    #: VIEW: text of its query.
    query: str = ""
    #: Filled from the columns.
    by_name: dict[str, TableColumn] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.by_name.update({column.name: column for column in self.columns})

    @property
    def has_primary_key(self) -> bool:
        """Whether rows are known by a key of the table's own; else by the hidden column ``_rowid``."""
        return any(constraint.kind is ConstraintKind.PRIMARY_KEY for constraint in self.constraints)

    @property
    def unique_columns(self) -> frozenset[str]:
        """Columns of primary and unique keys and of unique indexes."""
        keys = [each.columns for each in self.constraints if each.kind is not ConstraintKind.FOREIGN_KEY]
        keys += [index.columns for index in self.indexes if index.unique]
        return frozenset(name for columns in keys for name in columns)

    @property
    def sqlite_name(self) -> str:
        """Name of the SQLite table, to be written in double quotes."""
        return self.name if self.kind is RelationKind.DICTIONARY else table_storage(self.owner, self.name)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence; its values are the store's."""

    owner: str
    name: str
    #: The first value ever.
    start: int
    increment: int
    minimum: int
    maximum: int
    cycle: bool = False
    #: Values taken into memory at a time; 1 for NOCACHE.
    cache: int = 20
    order: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Owner and name."""
        return self.owner, self.name

    @property
    def counter(self) -> str:
        """Name of its high-water mark among the dictionary's counters."""
        return f"sequence {self.owner}.{self.name}"

    def values_from(self, first: int, count: int) -> tuple[list[int], int]:
        """Return the next values from one on, at most ``count`` and fewer at its end, and the one after them."""
        found: list[int] = []
        value = first
        while len(found) < count:
            if not self.minimum <= value <= self.maximum:
                if not self.cycle:
                    break
                value = self.minimum if self.increment > 0 else self.maximum
            found.append(value)
            value += self.increment
        return found, value

    def mark_statement(self, mark: int) -> tuple[str, tuple[str, str]]:
        """Return the SQLite statement that stores a high-water mark; as a text, it may be too long for an integer."""
        return "INSERT OR REPLACE INTO _counters VALUES (?, ?)", (self.counter, f"={mark}")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that DBMS_SERVICE made, or parameters that it gave to one of a role."""

    name: str
    #: By name in upper case.
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory object: a folder of the machine on which the instance runs."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A stored PL/SQL unit."""

    owner: str
    name: str
    #: PROCEDURE, FUNCTION, PACKAGE, PACKAGE BODY.
    kind: str
    #: Source from the kind's keyword on (``PROCEDURE p …``): its first line is line 1 of all messages.
    source: str
    valid: bool
    #: AUTHID CURRENT_USER.
    invoker_rights: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """An ONNX model loaded by DBMS_VECTOR.LOAD_ONNX_MODEL; its bytes stay in SQLite."""

    owner: str
    name: str
    size_bytes: int
    #: JSON text of the metadata it was loaded with.
    metadata: str
    #: Elements of the output vector, read from the model at loading.
    dimensions: int
    #: The graph's input, and what goes into it: ``picture`` (bytes) or ``text``.
    input_name: str
    input_kind: str
    #: Changes when a model of the same name is loaded again.
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose names and privileges hold while a statement is bound."""

    #: The user whose privileges count (CURRENT_USER).
    user: str
    #: Where unqualified names are looked up first (CURRENT_SCHEMA).
    schema: str
    #: Whether privileges count that come by a role: not inside a definer's-rights unit.
    #: Source: Oracle Database Security Guide, "How Roles Work in PL/SQL Blocks".
    has_roles: bool = True
