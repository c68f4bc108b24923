"""Pieces of SQLite text with the Oracle type that they stand for, and the names that a query can see.

A piece always is a *stored value* (see ``stored_values``): SQLite's own numbers never leave the template that wraps
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from emulator.datatypes import SqlType, TypeName, varchar2
from emulator.engine.functions.type_rules import is_null_type
from emulator.engine.objects import ConstraintKind, Relation, RelationKind, sqlite_identifier
from emulator.engine.stored_values import signature_letter
from emulator.errors import OraError

#: The type of a bare NULL.
NULL_TYPE = varchar2(0)
_NAMES = {
    "N": "NUMBER",
    "S": "CHAR",
    "D": "DATE",
    "T": "TIMESTAMP",
    "Z": "TIMESTAMP WITH TIME ZONE",
    "F": "BINARY_DOUBLE",
    "R": "BLOB",
    "V": "VECTOR",
    "B": "BOOLEAN",
}
#: Letters that are one kind of type where no string may become a number or date.
_KINDS = {"F": "N", "T": "D", "Z": "D"}
#: Letters between which Oracle converts by itself.
_CONVERTIBLE = frozenset("NSDTZF")


@dataclass(frozen=True, slots=True)
class Piece:
    """An expression's SQLite text and type."""

    sql: str
    type: SqlType
    #: The expression looks at no row of any table.
    is_constant: bool = False

    @property
    def letter(self) -> str:
        """The type's signature letter."""
        return signature_letter(self.type)

    @property
    def is_null(self) -> bool:
        """Whether it is a bare NULL."""
        return is_null_type(self.type)


def quote(name: str) -> str:
    """Write a column's or an alias' name for SQLite."""
    return '"' + sqlite_identifier(name).replace('"', '""') + '"'


def key_columns(relation: Relation) -> list[str]:
    """Return SQLite's names of the columns by which a table's rows are known, quoted."""
    for constraint in relation.constraints:
        if constraint.kind is ConstraintKind.PRIMARY_KEY:
            return [quote(name) for name in constraint.columns]
    return ['"_rowid"']


def row_identifier(relation: Relation, alias: str = "") -> Field:
    """Return the pseudo-column ROWID of a table: made of the key by which its rows are known, as a logical one is."""
    keys = ", ".join(f"{quote(alias)}.{key}" if alias else key for key in key_columns(relation))
    sql = f"row_identifier({text_literal(relation.sqlite_name)}, {keys})"
    return Field("ROWID", sql, SqlType(TypeName.ROWID, size=4000), nullable=False)


def text_literal(text: str) -> str:
    """Write a string for SQLite."""
    return "'" + text.replace("'", "''") + "'"


def convert(piece: Piece, letter: str) -> Piece:
    """Return a piece converted to another kind of type, as Oracle does implicitly.

    Raises:
        OraError: 932, Oracle does not.
    """
    if piece.letter == letter or piece.is_null:
        return piece
    if piece.type.name is TypeName.BLOB:
        raise OraError(932, "BLOB", _NAMES[letter])
    is_usual = piece.letter != "B" and {piece.letter, letter} <= _CONVERTIBLE
    if not is_usual and (piece.letter, letter) not in {("S", "R"), ("R", "S"), ("S", "V"), ("S", "B")}:
        raise OraError(932, _NAMES[piece.letter], _NAMES[letter])
    if {piece.letter, letter} & set("DTZ") and {piece.letter, letter} & set("NF"):
        raise OraError(932, _NAMES[piece.letter], _NAMES[letter])
    sql_type = {
        "N": SqlType(TypeName.NUMBER),
        "S": varchar2(piece.type.size or 4000),
        "D": SqlType(TypeName.DATE),
        "T": SqlType(TypeName.TIMESTAMP, scale=6),
        "Z": SqlType(TypeName.TIMESTAMP_TZ, scale=6),
        "F": SqlType(TypeName.BINARY_DOUBLE),
        "R": SqlType(TypeName.RAW, size=2000),
        "V": SqlType(TypeName.VECTOR),
        "B": SqlType(TypeName.BOOLEAN),
    }[letter]
    return Piece(f"cast_value('{piece.letter}{letter}', {piece.sql})", sql_type, piece.is_constant)


