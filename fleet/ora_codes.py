"""Oracle and driver error codes that the fleet decides by, and which error of ours each one becomes.

A redirected error can arrive as a stack (ORA-00604, then ORA-16456), so all codes of a message count, not the first
alone. Source: error pages of docs.oracle.com/en/error-help/db; python-oracledb 26.1.0, errors.py (its tables of
recoverable and dead-session codes).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fleet.errors import DatabaseError, PermanentDatabaseError, TransientDatabaseError, WrongRoleError

_CODE = re.compile(r"\b((?:ORA|DPY|PLS)-\d{4,5})\b")

#: What to do about a code, for the operator; the code's class for the program.
_ADVICE: dict[str, tuple[type[DatabaseError], str]] = {
    "ORA-01017": (PermanentDatabaseError, "wrong user or password; check DB_USER and DB_PASSWORD"),
    "ORA-28000": (PermanentDatabaseError, "the account is locked; ask a DBA to unlock it"),
    "ORA-01045": (PermanentDatabaseError, "the user lacks CREATE SESSION; run `adgfleet db install`"),
    "ORA-01031": (PermanentDatabaseError, "a privilege is missing; run `adgfleet db install` or ask a DBA"),
    "ORA-00942": (PermanentDatabaseError, "a table is missing; run `adgfleet db install`"),
    "ORA-40284": (PermanentDatabaseError, "the model is missing; run `adgfleet load model FILE --name NAME`"),
    "PLS-00201": (PermanentDatabaseError, "a procedure is missing; run `adgfleet db install`"),
    "PLS-00905": (PermanentDatabaseError, "a procedure is invalid; run `adgfleet db install` after loading the models"),
    "ORA-40286": (PermanentDatabaseError, "a model was to run in redirected DML; this is a fault of adgfleet"),
    "ORA-03001": (PermanentDatabaseError, "the emulator does not have this feature"),
    "ORA-20901": (WrongRoleError, "the database is no physical standby; nothing was embedded there"),
    "ORA-16000": (WrongRoleError, "the database is read only and redirection is not enabled in this session"),
    "ORA-16397": (
        TransientDatabaseError,
        "redirection to the primary fails; is redo applied and the primary reachable?",
    ),
    "ORA-16456": (TransientDatabaseError, "a switchover is going on"),
    "ORA-12514": (TransientDatabaseError, "the service is not offered there now; is the database up and in its role?"),
    "DPY-6001": (TransientDatabaseError, "the service is not offered there now; is the database up and in its role?"),
    "DPY-6005": (TransientDatabaseError, "nothing answers there; is the database up, host and port right?"),
    "DPY-4024": (TransientDatabaseError, "the call took longer than its limit; see PICTURE_TIMEOUT"),
}
_PERMANENT = frozenset({"ORA-00904", "ORA-04043", "ORA-06550", "ORA-06564"})


def codes_in(text: str) -> tuple[str, ...]:
    """Return all codes of a stacked message, each once, in order."""
    return tuple(dict.fromkeys(_CODE.findall(text)))


def classify(text: str, database: str, codes: Sequence[str] | None = None) -> DatabaseError:
    """Make our error of a driver's message: one line that says what failed where and what to do.

    Args:
        text: The driver's whole message.
        database: The name that the fleet knows the database by.
        codes: The message's codes, if they are known already.

    Returns:
        The error of the first code that the table knows; one that it does not know is transient, because giving the
        work back loses nothing.
    """
    found = tuple(codes) if codes is not None else codes_in(text)
    first_line = next((line for line in text.splitlines() if line.strip()), text).strip()
    for code in found:
        if code in _ADVICE:
            kind, advice = _ADVICE[code]
            return kind(f"{database}: {first_line} — {advice}", codes=found, database=database)
    kind = PermanentDatabaseError if _PERMANENT.intersection(found) else TransientDatabaseError
    return kind(f"{database}: {first_line}", codes=found, database=database)
