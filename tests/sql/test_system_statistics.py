"""V$SYSSTAT: sums over all sessions, those that have ended included."""

from __future__ import annotations

import oracledb

from tests.fix_emulator import Owner, fetch

_STATISTICS = "select name, value from v$sysstat where name in ('execute count', 'bytes sent via SQL*Net to client')"


def _read(connection: oracledb.Connection) -> dict[str, int]:
    return {str(name): int(value) for name, value in fetch(connection, _STATISTICS)}


def test_what_an_ended_session_has_done_stays_counted(owner: Owner, connection: oracledb.Connection) -> None:
    first, before = _read(connection), _read(connection)
    own = before["execute count"] - first["execute count"]
    with owner.connect() as other:
        for _ in range(5):
            fetch(other, "select rpad('x', 3000, 'x') from dual")
    after = _read(connection)
    assert after["execute count"] - before["execute count"] == own + 5
    assert after["bytes sent via SQL*Net to client"] - before["bytes sent via SQL*Net to client"] > 5 * 3000
