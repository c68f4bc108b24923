"""What an emulated database survives: many sessions, killed clients, a full table of file descriptors, its own end."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import oracledb
import pytest

from emulator.cluster import Cluster
from tests.fix_emulator import DBA_PASSWORD, code_of, fetch, run

# Sockets of connections that a killed database has cut are the driver's to close.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

_DEADLINE = 30.0
_SESSIONS = 200
#: Stack, SQLite page cache and Python objects of a session, by far.
_MOST_BYTES_OF_A_SESSION = 3 * 1024 * 1024
_CLIENT = """
import sys, oracledb
connected = oracledb.connect(user="system", password=sys.argv[1], dsn=sys.argv[2])
with connected.cursor() as cursor:
    cursor.execute("insert into kept values (:1)", [int(sys.argv[3])])
print("inserted", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A primary and a standby that a test may kill; every test leaves them running."""
    made = Cluster.create(tmp_path_factory.mktemp("pair") / "databases", standbys=("sby1",), dba_password=DBA_PASSWORD)
    try:
        made.start()
        with connect(made) as connected:
            run(connected, "create table kept (id number primary key)")
        yield made
    finally:
        made.stop()


@pytest.fixture
def emptied(pair: Cluster) -> Cluster:
    with connect(pair) as connected:
        run(connected, "delete from kept", "commit")
    return pair


def connect(cluster: Cluster, name: str = "prim") -> oracledb.Connection:
    instance = cluster.instances[name]
    return oracledb.connect(user="system", password=DBA_PASSWORD, dsn=instance.dsn(instance.role_service))


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def resident_bytes(cluster: Cluster) -> int:
    status = Path(f"/proc/{cluster.pid('prim')}/status").read_text(encoding="ascii")
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def test_200_sessions_at_once_each_commit(emptied: Cluster, record_property: Callable[[str, object], None]) -> None:
    before = resident_bytes(emptied)
    all_here = threading.Barrier(_SESSIONS + 1, timeout=60)
    measured = threading.Event()
    failures: list[BaseException] = []

    def session(number: int) -> None:
        try:
            with connect(emptied) as connected:
                run(connected, f"insert into kept values ({number})")
                all_here.wait()  # every session has an open transaction now
                connected.commit()
                measured.wait(60)
                assert fetch(connected, "select id from kept where id = :1", number) == [(number,)]
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)
            all_here.abort()

    threads = [threading.Thread(target=session, args=(number,)) for number in range(_SESSIONS)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        all_here.wait()
    each = (resident_bytes(emptied) - before) / _SESSIONS
    measured.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
    record_property("bytes_of_a_session", round(each))
    assert each < _MOST_BYTES_OF_A_SESSION
    with connect(emptied) as connected:
        assert fetch(connected, "select count(*) from kept") == [(_SESSIONS,)]
        until(
            lambda: fetch(connected, "select count(*) from v$session where program is not null")[0][0] < _SESSIONS / 2,
            "sessions of clients that are gone stay",
        )


def test_the_changes_and_locks_of_a_killed_client_are_undone(emptied: Cluster) -> None:
    dsn = emptied.instances["prim"].dsn("mypdb_rw")
    client = subprocess.Popen(
        [sys.executable, "-c", _CLIENT, DBA_PASSWORD, dsn, "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with connect(emptied) as connected, client:
        assert client.stdout is not None
        assert client.stdout.readline() == "inserted\n"
        client.kill()
        connected.call_timeout = int(_DEADLINE * 1000)
        run(connected, "insert into kept values (1)")  # would wait for the key of the client that is no more
        connected.rollback()
        assert fetch(connected, "select count(*) from kept") == [(0,)]


def test_garbage_ends_its_own_connection_only(emptied: Cluster) -> None:
    port = emptied.instances["prim"].port
    rng = Random(26)
    with connect(emptied) as connected:
        run(connected, "insert into kept values (1)")
        for data in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\0" * 64,
            b"\xff" * 64,
            rng.randbytes(4_000),
            b"\0\x08\0\0\x01\0\0\0",
        ):
            stranger = socket.create_connection(("127.0.0.1", port), timeout=_DEADLINE)
            with stranger, contextlib.suppress(OSError):  # it may have been turned away already
                stranger.sendall(data)
                stranger.shutdown(socket.SHUT_WR)
                assert stranger.recv(100) == b""
        assert fetch(connected, "select id from kept") == [(1,)]
        connected.rollback()


def test_a_listener_without_file_descriptors_comes_back(emptied: Cluster) -> None:
    pid = emptied.pid("prim")
    assert pid is not None
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    strangers: list[socket.socket] = []
    try:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))  # those that are open stay
        strangers.append(socket.create_connection(("127.0.0.1", emptied.instances["prim"].port)))
        log = emptied.log_path("prim")
        until(lambda: "cannot be accepted now" in log.read_text(encoding="utf-8"), "the limit was not reached")
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        for stranger in strangers:
            stranger.close()
    with connect(emptied) as connected:
        assert fetch(connected, "select 1 from dual") == [(1,)]


def test_an_end_in_order_keeps_what_was_committed_and_tells_the_sessions(emptied: Cluster) -> None:
    with connect(emptied) as idle, connect(emptied) as busy, connect(emptied) as open_transaction:
        run(idle, "insert into kept values (1)", "commit")
        run(open_transaction, "insert into kept values (2)")
        codes: list[str] = []

        def work() -> None:
            with pytest.raises(oracledb.DatabaseError) as caught:
                run(busy, "begin loop null; end loop; end;")
            codes.append(caught.value.args[0].full_code)

        running = threading.Thread(target=work)
        running.start()
        active = "select count(*) from v$session where status = 'ACTIVE' and sid = :1"
        until(lambda: fetch(idle, active, busy.session_id) == [(1,)], "the block does not run")
        emptied.stop(["prim"])
        running.join(_DEADLINE)
        for connected in (idle, open_transaction):
            with pytest.raises(oracledb.DatabaseError) as caught:
                run(connected, "insert into kept values (3)")
            codes.append(caught.value.args[0].full_code)
        assert set(codes) <= {"DPY-4011", "ORA-01089", "ORA-03113"}, codes
        assert len(codes) == 3
    emptied.start(["prim"])
    with connect(emptied) as connected:
        assert fetch(connected, "select id from kept") == [(1,)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_primary_that_is_killed_in_mid_write_loses_nothing_that_it_acknowledged(emptied: Cluster, seed: int) -> None:
    rng = Random(seed)
    acknowledged: list[int] = []
    enough = threading.Event()
    wanted = rng.randrange(5, 60)

    def write() -> None:
        with contextlib.suppress(oracledb.Error), connect(emptied) as connected:
            for number in range(1, 100_000):
                # Two rows that belong together: each transaction is there whole, or not at all.
                run(connected, f"insert into kept values ({number})", f"insert into kept values ({-number})")
                connected.commit()
                acknowledged.append(number)
                if number >= wanted:
                    enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(_DEADLINE)
    time.sleep(rng.random() / 50)  # anywhere in a transaction
    emptied.kill("prim")
    writer.join(_DEADLINE)
    emptied.start(["prim"])
    with connect(emptied) as connected:
        rows = {row[0] for row in fetch(connected, "select id from kept")}
        assert {-row for row in rows} == rows
        assert set(acknowledged) <= rows
        assert max(rows) <= acknowledged[-1] + 1
        run(connected, "insert into kept values (0)", "commit")
    with connect(emptied, "sby1") as connected:
        until(lambda: fetch(connected, "select count(*) from kept where id = 0") == [(1,)], "the standby stands still")
        assert {row[0] for row in fetch(connected, "select id from kept")} == rows | {0}


def test_a_schema_that_does_not_exist_is_an_error_of_the_next_call(emptied: Cluster) -> None:
    with connect(emptied) as connected:
        connected.current_schema = "NOSUCH"
        with pytest.raises(oracledb.DatabaseError) as caught:
            fetch(connected, "select 1 from dual")
        assert code_of(caught.value) == 1435
        connected.current_schema = "SYSTEM"
        assert fetch(connected, "select 1 from dual") == [(1,)]
