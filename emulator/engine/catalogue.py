"""The data dictionary as an immutable snapshot: who there is, what there is, and who may what.

It is kept in SQLite's ``_`` tables, changed only by DDL (``definitions``), and read anew after each one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import apsw

from emulator.auth import Verifier
from emulator.datatypes import SqlType, TypeName, VectorFormat
from emulator.engine.dictionary import declared_views
from emulator.engine.objects import (
    Constraint,
    ConstraintKind,
    Directory,
    Index,
    Model,
    Relation,
    RelationKind,
    Scope,
    Sequence,
    Service,
    TableColumn,
    Unit,
)
from emulator.engine.oracle_names import is_view as is_oracle_view
from emulator.errors import NotEmulated, OraError

#: Tables of the dictionary; ``_redo`` and its like are the store's.
SCHEMA = (
    "CREATE TABLE _users (name TEXT PRIMARY KEY, salt BLOB, hash BLOB, locked INTEGER, created TEXT) WITHOUT ROWID",
    "CREATE TABLE _roles (name TEXT PRIMARY KEY) WITHOUT ROWID",
    (
        "CREATE TABLE _grants (grantee TEXT, privilege TEXT, owner TEXT, object TEXT, "
        "PRIMARY KEY (grantee, privilege, owner, object)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE _objects (owner TEXT, name TEXT, kind TEXT, definition TEXT NOT NULL, status TEXT NOT NULL, "
        "created TEXT, PRIMARY KEY (owner, name, kind)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE _models (owner TEXT, name TEXT, data BLOB NOT NULL, metadata TEXT NOT NULL, "
        "dimensions INTEGER NOT NULL, input_name TEXT NOT NULL, input_kind TEXT NOT NULL, fingerprint TEXT NOT NULL, "
        "created TEXT, PRIMARY KEY (owner, name))"
    ),
    (
        "CREATE TABLE _errors (owner TEXT, name TEXT, kind TEXT, sequence INTEGER, line INTEGER, position INTEGER, "
        "text TEXT, PRIMARY KEY (owner, name, kind, sequence)) WITHOUT ROWID"
    ),
    "CREATE TABLE _counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
)

#: Privileges of the predefined roles, as far as anything here asks for them.
_ROLE_PRIVILEGES: dict[str, frozenset[str]] = {
    "CONNECT": frozenset({"CREATE SESSION", "SET CONTAINER"}),
    "RESOURCE": frozenset({"CREATE TABLE", "CREATE PROCEDURE", "CREATE SEQUENCE", "CREATE TRIGGER", "CREATE TYPE"}),
    "DB_DEVELOPER_ROLE": frozenset(
        {
            *("CREATE SESSION", "CREATE TABLE", "CREATE VIEW", "CREATE PROCEDURE", "CREATE SEQUENCE", "CREATE SYNONYM"),
            *("CREATE TRIGGER", "CREATE TYPE", "CREATE MATERIALIZED VIEW", "CREATE MINING MODEL", "CREATE JOB"),
        }
    ),
}
PREDEFINED_ROLES = frozenset({*_ROLE_PRIVILEGES, "DBA"})
#: A grant to a user of being acted for by the proxy that is the grant's object.
CONNECT_THROUGH = "CONNECT THROUGH"
_PUBLIC = "PUBLIC"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """A user."""

    name: str
    #: None: nobody can log on as this user.
    verifier: Verifier | None
    locked: bool
    created: str = ""


@dataclass(frozen=True, slots=True)
class UnitError:
    """One compilation error of a stored unit."""

    line: int
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege, role or object privilege that somebody has."""

    grantee: str
    #: ``CREATE TABLE``, ``SELECT``, or ``ROLE`` with the role's name as the object.
    privilege: str
    owner: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A snapshot of the dictionary."""

    version: int
    #: SQLite's number of the schema that it describes.
    schema_version: int
    users: Mapping[str, User]
    roles: frozenset[str]
    grants: frozenset[Grant]
    relations: Mapping[tuple[str, str], Relation]
    units: Mapping[tuple[str, str, str], Unit]
    errors: Mapping[tuple[str, str, str], tuple[UnitError, ...]]
    models: Mapping[tuple[str, str], Model]
    sequences: Mapping[tuple[str, str], Sequence]
    #: By name in upper case.
    services: Mapping[str, Service]
    #: By name; all belong to SYS.
    directories: Mapping[str, Directory]
    #: (owner, name) of a synonym to (owner, name) of what it stands for.
    synonyms: Mapping[tuple[str, str], tuple[str, str]]
    #: (owner, name, kind) to creation time.
    created: Mapping[tuple[str, str, str], str]
    #: The last number used for a system-named constraint.
    constraint_counter: int
    by_sqlite_name: Mapping[str, Relation] = field(default_factory=dict)

    @classmethod
    def load(cls, connection: apsw.Connection, version: int = 0) -> Catalogue:
        """Read the dictionary.

        Args:
            connection: Any connection of the instance.
            version: Number of this snapshot; must grow with every DDL.
        """
        users = {
            name: User(
                name, Verifier(bytes(salt), bytes(hash_)) if salt is not None else None, bool(locked), created or ""
            )
            for name, salt, hash_, locked, created in connection.execute(
                "SELECT name, salt, hash, locked, created FROM _users"
            )
        }
        roles = frozenset(name for (name,) in connection.execute("SELECT name FROM _roles"))
        grants = frozenset(
            Grant(*row) for row in connection.execute("SELECT grantee, privilege, owner, object FROM _grants")
        )
        relations: dict[tuple[str, str], Relation] = {}
        units: dict[tuple[str, str, str], Unit] = {}
        synonyms: dict[tuple[str, str], tuple[str, str]] = {}
        directories: dict[str, Directory] = {}
        services: dict[str, Service] = {}
        sequences: dict[tuple[str, str], Sequence] = {}
        created: dict[tuple[str, str, str], str] = {}
        for owner, name, kind, text, status, at in connection.execute(
            "SELECT owner, name, kind, definition, status, created FROM _objects"
        ):
            definition = json.loads(text)
            created[owner, name, kind] = at
            if kind in {"TABLE", "VIEW"}:
                relations[owner, name] = relation_from_json(owner, name, kind, definition)
            elif kind == "SEQUENCE":
                sequences[owner, name] = Sequence(owner, name, **definition)
            elif kind == "SERVICE":
                services[name] = Service(**definition)
            elif kind == "DIRECTORY":
                directories[name] = Directory(name, definition["path"])
            elif kind == "SYNONYM":
                synonyms[owner, name] = (definition["owner"], definition["name"])
            elif kind in {"PROCEDURE", "FUNCTION", "PACKAGE", "PACKAGE BODY", "TRIGGER"}:
                units[owner, name, kind] = Unit(
                    owner, name, kind, definition["source"], status == "VALID", bool(definition["invoker_rights"])
                )
        errors: dict[tuple[str, str, str], tuple[UnitError, ...]] = {}
        for owner, name, kind, line, position, message in connection.execute(
            "SELECT owner, name, kind, line, position, text FROM _errors ORDER BY owner, name, kind, sequence"
        ):
            errors[owner, name, kind] = (*errors.get((owner, name, kind), ()), UnitError(line, position, message))
        models = {
            (row[0], row[1]): Model(*row)
            for row in connection.execute(
                "SELECT owner, name, length(data), metadata, dimensions, input_name, input_kind, fingerprint "
                "FROM _models"
            )
        }
        counter = next(iter(connection.execute("SELECT value FROM _counters WHERE name = 'constraint'")), (7000,))[0]
        return cls(
            version=version,
            schema_version=next(iter(connection.execute("PRAGMA schema_version")))[0],
            users=users,
            roles=roles,
            grants=grants,
            relations=relations,
            units=units,
            errors=errors,
            models=models,
            sequences=sequences,
            directories=directories,
            services=services,
            synonyms=synonyms,
            created=created,
            constraint_counter=counter,
            by_sqlite_name={relation.sqlite_name: relation for relation in relations.values()},
        )

    # ------------------------------------------------------------------ names

    def relation(self, scope: Scope, owner: str | None, name: str) -> Relation:
        """Return a table or view.

        Args:
            scope: Where unqualified names are looked up, and whose privileges count.
            owner: Schema as written, None where the name is unqualified.
            name: As stored: upper case unless quoted.

        Raises:
            OraError: 942, there is none or the user has no privilege on it.
            NotEmulated: It is one of Oracle's own that is not here.
        """
        found = self._find(self.relations, scope, owner, name)
        if found is not None and self.may_see(scope, found.owner, found.name):
            return found
        if owner in {None, "SYS", _PUBLIC}:
            # SYS owns a V$ view as V_$…; that is also what is granted.
            known = name.replace("V_$", "V$", 1) if owner == "SYS" else name
            view = declared_views().get(known)
            if view is not None:
                return view
            if is_oracle_view(known):
                raise NotEmulated(f"view {name}")
        written = f'"{owner or scope.schema}"."{name}"'
        raise OraError(942, written)

    def unit(self, scope: Scope, owner: str | None, name: str, kinds: tuple[str, ...] = ()) -> Unit | None:
        """Return a stored procedure, function or package, None if there is none that the user may run."""
        for kind in kinds or ("PROCEDURE", "FUNCTION", "PACKAGE"):
            candidates = {key[:2]: unit for key, unit in self.units.items() if key[2] == kind}
            found = self._find(candidates, scope, owner, name)
            if found is not None and self.may_see(scope, found.owner, found.name):
                return found
        return None

    def unit_errors(self, owner: str, name: str, kind: str) -> tuple[UnitError, ...]:
        """Return a unit's compilation errors."""
        return self.errors.get((owner, name, kind), ())

    def model(self, scope: Scope, owner: str | None, name: str) -> Model:
        """Return a model.

        Raises:
            OraError: 40284, there is none or the user may not use it.
        """
        found = self._find(self.models, scope, owner, name)
        if found is None or not self.may_see(scope, found.owner, found.name):
            raise OraError(40284)
        return found

    def sequence(self, scope: Scope, owner: str | None, name: str) -> Sequence:
        """Return a sequence.

        Raises:
            OraError: 2289, there is none or the user may not use it.
        """
        found = self._find(self.sequences, scope, owner, name)
        if found is None or not (
            self.may_see(scope, found.owner, found.name)
            or self.has_privilege(scope.user, "SELECT ANY SEQUENCE", by_roles=scope.has_roles)
        ):
            raise OraError(2289)
        return found

    def directory(self, scope: Scope, name: str) -> Directory:
        """Return a directory that a user may read from.

        Raises:
            OraError: 22930 there is none, or nothing of it was granted to the user.
        """
        found = self.directories.get(name)
        may_read = found is not None and (
            self.has_privilege(scope.user, "CREATE ANY DIRECTORY", by_roles=scope.has_roles)
            or "READ" in self._object_privileges(scope, "SYS", name)
        )
        if found is None or not may_read:
            raise OraError(22930)
        return found

    def user(self, name: str) -> User | None:
        """Return a user by name."""
        return self.users.get(name)

    def table_by_sqlite_name(self, name: str) -> Relation | None:
        """Return the table that SQLite knows by this name."""
        return self.by_sqlite_name.get(name)

    def name_is_used(self, owner: str, name: str) -> bool:
        """Tell whether a new object of the shared name space cannot have this name."""
        shared = {"TABLE", "VIEW", "SEQUENCE", "SYNONYM", "PROCEDURE", "FUNCTION", "PACKAGE"}
        return any(key[:2] == (owner, name) and key[2] in shared for key in self.created)

    def index_owner(self, owner: str, name: str) -> Relation | None:
        """Return the table that an index or a key's own index belongs to."""
        for relation in self.relations.values():
            if any(index.owner == owner and index.name == name for index in relation.indexes):
                return relation
        return None

    # ------------------------------------------------------------------ privileges

    def granted_roles(self, user: str) -> frozenset[str]:
        """Return the roles of a user, those of roles included."""
        found: set[str] = set()
        open_names = [user, _PUBLIC]
        while open_names:
            grantee = open_names.pop()
            for grant in self.grants:
                if grant.grantee == grantee and grant.privilege == "ROLE" and grant.object not in found:
                    found.add(grant.object)
                    open_names.append(grant.object)
        return frozenset(found)

    def has_privilege(self, user: str, privilege: str, *, by_roles: bool = True) -> bool:
        """Tell whether a user has a system privilege, by itself or (``by_roles``) by a role."""
        if user == "SYS":
            return True
        roles = self.granted_roles(user) if by_roles else frozenset()
        if "DBA" in roles:
            return True
        if any(privilege in _ROLE_PRIVILEGES.get(role, ()) for role in roles):
            return True
        grantees = {user, _PUBLIC, *roles}
        return any(Grant(grantee, privilege) in self.grants for grantee in grantees)

    def may_act_for(self, proxy: str, client: str) -> bool:
        """Tell whether a user may log on for another one."""
        return Grant(client, CONNECT_THROUGH, "", proxy) in self.grants

    def check_table_privilege(self, scope: Scope, relation: Relation, privilege: str) -> None:
        """Make sure that a user may SELECT, INSERT, UPDATE or DELETE.

        Raises:
            OraError: 942 without any privilege on the table, 1031 with another one.
        """
        if relation.kind is RelationKind.DICTIONARY:
            if privilege == "SELECT":
                return
            raise OraError(1031)
        if relation.owner == scope.user:
            return
        held = self._object_privileges(scope, relation.owner, relation.name)
        if privilege in held or (privilege == "SELECT" and "READ" in held):
            return
        if self.has_privilege(scope.user, f"{privilege} ANY TABLE", by_roles=scope.has_roles):
            return
        raise OraError(1031) if held else OraError(942, f'"{relation.owner}"."{relation.name}"')

    def _object_privileges(self, scope: Scope, owner: str, name: str) -> set[str]:
        roles = self.granted_roles(scope.user) if scope.has_roles else ()
        grantees = {scope.user, _PUBLIC, *roles}
        return {
            grant.privilege
            for grant in self.grants
            if grant.owner == owner and grant.object == name and grant.grantee in grantees
        }

    def may_see(self, scope: Scope, owner: str, name: str) -> bool:
        """Tell whether an object exists as far as a user is concerned: its own, or one that it has a privilege on."""
        return (
            scope.user == owner
            or self.has_privilege(scope.user, "SELECT ANY TABLE", by_roles=scope.has_roles)
            or bool(self._object_privileges(scope, owner, name))
        )

    def _find(self, objects: Mapping[tuple[str, str], T], scope: Scope, owner: str | None, name: str) -> T | None:
        key = (owner or scope.schema, name)
        if key in objects:
            return objects[key]
        for candidate in (key, (_PUBLIC, name)) if owner is None else (key,):
            target = self.synonyms.get(candidate)
            if target is not None:
                return objects.get(target)
        return None


