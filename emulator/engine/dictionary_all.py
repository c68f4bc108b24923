"""The ALL_ views: what a user may see of everybody's objects. Tools that reflect a schema read these.

Views of things that the emulator does not have (materialised views, comments …) are empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from emulator.datatypes import FLOATING, NUMBER, TypeName, Value, varchar2
from emulator.engine.dictionary_view import NAME, TEXT, View, columns_of, is_visible, type_text
from emulator.engine.objects import Constraint, ConstraintKind, Relation, RelationKind

if TYPE_CHECKING:
    from emulator.engine.catalogue import Catalogue

_Row = tuple[Value, ...]
_YES_NO = varchar2(3)


def _relations(catalogue: Catalogue, user: str) -> Iterator[Relation]:
    for relation in catalogue.relations.values():
        if is_visible(catalogue, user, relation.owner, relation.name):
            yield relation


def _tables(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        if relation.kind is RelationKind.TABLE:
            yield (relation.owner, relation.name, "USERS", "VALID", None, None, None, "DISABLED", None, "N")


def _identities(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        for column in relation.columns:
            sequence = catalogue.sequences.get((relation.owner, column.identity_sequence))
            if sequence is not None:
                flags = (sequence.cycle, sequence.order)
                options = (
                    f"START WITH: {sequence.start}, INCREMENT BY: {sequence.increment}, "
                    f"MAX_VALUE: {sequence.maximum}, MIN_VALUE: {sequence.minimum}, "
                    f"CYCLE_FLAG: {'NY'[flags[0]]}, CACHE_SIZE: {sequence.cache}, ORDER_FLAG: {'NY'[flags[1]]}"
                )
                yield (relation.owner, relation.name, column.name, column.identity, sequence.name, options)


def _sequences(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for each in catalogue.sequences.values():
        if is_visible(catalogue, user, each.owner, each.name):
            cycle, order = ("Y" if flag else "N" for flag in (each.cycle, each.order))
            cache = 0 if each.cache == 1 else each.cache
            yield (each.owner, each.name, each.minimum, each.maximum, each.increment, cycle, order, cache)


def _views(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        if relation.kind is RelationKind.VIEW:
            yield (relation.owner, relation.name, len(relation.query), relation.query, relation.query)


def _columns(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        for number, column in enumerate(relation.columns, 1):
            sql_type = column.type
            is_number = sql_type.name is TypeName.NUMBER
            yield (
                relation.owner,
                relation.name,
                column.name,
                type_text(sql_type),
                sql_type.size or 22,
                sql_type.precision or None if is_number else None,
                sql_type.scale if is_number and sql_type.scale != FLOATING else None,
                "Y" if column.nullable else "N",
                number,
                column.default,
                sql_type.size,
                "NO",
                "NO",
                "NO",
            )


def _comments_of_columns(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        for column in relation.columns:
            yield (relation.owner, relation.name, column.name, None)


def _comments_of_tables(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        yield (relation.owner, relation.name, relation.kind.name, None)


def _parent_key(catalogue: Catalogue, constraint: Constraint) -> str | None:
    parent = catalogue.relations.get((constraint.parent_owner, constraint.parent_table))
    keys = parent.constraints if parent is not None else ()
    return next((key.name for key in keys if key.columns == constraint.parent_columns), None)


def _constraints(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        for constraint in relation.constraints:
            refers = constraint.kind is ConstraintKind.FOREIGN_KEY
            yield (
                relation.owner,
                constraint.name,
                constraint.kind.value,
                relation.name,
                constraint.condition or None,
                constraint.parent_owner or None,
                _parent_key(catalogue, constraint) if refers else None,
                (constraint.on_delete or "NO ACTION") if refers else None,
                "ENABLED",
            )


def _constraint_columns(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        for constraint in relation.constraints:
            for number, column in enumerate(constraint.columns, 1):
                yield (relation.owner, constraint.name, relation.name, column, number)


def _index_list(relation: Relation) -> Iterator[tuple[str, str, tuple[str, ...], bool]]:
    """Yield owner, name, columns and uniqueness of a table's indexes, those of its keys included."""
    for constraint in relation.constraints:
        if constraint.kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE}:
            yield (relation.owner, constraint.name, constraint.columns, True)
    for index in relation.indexes:
        yield (index.owner, index.name, index.columns, index.unique)