def check_same_kind(pieces: Sequence[Piece], offset: int = 0) -> None:
    """Refuse values of which some are strings and others numbers or dates, as CASE and COALESCE do.

    Raises:
        OraError: 932, naming the first one that differs from the first of all.
    """
    known = [piece for piece in pieces if not piece.is_null]
    kinds = [_KINDS.get(piece.letter, piece.letter) for piece in known]
    for piece, kind in zip(known, kinds, strict=True):
        if kind != kinds[0]:
            raise OraError(932, _NAMES[piece.letter], _NAMES[known[0].letter], offset=offset)


def unify(left: Piece, right: Piece) -> tuple[Piece, Piece]:
    """Return two pieces that can be compared: the same kind of type, one converted if need be."""
    if left.type.name is TypeName.CHAR and right.type.name is TypeName.CHAR:  # blank-padded comparison
        return replace(left, sql=f"rtrim({left.sql}, ' ')"), replace(right, sql=f"rtrim({right.sql}, ' ')")
    if left.letter == right.letter or left.is_null or right.is_null:
        return left, right
    for letter in "FNZTDRVB":  # the string is converted, never the number; the narrower number or date widens
        if letter in {left.letter, right.letter}:
            return convert(left, letter), convert(right, letter)
    return left, right


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a query can see."""

    name: str
    sql: str
    type: SqlType
    nullable: bool = True


@dataclass(slots=True)
class Source:
    """A table, view or subquery in FROM, by its alias."""

    alias: str
    fields: dict[str, Field]
    relation: Relation | None = None
    #: Columns that ``*`` does not mean: LEVEL.
    pseudo: dict[str, Field] = field(default_factory=dict)
    #: Names that several of a subquery's columns have.
    ambiguous: frozenset[str] = frozenset()

    @property
    def is_dictionary(self) -> bool:
        """Whether it is one of Oracle's own views, of whose columns some may be missing here."""
        relation = self.relation
        return relation is not None and relation.kind is RelationKind.DICTIONARY and relation.name != "DUAL"

    def column(self, name: str) -> Field | None:
        """Return a column or pseudo-column by name."""
        return self.fields.get(name) or self.pseudo.get(name)


@dataclass(slots=True)
class Names:
    """The sources of one query level, and the levels around it."""

    sources: list[Source] = field(default_factory=list)
    outer: Names | None = None
    #: Columns of an outer level were used (a correlated subquery).
    is_correlated: bool = False
    #: ROWNUM's text, where the level's rows are numbered.
    row_number: str | None = None

    def levels(self) -> Iterator[Names]:
        """Yield this level and those around it, from the inside."""
        level: Names | None = self
        while level is not None:
            yield level
            level = level.outer

    def find(self, table: str | None, column: str) -> tuple[Field, bool] | None:
        """Return a column and whether it is of this very level; None if there is none.

        Raises:
            OraError: 918, several sources of one level have it.
        """
        for level in self.levels():
            found = [
                known
                for source in level.sources
                if (known := source.column(column)) is not None and (table is None or source.alias == table)
            ]
            for source in level.sources:
                if column in source.ambiguous and (table is None or source.alias == table):
                    raise OraError(918, column, f"{source.alias} and {source.alias}")
            if len(found) > 1:
                holders = " and ".join(source.alias for source in level.sources if column in source.fields)
                raise OraError(918, column, holders)
            if found:
                if level is not self:
                    for inner in self.levels():
                        if inner is level:
                            break
                        inner.is_correlated = True
                return found[0], level is self
        return None

    def knows_table(self, table: str) -> bool:
        """Tell whether any level has a source of that alias."""
        return any(source.alias == table for level in self.levels() for source in level.sources)