def model_bytes(connection: apsw.Connection, model: Model) -> bytes:
    """Return a model's file.

    Raises:
        OraError: 40284, it has been dropped meanwhile.
    """
    row = connection.execute(
        "SELECT data FROM _models WHERE owner = ? AND name = ? AND fingerprint = ?",
        (model.owner, model.name, model.fingerprint),
    ).fetchone()
    if row is None:
        raise OraError(40284)
    return bytes(row[0])


# ---------------------------------------------------------------------- tables as JSON


def type_to_json(sql_type: SqlType) -> dict[str, object]:
    """Write a type for the dictionary."""
    return {
        "name": sql_type.name.value,
        "precision": sql_type.precision,
        "scale": sql_type.scale,
        "size": sql_type.size,
        "dimensions": sql_type.dimensions,
        "vector_format": sql_type.vector_format.value,
        "national": sql_type.national,
        "in_characters": sql_type.in_characters,
    }


def type_from_json(value: Mapping[str, object]) -> SqlType:
    """Read a type from the dictionary."""
    return SqlType(
        TypeName(value["name"]),
        int(str(value["precision"])),
        int(str(value["scale"])),
        int(str(value["size"])),
        int(str(value["dimensions"])),
        VectorFormat(value["vector_format"]),
        bool(value["national"]),
        in_characters=bool(value["in_characters"]),
    )


