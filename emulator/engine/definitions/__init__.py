"""DDL: each statement becomes a plan of SQLite statements, the same on the primary and on every standby.

A clause that is not known here is ORA-03001, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.auth import Verifier
from emulator.engine.catalogue import PREDEFINED_ROLES, SCHEMA, Catalogue
from emulator.engine.definition_parser import DefinitionParser
from emulator.engine.definitions.accounts import (
    alter_user,
    create_role,
    create_user,
    drop_role,
    drop_user,
    new_verifier,
    plan_password,
)
from emulator.engine.definitions.directories import create_directory, drop_directory
from emulator.engine.definitions.indexes import create_index, create_vector_index, drop_index
from emulator.engine.definitions.models import model_fingerprint, plan_drop_model, plan_model
from emulator.engine.definitions.privileges import change_grants
from emulator.engine.definitions.sequences import alter_sequence, create_sequence, drop_sequence
from emulator.engine.definitions.services import plan_drop_service, plan_service
from emulator.engine.definitions.tables import alter_table, create_table, drop_table, truncate_table
from emulator.engine.definitions.units import drop_unit, plan_unit
from emulator.engine.definitions.views import create_synonym, create_view, drop_view
from emulator.engine.definitions.work import Statement, Work, grant_statement, now, revoke_statement
from emulator.engine.objects import Scope
from emulator.engine.prepared import DefinitionPlan
from emulator.errors import NotEmulated, OraError
from emulator.statement_text import StatementText

__all__ = [
    "bootstrap_statements",
    "definition_statements",
    "model_fingerprint",
    "new_verifier",
    "plan_definition",
    "plan_drop_model",
    "plan_drop_service",
    "plan_model",
    "plan_password",
    "plan_service",
    "plan_unit",
]


def plan_definition(text: StatementText, catalogue: Catalogue, scope: Scope) -> DefinitionPlan:
    """Plan a DDL statement other than CREATE of a PL/SQL unit.

    Raises:
        OraError: What Oracle would say, or 3001 for what is not emulated.
    """
    work = Work(DefinitionParser(text.text), catalogue, scope)
    work.parser.cut_container_clause()
    for words, maker in _STATEMENTS:
        if work.parser.accept(*words):
            plan = maker(work)
            work.parser.end()
            return plan
    verb, kind = work.parser.token, work.parser.peek()
    if verb.word in _INVALID_KINDS and kind.word not in _OBJECT_KINDS:
        raise OraError(_INVALID_KINDS[verb.word], offset=kind.offset)
    raise NotEmulated(f"statement {' '.join(text.text.split()[:3])}")


#: Error for a word behind the verb that is no kind of object.
_INVALID_KINDS = {"CREATE": 901, "ALTER": 940, "DROP": 950}
#: Words that may follow CREATE, ALTER or DROP. Source: SQL Language Reference 23ai, list of statements.
_OBJECT_KINDS = frozenset(
    {
        *(
            "ANALYTIC",
            "ANY",
            "ATTRIBUTE",
            "AUDIT",
            "BIGFILE",
            "BITMAP",
            "CLUSTER",
            "CONTEXT",
            "CONTROLFILE",
            "DATABASE",
        ),
        *(
            "DIMENSION",
            "DIRECTORY",
            "DISKGROUP",
            "DOMAIN",
            "DUPLICATED",
            "EDITION",
            "EDITIONABLE",
            "FLASHBACK",
            "FORCE",
        ),
        *("FUNCTION", "GLOBAL", "HIERARCHY", "HYBRID", "IMMUTABLE", "BLOCKCHAIN", "INDEX", "INDEXTYPE", "INMEMORY"),
        *("JAVA", "JSON", "LIBRARY", "LOCKDOWN", "LOGICAL", "MATERIALIZED", "MULTIVALUE", "NO", "NOFORCE"),
        *("NONEDITIONABLE", "OPERATOR", "OR", "OUTLINE", "PACKAGE", "PFILE", "PLUGGABLE", "PRIVATE", "PROCEDURE"),
        *("PROFILE", "PROPERTY", "PUBLIC", "RESOURCE", "RESTORE", "ROLE", "ROLLBACK", "SCHEMA", "SEQUENCE", "SESSION"),
        *("SHARDED", "SHARED", "SMALLFILE", "SPFILE", "SYNONYM", "SYSTEM", "TABLE", "TABLESPACE", "TEMPORARY"),
        *("TRIGGER", "TRUE", "TYPE", "UNDO", "UNIQUE", "USER", "VECTOR", "VIEW"),
    }
)


def bootstrap_statements(*, dba: Verifier, link: Verifier, link_user: str) -> list[Statement]:
    """Return what makes a new database's dictionary: tables, SYS, SYSTEM, and the user of the internal link."""
    created = now()
    statements: list[Statement] = [(sql, ()) for sql in SCHEMA]
    for name, verifier in (("SYS", None), ("SYSTEM", dba), (link_user, link)):
        salt, hash_ = (verifier.salt, verifier.hash) if verifier else (None, None)
        statements.append(("INSERT INTO _users VALUES (?, ?, ?, 0, ?)", (name, salt, hash_, created)))
    statements += [("INSERT INTO _roles VALUES (?)", (role,)) for role in sorted(PREDEFINED_ROLES)]
    statements.append(grant_statement("SYSTEM", "ROLE", "", "DBA"))
    statements.append(grant_statement(link_user, "CREATE SESSION", "", ""))
    statements.append(("INSERT INTO _counters VALUES ('constraint', 7000)", ()))
    return statements


