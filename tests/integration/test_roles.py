"""Role changes while clients work: switchover, failover, snapshot standby, and what each leaves behind."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import oracledb
import pytest
from click.testing import CliRunner, Result

from adgfleet.cli import cli
from emulator.broker import Broker
from emulator.cluster import Cluster, ClusterError
from emulator.control import ControlError
from fleet.scripts import read_script, run_script
from fleet.sessions import Database, session
from loader.install import scripts_directory
from tests.fix_emulator import DBA_PASSWORD, OWNER_PASSWORD, fetch, run

_DEADLINE = 30.0
_SUM = "select count(*), nvl(sum(id), 0) from pictures"
_ROLE = "select sys_context('userenv', 'database_role'), sys_context('userenv', 'db_unique_name') from dual"


@pytest.fixture(scope="module")
def made(cluster: Cluster) -> Cluster:
    with oracledb.connect(user="system", password=DBA_PASSWORD, dsn=dsn(cluster, "prim")) as connected:
        run(
            connected,
            f'create user adgvec identified by "{OWNER_PASSWORD}" quota unlimited on users',
            "grant create session, create table to adgvec",
        )
    with at(cluster, "prim") as connected:
        run(connected, "create table pictures (id number primary key)")
    return cluster


@pytest.fixture
def empty(made: Cluster) -> Cluster:
    """The cluster with all databases equal and the table empty, whoever is the primary."""
    made.start()
    with at(made, made.primary) as connected:
        run(connected, "delete from pictures", "commit")
    wait_equal(made)
    return made


def dsn(cluster: Cluster, name: str, service: str | None = None) -> str:
    return cluster.instances[name].dsn(service or cluster.instances[name].role_service)


def at(cluster: Cluster, name: str, service: str | None = None) -> oracledb.Connection:
    connected = oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=dsn(cluster, name, service))
    run(connected, "alter session enable adg_redirect_dml")
    return connected


def standbys(cluster: Cluster) -> list[str]:
    return [name for name in cluster.instances if name != cluster.primary]


def error_of(action: Callable[[], object]) -> str:
    with pytest.raises(oracledb.Error) as caught:
        action()
    return str(caught.value)


def until(found: Callable[[], object], wanted: object, what: str) -> None:
    end = time.monotonic() + _DEADLINE
    while True:
        try:
            result = found()
        except oracledb.Error as error:
            result = error
        if result == wanted:
            return
        assert time.monotonic() < end, f"{what}: {result} instead of {wanted}"
        time.sleep(0.02)


def rows(cluster: Cluster, name: str, query: str = _SUM) -> object:
    with at(cluster, name) as connected:
        return fetch(connected, query)


def wait_equal(cluster: Cluster) -> None:
    """Wait until each standby is at the primary's SCN and has its rows."""
    wanted = rows(cluster, cluster.primary)
    scn = cluster.levers(cluster.primary).status()["scn"]
    for name in standbys(cluster):
        until(lambda name=name: cluster.levers(name).status()["scn"], scn, f"{name}'s SCN")  # type: ignore[misc]
        until(lambda name=name: rows(cluster, name), wanted, name)  # type: ignore[misc]


def emulator(cluster: Cluster, command: str, *arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["emulator", command, "--directory", str(cluster.directory), *arguments])
    assert result.exit_code == 0, result.output
    return result


def test_a_switchover_changes_roles_and_services_and_loses_nothing(empty: Cluster) -> None:
    old, new = empty.primary, standbys(empty)[0]
    with at(empty, old) as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    change = json.loads(emulator(empty, "switchover", new, "--json").output)
    assert (change["old_primary"], change["new_primary"], empty.primary) == (old, new, new)
    assert rows(empty, new, _ROLE) == [("PRIMARY", new)]
    assert rows(empty, old, _ROLE) == [("PHYSICAL STANDBY", old)]
    assert "ORA-12514" in error_of(lambda: at(empty, old, "mypdb_rw"))
    assert "ORA-12514" in error_of(lambda: at(empty, new, "mypdb_ro"))
    for name in standbys(empty):  # each redirects to the new primary, the old one too
        with at(empty, name) as connected:
            run(connected, f"insert into pictures (id) values ({2 + standbys(empty).index(name)})")
            connected.commit()
            assert len(fetch(connected, "select id from pictures")) == 2 + standbys(empty).index(name)
    wait_equal(empty)


