"""What is fuzzed: the decoders with a session behind them, SQL and PL/SQL, and a server process over loopback."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import oracledb

from emulator.cluster import Cluster
from emulator.connection import ClosedByPeerError, Connection
from emulator.errors import EmulatorError, OraError
from emulator.session import Logon
from emulator.statement_text import StatementKind, scan_statement
from emulator.ttc.buffer import Reader
from emulator.ttc.values import WireType, sql_type_of_bind
from emulator.user_session import UserSession
from tests.fix_emulator import DBA_PASSWORD, OWNER_PASSWORD, Primary, primary_below
from tests.fuzz.conversations import record
from tests.fuzz.proxy import Proxy
from tests.fuzz.statements import FILL, SETUP, Statements
from tests.fuzz.wire import make_packets, make_request, mutate

_USER = "FUZZ"
_RIGHTS = "create session, create table, create procedure, create view"
#: A call that works longer is cancelled, as a client's time limit would.
PATIENCE_SECONDS = 0.7
_STACK_BYTES = 64 * 1024 * 1024
_RECURSION_LIMIT = 20_000
#: Of 1,000 inputs: after this many the tables are made anew.
_RENEWAL = 500
_BYSTANDER_SECONDS = 20.0


class Target(ABC):
    """Takes inputs one after the other."""

    name: ClassVar[str]

    @abstractmethod
    def draw(self, rng: Random) -> Any:
        """Make an input."""

    @abstractmethod
    def run(self, given: Any) -> None:
        """Run an input; raises what should never be raised."""

    def check(self) -> None:  # noqa: B027 - most have nothing to add
        """Look after a while whether all is well; raises if not."""

    @property
    def pid(self) -> int | None:
        """The process whose memory counts besides this one's."""
        return None


