"""One emulated instance: puts store, data dictionary, Data Guard and inference together into a ``Database``.

The listener (``emulator.server``) asks it who may log on and to which service; sessions ask it for everything that is
not theirs alone.
"""

from __future__ import annotations

import datetime
import itertools
import resource
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import apsw

from emulator.auth import Verifier
from emulator.datatypes import Row, Value
from emulator.dynamic_views import dynamic_view_rows
from emulator.engine.call_context import find_context, is_uninterrupted
from emulator.engine.catalogue import model_bytes
from emulator.engine.dictionary import register_dictionary
from emulator.engine.functions import register_functions
from emulator.errors import OraError
from emulator.faults import Faults
from emulator.memory_limit import MemoryLimit
from emulator.services import Services
from emulator.session import Logon, SessionStatistics
from emulator.startup_triggers import fire_startup_triggers
from emulator.user_session import UserSession

if TYPE_CHECKING:
    import numpy as np

    from emulator.cluster_config import InstanceConfig
    from emulator.dataguard import DataGuard
    from emulator.engine.objects import Model
    from emulator.inference import InferenceService
    from emulator.store import Store

#: The internal user through which a standby acts on its primary; may connect as any user.
LINK_USER = "ADG$LINK"
#: Steps of SQLite's virtual machine between two looks at a session's cancel flag: well under a millisecond.
_CANCEL_CHECK_STEPS = 20_000
#: Slice of a wait, seconds: how late a cancel can be noticed.
_WAIT_SLICE_SECONDS = 0.05
#: The same while a modelled time passes: with many sessions, waking up must not be what costs.
_MODELLED_SLICE_SECONDS = 0.25


def prepare_connection(connection: apsw.Connection) -> None:
    """Make SQL functions, dictionary views and cancelling work on a new SQLite connection."""
    register_functions(connection)
    register_dictionary(connection)

    def cancelled() -> bool:
        context = find_context()
        return isinstance(context, UserSession) and not is_uninterrupted() and context.is_cancelled()

    connection.set_progress_handler(cancelled, _CANCEL_CHECK_STEPS)


