"""Semantic search over the standbys: each request goes to the best one, and to the next when that fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from fleet.errors import DatabaseError, InputError, PermanentDatabaseError
from fleet.sessions import Connection, Database
from fleet.settings import Settings
from search.errors import NoStandbyError
from search.queries import (
    Hit,
    check_text,
    image_vector,
    median_distance,
    nearest_pictures,
    read_picture,
    stored_vector,
    text_vector,
)
from search.session_pool import SessionPool
from search.standby_watch import StandbyWatch

T = TypeVar("T")
#: Computes the query vector in a session of the standby that is going to be searched.
VectorSource: TypeAlias = Callable[[Connection], Any]
PRIMARY = "primary"
#: The last hit that a page may end with: the standby sorts all up to it.
DEEPEST_HIT = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Which hits are wanted, and how."""

    hits: int = 10
    offset: int = 0
    approximate: bool = False

    def __post_init__(self) -> None:
        """Refuse a page that is too deep."""
        if self.hits < 1 or self.offset < 0 or self.offset + self.hits > DEEPEST_HIT:
            raise InputError(f"hits must be 1 or more, offset 0 or more, both together {DEEPEST_HIT} at most")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found."""

    hits: list[Hit]
    #: The standby that answered.
    standby: str
    #: Time of the statements alone, seconds.
    sql_seconds: float
    #: Whether there are more hits after these.
    has_more: bool = False
    #: False: the best hit is hardly nearer than any picture, so nothing shows what was asked for. None: not judged.
    good_match: bool | None = None


class SearchService:
    """Searches over pools of sessions; safe to use from many threads."""

    def __init__(self, settings: Settings, *, standby: str | None = None) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: STANDBYS, the models, SEARCH_….
            standby: Ask this one only.

        Raises:
            ConfigurationError: A setting is missing, or STANDBYS does not name the standby.
        """
        self.settings = settings
        self.watch = StandbyWatch(settings, leave=self._leave)
        names = [standby] if standby is not None else list(settings.require("standbys"))
        databases = [Database.standby(settings, name) for name in names]
        if settings.search_on_primary and standby is None:
            databases.append(Database.primary(settings))
        timeout = settings.search_timeout
        self._pools = {
            database.name: SessionPool(
                replace(database, connect_timeout_seconds=min(timeout, database.connect_timeout_seconds)),
                settings.search_sessions,
                timeout_seconds=timeout,
            )
            for database in databases
        }

    # ------------------------------------------------------------------ searches

    def by_text(self, text: str, page: Page) -> SearchResult:
        """Find the pictures that show what a text says.

        Raises:
            InputError: The text cannot be searched for.
            NoStandbyError: No database answers.
            PermanentDatabaseError: A model or a table is missing.
        """
        checked = check_text(text)
        return self._search(
            lambda connection: text_vector(connection, checked, text_model=self.settings.text_model),
            page,
            judge=self.settings.search_least_gap > 0,
        )

    def by_picture(self, picture: bytes, page: Page) -> SearchResult:
        """Find the pictures that look like a given one; its bytes should have been checked (``search.uploads``)."""
        return self._search(
            lambda connection: image_vector(connection, picture, image_model=self.settings.image_model), page
        )

    def like(self, picture_id: int, page: Page) -> SearchResult:
        """Find the pictures that look like one of the collection, itself left out.

        Raises:
            UnknownPictureError: It is not there or has no embedding yet.
        """
        return self._search(lambda connection: stored_vector(connection, picture_id), page, left_out=picture_id)

    def picture(self, picture_id: int) -> bytes | None:
        """Return a picture's bytes, None if there is none."""
        return self.run(lambda connection: read_picture(connection, picture_id))[0]

    def _search(
        self, vector_of: VectorSource, page: Page, *, judge: bool = False, left_out: int | None = None
    ) -> SearchResult:
        def search(connection: Connection) -> tuple[list[Hit], bool | None, float]:
            started = time.perf_counter()
            vector = vector_of(connection)
            # One more than asked for tells whether there are more; one more for the picture itself.
            wanted = page.offset + page.hits + 1 + (left_out is not None)
            accuracy = self.settings.search_accuracy if page.approximate else None
            found = nearest_pictures(connection, vector, hits=wanted, accuracy=accuracy)
            good = self._is_good(connection, vector, found) if judge else None
            return found, good, time.perf_counter() - started

        (found, good, seconds), standby = self.run(search)
        kept = [hit for hit in found if hit.id != left_out]
        end = page.offset + page.hits
        return SearchResult(kept[page.offset : end], standby, seconds, len(kept) > end and end < DEEPEST_HIT, good)

    def _is_good(self, connection: Connection, vector: Any, found: list[Hit]) -> bool | None:  # noqa: ANN401
        """Tell whether the best hit stands out: a text of which the model knows nothing lies near to every picture."""
        usual = median_distance(connection, vector)
        if usual is None or not found:
            return None
        return usual - found[0].distance >= self.settings.search_least_gap

    # ------------------------------------------------------------------ which database

    def run(self, work: Callable[[Connection], T]) -> tuple[T, str]:
        """Do work in a session of the best database, then the next one, until it succeeds.

        Returns:
            What the work returned, and the name of the database.

        Raises:
            NoStandbyError: All failed.
            PermanentDatabaseError: Repeating it elsewhere does not help.
        """
        failures: dict[str, str] = {}
        for name in self._order():
            pool = self._pools[name]
            try:
                result = self._run_on(pool, work)
            except PermanentDatabaseError:
                raise
            except DatabaseError as error:
                self.watch.failed(name)
                failures[name] = str(error)
            else:
                self.watch.answered(name)
                return result, name
        raise NoStandbyError(failures)

    def _order(self) -> list[str]:
        names = [name for name in self.watch.order() if name in self._pools]
        return [*names, PRIMARY] if PRIMARY in self._pools else names

    @staticmethod
    def _run_on(pool: SessionPool, work: Callable[[Connection], T]) -> T:
        """Run in a pooled session; once more in a fresh one when idle sessions were there, which may all be dead."""
        try:
            with pool.session() as connection:
                return work(connection)
        except PermanentDatabaseError:
            raise
        except DatabaseError as error:
            if "DPY-4024" in error.codes or not pool.forget_idle():
                raise
        with pool.session() as connection:
            return work(connection)

    def _leave(self, name: str) -> None:
        """Close the idle sessions on a standby that the operator has drained."""
        if name in self._pools:
            self._pools[name].forget_idle()

    def close(self) -> None:
        """Close all sessions."""
        self.watch.stop()
        for pool in self._pools.values():
            pool.close()
