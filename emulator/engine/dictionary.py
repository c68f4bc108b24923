"""Dictionary and V$ views: their columns, and their rows as virtual tables of SQLite.

Views of the dictionary read the calling session's catalogue; V$ views ask the instance through the call's context. The
module is long because it is a table.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import apsw
import apsw.ext

from emulator.datatypes import BLOB, CLOB, DATE, NUMBER, TIMESTAMP, TypeName, Value, varchar2
from emulator.engine.call_context import current_context
from emulator.engine.dictionary_all import ALL_VIEWS
from emulator.engine.dictionary_view import NAME, TEXT, View, columns_of, is_visible, type_text
from emulator.engine.objects import ConstraintKind, Relation, RelationKind, TableColumn
from emulator.engine.stored_values import to_stored

if TYPE_CHECKING:
    from emulator.engine.catalogue import Catalogue

#: The emulator's own: one row, the uncommitted changes of the session that asks.
OWN_CHANGES_VIEW = "V$EMULATOR_OWN_CHANGES"


def _dual(_catalogue: Catalogue, _user: str) -> Iterator[tuple[Value, ...]]:
    yield ("X",)


def _tables(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for relation in catalogue.relations.values():
        if relation.owner == user and relation.kind is RelationKind.TABLE:
            yield (relation.name, "USERS", "VALID", None)


def _tab_columns(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for relation in catalogue.relations.values():
        if relation.owner != user:
            continue
        for number, column in enumerate(relation.columns, 1):
            sql_type = column.type
            is_number = sql_type.name is TypeName.NUMBER
            yield (
                relation.name,
                column.name,
                type_text(sql_type),
                sql_type.size or 22,
                sql_type.precision or None if is_number else None,
                sql_type.scale if is_number and sql_type.scale != -127 else None,
                "Y" if column.nullable else "N",
                number,
                column.default,
                sql_type.size,
            )


def _objects(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for number, (key, created) in enumerate(sorted(catalogue.created.items()), 1):
        owner, name, kind = key
        if owner != user:
            continue
        unit = catalogue.units.get(key)
        status = "VALID" if unit is None or unit.valid else "INVALID"
        yield (name, number, kind, status, _date(created))
    for owner, name in catalogue.models:
        if owner == user:
            yield (name, None, "MINING MODEL", "VALID", None)


def _date(text: str) -> Value:
    return datetime.datetime.fromisoformat(text[:19]) if text else None


def _constraints(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for relation in catalogue.relations.values():
        if relation.owner != user:
            continue
        for constraint in relation.constraints:
            parent = None
            if constraint.kind is ConstraintKind.FOREIGN_KEY:
                target = catalogue.relations.get((constraint.parent_owner, constraint.parent_table))
                keys = target.constraints if target is not None else ()
                parent = next((key.name for key in keys if key.columns == constraint.parent_columns), None)
            rule = constraint.on_delete or "NO ACTION"
            yield (
                relation.owner,
                constraint.name,
                constraint.kind.value,
                relation.name,
                constraint.condition or None,
                constraint.parent_owner or None,
                parent,
                rule if constraint.kind is ConstraintKind.FOREIGN_KEY else None,
                "ENABLED",
                "GENERATED NAME" if constraint.name.startswith("SYS_C") else "USER NAME",
            )


def _cons_columns(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for relation in catalogue.relations.values():
        if relation.owner == user:
            for constraint in relation.constraints:
                for number, column in enumerate(constraint.columns, 1):
                    yield (relation.owner, constraint.name, relation.name, column, number)


def _indexes(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for relation in catalogue.relations.values():
        if relation.owner != user:
            continue
        for constraint in relation.constraints:
            if constraint.kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE}:
                yield (constraint.name, "NORMAL", relation.owner, relation.name, "UNIQUE", "VALID")
        for index in relation.indexes:
            yield (
                index.name,
                "VECTOR" if index.metric else "NORMAL",
                relation.owner,
                relation.name,
                "UNIQUE" if index.unique else "NONUNIQUE",
                "VALID",
            )


def _errors(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for (owner, name, kind), errors in catalogue.errors.items():
        if owner == user:
            for sequence, error in enumerate(errors, 1):
                yield (name, kind, sequence, error.line, error.position, error.text, "ERROR")


def _all_errors(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for (owner, name, kind), errors in catalogue.errors.items():
        if is_visible(catalogue, user, owner, name):
            for sequence, error in enumerate(errors, 1):
                yield (owner, name, kind, sequence, error.line, error.position, error.text, "ERROR")


def _tab_privileges(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    """Object privileges that the user has given or was given; the grantor is taken to be the object's owner."""
    for grant in sorted(catalogue.grants, key=lambda each: (each.owner, each.object, each.grantee, each.privilege)):
        if grant.owner and user in {grant.owner, grant.grantee}:
            key = (grant.owner, grant.object)
            kind = next((name for owner, name_, name in catalogue.created if (owner, name_) == key), None)
            if key in catalogue.models:
                kind = "MINING MODEL"
            yield (grant.grantee, grant.owner, grant.object, grant.owner, grant.privilege, "NO", kind)