class Instance:
    """An open instance; the ``Database`` of ``emulator.session``."""

    def __init__(
        self,
        config: InstanceConfig,
        store: Store,
        dataguard: DataGuard,
        inference: InferenceService,
        faults: Faults | None = None,
    ) -> None:
        """Compose an instance of parts that are already open."""
        self.config = config
        self.faults = faults or Faults()
        self.store = store
        self.dataguard = dataguard
        self.inference = inference
        self.host_name = socket.gethostname()
        self.started_at = datetime.datetime.now(datetime.UTC)
        self.started_monotonic = time.monotonic()
        self.logons = 0
        #: Sums over the sessions that have ended.
        self._ended = SessionStatistics()
        self.redirected = 0
        self.redirected_statements = 0
        #: Of all inferences, those begun while this was the primary.
        self.inferences_as_primary = 0
        self.memory = MemoryLimit(config.memory_limit_mib)
        self._lock = threading.Lock()
        self._sessions: dict[int, UserSession] = {}
        self._session_ids = itertools.count(1)
        self._opens_at = 0.0
        self.service_control = Services(self)

    # ------------------------------------------------------------------ Database

    @property
    def role_name(self) -> str:
        """V$DATABASE.DATABASE_ROLE."""
        if self.store.base_scn is not None:
            return "SNAPSHOT STANDBY"
        return "PRIMARY" if self.store.writable else "PHYSICAL STANDBY"

    @property
    def open_mode(self) -> str:
        """V$DATABASE.OPEN_MODE."""
        if not self.is_open:
            return "MOUNTED"
        if self.store.writable:
            return "READ WRITE"
        return "READ ONLY WITH APPLY" if self.dataguard.is_applying else "READ ONLY"

    def services(self) -> tuple[str, ...]:
        """Return the services offered: those of the role, of the pluggable database and the instance, the started ones.

        While the database is mounted, that of the role is not there yet.
        """
        return self.service_control.offered()

    # ------------------------------------------------------------------ open or mounted

    @property
    def is_open(self) -> bool:
        """Whether users may log on; not during a role change."""
        return time.monotonic() >= self._opens_at

    def mount(self) -> None:
        """Let nobody log on (ORA-01033) until ``open``."""
        self._opens_at = float("inf")

    def open(self, after_seconds: float = 0.0) -> None:
        """Let users log on again after a while."""
        self._opens_at = time.monotonic() + after_seconds
        fire_startup_triggers(self)

    def wait_until_open(self, check_cancelled: Callable[[], None]) -> None:
        """Wait while the database is mounted: a session that a role change preserved goes on afterwards."""
        while not self.is_open:
            check_cancelled()
            time.sleep(_WAIT_SLICE_SECONDS)

    # ------------------------------------------------------------------ logon

    def check_service(self, service_name: str | None, sid: str | None) -> str:
        """Return the service to use, or raise ORA-12514 / ORA-12505."""
        if service_name is None:
            if sid is not None and sid.lower() == self.config.name.lower():
                return self.config.name
            raise OraError(12505, sid or "")
        for service in self.services():
            if service.lower() == service_name.lower():
                return service
        raise OraError(12514, service_name)

    def verifier(self, user: str) -> Verifier | None:
        """Return a user's stored password verifier."""
        found = self.store.catalogue.user(user)
        return found.verifier if found is not None else None

    def open_session(self, logon: Logon) -> UserSession:
        """Start a session for a user whose password was verified."""
        catalogue = self.store.catalogue
        user = catalogue.user(logon.user)
        if user is None:
            raise OraError(1017)
        if not self.is_open:
            raise OraError(1033)
        if user.locked:
            raise OraError(28000)
        if logon.proxy_client is not None:
            if catalogue.user(logon.proxy_client) is None:
                raise OraError(1017)
            if logon.user != LINK_USER and not catalogue.may_act_for(logon.user, logon.proxy_client):
                raise OraError(28150)
        acting = logon.proxy_client or logon.user
        if logon.user != LINK_USER and not catalogue.has_privilege(acting, "CREATE SESSION"):
            raise OraError(1045, acting)
        return self.start_session(logon)

    def start_session(self, logon: Logon) -> UserSession:
        """Start a session of a user's, whether or not it may log on."""
        with self._lock:
            session_id = next(self._session_ids)
            self.logons += 1
            session = UserSession(self, logon, session_id=session_id, serial=secrets.randbelow(60_000) + 1)
            self._sessions[session_id] = session
        return session

    def forget(self, session: UserSession) -> None:
        """Drop a session that has ended."""
        with self._lock:
            if self._sessions.pop(session.session_id, None) is not None:
                self._ended.add(session.statistics)

    # ------------------------------------------------------------------ what sessions ask

    def sessions(self) -> list[UserSession]:
        """Return the sessions that are logged on."""
        with self._lock:
            return list(self._sessions.values())

    def session_statistics(self) -> list[SessionStatistics]:
        """Return what adds up to the instance's own statistics: those of the sessions, and of all that have ended."""
        with self._lock:
            return [self._ended, *(session.statistics for session in self._sessions.values())]

    def dynamic_view(self, name: str) -> Sequence[Row]:
        """Return the rows of a V$ view."""
        return dynamic_view_rows(self, name)

    def embed(self, model: Model, data: Value, *, check_cancelled: Callable[[], None]) -> np.ndarray:
        """Run a model on one value; with ``inference_ms`` set it takes that long at least, for a picture.

        The real time counts as part of the modelled one: the model at hand stands for one that takes so long.

        Returns:
            Shape ``(model.dimensions,)``, dtype float32.
        """

        def load() -> bytes:
            reader = self.store.reader()
            try:
                return model_bytes(reader, model)
            finally:
                self.store.release(reader)

        if self.role_name == "PRIMARY":
            with self._lock:
                self.inferences_as_primary += 1
        end = time.monotonic() + self.config.inference_ms / 1000
        embedding = self.inference.embed(model, load, data, check_cancelled=check_cancelled)
        if isinstance(data, bytes):
            _wait_until(end, check_cancelled)
        return embedding

    def count_redirected(self, executions: int) -> None:
        """Count a statement sent to the primary, and its executions."""
        with self._lock:
            self.redirected += executions
            self.redirected_statements += 1

    def cpu_seconds(self) -> float:
        """Return the CPU time of the instance: its own process and its inference processes."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime + self.inference.cpu_seconds()

    def parameters(self) -> list[tuple[str, str | None]]:
        """Return V$PARAMETER's names and values."""
        fixed: dict[str, str | None] = {
            "adg_redirect_dml": "FALSE",
            "db_name": self.config.db_name,
            "db_domain": None,
            "db_unique_name": self.config.name,
            "compatible": "23.6.0",
            "open_cursors": "300",
            "max_string_size": "STANDARD",
        }
        return sorted(fixed.items())


def _wait_until(end: float, check_cancelled: Callable[[], None]) -> None:
    """Wait until a moment of the monotonic clock, unless the call is cancelled."""
    while (left := end - time.monotonic()) > 0:
        check_cancelled()
        time.sleep(min(left, _MODELLED_SLICE_SECONDS))
