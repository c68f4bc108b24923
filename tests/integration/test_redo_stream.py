"""A redo stream that is cut and damaged at random places: the standby reads it again, and applies nothing by halves."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from random import Random

import pytest

from emulator.dataguard.redo_apply import RedoApply
from emulator.dataguard.redo_transport import RedoTransport
from emulator.instance import prepare_connection
from emulator.store import Store
from tests.fix_emulator import primary_below, run
from tests.loopback_listener import LoopbackListener

_DEADLINE = 60.0
_SECRET = "known to both"
_DAMAGES = 30
_TRANSACTIONS = 150


class DamagingProxy(LoopbackListener):
    """Passes bytes both ways; ends each connection after a while, by a cut or by bits that are turned over."""

    def __init__(self, port: int, rng: Random, damages: int) -> None:
        self._upstream_port = port
        self._rng = rng
        self.left = damages
        super().__init__(lambda client: threading.Thread(target=self._relay, args=(client,), daemon=True).start())

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._upstream_port)) as upstream:
            damages_redo = self._rng.random() < 0.75  # else what the standby says
            redo_after = self._after(3_000) if damages_redo else None
            said_after = None if damages_redo else self._after(60)
            up = threading.Thread(target=self._pass, args=(client, upstream, said_after), daemon=True)
            up.start()
            self._pass(upstream, client, redo_after)
            up.join()

    def _after(self, mean_bytes: int) -> int | None:
        return int(self._rng.expovariate(1 / mean_bytes)) if self.left > 0 else None

    def _pass(self, source: socket.socket, target: socket.socket, after: int | None) -> None:
        with contextlib.suppress(OSError):
            passed = 0
            while data := source.recv(1 << 16):
                if after is not None and passed + len(data) > after:
                    at, after = after - passed, None
                    self.left -= 1
                    if self._rng.random() < 0.5:
                        target.sendall(data[:at])
                        break
                    # The connection stays: the receiver has to notice by itself.
                    data = data[:at] + bytes((data[at] ^ (1 << self._rng.randrange(8)),)) + data[at + 1 :]
                passed += len(data)
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_damaged_stream_is_read_again_and_nothing_is_applied_by_halves(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    with primary_below(tmp_path, "sby.db") as primary, primary.dba() as connected:
        source = primary.instance.store
        transport = RedoTransport(source, host="127.0.0.1", port=0, secret=_SECRET, standbys=("sby",))
        transport.start()
        proxy = DamagingProxy(transport._socket.getsockname()[1], rng, _DAMAGES)
        standby = Store(tmp_path / "sby.db", on_connect=prepare_connection, writable=False)
        apply = RedoApply(standby, name="sby", primary=("127.0.0.1", proxy.port), secret=_SECRET)
        apply.start()
        try:
            run(connected, "create table pairs (id number primary key, t varchar2(4000))")
            halves: list[int] = []
            for number in range(1, _TRANSACTIONS + 1):
                with connected.cursor() as cursor:
                    text = "x" * rng.randrange(1, 900)
                    cursor.executemany("insert into pairs values (:1, :2)", [(number, text), (-number, text)])
                connected.commit()
                if number % 10 == 0:
                    halves.append(_rows(standby) % 2)
            end = time.monotonic() + _DEADLINE
            extra = 0
            while proxy.left > 0 or standby.scn < source.scn:
                assert time.monotonic() < end, f"the standby stands at {standby.scn} of {source.scn}, {proxy.left} left"
                assert not apply.has_diverged
                halves.append(_rows(standby) % 2)
                if proxy.left > 0 and extra < 2_000:  # what is cut has to be worth sending
                    extra += 2
                    run(connected, f"update pairs set t = '{extra}' where id in (1, -1)")
                    connected.commit()
                time.sleep(0.01)
            assert not any(halves)
            query = 'SELECT * FROM "SYSTEM.PAIRS" ORDER BY 1'
            assert _all(standby, query) == _all(source, query)
            assert _rows(standby) == 2 * _TRANSACTIONS
        finally:
            apply.stop()
            transport.stop()
            proxy.close()
    standby.close()


def _rows(store: Store) -> int:
    if store.catalogue.schema_version and not _all(store, "SELECT 1 FROM sqlite_master WHERE name = 'SYSTEM.PAIRS'"):
        return 0
    return int(_all(store, 'SELECT count(*) FROM "SYSTEM.PAIRS"')[0][0])


def _all(store: Store, query: str) -> list[tuple[object, ...]]:
    snapshot = store.open_snapshot()
    try:
        return list(snapshot.run(query, ()))
    finally:
        snapshot.close()