def relation_to_json(relation: Relation) -> str:
    """Write a table or view for the dictionary."""
    return json.dumps(
        {
            "columns": [
                [
                    column.name,
                    type_to_json(column.type),
                    column.nullable,
                    column.default,
                    column.default_on_null,
                    column.identity,
                    column.identity_sequence,
                ]
                for column in relation.columns
            ],
            "constraints": [
                [
                    constraint.name,
                    constraint.kind.value,
                    constraint.columns,
                    constraint.parent_owner,
                    constraint.parent_table,
                    constraint.parent_columns,
                    constraint.on_delete,
                    constraint.condition,
                ]
                for constraint in relation.constraints
            ],
            "indexes": [
                [index.owner, index.name, index.columns, index.unique, index.metric, index.accuracy]
                for index in relation.indexes
            ],
            "query": relation.query,
        }
    )


def relation_from_json(owner: str, name: str, kind: str, value: Mapping[str, list[list[object]]]) -> Relation:
    """Read a table or view from the dictionary."""
    columns = tuple(
        TableColumn(str(entry[0]), type_from_json(entry[1]), bool(entry[2]), *entry[3:])  # type: ignore[arg-type]
        for entry in value["columns"]
    )
    constraints = tuple(
        Constraint(
            str(entry[0]),
            ConstraintKind(entry[1]),
            tuple(entry[2]),  # type: ignore[arg-type]
            str(entry[3]),
            str(entry[4]),
            tuple(entry[5]),  # type: ignore[arg-type]
            str(entry[6]),
            str(entry[7]),
        )
        for entry in value["constraints"]
    )
    indexes = tuple(
        Index(str(entry[0]), str(entry[1]), tuple(entry[2]), bool(entry[3]), *entry[4:])  # type: ignore[arg-type]
        for entry in value["indexes"]
    )
    return Relation(
        owner,
        name,
        RelationKind.TABLE if kind == "TABLE" else RelationKind.VIEW,
        columns,
        constraints,
        indexes,
        str(value["query"]),
    )
