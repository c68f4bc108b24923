"""What SQL functions may ask of the session in whose call they run (USER, SYS_CONTEXT, VECTOR_EMBEDDING …).

SQLite calls functions on whatever connection executes; one thread serves one session, so the context is the thread's.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from emulator.datatypes import Row, SqlType, Value

if TYPE_CHECKING:
    import numpy as np

    from emulator.engine.catalogue import Catalogue
    from emulator.engine.objects import Model, Scope


#: Session parameters that may be changed, with their first values.
SESSION_NLS = {
    "NLS_DATE_FORMAT": "DD-MON-RR",
    "NLS_TIMESTAMP_FORMAT": "DD-MON-RR HH.MI.SSXFF AM",
    "NLS_TIMESTAMP_TZ_FORMAT": "DD-MON-RR HH.MI.SSXFF AM TZH:TZM",
}


@dataclass(frozen=True, slots=True)
class StoredFunction:
    """A stored PL/SQL function as a call in SQL means it."""

    #: What finds it again.
    key: tuple[str, ...]
    #: Types of the parameters that arguments are given for, in the order of the arguments.
    parameters: tuple[SqlType, ...]
    #: Those parameters' numbers.
    order: tuple[int, ...]
    result: SqlType


class CallContext(Protocol):
    """The session as SQL functions, dictionary views and supplied packages see it."""

    @property
    def catalogue(self) -> Catalogue:
        """The data dictionary as of this call."""

    #: Whose names and privileges hold.
    scope: Scope

    def user_environment(self, parameter: str) -> str | None:
        """Return SYS_CONTEXT('USERENV', parameter); raise ORA-02003 for an unknown parameter."""

    def application_context(self, namespace: str, attribute: str) -> str | None:
        """Return SYS_CONTEXT of another namespace; None where nothing was set."""

    def nls_parameter(self, name: str) -> str:
        """Return a parameter of ``SESSION_NLS`` as the session has set it."""

    def statement_time(self) -> datetime.datetime:
        """Return the time of the statement's start (SYSDATE is the same in all rows), with time zone."""

    def embed(self, model: Model, data: Value) -> np.ndarray:
        """Run a model on one value (bytes of a picture, or a text) in this instance; counts as one inference.

        Returns:
            Shape ``(model.dimensions,)``, dtype float32.

        Raises:
            OraError: The value cannot be embedded; ORA-40284 when the model is gone.
        """

    def find_function(
        self, scope: Scope, names: Sequence[str], types: Sequence[SqlType], given: Sequence[str | None]
    ) -> StoredFunction | None:
        """Return the stored function that a call in SQL means; see ``emulator.plsql.functions_in_sql``."""

    def call_function(self, key: Sequence[str], order: Sequence[int], values: Sequence[Value]) -> Value:
        """Call it."""

    def next_value(self, key: tuple[str, str]) -> int:
        """Return NEXTVAL of the sequence with that owner and name; raise ORA-08004 and its like."""

    def current_value(self, key: tuple[str, str]) -> int:
        """Return CURRVAL of a sequence; raise ORA-08002."""

    def dynamic_view(self, name: str) -> Sequence[Row]:
        """Return the rows of a V$ view (DATABASE, INSTANCE, DATAGUARD_STATS, SESSION …) in its declared columns."""

    def check_cancelled(self) -> None:
        """Raise ORA-01013 if the client has cancelled the call."""


_current = threading.local()


def current_context() -> CallContext:
    """Return the context of the call that this thread is in."""
    context: CallContext = _current.context
    return context


def find_context() -> CallContext | None:
    """Return the context of the call that this thread is in, None outside of calls."""
    return getattr(_current, "context", None)


def session_format(name: str) -> str:
    """Return a format of ``SESSION_NLS``; its first value outside of calls."""
    context = find_context()
    return SESSION_NLS[name] if context is None else context.nls_parameter(name)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep the client from breaking off what this thread does in the block: work that must not end half done."""
    previous = is_uninterrupted()
    _current.is_uninterrupted = True
    try:
        yield
    finally:
        _current.is_uninterrupted = previous


def is_uninterrupted() -> bool:
    """Tell whether this thread is in the middle of something that its client cannot break off."""
    return bool(getattr(_current, "is_uninterrupted", False))


def enter_context(context: CallContext | None) -> CallContext | None:
    """Make ``context`` the thread's; return the one before it, to be put back afterwards."""
    previous: CallContext | None = getattr(_current, "context", None)
    _current.context = context
    return previous
