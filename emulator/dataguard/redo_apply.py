"""The standby's side of redo: receives records and applies them, after a settable lag."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from emulator.dataguard.redo_frames import (
    BrokenStreamError,
    Greeting,
    Heartbeat,
    receive_frame,
    receive_welcome,
    send_applied,
    send_greeting,
)
from emulator.dataguard.redo_transport import HEARTBEAT_SECONDS
from emulator.errors import OraError
from emulator.store import DivergedError, RedoRecord, StaleEpochError, Store
from emulator.store.role_changes import adopt_history

log = logging.getLogger("emulator.redo")

_RECONNECT_SECONDS = 0.1
#: Until a record that could not be applied is tried again.
_RETRY_SECONDS = 0.5
#: Received but unapplied redo that is kept in memory, bytes; the rest waits on the primary.
_MOST_WAITING_BYTES = 64 * 1024 * 1024
_WAIT_SLICE_SECONDS = 0.05


class RedoApply:
    """Keeps a standby's data up to date, from one primary, until the next role change."""

    def __init__(
        self, store: Store, *, name: str, primary: tuple[str, int], secret: str, is_held: bool = False
    ) -> None:
        """Connect to nothing yet.

        Args:
            store: The standby's data.
            name: Its name.
            primary: Host and port at which the primary serves redo.
            secret: What the primary wants to hear.
            is_held: Receive only: a snapshot standby applies nothing.
        """
        self._store = store
        self._epoch = store.epoch
        self._is_held = is_held
        self._name = name
        self._primary = primary
        self._secret = secret
        self._stopping = False
        #: Guards what follows, and wakes the applier.
        self._changed = threading.Condition()
        self._waiting: deque[RedoRecord] = deque()
        self._waiting_bytes = 0
        self._received_scn = store.applied_scn
        self._forgotten = 0
        self._heard_at: float | None = None
        self._lag_seconds = 0.0
        self._is_applying = True
        self._diverged = False
        self._connection: socket.socket | None = None

    def start(self) -> None:
        """Begin to receive and to apply."""
        for work, name in ((self._receive, "redo receiver"), (self._apply, "redo applier")):
            threading.Thread(target=work, name=name, daemon=True).start()

    def stop(self) -> None:
        """End both."""
        self._stopping = True
        with self._changed:
            self._changed.notify_all()
        self._hang_up()

    # ------------------------------------------------------------------ levers and figures

    @property
    def is_applying(self) -> bool:
        """Whether redo is applied; off by the operator, or because the data do not fit any more."""
        return self._is_applying and not self._diverged and not self._is_held

    @property
    def is_switched_on(self) -> bool:
        """Whether the operator wants redo to be applied."""
        return self._is_applying

    @property
    def has_diverged(self) -> bool:
        """Whether this standby can never follow its primary: its data have to be copied anew."""
        return self._diverged

    @property
    def lag_seconds(self) -> float:
        """How much later than its commit redo is applied."""
        return self._lag_seconds

    def set_lag(self, seconds: float) -> None:
        """Apply redo that much later than it was committed."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"{seconds} s is no lag")
        with self._changed:
            self._lag_seconds = seconds
            self._changed.notify_all()

    def set_applying(self, on: bool) -> None:
        """Start or stop applying; receiving goes on."""
        with self._changed:
            self._is_applying = on
            self._changed.notify_all()

    def apply_lag_seconds(self) -> float | None:
        """Return the age of the oldest redo that is not applied yet; None before the first contact."""
        with self._changed:
            if self._heard_at is None:
                return None
            oldest = self._waiting[0].committed_at if self._waiting else None
        if oldest is not None:
            return max(time.time() - oldest, 0.0)
        return self.transport_lag_seconds()

    def transport_lag_seconds(self) -> float | None:
        """Return how long nothing has been heard from the primary; None before the first contact."""
        if self._heard_at is None:
            return None
        silence = time.time() - self._heard_at
        return silence if silence > 2 * HEARTBEAT_SECONDS else 0.0

    def wait_for_scn(self, scn: int, check_cancelled: Callable[[], None]) -> None:
        """Wait until redo is applied up to an SCN.

        Raises:
            OraError: 1013, the client gave up; 16397, this standby will never get there.
        """
        store = self._store
        while store.scn < scn:
            if self._diverged or self._stopping:
                raise OraError(16397)
            check_cancelled()
            with store.advanced:
                if store.scn < scn:
                    store.advanced.wait(_WAIT_SLICE_SECONDS)

    def finish(self, check_cancelled: Callable[[], None]) -> None:
        """Apply all that has been received, without any lag, and wait for it."""
        self.set_lag(0.0)
        with self._changed:
            received = self._received_scn
        self.wait_for_scn(received, check_cancelled)

    # ------------------------------------------------------------------ threads

    def _receive(self) -> None:
        while not self._stopping and not self._diverged:
            try:
                with socket.create_connection(self._primary, timeout=5) as connection:
                    self._follow(connection)
            except (OSError, BrokenStreamError):
                pass
            finally:
                self._connection = None
            with self._changed:
                self._changed.wait(_RECONNECT_SECONDS)

    def _follow(self, connection: socket.socket) -> None:
        connection.settimeout(10 * HEARTBEAT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._changed:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._received_scn = self._store.applied_scn
            self._connection = connection
        send_greeting(connection, Greeting(self._name, self._secret, self._received_scn, self._store.history))
        welcome = receive_welcome(connection)
        if welcome.verdict != "follow":
            if welcome.verdict == "rebuild":
                log.error("this standby has gone another way than its primary; copy it anew (emulator reinstate)")
                self._diverged = True
            raise BrokenStreamError(welcome.verdict)
        adopt_history(self._store, welcome.history, self._epoch)
        while not self._stopping:
            frame = receive_frame(connection)
            if isinstance(frame, Heartbeat):
                self._forget(frame.forget_scn)
            with self._changed:
                self._heard_at = time.time()
                if isinstance(frame, Heartbeat):
                    continue
                if frame.scn != self._received_scn + 1:
                    raise BrokenStreamError(f"record {frame.scn} after {self._received_scn}")
                self._received_scn = frame.scn
                self._waiting.append(frame)
                self._waiting_bytes += len(frame.data)
                self._changed.notify_all()
                while self._waiting_bytes > _MOST_WAITING_BYTES and not self._stopping:
                    self._changed.wait(HEARTBEAT_SECONDS)

    def _forget(self, scn: int) -> None:
        """Delete the redo that every standby has applied; never where it might be a new primary's."""
        if scn > self._forgotten and not self._is_held:
            self._forgotten = scn
            self._store.forget_redo(scn, self._epoch)

    def _apply(self) -> None:
        while not self._stopping:
            record = self._next()
            if record is None:
                continue
            try:
                self._store.apply(record, self._epoch)
            except StaleEpochError:
                return
            except DivergedError as error:
                if record.scn <= self._store.scn + 1:
                    log.exception("apply has stopped for good; copy this standby anew")
                    self._diverged = True
                    return
                log.warning("%s; connecting anew", error)
                self._hang_up()
                continue
            except Exception:
                log.exception("record %d cannot be applied now; trying again", record.scn)
                self._put_back(record)
                continue
            connection = self._connection
            if connection is not None:
                with contextlib.suppress(OSError):
                    send_applied(connection, record.scn)

    def _put_back(self, record: RedoRecord) -> None:
        """Let a record be the next one again, after a while."""
        with self._changed:
            self._waiting.appendleft(record)
            self._waiting_bytes += len(record.data)
            if not self._stopping:
                self._changed.wait(_RETRY_SECONDS)

    def _hang_up(self) -> None:
        """End the connection; the receiver connects again and asks for what is missing."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _next(self) -> RedoRecord | None:
        """Wait for a record whose time has come; None to look again."""
        with self._changed:
            if not self._waiting or not self._is_applying or self._is_held:
                self._changed.wait(HEARTBEAT_SECONDS)
                return None
            due = self._waiting[0].committed_at + self._lag_seconds - time.time()
            if self._lag_seconds and due > 0:
                self._changed.wait(due)
                return None
            record = self._waiting.popleft()
            self._waiting_bytes -= len(record.data)
            self._changed.notify_all()
            return record