class _Refusals(logging.Handler):
    """Counts what was refused in place of an internal error (ORA-03001), so that nobody takes it for fine."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, _record: logging.LogRecord) -> None:
        self.count += 1


class _InProcess(Target):
    def __init__(self, primary: Primary) -> None:
        self._primary = primary
        self.refusals = _Refusals()
        for name in ("emulator.engine", "emulator.session"):
            logging.getLogger(name).addHandler(self.refusals)
            logging.getLogger(name).propagate = False
        with primary.dba() as dba:
            _create_user(dba)
        with self._connect(primary.port) as connected:
            _fill(connected)

    def _connect(self, port: int) -> oracledb.Connection:
        return oracledb.connect(user=_USER, password=OWNER_PASSWORD, dsn=f"127.0.0.1:{port}/mypdb_rw")

    def _open_session(self) -> UserSession:
        return self._primary.instance.open_session(Logon(user=_USER, proxy_client=None, service_name="mypdb_rw"))


class SqlTarget(_InProcess):
    """Statements through a session."""

    name = "sql"

    def __init__(self, primary: Primary) -> None:
        """Open a session."""
        super().__init__(primary)
        self._statements = Statements()
        self._session = self._open_session()
        self._runs = 0
        self._ends_at = float("inf")
        threading.Thread(target=self._cancel_late, daemon=True).start()

    def draw(self, rng: Random) -> Any:
        """Return a statement and values of wire types for its binds."""
        text = self._statements.draw(rng)
        binds = [
            (rng.choice((WireType.NUMBER, WireType.VARCHAR, WireType.DATE, WireType.BLOB)), rng.choice((None, 1, "x")))
            for _ in range(8)
        ]
        return text, binds, rng.random() < 0.1

    def run(self, given: Any) -> None:
        """Run it; everything but an Oracle error is raised."""
        source, binds, batch = given
        self._runs += 1
        if self._runs % _RENEWAL == 0:
            self._renew()
        self._ends_at = time.monotonic() + PATIENCE_SECONDS
        try:
            text = scan_statement(source)
            kinds = [binds[number % len(binds)] for number in range(len(text.binds))]
            types = [sql_type_of_bind(kind, 100, national=False) for kind, _value in kinds]
            row = [value if _fits(kind, value) else None for kind, value in kinds]
            rows = [row] if text.kind is StatementKind.QUERY else [row] * (3 if batch else 1)
            if self._runs % 5 == 0:
                self._session.describe(text, types)
            outcome = self._session.execute(text, types, rows, batch_errors=batch)
            if outcome.rows is not None:
                try:
                    outcome.rows.fetch(30)
                finally:
                    outcome.rows.close()
        except OraError as error:
            _check_error(error)
            if error.code == 28:
                self._session.close(commit=False)
                self._session = self._open_session()
        finally:
            self._ends_at = float("inf")
        if self._runs % 20 == 0:
            self._session.rollback()
            self._session.package_state.clear()

    def _cancel_late(self) -> None:
        while True:
            time.sleep(0.05)  # a watch: not waiting for anything
            if time.monotonic() > self._ends_at:
                self._session.cancel()

    def _renew(self) -> None:
        self._session.close(commit=False)
        with self._primary.dba() as dba, dba.cursor() as cursor:
            cursor.execute(f"drop user {_USER} cascade")
            _create_user(dba)
        with self._connect(self._primary.port) as connected:
            _fill(connected)
        self._session = self._open_session()


def _fits(kind: WireType, value: object) -> bool:
    return (kind is WireType.NUMBER and isinstance(value, int)) or (kind is WireType.VARCHAR and value == "x")


def _check_error(error: OraError) -> None:
    """Refuse errors that hide an internal one, or have no text of their own."""
    assert error.code != 600, error.text
    assert error.text.startswith("ORA-"), error.text
    assert "Traceback" not in error.text, error.text
    assert len(error.text) < 100_000, f"a text of {len(error.text)} characters"


class _Script:
    """A channel that has all requests from the beginning."""

    def __init__(self, payloads: list[bytes]) -> None:
        self._payloads = payloads
        self._ends_at = time.monotonic() + PATIENCE_SECONDS
        self.sent = 0

    def next_payload(self, *, inside_request: bool) -> bytes:  # noqa: ARG002 - all requests are whole
        if not self._payloads:
            raise ClosedByPeerError
        return self._payloads.pop(0)

    def send(self, payload: bytes) -> None:
        self.sent += len(payload)

    def answer_break(self) -> None:
        pass

    def client_waits_for_break(self) -> bool:
        return time.monotonic() > self._ends_at

    def disconnect(self) -> None:
        self._payloads.clear()


class DecoderTarget(_InProcess):
    """Requests through the decoders, without sockets, with a session behind them."""

    name = "decoder"

    def __init__(self, primary: Primary) -> None:
        """Record good conversations."""
        super().__init__(primary)
        proxy = Proxy(primary.port)
        _logon, self._requests = record(proxy, lambda: self._connect(proxy.port))
        proxy.close()

    def draw(self, rng: Random) -> Any:
        """Return the payloads of a few requests, and the layout that was agreed."""
        payloads = []
        for _ in range(rng.choice((1, 2, 3, 6))):
            choice = rng.random()
            payload = make_request(rng) if choice < 0.3 else rng.choice(self._requests)
            payloads.append(mutate(payload, rng) if choice > 0.1 else payload)
        return payloads, rng.choice((24, 24, 13, 20))

    def run(self, given: Any) -> None:
        """Serve them; everything but the emulator's own errors is raised."""
        payloads, version = given
        channel = _Script(list(payloads))
        connection = Connection(
            self._primary.instance, channel, "mypdb_rw", field_version=version, end_of_response=version == 20
        )
        session = self._open_session()
        session.set_interrupt_probe(channel.client_waits_for_break)
        connection._session = session
        with contextlib.suppress(EmulatorError):
            connection.serve()
        assert channel.sent < 1 << 28, f"answers of {channel.sent} bytes"


