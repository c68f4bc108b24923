"""Oracle and driver error codes: whose fault each one is, and what the operator does about it.

A redirected error can arrive as a stack (ORA-00604, then ORA-16456), so all codes of a message count, not the first
alone: a standby's fault before the fleet's, the fleet's before a range's, a range's before a picture's, so that nobody
is charged for what they depend on. The driver's own ``isrecoverable`` is not enough: it knows neither ORA-16000 nor
ORA-16397, ORA-03172 or ORA-01109.
Source: error pages of docs.oracle.com/en/error-help/db; python-oracledb 26.1.0, errors.py (its tables of recoverable
and dead-session codes); Data Guard Concepts and Administration 23ai.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fleet.errors import (
    DatabaseError,
    Fault,
    PermanentDatabaseError,
    PictureSettledError,
    RangeFaultError,
    TransientDatabaseError,
    WrongRoleError,
)

_CODE = re.compile(r"\b((?:ORA|DPY|PLS)-\d{4,5})\b")

_UP = "is the database up and open? The worker comes back alone when it is"
_SERVICE = "the service is not offered there now; is the database up and in its role?"
_LOST = "the session was lost; the worker opens another"
_INSTALL = "run `adgfleet db install`"
_RELOAD = "the model cannot be used; load it again: `adgfleet load model FILE --name NAME`"
_MEMORY = "lower the sessions of this standby (`adgfleet scale`), or give it more PGA"

#: One row a code: whose fault, which error of ours, what to do.
ERROR_TABLE: dict[str, tuple[type[DatabaseError], str]] = {
    # One picture's own matter; the range procedure counts these and raises neither.
    "ORA-00001": (PictureSettledError, "the picture is stored already; nothing to do"),
    "ORA-02291": (PictureSettledError, "the picture was deleted meanwhile; nothing to do"),
    # This work may be at fault: elsewhere, then in halves.
    "ORA-01555": (RangeFaultError, "the query ran longer than the standby keeps undo; the range is made smaller"),
    "ORA-04030": (RangeFaultError, _MEMORY),
    "ORA-04036": (RangeFaultError, _MEMORY),
    "ORA-51815": (RangeFaultError, "the vector index moved on under a long read; the range is repeated"),
    "ORA-00060": (RangeFaultError, "two sessions blocked each other on the primary; the range is repeated"),
    "ORA-20902": (RangeFaultError, "nothing could be embedded and no known-good picture exists; check the model"),
    "ORA-20905": (RangeFaultError, "a picture was deleted at the wrong moment; the range is repeated"),
    "ORA-20903": (RangeFaultError, "a vector could not be stored; the message says why"),
    "DPY-4024": (RangeFaultError, "the call took longer than its limit; see PICTURE_TIMEOUT and CALL_TIMEOUT_CAP"),
    # The standby or the way to it.
    "ORA-20901": (WrongRoleError, "the database is no physical standby; nothing was embedded there"),
    "ORA-16000": (WrongRoleError, "the database is read only and redirection is not enabled in this session"),
    "ORA-03176": (WrongRoleError, "the statement needs an open standby; the session is on a primary"),
    "ORA-16397": (
        TransientDatabaseError,
        "redirection to the primary fails; is redo applied and the primary reachable?",
    ),
    "ORA-16456": (TransientDatabaseError, "a switchover is going on"),
    "ORA-03172": (TransientDatabaseError, "redo is applied too late; see V$DATAGUARD_STATS there"),
    "ORA-03173": (TransientDatabaseError, "the standby cannot be brought up to date; is redo shipped and applied?"),
    "ORA-01013": (TransientDatabaseError, "the call was broken off; the range goes back"),
    "ORA-00376": (TransientDatabaseError, "a data file cannot be read there now; ask a DBA"),
    "ORA-01115": (TransientDatabaseError, "a data file cannot be read there; ask a DBA"),
    "ORA-00442": (TransientDatabaseError, "an Oracle Free instance runs there already"),
    "ORA-16457": (TransientDatabaseError, "a role change is going on"),
    "ORA-00257": (TransientDatabaseError, "the primary's archive destination is full; ask a DBA"),
    **dict.fromkeys(
        ("ORA-00018", "ORA-00020", "ORA-02391", "ORA-12516", "ORA-12518", "ORA-12519", "ORA-12520"),
        (TransientDatabaseError, "no more sessions there; lower SESSIONS or raise the database's limit"),
    ),
    **dict.fromkeys(
        ("ORA-04061", "ORA-04065", "ORA-04068"),
        (TransientDatabaseError, "the procedure was installed anew meanwhile; the range is repeated"),
    ),
    **dict.fromkeys(
        ("ORA-12170", "ORA-12535", "ORA-12543", "ORA-12545", "ORA-12560"),
        (TransientDatabaseError, "the listener cannot be reached; host, port and network right?"),
    ),
    **dict.fromkeys(
        ("ORA-01536", "ORA-01653", "ORA-01654", "ORA-01691", "ORA-01692", "ORA-30036"),
        (PermanentDatabaseError, "the primary has no space or quota left for vectors; ask a DBA"),
    ),
    "ORA-12954": (PermanentDatabaseError, "the primary is full: Oracle Free holds 12 GB of data"),
    **dict.fromkeys(("ORA-01033", "ORA-01034", "ORA-01090", "ORA-01109", "ORA-27101"), (TransientDatabaseError, _UP)),
    **dict.fromkeys(
        ("ORA-12505", "ORA-12514", "ORA-12528", "ORA-12757", "DPY-6000", "DPY-6001"), (TransientDatabaseError, _SERVICE)
    ),
    **dict.fromkeys(
        (
            "ORA-00022",
            "ORA-00028",
            "ORA-00600",
            "ORA-00603",
            "ORA-01012",
            "ORA-01089",
            "ORA-01092",
            "ORA-02396",
            "ORA-02399",
            "ORA-03113",
            "ORA-03114",
            "ORA-03135",
            "ORA-03150",
            "ORA-07445",
            "ORA-12537",
            "ORA-12541",
            "ORA-12547",
            "ORA-12570",
            "ORA-12571",
            "ORA-12592",
            "ORA-25408",
            "DPY-4011",
        ),
        (TransientDatabaseError, _LOST),
    ),
    "DPY-1001": (TransientDatabaseError, _LOST),
    "DPY-4005": (TransientDatabaseError, "no session was free in time; lower SESSIONS"),
    "DPY-6005": (TransientDatabaseError, "nothing answers there; is the database up, host and port right?"),
    # The fleet: somebody must act, on whatever standby it is met.
    "ORA-01017": (
        PermanentDatabaseError,
        "wrong user or password; check DB_USER and DB_PASSWORD (of a DBA: DBA_USER and DBA_PASSWORD)",
    ),
    "DPY-2018": (PermanentDatabaseError, "WALLET_DIRECTORY must be the directory that holds ewallet.pem"),
    **dict.fromkeys(
        ("DPY-4000", "DPY-4026", "DPY-4027"),
        (
            PermanentDatabaseError,
            "the DSN is an alias; TNS_ADMIN must be the directory of the tnsnames.ora that has it",
        ),
    ),
    "ORA-28000": (PermanentDatabaseError, "the account is locked; ask a DBA to unlock it"),
    "ORA-28001": (PermanentDatabaseError, "the password has expired; ask a DBA"),
    "ORA-01045": (PermanentDatabaseError, f"the user lacks CREATE SESSION; {_INSTALL}"),
    "ORA-01031": (PermanentDatabaseError, f"a privilege is missing; {_INSTALL} or ask a DBA"),
    "ORA-00942": (PermanentDatabaseError, f"a table is missing; {_INSTALL}"),
    "ORA-00904": (PermanentDatabaseError, f"a column is missing; {_INSTALL}"),
    "ORA-04043": (PermanentDatabaseError, f"an object is missing; {_INSTALL}"),
    "ORA-06564": (PermanentDatabaseError, f"an object is missing; {_INSTALL}"),
    "ORA-06550": (PermanentDatabaseError, f"a block does not compile there; {_INSTALL}"),
    "ORA-06508": (PermanentDatabaseError, f"a procedure is invalid; {_INSTALL} after loading the models"),
    "ORA-20904": (PermanentDatabaseError, "INSERT_MODE or BATCH_SIZE is not what the procedure takes"),
    "PLS-00201": (PermanentDatabaseError, f"a procedure is missing; {_INSTALL}"),
    "PLS-00306": (PermanentDatabaseError, f"a procedure is of another version; {_INSTALL}"),
    "PLS-00905": (PermanentDatabaseError, f"a procedure is invalid; {_INSTALL} after loading the models"),
    "ORA-40284": (PermanentDatabaseError, "the model is missing; run `adgfleet load model FILE --name NAME`"),
    "ORA-40286": (PermanentDatabaseError, "a model was to run in redirected DML; this is a fault of adgfleet"),
    "ORA-40361": (PermanentDatabaseError, "a mining model takes only SELECT and ALTER; grant SELECT ON MINING MODEL"),
    "ORA-51962": (PermanentDatabaseError, "the vector memory pool is full; ask a DBA for a larger VECTOR_MEMORY_SIZE"),
    "ORA-03174": (PermanentDatabaseError, "this does not work as SYS; set DB_USER to another user"),
    "ORA-03001": (PermanentDatabaseError, "the emulator does not have this feature"),
    **dict.fromkeys(
        ("ORA-54400", "ORA-54401", "ORA-54408", "ORA-54426", "ORA-54457", "ORA-54465"),
        (PermanentDatabaseError, _RELOAD),
    ),
}

#: Wraps every reason why there is no connection; counts only when it names none that is known.
_NO_CONNECTION = "DPY-6005"
#: TLS has no codes of Oracle's; what Python's ssl module says of certificates that are not trusted, or are missing.
_CERTIFICATE = re.compile(r"\[SSL: \w*CERTIFICATE\w*\]")
_TLS_ROW = (PermanentDatabaseError, "the certificate is not accepted; check WALLET_DIRECTORY and WALLET_PASSWORD")

#: Raised by the range procedure when no picture could be embedded and no canary exists; it quotes a picture's error.
_UNPROVEN = "ORA-20902"
#: A corrupt picture may raise these as well as a broken model or an ailing standby, so quoted they prove nothing.
_AMBIGUOUS = frozenset({"ORA-00600", "ORA-07445"}) | {code for code, row in ERROR_TABLE.items() if row[1] == _RELOAD}

#: Lines of a PL/SQL call stack: they say where, the others what.
_WHERE_RAISED = "ORA-06512"
#: Whose word counts first.
_ORDER = (Fault.STANDBY, Fault.FLEET, Fault.RANGE, Fault.PICTURE)
#: The session is gone: nobody knows whether the call did its work, or why it ended.
LOST_SESSION = frozenset(code for code, (_, advice) in ERROR_TABLE.items() if advice == _LOST)
#: A program that looks at a database again and again asks one that refused its logon after so long only, seconds.
REFUSED_REST_SECONDS = 300.0
#: Logging on again would lock the account.
LOGON_REFUSED = frozenset({"ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045"})


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
        The error of the code whose word counts first. A message without a known code is the range's fault: it is tried
        elsewhere and halved, which loses nothing and ends.
    """
    found = tuple(codes) if codes is not None else codes_in(text)
    said = " ".join(line.strip() for line in text.splitlines() if line.strip() and not line.startswith(_WHERE_RAISED))
    counted = [code for code in found if not (_UNPROVEN in found and code in _AMBIGUOUS)]
    rows = [ERROR_TABLE[code] for code in counted if code in ERROR_TABLE and code != _NO_CONNECTION]
    rows = rows or [ERROR_TABLE[_NO_CONNECTION]] * (_NO_CONNECTION in counted)
    if _CERTIFICATE.search(text):
        rows = [_TLS_ROW]
    for fault in _ORDER:
        for kind, advice in rows:
            if kind.fault is fault:
                return kind(f"{database}: {said} — {advice}", codes=found, database=database, advice=advice)
    return RangeFaultError(f"{database}: {said}", codes=found, database=database)
