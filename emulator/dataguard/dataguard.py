"""An instance's part in the Data Guard configuration: it sends redo, or it applies redo and redirects DML."""

from __future__ import annotations

from collections.abc import Callable

from emulator.dataguard.call_watch import CallWatch
from emulator.dataguard.redirection import PrimaryAddress, RedirectedTransaction
from emulator.dataguard.redo_apply import RedoApply
from emulator.dataguard.redo_transport import RedoTransport
from emulator.errors import NotEmulated, OraError


class DataGuard:
    """Has a transport on a primary; an apply and the primary's address on a standby."""

    def __init__(
        self,
        *,
        transport: RedoTransport | None = None,
        apply: RedoApply | None = None,
        primary: PrimaryAddress | None = None,
        redirect_ms: float = 0.0,
    ) -> None:
        """Put the parts together.

        Args:
            transport: The primary's.
            apply: A standby's.
            primary: Where a standby sends DML.
            redirect_ms: Modelled network time of each redirected statement, added to the real one, milliseconds.
        """
        self._transport = transport
        self._apply = apply
        self._primary = primary
        self._redirect_seconds = redirect_ms / 1000
        self._watch = CallWatch()

    def start(self) -> None:
        """Begin to send or to apply."""
        if self._transport is not None:
            self._transport.start()
        if self._apply is not None:
            self._apply.start()

    def stop(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.stop()
        if self._apply is not None:
            self._apply.stop()
        self._watch.stop()

    # ------------------------------------------------------------------ apply

    @property
    def is_applying(self) -> bool:
        """Whether redo is being applied here."""
        return self._apply is not None and self._apply.is_applying

    def set_apply_lag(self, seconds: float) -> None:
        """Apply redo that much later than it was committed."""
        self._on_standby().set_lag(seconds)

    def set_apply(self, on: bool) -> None:
        """Start or stop applying."""
        self._on_standby().set_applying(on)

    def describe_faults(self) -> dict[str, object]:
        """Return the apply lag that is set, and whether apply is off; empty if neither."""
        if self._apply is None:
            return {}
        found = {"lag_seconds": self._apply.lag_seconds, "apply": None if self._apply.is_applying else "off"}
        return {name: value for name, value in found.items() if value}

    def apply_lag_seconds(self) -> float | None:
        """Return how old the data here are; None where unknown."""
        return self._apply.apply_lag_seconds() if self._apply is not None else None

    def transport_lag_seconds(self) -> float | None:
        """Return how long nothing has come from the primary; None where unknown."""
        return self._apply.transport_lag_seconds() if self._apply is not None else None

    def wait_for_scn(self, scn: int, check_cancelled: Callable[[], None]) -> None:
        """Wait until redo is applied up to an SCN; raises ORA-01013, ORA-16397."""
        self._on_standby().wait_for_scn(scn, check_cancelled)

    def _on_standby(self) -> RedoApply:
        if self._apply is None:
            raise NotEmulated("redo apply on a primary")
        return self._apply

    # ------------------------------------------------------------------ redirection

    def redirect(self, user: str, schema: str, check_cancelled: Callable[[], None]) -> RedirectedTransaction:
        """Open a session of the same user on the primary; its transaction begins with the first change.

        Raises:
            OraError: 16397, the primary cannot be reached.
        """
        if self._primary is None:
            raise OraError(16397)
        return RedirectedTransaction(
            self._primary,
            user,
            schema,
            watch=self._watch,
            check_cancelled=check_cancelled,
            delay_seconds=self._redirect_seconds,
        )