class ServerTarget(Target):
    """Packets over loopback to a server process; another session watches that it is not harmed."""

    name = "server"

    def __init__(self, cluster: Cluster) -> None:
        """Record good conversations, and open the session that watches."""
        self._cluster = cluster
        self._port = cluster.config.primary.port
        with oracledb.connect(user="system", password=DBA_PASSWORD, dsn=self._dsn(self._port)) as dba:
            _create_user(dba)
        self._bystander = self._connect(self._port)
        _fill(self._bystander)
        self._proxy = Proxy(self._port)
        self._logon, self._requests = record(self._proxy, lambda: self._connect(self._proxy.port))
        self._session: socket.socket | None = None
        self._drivers: list[oracledb.Connection] = []
        self._log_read = 0

    @property
    def pid(self) -> int | None:
        """The server's process."""
        return self._cluster.pid(self._cluster.primary)

    def _dsn(self, port: int) -> str:
        return f"127.0.0.1:{port}/mypdb_rw"

    def _connect(self, port: int) -> oracledb.Connection:
        return oracledb.connect(user=_USER, password=OWNER_PASSWORD, dsn=self._dsn(port))

    def draw(self, rng: Random) -> Any:
        """Return bytes, and whether they are a connection's first."""
        if rng.random() < 0.3:
            packets = list(self._logon)
            at = rng.randrange(len(packets))
            packets[at] = mutate(packets[at], rng)
            return b"".join(packets if rng.random() < 0.7 else packets[: at + 1]), True
        payload = make_request(rng) if rng.random() < 0.3 else mutate(rng.choice(self._requests), rng)
        return make_packets(payload, rng), False

    def run(self, given: Any) -> None:
        """Send them, read a little."""
        data, is_first = given
        if is_first:
            with socket.create_connection(("127.0.0.1", self._port)) as fresh:
                self._send(fresh, data)
            return
        session, self._session = self._session or self._log_on(), None
        if self._send(session, data):
            self._session = session
        else:
            session.close()

    def _log_on(self) -> socket.socket:
        self._drivers = [self._connect(self._proxy.port)]
        taken = self._proxy.relays[-1].take()
        self._proxy.relays.clear()
        return taken

    @staticmethod
    def _send(connection: socket.socket, data: bytes) -> bool:
        """Send and read; tell whether the server answered and the connection lives."""
        connection.settimeout(0.05)
        try:
            connection.sendall(data)
            return bool(connection.recv(1 << 16))
        except OSError:
            return False

    def check(self) -> None:
        """Ask the bystander, and look into the server's log."""
        pid = self.pid
        assert pid is not None, "the server has ended"
        self._bystander.call_timeout = int(_BYSTANDER_SECONDS * 1000)
        with self._bystander.cursor() as cursor:
            cursor.execute("select count(*) from fuzzed where id <= 20")
            assert cursor.fetchone() == (20,)
        with self._cluster.log_path(self._cluster.primary).open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_read)
            text = log.read()
            self._log_read = log.tell()
        for sign in ("unexpected error", "Exception in thread", "Fatal Python error"):
            if sign in text:
                lines = text[text.index(sign) :].splitlines()
                end = next((n for n, line in enumerate(lines[2:], 2) if not line.startswith(" ")), len(lines))
                raise AssertionError("\n".join([*lines[:1], *lines[max(1, end - 8) : end + 1]]))


def _create_user(dba: oracledb.Connection) -> None:
    with dba.cursor() as cursor:
        cursor.execute(f'create user {_USER} identified by "{OWNER_PASSWORD}" quota unlimited on users')
        cursor.execute(f"grant {_RIGHTS} to {_USER}")


def _fill(connected: oracledb.Connection) -> None:
    with connected.cursor() as cursor:
        for statement in (*SETUP, *FILL):
            cursor.execute(statement)
    connected.commit()


@contextlib.contextmanager
def opened(name: str, folder: Path) -> Iterator[Target]:
    """Open a target by its name, with a database of its own below a folder."""
    if name == ServerTarget.name:
        cluster = Cluster.create(folder / "databases", standbys=(), dba_password=DBA_PASSWORD)
        cluster.start()
        try:
            yield ServerTarget(cluster)
        finally:
            cluster.stop()
        return
    with primary_below(folder) as primary:
        yield {SqlTarget.name: SqlTarget, DecoderTarget.name: DecoderTarget}[name](primary)


def in_session_thread(work: Any) -> None:
    """Run something in a thread with the stack that the server gives its sessions."""
    sys.setrecursionlimit(_RECURSION_LIMIT)
    threading.stack_size(_STACK_BYTES)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


__all__ = ["Reader", "Target", "in_session_thread", "opened"]