_STATEMENTS: tuple[tuple[tuple[str, ...], Callable[[Work], DefinitionPlan]], ...] = (
    (("CREATE", "USER"), create_user),
    (("ALTER", "USER"), alter_user),
    (("DROP", "USER"), drop_user),
    (("CREATE", "ROLE"), create_role),
    (("DROP", "ROLE"), drop_role),
    (("GRANT",), lambda work: change_grants(work, "TO", grant_statement)),
    (("REVOKE",), lambda work: change_grants(work, "FROM", revoke_statement)),
    (("CREATE", "TABLE"), create_table),
    (("DROP", "TABLE"), drop_table),
    (("TRUNCATE", "TABLE"), truncate_table),
    (("ALTER", "TABLE"), alter_table),
    (("CREATE", "INDEX"), create_index),
    (("CREATE", "VECTOR", "INDEX"), create_vector_index),
    (("CREATE", "UNIQUE", "INDEX"), lambda work: create_index(work, unique=True)),
    (("DROP", "INDEX"), drop_index),
    (("CREATE", "VIEW"), create_view),
    (("CREATE", "OR", "REPLACE", "VIEW"), lambda work: create_view(work, replaces=True)),
    (("DROP", "VIEW"), drop_view),
    (("CREATE", "SYNONYM"), create_synonym),
    (("CREATE", "OR", "REPLACE", "SYNONYM"), create_synonym),
    (("CREATE", "PUBLIC", "SYNONYM"), lambda work: create_synonym(work, public=True)),
    (("CREATE", "SEQUENCE"), create_sequence),
    (("ALTER", "SEQUENCE"), alter_sequence),
    (("DROP", "SEQUENCE"), drop_sequence),
    (("CREATE", "DIRECTORY"), create_directory),
    (("CREATE", "OR", "REPLACE", "DIRECTORY"), lambda work: create_directory(work, replaces=True)),
    (("DROP", "DIRECTORY"), drop_directory),
    (("DROP", "PROCEDURE"), drop_unit("PROCEDURE")),
    (("DROP", "TRIGGER"), drop_unit("TRIGGER")),
    (("DROP", "FUNCTION"), drop_unit("FUNCTION")),
    (("DROP", "PACKAGE", "BODY"), drop_unit("PACKAGE BODY")),
    (("DROP", "PACKAGE"), drop_unit("PACKAGE")),
)


def definition_statements() -> list[str]:
    """Return the first words of the statements of DDL, sorted."""
    return sorted(" ".join(words) for words, _maker in _STATEMENTS)
