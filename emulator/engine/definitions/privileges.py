"""GRANT and REVOKE of system privileges, object privileges and roles."""

from __future__ import annotations

from collections.abc import Callable

from emulator.engine.definition_parser import DefinitionParser
from emulator.engine.definitions.work import (
    Statement,
    Work,
)
from emulator.engine.prepared import DefinitionPlan
from emulator.engine.supplied_packages import SUPPLIED_PACKAGES
from emulator.errors import NotEmulated, OraError

_OBJECT_PRIVILEGES = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "READ", "WRITE", "REFERENCES", "INDEX", "ALTER"}
)
#: What ALL means for a table or view.
_TABLE_PRIVILEGES = _OBJECT_PRIVILEGES - {"EXECUTE", "WRITE"}


_SYSTEM_PRIVILEGES = frozenset(
    {
        *("CREATE SESSION", "CREATE TABLE", "CREATE VIEW", "CREATE PROCEDURE", "CREATE SEQUENCE", "CREATE SYNONYM"),
        *("CREATE PUBLIC SYNONYM", "CREATE TRIGGER", "CREATE TYPE", "CREATE MINING MODEL", "CREATE USER"),
        *("CREATE ROLE", "CREATE JOB", "CREATE MATERIALIZED VIEW", "CREATE ANY DIRECTORY", "DROP ANY DIRECTORY"),
        *("ALTER USER", "DROP USER", "ALTER SYSTEM", "ALTER SESSION", "UNLIMITED TABLESPACE", "SELECT ANY TABLE"),
        *("INSERT ANY TABLE", "UPDATE ANY TABLE", "DELETE ANY TABLE", "CREATE ANY TABLE", "DROP ANY TABLE"),
        *("ALTER ANY TABLE", "SELECT ANY DICTIONARY", "KEEP DATE TIME", "KEEP SYSGUID", "GRANT ANY PRIVILEGE"),
        *("GRANT ANY ROLE", "SET CONTAINER", "ADVISOR", "ADMINISTER DATABASE TRIGGER"),
        *("CREATE ANY SEQUENCE", "DROP ANY SEQUENCE", "SELECT ANY SEQUENCE"),
    }
)


def _privilege_words(parser: DefinitionParser) -> list[str]:
    """Take a comma-separated list of privileges or roles, each of one or more words."""
    found: list[str] = []
    while True:
        words: list[str] = []
        while parser.token.word not in {",", "ON", "TO", "FROM"} and parser.token.kind in {"word", "quoted"}:
            if words == ["SELECT"] and parser.token.word == "MINING":
                break
            words.append(parser.name())
        if not words:
            raise OraError(922, offset=parser.token.offset)
        found.append(" ".join(words))
        if not parser.accept(","):
            return found


def _grantees(work: Work) -> list[str]:
    names = [work.parser.name()]
    while work.parser.accept(","):
        names.append(work.parser.name())
    for name in names:
        if name != "PUBLIC" and name not in work.catalogue.users and name not in work.catalogue.roles:
            raise OraError(1917, name)
    return names


def change_grants(work: Work, before_grantees: str, make: Callable[..., Statement]) -> DefinitionPlan:
    """Plan GRANT or REVOKE: ``make`` writes one row of the dictionary."""
    parser, catalogue = work.parser, work.catalogue
    privileges = _privilege_words(parser)
    statements: list[Statement] = []
    if parser.accept("ON"):
        target = _target(work, privileges)
        parser.expect(before_grantees)
        grantees = _grantees(work)
        for privilege in privileges:
            if privilege not in _OBJECT_PRIVILEGES and privilege not in {"ALL", "ALL PRIVILEGES"}:
                raise OraError(990, text="ORA-00990: missing or invalid privilege")
            all_of_it = _TABLE_PRIVILEGES if target in catalogue.relations else _OBJECT_PRIVILEGES
            each = sorted(all_of_it) if privilege.startswith("ALL") else [privilege]
            statements += [make(grantee, one, *target) for grantee in grantees for one in each]
    else:
        parser.expect(before_grantees)
        grantees = _grantees(work)
        for privilege in privileges:
            if privilege in catalogue.roles:
                _check_may_grant_role(work, privilege)
                statements += [make(grantee, "ROLE", "", privilege) for grantee in grantees]
            elif privilege in _SYSTEM_PRIVILEGES:
                work.need("GRANT ANY PRIVILEGE")
                statements += [make(grantee, privilege, "", "") for grantee in grantees]
            elif " " in privilege:
                raise OraError(990, text="ORA-00990: missing or invalid privilege")
            else:
                raise OraError(1919, privilege)
    if parser.token.word == "WITH":
        raise NotEmulated("GRANT … WITH ADMIN OPTION or WITH GRANT OPTION", offset=parser.token.offset)
    return DefinitionPlan(tuple(statements))


def _target(work: Work, privileges: list[str]) -> tuple[str, str]:
    """Take the object behind ON; return its owner and name."""
    parser, catalogue = work.parser, work.catalogue
    if parser.accept("DIRECTORY"):
        name = parser.name()
        if name not in catalogue.directories:
            raise OraError(22930)
        target = ("SYS", name)
    elif parser.accept("MINING", "MODEL"):
        model = catalogue.model(work.scope, *parser.qualified_name())
        target = (model.owner, model.name)
    else:
        target = _named_target(work, privileges)
    if target[0] != work.scope.user and not catalogue.has_privilege(work.scope.user, "GRANT ANY OBJECT PRIVILEGE"):
        raise OraError(1031)
    return target


def _named_target(work: Work, privileges: list[str]) -> tuple[str, str]:
    catalogue = work.catalogue
    owner, name = work.parser.qualified_name()
    unit = catalogue.unit(work.scope, owner, name)
    if unit is not None:
        return unit.owner, unit.name
    sequence = catalogue.sequences.get((owner or work.scope.schema, name))
    if sequence is not None and catalogue.may_see(work.scope, sequence.owner, sequence.name):
        return sequence.key
    if owner in {None, "SYS"} and name in SUPPLIED_PACKAGES:
        return "SYS", name
    if privileges == ["EXECUTE"]:
        raise OraError(4042, name)
    found = catalogue.relation(work.scope, owner, name)
    if found.owner == "SYS" and name.startswith("V$"):
        raise OraError(2030)
    return found.owner, name if found.owner == "SYS" else found.name


def _check_may_grant_role(work: Work, role: str) -> None:
    if role not in work.catalogue.granted_roles(work.scope.user) and not work.catalogue.has_privilege(
        work.scope.user, "GRANT ANY ROLE"
    ):
        raise OraError(1924, role)
