"""An instance's part in the Data Guard configuration: it sends redo, and on a standby applies it and redirects DML."""

from __future__ import annotations

from collections.abc import Callable

from emulator.dataguard.call_watch import CallWatch
from emulator.dataguard.redirection import PrimaryAddress, RedirectedTransaction
from emulator.dataguard.redo_apply import RedoApply
from emulator.dataguard.redo_transport import RedoTransport
from emulator.errors import NotEmulated, OraError


class DataGuard:
    """Has a transport always; an apply and the primary's address while the instance is a standby."""

    def __init__(self, *, transport: RedoTransport | None = None, redirect_ms: float = 0.0) -> None:
        """Begin as a primary.

        Args:
            transport: Sends redo; None where there are no standbys.
            redirect_ms: Modelled network time of each redirected statement, added to the real one, milliseconds.
        """
        self._transport = transport
        self._apply: RedoApply | None = None
        self._primary: PrimaryAddress | None = None
        self._redirect_seconds = redirect_ms / 1000
        self._watch = CallWatch()

    def start(self) -> None:
        """Begin to send."""
        if self._transport is not None:
            self._transport.start()

    def stop(self) -> None:
        """End everything."""
        self.lead()
        if self._transport is not None:
            self._transport.stop()
        self._watch.stop()

    # ------------------------------------------------------------------ roles

    def follow(self, apply: RedoApply, primary: PrimaryAddress) -> None:
        """Be a standby of this primary; the lag and the switch of the apply before it stay.

        Args:
            apply: Receives and applies the primary's redo; is started here.
            primary: Where DML goes.
        """
        previous = self._apply
        self.lead()
        if previous is not None:
            apply.set_lag(previous.lag_seconds)
            apply.set_applying(previous.is_switched_on)
        self._apply, self._primary = apply, primary
        apply.start()

    def lead(self) -> None:
        """Apply nothing any more and send no DML: be a primary."""
        apply, self._apply, self._primary = self._apply, None, None
        if apply is not None:
            apply.stop()

    @property
    def has_diverged(self) -> bool:
        """Whether this standby has to be copied anew."""
        return self._apply is not None and self._apply.has_diverged

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
        """Return the apply lag that is set, whether apply is off, and whether it can go on; empty if all is well."""
        apply = self._apply
        if apply is None:
            return {}
        found = {
            "lag_seconds": apply.lag_seconds,
            "apply": None if apply.is_switched_on else "off",
            "diverged": "reinstate it" if apply.has_diverged else None,
        }
        return {name: value for name, value in found.items() if value}

    def apply_lag_seconds(self) -> float | None:
        """Return how old the data here are; None where unknown."""
        apply = self._apply
        return apply.apply_lag_seconds() if apply is not None else None

    def transport_lag_seconds(self) -> float | None:
        """Return how long nothing has come from the primary; None where unknown."""
        apply = self._apply
        return apply.transport_lag_seconds() if apply is not None else None

    def wait_for_scn(self, scn: int, check_cancelled: Callable[[], None]) -> None:
        """Wait until redo is applied up to an SCN, also over a change of the primary; raises ORA-01013, ORA-16397."""
        while True:
            apply = self._apply
            if apply is None:
                raise OraError(16397)
            try:
                apply.wait_for_scn(scn, check_cancelled)
                return
            except OraError as error:
                if error.code != 16397 or self._apply is apply:
                    raise

    def finish_apply(self, check_cancelled: Callable[[], None]) -> None:
        """Apply all that has been received, whatever lag was set; raises ORA-16397 where that cannot be."""
        self._on_standby().finish(check_cancelled)

    def _on_standby(self) -> RedoApply:
        apply = self._apply
        if apply is None:
            raise NotEmulated("redo apply on a primary")
        return apply

    # ------------------------------------------------------------------ redirection

    def redirect(self, user: str, check_cancelled: Callable[[], None]) -> RedirectedTransaction:
        """Open a session of the same user on the primary; its transaction begins with the first change.

        Raises:
            OraError: 16397, the primary cannot be reached.
        """
        primary = self._primary
        if primary is None:
            raise OraError(16397)
        return RedirectedTransaction(
            primary,
            user,
            watch=self._watch,
            check_cancelled=check_cancelled,
            delay_seconds=self._redirect_seconds,
        )
