"""The levers of a running instance, as its control channel offers them: faults and figures."""

from __future__ import annotations

from emulator.control import ControlError, Json, ask


class Levers:
    """One instance's; each call is a question over its control channel.

    All raise ControlError, naming the instance, when it does not answer or refuses.
    """

    def __init__(self, name: str, host: str, port: int, secret: str) -> None:
        """Know where the instance listens; nothing is asked yet."""
        self.name = name
        self._host = host
        self._port = port
        self._secret = secret

    def ask(self, command: str, *, timeout_seconds: float = 10.0, **arguments: Json) -> Json:
        """Give a command and return its result."""
        try:
            return ask(self._host, self._port, self._secret, command, timeout_seconds=timeout_seconds, **arguments)
        except ControlError as error:
            raise ControlError(f"database {self.name}: {error}") from error

    def status(self) -> dict[str, Json]:
        """Return role, open mode, SCN, apply lag, sessions, inferences and the faults that are injected."""
        found: dict[str, Json] = self.ask("status")
        return found

    # ------------------------------------------------------------------ connections

    def refuse(self, *, on: bool = True) -> None:
        """Refuse new connections (ORA-12528); those that are there go on."""
        self.ask("refuse", on=on)

    def deaf(self, *, on: bool = True) -> None:
        """Accept connections and never answer, on new and old ones; taken back, everything goes on."""
        self.ask("deaf", on=on)

    def cut(self) -> int:
        """Cut all connections now, whatever they are doing; returns how many there were."""
        return int(self.ask("cut", calls=None, point="answer"))

    def cut_calls(self, calls: int = 1, point: str = "answer") -> None:
        """Cut the connections of the next calls.

        Args:
            calls: How many; 0 for none any more.
            point: ``request``: before the call's work begins; ``answer``: after it (a commit stands then).
        """
        self.ask("cut", calls=calls, point=point)

    # ------------------------------------------------------------------ redo and redirection

    def lag(self, seconds: float) -> None:
        """Apply redo on this standby that much later than it was committed."""
        self.ask("lag", seconds=seconds)

    def apply(self, *, on: bool = True) -> None:
        """Stop or start applying redo on this standby; it is received all the same."""
        self.ask("apply", on=on)

    def slow_commit(self, seconds: float) -> None:
        """Make redirected commits of this standby take that long, besides what they take anyway."""
        self.ask("slow_commit", seconds=seconds)

    # ------------------------------------------------------------------ errors

    def raise_error(self, code: int, count: int = 1, point: str | None = None) -> str:
        """Raise an Oracle error in the next statements.

        Args:
            code: The number of ORA-nnnnn.
            count: How many statements; 0 for none any more.
            point: ``query``, ``dml`` (redirected), ``commit`` (redirected) or ``any``; chosen by the code if None.

        Returns:
            The kind of statement that it meets.
        """
        return str(self.ask("ora", code=code, count=count, point=point))

    def bad_picture_code(self, code: int | str | None) -> None:
        """Make corrupt pictures raise this code, a random one of a list (``random``), or the usual one (None)."""
        self.ask("bad_picture_code", code=code)
