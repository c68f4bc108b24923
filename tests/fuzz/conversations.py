"""Good conversations of the driver, recorded, as seeds of the mutations."""

from __future__ import annotations

import array
import datetime
import decimal
from collections.abc import Callable

import oracledb

from tests.fuzz.proxy import Proxy, requests_of, split_packets

#: Packets of a client before its first own request: CONNECT, PROTOCOL, DATA_TYPES, two of the logon.
_LOGON_REQUESTS = 4


def record(proxy: Proxy, connect: Callable[[], oracledb.Connection]) -> tuple[list[bytes], list[bytes]]:
    """Talk through the proxy.

    Returns:
        The packets of a logon, and the payloads of the requests after it.
    """
    connected = connect()
    relay = proxy.relays[-1]
    _talk(connected)
    packets = split_packets(bytes(relay.sent))
    connected.close()
    logon = [packet for _kind, packet in packets[: _LOGON_REQUESTS + 1]]
    return logon, requests_of(packets[_LOGON_REQUESTS + 1 :])


def _talk(connected: oracledb.Connection) -> None:
    connected.module, connected.action, connected.clientinfo = "fuzz", "record", "seed"
    with connected.cursor() as cursor:
        cursor.execute("select :1, :2, :3, :4, :5, :6 from dual", _values())
        cursor.fetchall()
        cursor.prefetchrows, cursor.arraysize = 2, 5
        cursor.execute("select * from fuzzed order by id")
        cursor.fetchmany(7)
        cursor.executemany("insert into other values (:1, :2, :3)", [(n, 1, "t" * n) for n in range(1, 30)])
        cursor.executemany("insert into other values (:1, :2, :3)", [(1, 77, "a"), (2, 1, None)], batcherrors=True)
        returned = cursor.var(int), cursor.var(str)
        cursor.execute("update other set t = :1 where id < 5 returning id, t into :2, :3", ["new", *returned])
        out = cursor.var(str, 100)
        out.setvalue(0, "in")
        cursor.callproc("noted", [out])
        cursor.callfunc("doubled", int, [21])
        cursor.execute("begin :1 := :2; end;", [cursor.var(oracledb.DB_TYPE_BOOLEAN), True])
        rows = connected.cursor()
        cursor.execute("begin open :1 for select id, t from fuzzed; end;", [rows])
        rows.fetchall()
        cursor.arrayvar(int, [1, 2, 3])
        cursor.parse("select id from fuzzed where t = :t")
        cursor.execute("update fuzzed set c = :1, b = :2 where id = 1", ["x" * 40_000, b"y" * 40_000])
    lob = connected.createlob(oracledb.DB_TYPE_CLOB, "some text")
    lob.open()
    lob.write("more", 20)
    lob.read(2, 5)
    lob.trim(4)
    lob.size()
    lob.close()
    connected.ping()
    connected.rollback()
    connected.commit()


def _values() -> list[object]:
    return [
        decimal.Decimal("-12.5"),
        "text \u00e4\u3042",
        datetime.datetime(2026, 2, 28, 12, 30),
        b"\x00\xff",
        array.array("f", [1.5, -2.0]),
        1.25,
    ]
