"""Faults that an operator or a test injects into a running instance; nothing of it survives a restart.

Only the state is here. The listener asks about connections, sessions ask about statements, inference about pictures.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from emulator.errors import OraError
from emulator.ora_messages import MESSAGES

#: Where a connection can be cut: when a call's request has come in, or when its work is done and its answer is not out.
CUT_POINTS = ("request", "answer")
#: Which statements an injected error can meet.
ERROR_POINTS = ("query", "dml", "commit", "sync", "any")
#: Codes that belong to one kind of statement; every other code meets any.
_POINT_OF_CODE = {3172: "query", 3173: "sync", 16397: "dml"}
#: What `bad-picture-code random` draws from: none is known to be Oracle's, some mean other things elsewhere, and none
#: makes the driver give up its session.
BAD_PICTURE_CODES = (4030, 4036, 6502, 7445, 20999, 28579, 29400, 54409, 54481)
#: Codes that a session of the emulator can raise: 1 to 99999, not those that end a fetch or a session.
_SPECIAL_CODES = frozenset({1403, 3113, 3114, 28})
_WAIT_SLICE_SECONDS = 0.05


@dataclass(slots=True)
class _Armed:
    """Something that happens a number of times."""

    point: str
    left: int
    code: int = 0


class Faults:
    """The faults of one instance; safe to use from all threads."""

    def __init__(self) -> None:
        """Inject nothing."""
        #: Refuse each new connection with ORA-12528.
        self.refuses = False
        #: Modelled time of each redirected commit, added to the real one, seconds.
        self.slow_commit_seconds = 0.0
        #: What corrupt pictures raise: a code, ``random``, or None for the emulator's usual one.
        self.bad_picture_code: int | str | None = None
        self._changed = threading.Condition()
        self._is_deaf = False
        self._cut: _Armed | None = None
        self._error: _Armed | None = None

    def describe(self) -> dict[str, object]:
        """Return what is injected now; empty if nothing is."""
        with self._changed:
            found: dict[str, object] = {
                "refuse": self.refuses,
                "deaf": self._is_deaf,
                "slow_commit_seconds": self.slow_commit_seconds,
                "bad_picture_code": self.bad_picture_code,
                "cut_calls": self._cut.left if self._cut is not None else 0,
                "ora": f"{self._error.code} x {self._error.left}" if self._error is not None else None,
            }
        return {name: value for name, value in found.items() if value}

    # ------------------------------------------------------------------ deaf

    @property
    def is_deaf(self) -> bool:
        """Whether nothing is heard and nothing is answered."""
        return self._is_deaf

    def set_deaf(self, *, on: bool) -> None:
        """Stop hearing and answering, or take up where it stopped."""
        with self._changed:
            self._is_deaf = on
            self._changed.notify_all()

    def wait_hearing(self, is_gone: Callable[[], bool]) -> None:
        """Wait while the instance is deaf, unless ``is_gone`` becomes true."""
        with self._changed:
            while self._is_deaf and not is_gone():
                self._changed.wait(_WAIT_SLICE_SECONDS)

    # ------------------------------------------------------------------ cuts

    def arm_cut(self, calls: int, point: str) -> None:
        """Cut the connections of the next calls.

        Raises:
            ValueError: No such point.
        """
        if point not in CUT_POINTS:
            raise ValueError(f"a call is cut at its {' or '.join(CUT_POINTS)}, not at {point}")
        with self._changed:
            self._cut = _Armed(point, calls) if calls > 0 else None

    def takes_cut(self, point: str) -> bool:
        """Tell whether this call's connection is to be cut here; counts it."""
        with self._changed:
            if self._cut is None or self._cut.point != point:
                return False
            self._cut.left -= 1
            if not self._cut.left:
                self._cut = None
            return True

    # ------------------------------------------------------------------ errors

    def arm_error(self, code: int, count: int, point: str | None) -> str:
        """Raise an Oracle error in the next statements of a kind; returns the kind.

        Raises:
            ValueError: No such kind of statement, or a code that cannot be raised by a statement.
        """
        point = point or _POINT_OF_CODE.get(code, "any")
        if point not in ERROR_POINTS:
            raise ValueError(f"errors meet {', '.join(ERROR_POINTS)}, not {point}")
        if not 0 < code <= 99_999 or code in _SPECIAL_CODES:
            raise ValueError(f"no statement raises ORA-{code:05d}; to end sessions, cut or kill")
        with self._changed:
            self._error = _Armed(point, count, code) if count > 0 else None
        return point

    def raise_error(self, point: str) -> None:
        """Raise the injected error if it meets this kind of statement; counts it."""
        if self._error is None:  # the usual case, without the lock
            return
        with self._changed:
            armed = self._error
            if armed is None or armed.point not in {point, "any"}:
                return
            armed.left -= 1
            if not armed.left:
                self._error = None
            code = armed.code
        wording = MESSAGES.get(code, "injected by the emulator").replace("{}", "0")
        raise OraError(code, text=f"ORA-{code:05d}: {wording}")

    # ------------------------------------------------------------------ waiting, pictures

    def wait_slow_commit(self, check_cancelled: Callable[[], None]) -> None:
        """Wait as long as redirected commits are to take."""
        end = time.monotonic() + self.slow_commit_seconds
        while (left := end - time.monotonic()) > 0:
            check_cancelled()
            time.sleep(min(left, _WAIT_SLICE_SECONDS))

    def set_bad_picture_code(self, code: int | str | None) -> None:
        """Choose what corrupt pictures raise.

        Raises:
            ValueError: Neither a code nor ``random``.
        """
        if isinstance(code, str) and code != "random":
            code = int(code)
        if isinstance(code, int) and (not 0 < code <= 99_999 or code in _SPECIAL_CODES):
            raise ValueError(f"no statement raises ORA-{code:05d}")
        self.bad_picture_code = code

    def picture_code(self, usual: int) -> int:
        """Return the code for a corrupt picture."""
        if self.bad_picture_code == "random":
            return random.choice(BAD_PICTURE_CODES)  # noqa: S311 - a rehearsal's dice, no secret
        return usual if self.bad_picture_code is None else int(self.bad_picture_code)
