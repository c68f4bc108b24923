"""CREATE and DROP INDEX, vector indexes included."""

from __future__ import annotations

from dataclasses import replace

from emulator.datatypes import TypeName
from emulator.engine.catalogue import relation_to_json
from emulator.engine.definition_parser import DefinitionParser
from emulator.engine.definitions.work import (
    Statement,
    Work,
    names_sql,
    store_object,
    unique_index,
)
from emulator.engine.objects import (
    DEFAULT_ACCURACY,
    Index,
    Relation,
    index_storage,
)
from emulator.engine.prepared import DefinitionPlan
from emulator.engine.vector_index import INDEX_METRICS, create_statements, drop_statements
from emulator.errors import NotEmulated, OraError


def create_index(work: Work, *, unique: bool = False) -> DefinitionPlan:
    """Plan CREATE [UNIQUE] INDEX."""
    parser, catalogue = work.parser, work.catalogue
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    owner, name = parser.qualified_name()
    owner = owner or work.scope.schema
    parser.expect("ON", code=969)
    relation = work.table()
    if parser.peek(2).word == "(":
        raise NotEmulated("index on an expression", offset=parser.peek().offset)
    columns = parser.names()
    if catalogue.index_owner(owner, name) is not None:
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(955)
    unknown = set(columns) - set(relation.by_name)
    if unknown:
        raise OraError(904, f'"{min(unknown)}"')
    changed = replace(relation, indexes=(*relation.indexes, Index(owner, name, columns, unique)), by_name={})
    storage = index_storage(owner, name)
    plain = f'CREATE INDEX "{storage}" ON "{relation.sqlite_name}" ({names_sql(columns)})'
    return DefinitionPlan(
        (
            (unique_index(storage, relation, columns) if unique else plain, ()),
            store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)),
        ),
        frozenset({relation.sqlite_name}),
    )


def create_vector_index(work: Work) -> DefinitionPlan:
    """Plan CREATE VECTOR INDEX … ORGANIZATION NEIGHBOR PARTITIONS: an IVF index; graphs (HNSW) are not emulated."""
    parser, catalogue = work.parser, work.catalogue
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    owner, name = parser.qualified_name()
    owner = owner or work.scope.schema
    parser.expect("ON", code=969)
    relation = work.table()
    columns = parser.names()
    count, metric, accuracy = _vector_index_clauses(parser)
    if catalogue.index_owner(owner, name) is not None:
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(955)
    column = relation.by_name.get(columns[0])
    if column is None:
        raise OraError(904, f'"{columns[0]}"')
    if len(columns) != 1 or column.type.name is not TypeName.VECTOR:
        raise NotEmulated("a vector index on anything but one column of type VECTOR")
    index = Index(owner, name, columns, metric=metric, accuracy=accuracy)
    changed = replace(relation, indexes=(*relation.indexes, index), by_name={})
    return DefinitionPlan(
        (
            *create_statements(index.storage, relation.sqlite_name, column.name, count=count, metric=metric),
            store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)),
        ),
        frozenset({relation.sqlite_name}),
    )


def _vector_index_clauses(parser: DefinitionParser) -> tuple[int, str, int]:
    """Take the clauses of a vector index; return the number of partitions (0: default), metric and accuracy."""
    if parser.accept("ORGANIZATION", "INMEMORY"):
        raise NotEmulated("vector index with ORGANIZATION INMEMORY NEIGHBOR GRAPH (HNSW)")
    parser.expect("ORGANIZATION", "NEIGHBOR", "PARTITIONS")
    count, metric, accuracy = 0, "COSINE", DEFAULT_ACCURACY
    while parser.token.kind != "end":
        if parser.accept("DISTANCE") or parser.accept("WITH", "DISTANCE"):
            metric = parser.name()
            if metric not in INDEX_METRICS:
                raise NotEmulated(f"vector index with DISTANCE {metric}")
        elif parser.accept("WITH", "TARGET", "ACCURACY"):
            accuracy = parser.number()
            if not 0 < accuracy <= 100:
                raise OraError(922, offset=parser.token.offset)
        elif parser.accept("PARAMETERS", "(", "TYPE", "IVF"):
            if parser.accept(",", "NEIGHBOR", "PARTITIONS"):
                count = parser.number()
            parser.expect(")", code=907)
        elif parser.accept("PARALLEL"):
            parser.number()  # it is built by one process here, with the same result
        else:
            break
    return count, metric, accuracy


def drop_vector_indexes(relation: Relation) -> list[Statement]:
    """Return what removes the tables of a table's vector indexes."""
    return [item for index in relation.indexes if index.metric for item in drop_statements(index.storage)]


def drop_index(work: Work) -> DefinitionPlan:
    """Plan DROP INDEX, of a vector index too."""
    missing_allowed = work.parser.accept("IF", "EXISTS")
    owner, name = work.parser.qualified_name()
    owner = owner or work.scope.schema
    relation = work.catalogue.index_owner(owner, name)
    if relation is None:
        if missing_allowed:
            return DefinitionPlan(())
        raise OraError(1418)
    kept = tuple(index for index in relation.indexes if (index.owner, index.name) != (owner, name))
    changed = replace(relation, indexes=kept, by_name={})
    dropped = next(index for index in relation.indexes if (index.owner, index.name) == (owner, name))
    plain = [(f'DROP INDEX "{index_storage(owner, name)}"', ())]
    statements = drop_statements(dropped.storage) if dropped.metric else plain
    return DefinitionPlan(
        (
            *statements,
            store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)),
        ),
        frozenset({relation.sqlite_name}),
    )
