"""One account's session in one database: what the checks ask, and as whom."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fleet.sessions import Connection, Database, connect
from fleet.settings import Settings


class Purpose(StrEnum):
    """What an account is for."""

    #: Owns the pictures; may work for everybody.
    OWNER = "owner"
    #: Embeds, and nothing else: sql/10.
    WORKER = "worker"
    #: Only reads: sql/11.
    SEARCH = "search"

    @property
    def script(self) -> str:
        """The script that grants what the account needs, and who runs it."""
        return {
            Purpose.OWNER: "sql/01_create_user.sql as a DBA",
            Purpose.WORKER: "sql/10_create_worker_account.sql as a DBA (or adgfleet db install --worker-account NAME)",
            Purpose.SEARCH: "sql/11_create_search_account.sql as a DBA (or adgfleet db install --search-account NAME)",
        }[self]


@dataclass(frozen=True, slots=True)
class Visit:
    """A session and its purpose."""

    place: str
    database: Database
    connection: Connection
    settings: Settings
    purpose: Purpose
    #: Whose tables they are, in upper case as the dictionary has it; empty: the account cannot even name them.
    owner: str

    @property
    def user(self) -> str:
        """The account, as the dictionary writes it."""
        return self.database.user.upper()

    def rows(self, text: str, **binds: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - whatever can be bound
        """Run a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(text, binds)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def value(self, text: str, **binds: Any) -> Any:  # noqa: ANN401 - whatever the query returns
        """Run a query of one value; None when it has no row."""
        found = self.rows(text, **binds)
        return found[0][0] if found else None

    def run(self, text: str, *binds: Any) -> int:  # noqa: ANN401 - whatever can be bound
        """Run anything else; return the number of rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(text, list(binds))
            return int(cursor.rowcount)


def visit(place: str, database: Database, settings: Settings, purpose: Purpose | None = None) -> Visit:
    """Log on and find out what the account is for, if that was not said.

    Raises:
        DatabaseError: Logging on failed.
    """
    connection = connect(database, module="doctor")
    try:
        connection.call_timeout = int(1000 * settings.picture_timeout)
        return _recognized(Visit(place, database, connection, settings, Purpose.OWNER, database.user.upper()), purpose)
    except BaseException:
        with contextlib.suppress(Exception):  # it may be lost
            connection.close()
        raise


def _recognized(opened: Visit, purpose: Purpose | None) -> Visit:
    """Return the visit with its purpose and the owner of the pictures."""
    objects = {
        str(name)
        for (name,) in opened.rows(
            "SELECT object_name FROM user_objects WHERE object_type IN ('TABLE', 'PROCEDURE') "
            "AND object_name IN ('PICTURES', 'PROCESS_EMBEDDING_RANGE')"
        )
    }
    if "PICTURES" in objects:
        return opened
    owner = opened.value(
        "SELECT table_owner FROM all_synonyms WHERE owner = :account AND synonym_name = 'PICTURES'", account=opened.user
    )
    if purpose is None and owner is None and not objects and "." not in opened.settings.image_model:
        return opened  # an owner whose tables are not installed yet
    found = purpose or (Purpose.WORKER if objects else Purpose.SEARCH)
    return dataclasses.replace(opened, purpose=found, owner=str(owner or ""))