def _source(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for unit in catalogue.units.values():
        if unit.owner == user:
            for number, line in enumerate(unit.source.splitlines(), 1):
                yield (unit.name, unit.kind, number, line + "\n")


def _mining_models(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for model in catalogue.models.values():
        if model.owner == user:
            yield (model.name, "EMBEDDING", "ONNX", "NATIVE", model.size_bytes)


def _mining_model_attributes(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    """Input and output of each model. Source of the output's row: AI Vector Search User's Guide, the text model."""
    for model in catalogue.models.values():
        if model.owner == user:
            kind, data_type = ("UNSTRUCTURED", "BLOB") if model.input_kind == "picture" else ("TEXT", "VARCHAR2")
            vector = f"VECTOR({model.dimensions},FLOAT32)"
            yield (model.name, "DATA", kind, data_type, "ACTIVE", "NO", None)
            yield (model.name, "ORA$ONNXTARGET", "VECTOR", "VECTOR", "ACTIVE", "YES", vector)


def _directories(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for name, directory in sorted(catalogue.directories.items()):
        if is_visible(catalogue, user, "SYS", name):
            yield ("SYS", name, directory.path)


def _all_mining_models(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for model in catalogue.models.values():
        if is_visible(catalogue, user, model.owner, model.name):
            yield (model.owner, model.name, "EMBEDDING", "ONNX", "NATIVE", model.size_bytes)


def _users(catalogue: Catalogue, _user: str) -> Iterator[tuple[Value, ...]]:
    for number, user in enumerate(catalogue.users.values(), 1):
        yield (user.name, number, _date(user.created))


def _user_users(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    found = catalogue.users[user]
    yield (found.name, "LOCKED" if found.locked else "OPEN", "USERS", _date(found.created))


def _sys_privileges(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for grant in catalogue.grants:
        if grant.grantee == user and not grant.object:
            yield (user, grant.privilege, "NO")


def _role_privileges(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for grant in catalogue.grants:
        if grant.grantee == user and grant.privilege == "ROLE":
            yield (user, grant.object, "NO", "YES")


def _session_roles(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for role in sorted(catalogue.granted_roles(user)):
        yield (role,)


def _version(_catalogue: Catalogue, _user: str) -> Iterator[tuple[Value, ...]]:
    banner = "Oracle AI Database 26ai (adgfleet emulator, no Oracle software)"
    yield (banner, banner + " Version 23.26.0.0.0", 0)


def _views(catalogue: Catalogue, user: str) -> Iterator[tuple[Value, ...]]:
    for relation in catalogue.relations.values():
        if relation.owner == user and relation.kind is RelationKind.VIEW:
            yield (relation.name, len(relation.query), relation.query)


def _nls_database_parameters(_catalogue: Catalogue, _user: str) -> Iterator[tuple[Value, ...]]:
    yield from _NLS_DATABASE_PARAMETERS.items()


#: What the emulated database was created with.
_NLS_DATABASE_PARAMETERS = {
    "NLS_CHARACTERSET": "AL32UTF8",
    "NLS_NCHAR_CHARACTERSET": "AL16UTF16",
    "NLS_LANGUAGE": "AMERICAN",
    "NLS_TERRITORY": "AMERICA",
    "NLS_NUMERIC_CHARACTERS": ".,",
    "NLS_SORT": "BINARY",
    "NLS_COMP": "BINARY",
    "NLS_LENGTH_SEMANTICS": "BYTE",
    "NLS_CALENDAR": "GREGORIAN",
    "NLS_DATE_FORMAT": "DD-MON-RR",
    "NLS_DATE_LANGUAGE": "AMERICAN",
    "NLS_RDBMS_VERSION": "23.0.0.0.0",
}
_VIEWS: dict[str, View] = {
    OWN_CHANGES_VIEW: View(columns_of(changes=BLOB), None),
    **ALL_VIEWS,
    "DUAL": View(columns_of(dummy=varchar2(1)), _dual),
    "USER_TABLES": View(
        columns_of(table_name=NAME, tablespace_name=NAME, status=varchar2(8), num_rows=NUMBER), _tables
    ),
    "USER_TAB_COLUMNS": View(
        columns_of(
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
        ),
        _tab_columns,
    ),
    "USER_OBJECTS": View(
        columns_of(object_name=NAME, object_id=NUMBER, object_type=varchar2(23), status=varchar2(7), created=DATE),
        _objects,
    ),
    "USER_CONSTRAINTS": View(
        columns_of(
            owner=NAME,
            constraint_name=NAME,
            constraint_type=varchar2(1),
            table_name=NAME,
            search_condition_vc=TEXT,
            r_owner=NAME,
            r_constraint_name=NAME,
            delete_rule=varchar2(9),
            status=varchar2(8),
            generated=varchar2(14),
        ),
        _constraints,
    ),
    "USER_CONS_COLUMNS": View(
        columns_of(owner=NAME, constraint_name=NAME, table_name=NAME, column_name=NAME, position=NUMBER),
        _cons_columns,
    ),
    "USER_INDEXES": View(
        columns_of(
            index_name=NAME,
            index_type=varchar2(27),
            table_owner=NAME,
            table_name=NAME,
            uniqueness=varchar2(9),
            status=varchar2(8),
        ),
        _indexes,
    ),
    "USER_ERRORS": View(
        columns_of(
            name=NAME,
            type=varchar2(12),
            sequence=NUMBER,
            line=NUMBER,
            position=NUMBER,
            text=TEXT,
            attribute=varchar2(9),
        ),
        _errors,
    ),
    "ALL_ERRORS": View(
        columns_of(
            owner=NAME,
            name=NAME,
            type=varchar2(12),
            sequence=NUMBER,
            line=NUMBER,
            position=NUMBER,
            text=TEXT,
            attribute=varchar2(9),
        ),
        _all_errors,
    ),
    "USER_TAB_PRIVS": View(
        columns_of(
            grantee=NAME,
            owner=NAME,
            table_name=NAME,
            grantor=NAME,
            privilege=varchar2(40),
            grantable=varchar2(3),
            type=varchar2(24),
        ),
        _tab_privileges,
    ),
    "USER_SOURCE": View(columns_of(name=NAME, type=varchar2(12), line=NUMBER, text=TEXT), _source),
    "USER_MINING_MODELS": View(
        columns_of(
            model_name=NAME,
            mining_function=varchar2(30),
            algorithm=varchar2(30),
            algorithm_type=varchar2(10),
            model_size=NUMBER,
        ),
        _mining_models,
    ),
    "ALL_MINING_MODELS": View(
        columns_of(
            owner=NAME,
            model_name=NAME,
            mining_function=varchar2(30),
            algorithm=varchar2(30),
            algorithm_type=varchar2(10),
            model_size=NUMBER,
        ),
        _all_mining_models,
    ),
    "USER_MINING_MODEL_ATTRIBUTES": View(
        columns_of(
            model_name=NAME,
            attribute_name=NAME,
            attribute_type=varchar2(12),
            data_type=varchar2(106),
            usage_type=varchar2(8),
            target=varchar2(3),
            vector_info=varchar2(30),
        ),
        _mining_model_attributes,
    ),
    "USER_PARALLEL_EXECUTE_TASKS": View(
        columns_of(
            task_name=NAME,
            chunk_type=varchar2(12),
            status=varchar2(19),
            table_owner=NAME,
            table_name=NAME,
            number_column=NAME,
            task_comment=TEXT,
            job_prefix=NAME,
            sql_stmt=CLOB,
            language_flag=NUMBER,
            parallel_level=NUMBER,
        ),
        None,
    ),
    "USER_PARALLEL_EXECUTE_CHUNKS": View(
        columns_of(
            chunk_id=NUMBER,
            task_name=NAME,
            status=varchar2(20),
            start_rowid=TEXT,
            end_rowid=TEXT,
            start_id=NUMBER,
            end_id=NUMBER,
            job_name=NAME,
            start_ts=TIMESTAMP,
            end_ts=TIMESTAMP,
            error_code=NUMBER,
            error_message=TEXT,
        ),
        None,
    ),
    "USER_SEQUENCES": View(
        columns_of(
            sequence_name=NAME,
            min_value=NUMBER,
            max_value=NUMBER,
            increment_by=NUMBER,
            cycle_flag=varchar2(1),
            order_flag=varchar2(1),
            cache_size=NUMBER,
            last_number=NUMBER,
        ),
        None,
    ),
    "ALL_DIRECTORIES": View(columns_of(owner=NAME, directory_name=NAME, directory_path=TEXT), _directories),
    "ALL_USERS": View(columns_of(username=NAME, user_id=NUMBER, created=DATE), _users),
    "USER_USERS": View(
        columns_of(username=NAME, account_status=varchar2(32), default_tablespace=NAME, created=DATE), _user_users
    ),
    "USER_SYS_PRIVS": View(
        columns_of(username=NAME, privilege=varchar2(40), admin_option=varchar2(3)), _sys_privileges
    ),
    "USER_ROLE_PRIVS": View(
        columns_of(username=NAME, granted_role=NAME, admin_option=varchar2(3), default_role=varchar2(3)),
        _role_privileges,
    ),
    "SESSION_ROLES": View(columns_of(role=NAME), _session_roles),
    "USER_VIEWS": View(columns_of(view_name=NAME, text_length=NUMBER, text_vc=TEXT), _views),
    "NLS_DATABASE_PARAMETERS": View(columns_of(parameter=NAME, value=varchar2(64)), _nls_database_parameters),
    "V$VERSION": View(columns_of(banner=varchar2(80), banner_full=varchar2(160), con_id=NUMBER), _version),
    "V$DATABASE": View(
        columns_of(
            dbid=NUMBER,
            name=varchar2(9),
            db_unique_name=varchar2(30),
            database_role=varchar2(16),
            open_mode=varchar2(20),
            current_scn=NUMBER,
            protection_mode=varchar2(20),
            log_mode=varchar2(12),
            switchover_status=varchar2(20),
        ),
        None,
    ),
    "V$INSTANCE": View(
        columns_of(
            instance_number=NUMBER,
            instance_name=varchar2(16),
            host_name=varchar2(64),
            version=varchar2(17),
            version_full=varchar2(17),
            status=varchar2(12),
            database_status=varchar2(17),
            startup_time=DATE,
        ),
        None,
    ),
    "V$DATAGUARD_STATS": View(
        columns_of(
            name=varchar2(32),
            value=varchar2(64),
            unit=varchar2(30),
            time_computed=varchar2(30),
            datum_time=varchar2(30),
        ),
        None,
    ),
    "V$SESSION": View(
        (
            *columns_of(sid=NUMBER),
            TableColumn("SERIAL#", NUMBER),
            *columns_of(
                username=NAME,
                status=varchar2(8),
                schemaname=NAME,
                module=varchar2(64),
                action=varchar2(64),
                client_identifier=varchar2(64),
                client_info=varchar2(64),
                program=varchar2(84),
                machine=varchar2(64),
                terminal=varchar2(30),
                process=varchar2(24),
                osuser=NAME,
                service_name=varchar2(64),
                type=varchar2(10),
                logon_time=DATE,
                blocking_session_status=varchar2(11),
                blocking_session=NUMBER,
            ),
        ),
        None,
    ),
    "V$SYSSTAT": View(
        (TableColumn("STATISTIC#", NUMBER), *columns_of(name=varchar2(64), **{"class": NUMBER}, value=NUMBER)), None
    ),
    "V$SESSION_CONNECT_INFO": View(
        (
            *columns_of(sid=NUMBER),
            TableColumn("SERIAL#", NUMBER),
            *columns_of(authentication_type=varchar2(26), osuser=varchar2(30), client_charset=varchar2(40)),
            *columns_of(client_driver=varchar2(30), client_version=varchar2(40)),
        ),
        None,
    ),
    "V$STATNAME": View((TableColumn("STATISTIC#", NUMBER), *columns_of(name=varchar2(64), **{"class": NUMBER})), None),
    "V$SESSTAT": View(
        (*columns_of(sid=NUMBER), TableColumn("STATISTIC#", NUMBER), *columns_of(value=NUMBER, con_id=NUMBER)), None
    ),
    "V$OSSTAT": View(columns_of(stat_name=varchar2(64), value=NUMBER, osstat_id=NUMBER), None),
    "V$SYSMETRIC": View(
        columns_of(metric_name=varchar2(64), value=NUMBER, metric_unit=varchar2(64), group_id=NUMBER), None
    ),
    "V$PARAMETER": View(columns_of(num=NUMBER, name=varchar2(80), value=TEXT), None),
    "V$ACTIVE_SERVICES": View(
        columns_of(
            service_id=NUMBER,
            name=varchar2(64),
            network_name=varchar2(512),
            aq_ha_notification=varchar2(3),
            commit_outcome=varchar2(3),
            session_state_consistency=varchar2(30),
            failover_restore=varchar2(10),
        ),
        None,
    ),
}


@functools.cache
def declared_views() -> dict[str, Relation]:
    """Return the views by name."""
    return {name: Relation("SYS", name, RelationKind.DICTIONARY, view.columns) for name, view in _VIEWS.items()}


def register_dictionary(connection: apsw.Connection) -> None:
    """Make the views readable on a connection."""
    for name, view in _VIEWS.items():
        apsw.ext.make_virtual_module(connection, name, cast("Any", _producer(name, view)))


def _producer(name: str, view: View) -> Callable[[], Iterator[tuple[Any, ...]]]:
    def produce() -> Iterator[tuple[Any, ...]]:
        context = current_context()
        rows = view.rows(context.catalogue, context.scope.user) if view.rows else iter(context.dynamic_view(name))
        for row in rows:
            yield tuple(to_stored(value, column.type) for value, column in zip(row, view.columns, strict=True))

    produce.columns = tuple(column.name for column in view.columns)  # type: ignore[attr-defined]
    produce.column_access = apsw.ext.VTColumnAccess.By_Index  # type: ignore[attr-defined]
    return produce
