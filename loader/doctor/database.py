"""What a database says of itself: version, role, open mode, apply lag, clock. No privilege beyond the V$ views."""

from __future__ import annotations

import datetime

from fleet.dataguard import APPLYING, ApplyLag, read_identity
from fleet.statements import statement
from loader.doctor.findings import Verdict, bad, doubtful, good
from loader.doctor.visit import Visit

#: VECTOR came with this version, picture models of OML4Py with the second.
#: Source: Oracle AI Vector Search User's Guide; OML4Py, "Image Transformer ONNX Format Models" (23.7).
_LEAST_VERSION = (23, 4)
_PICTURES_VERSION = (23, 7)
#: Clocks that differ more make failed_at and log lines hard to compare, seconds.
_CLOCK_SECONDS = 5.0


def place_of_session(visit: Visit) -> str:
    """Say where a logon has led to: a listener may have sent it on, a service may be anywhere."""
    name, instance, host, service = visit.rows(
        "SELECT SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME'), SYS_CONTEXT('USERENV', 'INSTANCE_NAME'), "
        "SYS_CONTEXT('USERENV', 'SERVER_HOST'), SYS_CONTEXT('USERENV', 'SERVICE_NAME') FROM dual"
    )[0]
    return f"{visit.user} is logged on to {name} (instance {instance}, host {host}, service {service})"


def version(visit: Visit) -> Verdict:
    """Whether the database knows vectors and picture models."""
    text = visit.connection.version
    numbers = tuple(int(part) for part in text.split(".")[:2])
    if numbers < _LEAST_VERSION:
        return bad(f"version {text} has no VECTOR_EMBEDDING", "adgfleet needs Oracle AI Database 23.7 or newer")
    if numbers < _PICTURES_VERSION:
        return doubtful(f"version {text} cannot load picture models of OML4Py", "update to 23.7 or newer")
    return good(f"version {text}")


def primary_role(visit: Visit) -> Verdict:
    """Whether DB_DSN leads to the primary."""
    identity = read_identity(visit.connection)
    if identity.role != "PRIMARY":
        return bad(
            f"{identity.db_unique_name} is {identity.role}, not PRIMARY",
            "let DB_DSN name a service that only the primary offers, such as mypdb_rw",
        )
    return good(f"{identity.db_unique_name} is PRIMARY")


def standby_role(visit: Visit, seen: dict[str, str]) -> Verdict:
    """Whether this is a standby that may embed, and no other name's.

    Args:
        visit: The session.
        seen: Place by DB_UNIQUE_NAME; this one is added.
    """
    identity = read_identity(visit.connection)
    if not identity.may_embed:
        why = {
            "SNAPSHOT STANDBY": "what is written there is thrown away when it is converted back: "
            "CONVERT DATABASE … TO PHYSICAL STANDBY",
        }.get(identity.role, f"let {visit.place} in STANDBYS name a service that only standbys offer, such as mypdb_ro")
        return bad(f"{identity.db_unique_name} is {identity.role}; embedding runs on a PHYSICAL STANDBY only", why)
    other = seen.setdefault(identity.db_unique_name, visit.place)
    if other != visit.place:
        return bad(
            f"{visit.place} and {other} are both {identity.db_unique_name}",
            "name each standby once in STANDBYS, by a DSN that leads to it alone",
        )
    if identity.role == "TRUE CACHE":
        return doubtful(
            f"{identity.db_unique_name} is TRUE CACHE; nobody has verified models there", "use it for trials only"
        )
    return good(f"{identity.db_unique_name} is {identity.role}")


def open_mode(visit: Visit) -> Verdict:
    """Whether a standby is open and applies redo, or a primary is open for changes."""
    mode = str(visit.value(statement("open_mode")) or "")
    if visit.place.startswith("primary"):
        if mode != "READ WRITE":
            return bad(f"open mode {mode}", "open the primary READ WRITE")
        return good(f"open mode {mode}")
    if mode != APPLYING:
        return bad(
            f"open mode {mode}: no redo is applied, so redirected DML fails",
            "start real-time apply: ALTER DATABASE RECOVER MANAGED STANDBY DATABASE DISCONNECT, or by the broker",
        )
    return good(f"open mode {mode}")


def apply_lag(visit: Visit) -> Verdict:
    """Whether redo is applied soon enough that a worker would take ranges."""
    lag = ApplyLag.of_rows(visit.rows(statement("apply_lag")))
    see = "see V$DATAGUARD_STATS and the redo transport of the primary (LOG_ARCHIVE_DEST_n)"
    if lag.seconds is None:
        return doubtful("the apply lag is not known: no redo has come yet", see)
    if not lag.is_fresh:
        return bad(f"the apply lag was computed from data {lag.age_seconds:.0f} s old: no redo comes", see)
    limit = visit.settings.apply_lag_limit
    if lag.seconds > limit:
        text = f"apply lag {lag.seconds:.0f} s; a worker pauses above {limit:g} s"
        return bad(text, f"{see}, or raise APPLY_LAG_LIMIT")
    return good(f"apply lag {lag.seconds:.0f} s")


def clock(visit: Visit) -> Verdict:
    """Whether the database's clock agrees with this host's, and which time zones there are."""
    before = datetime.datetime.now(datetime.UTC)
    text, database_zone, session_zone = visit.rows(
        "SELECT TO_CHAR(SYSTIMESTAMP, 'YYYY-MM-DD HH24:MI:SS.FF3 TZH:TZM'), DBTIMEZONE, SESSIONTIMEZONE FROM dual"
    )[0]
    after = datetime.datetime.now(datetime.UTC)
    there = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f %z")
    # The moment of the answer lies between asking and being answered.
    apart = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    zones = f"system {text[-6:]}, database {database_zone}, session {session_zone}"
    if apart > _CLOCK_SECONDS:
        return doubtful(f"its clock and this host's are {apart:.0f} s apart ({zones})", "let both hosts follow NTP")
    return good(f"its clock agrees with this host's within {apart:.1f} s ({zones})")