def _indexes(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        for owner, name, _, unique in _index_list(relation):
            uniqueness = "UNIQUE" if unique else "NONUNIQUE"
            yield (owner, name, "NORMAL", relation.owner, relation.name, uniqueness, "DISABLED", None, "VALID")


def _index_columns(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for relation in _relations(catalogue, user):
        for owner, name, columns, _unique in _index_list(relation):
            for number, column in enumerate(columns, 1):
                yield (owner, name, relation.owner, relation.name, column, number, "ASC")


def _objects(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for number, (owner, name, kind) in enumerate(sorted(catalogue.created), 1):
        if is_visible(catalogue, user, owner, name):
            unit = catalogue.units.get((owner, name, kind))
            yield (owner, name, number, kind, "VALID" if unit is None or unit.valid else "INVALID", "N")


def _synonyms(catalogue: Catalogue, user: str) -> Iterator[_Row]:
    for (owner, name), (target_owner, target) in catalogue.synonyms.items():
        if owner in {user, "PUBLIC"} or is_visible(catalogue, user, target_owner, target):
            yield (owner, name, target_owner, target, None)


def _nothing(_catalogue: Catalogue, _user: str) -> Iterator[_Row]:
    yield from ()


_COLUMNS = columns_of(
    owner=NAME,
    table_name=NAME,
    column_name=NAME,
    data_type=NAME,
    data_length=NUMBER,
    data_precision=NUMBER,
    data_scale=NUMBER,
    nullable=varchar2(1),
    column_id=NUMBER,
    data_default=TEXT,
    char_length=NUMBER,
    hidden_column=_YES_NO,
    virtual_column=_YES_NO,
    default_on_null=_YES_NO,
)
ALL_VIEWS: dict[str, View] = {
    "ALL_TABLES": View(
        columns_of(
            owner=NAME,
            table_name=NAME,
            tablespace_name=NAME,
            status=varchar2(8),
            num_rows=NUMBER,
            iot_name=NAME,
            duration=varchar2(15),
            compression=varchar2(8),
            compress_for=varchar2(30),
            temporary=varchar2(1),
        ),
        _tables,
    ),
    "ALL_VIEWS": View(
        columns_of(owner=NAME, view_name=NAME, text_length=NUMBER, text=TEXT, text_vc=TEXT),
        _views,
    ),
    "ALL_TAB_COLUMNS": View(_COLUMNS, _columns),
    "ALL_TAB_COLS": View(_COLUMNS, _columns),
    "ALL_COL_COMMENTS": View(
        columns_of(owner=NAME, table_name=NAME, column_name=NAME, comments=TEXT), _comments_of_columns
    ),
    "ALL_TAB_COMMENTS": View(
        columns_of(owner=NAME, table_name=NAME, table_type=varchar2(11), comments=TEXT), _comments_of_tables
    ),
    "ALL_TAB_IDENTITY_COLS": View(
        columns_of(
            owner=NAME,
            table_name=NAME,
            column_name=NAME,
            generation_type=varchar2(10),
            sequence_name=NAME,
            identity_options=varchar2(298),
        ),
        _identities,
    ),
    "ALL_CONSTRAINTS": View(
        columns_of(
            owner=NAME,
            constraint_name=NAME,
            constraint_type=varchar2(1),
            table_name=NAME,
            search_condition=TEXT,
            r_owner=NAME,
            r_constraint_name=NAME,
            delete_rule=varchar2(9),
            status=varchar2(8),
        ),
        _constraints,
    ),
    "ALL_CONS_COLUMNS": View(
        columns_of(owner=NAME, constraint_name=NAME, table_name=NAME, column_name=NAME, position=NUMBER),
        _constraint_columns,
    ),
    "ALL_INDEXES": View(
        columns_of(
            owner=NAME,
            index_name=NAME,
            index_type=varchar2(27),
            table_owner=NAME,
            table_name=NAME,
            uniqueness=varchar2(9),
            compression=varchar2(13),
            prefix_length=NUMBER,
            status=varchar2(8),
        ),
        _indexes,
    ),
    "ALL_IND_COLUMNS": View(
        columns_of(
            index_owner=NAME,
            index_name=NAME,
            table_owner=NAME,
            table_name=NAME,
            column_name=NAME,
            column_position=NUMBER,
            descend=varchar2(4),
        ),
        _index_columns,
    ),
    "ALL_IND_EXPRESSIONS": View(
        columns_of(
            index_owner=NAME,
            index_name=NAME,
            table_owner=NAME,
            table_name=NAME,
            column_expression=TEXT,
            column_position=NUMBER,
        ),
        _nothing,
    ),
    "ALL_OBJECTS": View(
        columns_of(
            owner=NAME,
            object_name=NAME,
            object_id=NUMBER,
            object_type=varchar2(23),
            status=varchar2(7),
            temporary=varchar2(1),
        ),
        _objects,
    ),
    "ALL_SYNONYMS": View(
        columns_of(owner=NAME, synonym_name=NAME, table_owner=NAME, table_name=NAME, db_link=NAME), _synonyms
    ),
    "ALL_MVIEWS": View(columns_of(owner=NAME, mview_name=NAME, query=TEXT), _nothing),
    "ALL_MVIEW_COMMENTS": View(columns_of(owner=NAME, mview_name=NAME, comments=TEXT), _nothing),
    "ALL_SEQUENCES": View(
        columns_of(
            sequence_owner=NAME,
            sequence_name=NAME,
            min_value=NUMBER,
            max_value=NUMBER,
            increment_by=NUMBER,
            cycle_flag=varchar2(1),
            order_flag=varchar2(1),
            cache_size=NUMBER,
        ),
        _sequences,
    ),
    "ALL_DB_LINKS": View(columns_of(owner=NAME, db_link=NAME, username=NAME, host=TEXT), _nothing),
}