def test_sessions_of_both_databases_end_and_their_open_transactions_with_them(empty: Cluster) -> None:
    old, new = empty.primary, standbys(empty)[0]
    bystander = standbys(empty)[1]
    with at(empty, bystander) as there:
        here, target = at(empty, old), at(empty, new)
        for number, connected in enumerate((here, target, there)):
            run(connected, f"insert into pictures (id) values ({number})")
        Broker(empty).switchover(new)
        assert "DPY-4011" in error_of(here.commit)
        assert "DPY-4011" in error_of(target.commit)
        assert "ORA-16397" in error_of(there.commit)
        assert fetch(there, _SUM) == [(0, 0)]
        run(there, "insert into pictures (id) values (0)", "commit")
    assert rows(empty, new) == [(1, 0)]
    wait_equal(empty)


def test_preserved_sessions_wake_up_on_the_new_primary(empty: Cluster) -> None:
    new = standbys(empty)[0]
    with at(empty, new) as kept, at(empty, new) as writing:
        assert fetch(kept, _ROLE) == [("PHYSICAL STANDBY", new)]
        run(writing, "insert into pictures (id) values (1)")
        emulator(empty, "switchover", new, "--preserve-sessions")
        assert fetch(kept, _ROLE) == [("PRIMARY", new)]
        run(kept, "insert into pictures (id) values (2)", "commit")
        assert "ORA-16397" in error_of(writing.commit)
        assert fetch(writing, _SUM) == [(1, 2)]
    wait_equal(empty)


def test_nobody_logs_on_while_the_databases_are_mounted(empty: Cluster) -> None:
    old, new = empty.primary, standbys(empty)[0]
    changing = threading.Thread(target=lambda: Broker(empty).switchover(new, opening_seconds=1.5))
    changing.start()
    until(lambda: "ORA-12514" in error_of(lambda: at(empty, new, "mypdb_rw")), True, "not mounted")
    until(lambda: empty.levers(new).status()["open_mode"], "MOUNTED", "not mounted")
    assert "ORA-01033" in error_of(lambda: at(empty, new, new))
    until(lambda: "ORA-01033" in error_of(lambda: at(empty, old, old)), True, "not mounted")
    changing.join(_DEADLINE)
    assert rows(empty, new, _ROLE) == [("PRIMARY", new)]
    wait_equal(empty)


# The driver leaves the socket of a refused address to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_dsn_finds_the_primary_whoever_it_is(empty: Cluster) -> None:
    everywhere = empty.config.primary_dsn()
    for new in (standbys(empty)[0], empty.primary):
        if new != empty.primary:
            Broker(empty).switchover(new)
        with oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=everywhere) as connected:
            assert fetch(connected, _ROLE) == [("PRIMARY", new)]


def test_roles_survive_a_restart_of_everything(empty: Cluster) -> None:
    new = standbys(empty)[0]
    Broker(empty).switchover(new)
    with at(empty, new) as connected:
        run(connected, "insert into pictures (id) values (5)", "commit")
    empty.stop()
    empty.start()
    assert rows(empty, new, _ROLE) == [("PRIMARY", new)]
    wait_equal(empty)


def test_a_standby_that_was_down_or_frozen_follows_the_new_primary(empty: Cluster) -> None:
    new, bystander = standbys(empty)
    empty.freeze(bystander)
    Broker(empty).switchover(new)
    with at(empty, new) as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    empty.thaw(bystander)
    wait_equal(empty)
    empty.kill(bystander)
    back = next(name for name in standbys(empty) if name != bystander)
    Broker(empty).switchover(back)
    with at(empty, back) as connected:
        run(connected, "insert into pictures (id) values (2)", "commit")
    empty.start([bystander])
    with at(empty, bystander) as connected:
        run(connected, "insert into pictures (id) values (3)", "commit")
    wait_equal(empty)
    assert rows(empty, back) == [(3, 6)]


