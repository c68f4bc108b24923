"""The order of the checks: what depends on something that has failed is not checked."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from fleet.errors import DatabaseError
from fleet.ora_codes import LOGON_REFUSED
from fleet.sessions import Database
from fleet.settings import Settings
from loader.doctor import account, database
from loader.doctor.findings import Findings, Level, Verdict, doubtful, good
from loader.doctor.models import ModelChecks
from loader.doctor.queue import QueueChecks
from loader.doctor.redirection import RedirectionTrial
from loader.doctor.visit import Purpose, Visit, visit


@dataclass(frozen=True, slots=True)
class ExtraAccount:
    """An account besides DB_USER that is looked at, too."""

    purpose: Purpose
    name: str
    password: str = field(repr=False)


@dataclass
class Rounds:
    """One examination of Redis, the primary and standbys, as DB_USER and as further accounts."""

    settings: Settings
    findings: Findings
    #: Which of STANDBYS.
    standbys: Sequence[str]
    accounts: Sequence[ExtraAccount] = ()
    #: Standby by DB_UNIQUE_NAME.
    _seen: dict[str, str] = field(default_factory=dict)
    #: Accounts whose logon was refused; trying again would lock them.
    _refused: set[str] = field(default_factory=set)

    def make(self) -> None:
        """Make all checks.

        Raises:
            ConfigurationError: A setting is missing; nothing was checked.
        """
        databases = [Database.standby(self.settings, name) for name in self.standbys]
        QueueChecks(self.settings).examine(self.findings)
        if self.settings.db_dsn is None:
            self.findings.check("primary", "logon", lambda: doubtful("not checked: DB_DSN is not set", "set DB_DSN"))
        else:
            self._primary(Database.primary(self.settings))
        for standby in databases:
            can_write = self._standby(standby)
            if can_write is not None:
                for extra in self.accounts:
                    self._account(standby.name, extra, can_write=can_write)

    # ------------------------------------------------------------------ places

    def _primary(self, where: Database) -> None:
        check = self.findings.check
        with self._logged_on(where.name, where, self.settings) as here:
            if here is None:
                return
            check(here.place, "version", lambda: database.version(here))
            if check(here.place, "role", lambda: database.primary_role(here)).has_failed:
                return
            if check(here.place, "V$ views", lambda: account.views(here)).level is Level.OK:
                check(here.place, "open mode", lambda: database.open_mode(here))
            check(here.place, "clock", lambda: database.clock(here))
            models = ModelChecks(here)
            self._schema(
                here,
                lambda: models.present(self.settings.image_model),
                lambda: models.present(self.settings.text_model),
            )

    def _standby(self, where: Database) -> bool | None:
        """Check a standby as DB_USER; returns whether redirection can be tried there, None if nothing can."""
        check = self.findings.check
        with self._logged_on(where.name, where, self.settings) as here:
            if here is None:
                return None
            check(here.place, "version", lambda: database.version(here))
            if check(here.place, "role", lambda: database.standby_role(here, self._seen)).has_failed:
                return None
            applies = True
            if check(here.place, "V$ views", lambda: account.views(here)).level is Level.OK:
                applies = not check(here.place, "open mode", lambda: database.open_mode(here)).has_failed
                applies = applies and not check(here.place, "apply lag", lambda: database.apply_lag(here)).has_failed
            check(here.place, "clock", lambda: database.clock(here))
            self._work(here, can_write=applies)
            return applies

    def _account(self, standby: str, extra: ExtraAccount, *, can_write: bool) -> None:
        own = dataclasses.replace(
            self.settings,
            db_user=extra.name,
            db_password=extra.password,
            image_model=self._qualified(self.settings.image_model),
            text_model=self._qualified(self.settings.text_model),
        )
        place = f"{standby} as {extra.name}"
        with self._logged_on(place, Database.standby(own, standby), own, extra.purpose) as here:
            if here is not None:
                if extra.purpose is Purpose.WORKER:
                    self.findings.check(place, "V$ views", lambda: account.views(here))
                self._work(here, can_write=can_write)

    # ------------------------------------------------------------------ groups of checks

    def _work(self, here: Visit, *, can_write: bool) -> None:
        """Check on a standby what an account does there: embed, search, store."""
        models = ModelChecks(here)

        def store() -> None:
            if can_write and here.purpose is not Purpose.SEARCH:
                RedirectionTrial(here).examine(self.findings, models.vector)

        self._schema(here, models.embeds_picture, models.embeds_text, store)

    def _schema(
        self,
        here: Visit,
        image_model: Callable[[], Verdict],
        text_model: Callable[[], Verdict],
        store: Callable[[], None] = lambda: None,
    ) -> None:
        """Check privileges, tables and models, then what ``store`` checks, then the procedure."""
        check = self.findings.check
        if check(here.place, "privileges", lambda: account.privileges(here)).has_failed:
            return
        if check(here.place, "objects", lambda: account.objects(here)).has_failed:
            return
        has_model = not check(here.place, "image model", image_model).has_failed
        # A worker account needs no text model, and has none.
        if here.purpose is not Purpose.WORKER:
            check(here.place, "text model", text_model)
        store()
        # Without its model a procedure is invalid, which is nobody's own fault.
        if has_model and here.purpose is not Purpose.SEARCH:
            check(here.place, "procedure", lambda: account.procedure(here))

    @contextlib.contextmanager
    def _logged_on(
        self, place: str, where: Database, settings: Settings, purpose: Purpose | None = None
    ) -> Iterator[Visit | None]:
        """Log on, which is a check of its own; None when that has failed."""
        opened: list[Visit] = []

        def log_on() -> Verdict:
            if where.user in self._refused:
                return doubtful(
                    "not tried: the logon was refused elsewhere, and repeating it could lock the account", ""
                )
            try:
                opened.append(visit(place, where, settings, purpose))
            except DatabaseError as error:
                if LOGON_REFUSED.intersection(error.codes):
                    self._refused.add(where.user)
                raise
            return good(database.place_of_session(opened[0]))

        try:
            self.findings.check(place, "logon", log_on)
            yield opened[0] if opened else None
        finally:
            for each in opened:
                with contextlib.suppress(Exception):  # closing rolls back; a lost session has done so
                    each.connection.close()

    def _qualified(self, model: str) -> str:
        owner = self.settings.db_user
        return model if "." in model or owner is None else f"{owner}.{model}"
