"""What an account may do and what it finds: privileges, V$ views, tables, procedures."""

from __future__ import annotations

from fleet.errors import DatabaseError
from fleet.sessions import output_number, translated
from fleet.statements import statement
from loader.doctor.findings import Verdict, bad, doubtful, good
from loader.doctor.visit import Purpose, Visit

#: Privileges by table; READ is less than SELECT, which is enough, too. All granted directly: what comes by a role does
#: not count inside a stored procedure.
_GRANTS: dict[Purpose, dict[str, tuple[str, ...]]] = {
    Purpose.WORKER: {
        "PICTURES": ("READ",),
        "PICTURE_EMBEDDINGS": ("READ", "INSERT"),
        "EMBEDDING_FAILURES": ("READ", "INSERT"),
    },
    Purpose.SEARCH: {"PICTURES": ("READ",), "PICTURE_EMBEDDINGS": ("READ",)},
}
_TABLES = ("PICTURES", "PICTURE_EMBEDDINGS", "EMBEDDING_FAILURES")
_PROCEDURE = "PROCESS_EMBEDDING_RANGE"
#: ORA-00942, ORA-01031: the account may not read it.
_NOT_GRANTED = frozenset({"ORA-00942", "ORA-01031"})
#: The range procedure refuses a database that is no standby.
_REFUSED_ROLE = "ORA-20901"


def views(visit: Visit) -> Verdict:
    """Whether the V$ views can be read that the worker's guard and the search look at."""
    missing = []
    for view, query in (("V$DATABASE", "open_mode"), ("V$DATAGUARD_STATS", "apply_lag")):
        try:
            with translated(visit.place):
                visit.rows(statement(query))
        except DatabaseError as error:
            if not _NOT_GRANTED.intersection(error.codes):
                raise
            missing.append(view)
    if missing:
        return doubtful(
            f"{visit.user} may not read {' and '.join(missing)}, so a worker does not see open mode and apply lag",
            f"run sql/09_grant_views.sql as SYS on the primary, grantee {visit.user.lower()}",
        )
    return good("V$DATABASE and V$DATAGUARD_STATS can be read")


def privileges(visit: Visit) -> Verdict:
    """Whether the account has what its purpose needs."""
    if visit.purpose is Purpose.OWNER:
        return _owner_privileges(visit)
    script = f"run {visit.purpose.script}"
    if not visit.owner:
        return bad(f"{visit.user} has no synonym PICTURES, so it does not know whose pictures they are", script)
    granted = {
        (str(table), "READ" if privilege == "SELECT" else str(privilege))
        for table, privilege in visit.rows(
            "SELECT table_name, privilege FROM user_tab_privs WHERE grantee = :account AND owner = :owner",
            account=visit.user,
            owner=visit.owner,
        )
    }
    needed = _GRANTS[visit.purpose]
    missing = [
        f"{'SELECT' if privilege == 'READ' and visit.purpose is Purpose.WORKER else privilege} on {table}"
        for table, wanted in needed.items()
        for privilege in wanted
        if (table, privilege) not in granted
    ]
    if missing:
        return bad(f"{visit.user}, as a {visit.purpose} account, lacks {', '.join(missing)} of {visit.owner}", script)
    return good(f"{visit.user} has what a {visit.purpose} account needs of {visit.owner}'s tables")


def objects(visit: Visit) -> Verdict:
    """Whether the tables are there, with the primary keys that make repeated work harmless."""
    install = "run adgfleet db install"
    tables = {str(name) for (name,) in visit.rows("SELECT table_name FROM all_tables WHERE owner = :o", o=visit.owner)}
    # An account sees the tables that it may read.
    missing = [table for table in _TABLES if table not in tables and _is_needed(visit, table)]
    if missing:
        return bad(f"{visit.owner} has no table {', '.join(missing)}", install)
    if visit.purpose is Purpose.OWNER:
        keyed = {
            str(table)
            for (table,) in visit.rows(
                "SELECT table_name FROM user_constraints WHERE constraint_type = 'P' AND status = 'ENABLED'"
            )
        }
        unkeyed = [table for table in _TABLES if table not in keyed]
        if unkeyed:
            return bad(
                f"no enabled primary key on {', '.join(unkeyed)}: a range delivered twice would be stored twice",
                "add or enable the keys of sql/02_create_schema.sql and sql/03_create_embedding_failures.sql",
            )
    return good(f"the tables of {visit.owner} are there")


def procedure(visit: Visit) -> Verdict:
    """Whether the range procedure is there, valid, and of this version: it is called with an empty range.

    On a standby it then reads and writes nothing; on the primary it must refuse, so that no inference runs there.
    """
    again = (
        "run adgfleet db install once the models are loaded"
        if visit.purpose is Purpose.OWNER
        else f"run {visit.purpose.script}"
    )
    status = visit.value("SELECT status FROM user_objects WHERE object_name = :name", name=_PROCEDURE)
    if status is None:
        return bad(f"{visit.user} has no procedure {_PROCEDURE}", again)
    if status != "VALID":
        return bad(f"{_PROCEDURE} of {visit.user} is {status}", again)
    on_primary = visit.place.startswith("primary")
    try:
        with translated(visit.place), visit.connection.cursor() as cursor:
            outputs = [output_number(cursor) for _ in range(5)]
            cursor.callproc(_PROCEDURE.lower(), [1, 0, 1, "ROW", *outputs])
    except DatabaseError as error:
        if on_primary and _REFUSED_ROLE in error.codes:
            return good("the range procedure is valid and refuses to embed here")
        raise
    if on_primary:
        return bad("the range procedure does not refuse the primary", again)
    return good("the range procedure is valid and runs")


def _owner_privileges(visit: Visit) -> Verdict:
    granted = {str(name) for (name,) in visit.rows("SELECT privilege FROM user_sys_privs")}
    roles = {str(name) for (name,) in visit.rows("SELECT role FROM session_roles")}
    if "CREATE MINING MODEL" not in granted and not roles & {"VEC_ROLE", "DBA"}:
        return doubtful(
            f"{visit.user} has neither CREATE MINING MODEL nor the role VEC_ROLE: it can load no model",
            f"run {visit.purpose.script}, or grant CREATE MINING MODEL to it",
        )
    return good(f"{visit.user} owns the pictures and may load models")


def _is_needed(visit: Visit, table: str) -> bool:
    return visit.purpose is Purpose.OWNER or table in _GRANTS[visit.purpose]