def test_a_switchover_that_cannot_be_is_refused_and_changes_nothing(empty: Cluster) -> None:
    old, new = empty.primary, standbys(empty)[0]
    with pytest.raises(ClusterError, match="already"):
        Broker(empty).switchover(old)
    empty.levers(new).apply(on=False)
    with pytest.raises(ClusterError, match="no redo"):
        Broker(empty).switchover(new)
    empty.levers(new).apply(on=True)
    empty.kill(new)
    with pytest.raises(ControlError, match="does not run"):
        Broker(empty).switchover(new)
    empty.start([new])
    with at(empty, old) as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    wait_equal(empty)


def test_quick_role_changes_under_load_lose_no_acknowledged_commit(empty: Cluster) -> None:
    acknowledged: list[int] = []
    unknown: list[int] = []
    stopping = threading.Event()

    def write(base: int) -> None:
        number = base
        while not stopping.is_set():
            number += 1
            committing = False
            try:
                with at(empty, empty.primary, "mypdb_rw") as connected:
                    while not stopping.is_set():
                        run(connected, f"insert into pictures (id) values ({number})")
                        committing = True
                        connected.commit()
                        committing = False
                        acknowledged.append(number)
                        number += 1
            except oracledb.Error:
                if committing:
                    unknown.append(number)

    writers = [threading.Thread(target=write, args=(base,)) for base in (1_000_000, 2_000_000, 3_000_000)]
    for writer in writers:
        writer.start()
    seen = 0
    for change in range(8):
        until(lambda: len(acknowledged) > seen + 20, True, "no commits")  # noqa: B023 - used at once
        seen = len(acknowledged)
        Broker(empty).switchover(standbys(empty)[change % 2])
    stopping.set()
    for writer in writers:
        writer.join(_DEADLINE)
    found = {int(row[0]) for row in rows(empty, empty.primary, "select id from pictures")}  # type: ignore[attr-defined]
    assert set(acknowledged) <= found
    assert found <= set(acknowledged) | set(unknown)
    wait_equal(empty)


def test_after_a_failover_that_lost_nothing_the_old_primary_follows(empty: Cluster) -> None:
    old, new = empty.primary, standbys(empty)[0]
    with at(empty, old) as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    wait_equal(empty)
    empty.kill(old)
    emulator(empty, "failover", new)
    with at(empty, new) as connected:
        assert fetch(connected, _ROLE) == [("PRIMARY", new)]
        run(connected, "insert into pictures (id) values (2)", "commit")
    empty.start([old])
    wait_equal(empty)
    assert rows(empty, old) == [(2, 3)]


def emulator_reinstate(cluster: Cluster, name: str) -> None:
    Broker(cluster).reinstate(name)
    assert cluster.state(name) == "running"


def test_an_old_primary_with_a_commit_that_nobody_had_must_be_reinstated(empty: Cluster) -> None:
    old = empty.primary
    new, bystander = standbys(empty)
    empty.kill(new)
    empty.kill(bystander)
    with at(empty, old) as connected:
        run(connected, "insert into pictures (id) values (77)", "commit")
    empty.kill(old)
    empty.start([new, bystander])
    Broker(empty).failover(new)
    with at(empty, new) as connected:
        assert fetch(connected, _SUM) == [(0, 0)]
        run(connected, "insert into pictures (id) values (1)", "commit", "insert into pictures values (2)", "commit")
    empty.start([old])
    until(lambda: empty.levers(old).status()["faults"].get("diverged"), "reinstate it", "divergence")
    assert rows(empty, old) == [(1, 77)]
    emulator_reinstate(empty, old)
    wait_equal(empty)
    assert rows(empty, old) == [(2, 3)]
    Broker(empty).switchover(old)
    wait_equal(empty)


