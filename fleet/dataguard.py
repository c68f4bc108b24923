"""What a session is connected to: role and name in the Data Guard configuration."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.sessions import Connection
from fleet.statements import statement

#: The roles in which embedding is right. TRUE CACHE: a read-only replica that redirects DML too (unverified with
#: models).
EMBEDDING_ROLES = frozenset({"PHYSICAL STANDBY", "TRUE CACHE"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A database's role and name, read in its own session."""

    role: str
    db_unique_name: str

    @property
    def may_embed(self) -> bool:
        """Whether inference belongs here: never on a primary, and a snapshot standby would swallow the rows."""
        return self.role in EMBEDDING_ROLES


def read_identity(connection: Connection) -> Identity:
    """Read role and name; needs no privilege.

    Source: Data Guard Concepts and Administration 23ai, logon trigger example with SYS_CONTEXT('USERENV',
    'DATABASE_ROLE').
    """
    with connection.cursor() as cursor:
        cursor.execute(statement("identity"))
        role, name = cursor.fetchone()
    return Identity(role, name)
