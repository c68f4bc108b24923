"""Users and roles: CREATE, ALTER and DROP of them, and passwords."""

from __future__ import annotations

from emulator.auth import Verifier, make_verifier
from emulator.engine.catalogue import CONNECT_THROUGH
from emulator.engine.definition_parser import DefinitionParser
from emulator.engine.definitions.indexes import drop_vector_indexes
from emulator.engine.definitions.work import (
    Statement,
    Work,
    grant_statement,
    now,
    revoke_statement,
    take_tablespace,
)
from emulator.engine.objects import (
    RelationKind,
)
from emulator.engine.prepared import DefinitionPlan
from emulator.errors import OraError

_LONGEST_PASSWORD_BYTES = 1024


def _password(parser: DefinitionParser) -> str:
    token = parser.advance()
    if token.kind == "quoted":
        return token.text[1:-1]
    if token.kind != "word":
        raise OraError(988, offset=token.offset)
    return token.text


def _quota(parser: DefinitionParser) -> None:
    if not parser.accept("UNLIMITED"):
        parser.number()
        parser.accept("K") or parser.accept("M") or parser.accept("G")
    parser.expect("ON")
    take_tablespace(parser)


def create_user(work: Work) -> DefinitionPlan:
    """Plan CREATE USER."""
    work.need("CREATE USER")
    parser = work.parser
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    name = parser.name()
    parser.expect("IDENTIFIED", "BY")
    verifier = new_verifier(_password(parser))
    locked = False
    while True:
        if parser.accept("DEFAULT", "TABLESPACE") or parser.accept("TEMPORARY", "TABLESPACE"):
            take_tablespace(parser)
        elif parser.accept("QUOTA"):
            _quota(parser)
        elif parser.accept("ACCOUNT", "LOCK"):
            locked = True
        elif not parser.accept("ACCOUNT", "UNLOCK"):
            break
    if name in work.catalogue.users or name in work.catalogue.roles:
        if exists_allowed and name in work.catalogue.users:
            return DefinitionPlan(())
        raise OraError(1920, name)
    row = (name, verifier.salt, verifier.hash, int(locked), now())
    return DefinitionPlan((("INSERT INTO _users VALUES (?, ?, ?, ?, ?)", row),))


def alter_user(work: Work) -> DefinitionPlan:
    """Plan ALTER USER; a user's own password needs no privilege."""
    parser = work.parser
    name = parser.name()
    own_password = name == work.scope.user
    if name not in work.catalogue.users:
        raise OraError(1918, name)
    statements: list[Statement] = []
    while parser.token.kind != "end":
        if parser.accept("IDENTIFIED", "BY"):
            if not own_password:
                work.need("ALTER USER")
            statements += plan_password(name, new_verifier(_password(parser))).statements
            if parser.accept("REPLACE"):
                known = work.catalogue.users[name].verifier
                if known is None or not known.matches(_password(parser)):
                    raise OraError(28008)
            continue
        work.need("ALTER USER")
        if parser.accept("QUOTA"):
            _quota(parser)
        elif parser.accept("DEFAULT", "TABLESPACE"):
            take_tablespace(parser)
        elif parser.accept("ACCOUNT", "LOCK"):
            statements.append(("UPDATE _users SET locked = 1 WHERE name = ?", (name,)))
        elif parser.accept("ACCOUNT", "UNLOCK"):
            statements.append(("UPDATE _users SET locked = 0 WHERE name = ?", (name,)))
        elif parser.accept("GRANT", "CONNECT", "THROUGH"):
            statements.append(grant_statement(name, CONNECT_THROUGH, "", _proxy(work)))
        elif parser.accept("REVOKE", "CONNECT", "THROUGH"):
            statements.append(revoke_statement(name, CONNECT_THROUGH, "", _proxy(work)))
        else:
            parser.end()
    return DefinitionPlan(tuple(statements))


def _proxy(work: Work) -> str:
    name = work.parser.name()
    if name not in work.catalogue.users:
        raise OraError(1918, name)
    return name


def drop_user(work: Work) -> DefinitionPlan:
    """Plan DROP USER."""
    work.need("DROP USER")
    missing_allowed = work.parser.accept("IF", "EXISTS")
    name = work.parser.name()
    cascade = work.parser.accept("CASCADE")
    if name not in work.catalogue.users:
        if missing_allowed:
            return DefinitionPlan(())
        raise OraError(1918, name)
    owned = [relation for relation in work.catalogue.relations.values() if relation.owner == name]
    if not cascade and (owned or any(key[0] == name for key in work.catalogue.created)):
        raise OraError(1922, text=f"ORA-01922: CASCADE must be specified to drop '{name}'")
    statements: list[Statement] = [("PRAGMA defer_foreign_keys = ON", ())]
    statements += [item for relation in owned for item in drop_vector_indexes(relation)]
    statements += [
        (f'DROP TABLE "{relation.sqlite_name}"', ()) for relation in owned if relation.kind is RelationKind.TABLE
    ]
    statements += [
        ("DELETE FROM _counters WHERE name = ?", (sequence.counter,))
        for sequence in work.catalogue.sequences.values()
        if sequence.owner == name
    ]
    statements += [(f"DELETE FROM {table} WHERE owner = ?", (name,)) for table in ("_objects", "_models", "_errors")]
    statements.append(("DELETE FROM _grants WHERE grantee = ? OR owner = ?", (name, name)))
    statements.append(("DELETE FROM _users WHERE name = ?", (name,)))
    return DefinitionPlan(tuple(statements), frozenset(relation.sqlite_name for relation in owned))


def create_role(work: Work) -> DefinitionPlan:
    """Plan CREATE ROLE."""
    work.need("CREATE ROLE")
    exists_allowed = work.parser.accept("IF", "NOT", "EXISTS")
    name = work.parser.name()
    work.parser.accept("NOT", "IDENTIFIED")
    if name in work.catalogue.roles or name in work.catalogue.users:
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(1921, name)
    # Its creator has the role. Source: Oracle SQL Language Reference, CREATE ROLE.
    return DefinitionPlan(
        (("INSERT INTO _roles VALUES (?)", (name,)), grant_statement(work.scope.user, "ROLE", "", name))
    )


def drop_role(work: Work) -> DefinitionPlan:
    """Plan DROP ROLE."""
    work.need("DROP ANY ROLE")
    name = work.parser.name()
    if name not in work.catalogue.roles:
        raise OraError(1919, name)
    return DefinitionPlan(
        (
            ("DELETE FROM _roles WHERE name = ?", (name,)),
            ("DELETE FROM _grants WHERE grantee = ? OR (privilege = 'ROLE' AND object = ?)", (name, name)),
        )
    )


def new_verifier(password: str) -> Verifier:
    """Return the verifier of a password that a user is given.

    Raises:
        OraError: 988, it is empty; 28218, longer than a password may be (Source: error page of ORA-28218).
    """
    if not password:
        raise OraError(988)
    if len(password.encode()) > _LONGEST_PASSWORD_BYTES:
        raise OraError(28218)
    return make_verifier(password)


def plan_password(user: str, verifier: Verifier) -> DefinitionPlan:
    """Plan a change of password."""
    row = (verifier.salt, verifier.hash, user)
    return DefinitionPlan((("UPDATE _users SET salt = ?, hash = ? WHERE name = ?", row),))