def test_an_old_primary_that_was_frozen_during_a_failover_steps_down(empty: Cluster) -> None:
    old, new = empty.primary, standbys(empty)[0]
    empty.freeze(old)
    Broker(empty).failover(new)
    with at(empty, new) as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    empty.thaw(old)
    until(lambda: empty.levers(old).status()["role"], "PHYSICAL STANDBY", "role")
    wait_equal(empty)
    assert rows(empty, old) == [(1, 1)]


def test_a_snapshot_standby_is_writable_for_itself_and_forgets_it(empty: Cluster) -> None:
    primary, name = empty.primary, standbys(empty)[0]
    with at(empty, primary) as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    wait_equal(empty)
    reader = at(empty, name)
    emulator(empty, "snapshot", name, "on")
    assert "DPY-4011" in error_of(lambda: fetch(reader, _SUM))
    assert "ORA-12514" in error_of(lambda: at(empty, name, "mypdb_ro"))
    assert rows(empty, name, _ROLE) == [("SNAPSHOT STANDBY", name)]
    with at(empty, name, "mypdb_snap") as connected:
        run(connected, "insert into pictures (id) values (100)", "commit", "create table mine (a number)")
        assert fetch(connected, "select open_mode from v$database") == [("READ WRITE",)]
        with at(empty, primary) as there:
            run(there, "insert into pictures (id) values (2)", "commit")
            assert fetch(there, _SUM) == [(2, 3)]
        assert fetch(connected, _SUM) == [(2, 101)]
    with pytest.raises(ClusterError, match="snapshot"):
        Broker(empty).switchover(name)
    empty.kill(name)
    empty.start([name])
    assert rows(empty, name) == [(2, 101)]
    emulator(empty, "snapshot", name, "off")
    wait_equal(empty)
    assert rows(empty, name) == [(2, 3)]
    with at(empty, name) as connected:
        assert fetch(connected, "select count(*) from user_tables") == [(1,)]
        run(connected, "insert into pictures (id) values (3)", "commit")
    wait_equal(empty)


def test_a_snapshot_standby_survives_a_switchover_of_the_others(empty: Cluster) -> None:
    name, new = standbys(empty)
    Broker(empty).snapshot(name, on=True)
    with at(empty, name) as connected:
        run(connected, "insert into pictures (id) values (100)", "commit")
    Broker(empty).switchover(new)
    with at(empty, new) as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    assert rows(empty, name) == [(1, 100)]
    Broker(empty).snapshot(name, on=False)
    wait_equal(empty)


def test_the_configuration_is_never_seen_half_written(empty: Cluster, tmp_path: Path) -> None:
    names = set(empty.instances)
    stopping = threading.Event()
    seen: list[set[str]] = []

    def read() -> None:
        while not stopping.is_set():
            seen.append(set(Cluster.open(empty.directory).instances))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(200):
        empty.config.save(empty.directory)
    stopping.set()
    reader.join(_DEADLINE)
    assert all(each == names for each in seen)
    assert len(seen) > 10


def services_of(cluster: Cluster) -> dict[str, list[str]]:
    """Return which of photos_rw and photos_ro each database lets somebody log on at."""

    def is_offered(name: str, service: str) -> bool:
        try:
            with oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=dsn(cluster, name, service)):
                return True
        except oracledb.DatabaseError as error:
            if "DPY-6001" not in str(error):
                raise
            return False

    names = cluster.instances
    return {name: [kind for kind in ("ro", "rw") if is_offered(name, f"photos_{kind}")] for name in names}


def test_the_script_of_role_services_makes_services_that_follow_the_role(empty: Cluster) -> None:
    before, after = empty.primary, standbys(empty)[0]
    script = scripts_directory() / "12_create_role_services.sql"
    dba = Database(before, dsn(empty, before), "system", DBA_PASSWORD, connect_timeout_seconds=20)
    with session(dba, module="test") as connected:
        for _ in range(2):  # it may be run again
            run_script(connected, read_script(script), variables={"service": "photos"})
    empty.stop()
    empty.start()
    until(lambda: services_of(empty), {name: ["rw" if name == before else "ro"] for name in empty.instances}, "start")
    Broker(empty).switchover(after)
    until(lambda: services_of(empty), {name: ["rw" if name == after else "ro"] for name in empty.instances}, "change")
