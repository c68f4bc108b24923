"""Faults injected into a running standby, by the control channel and by the commands an operator has."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator

import oracledb
import pytest
from click.testing import CliRunner, Result

from adgfleet.cli import cli
from emulator.cluster import Cluster
from emulator.control import ControlError, ask
from emulator.faults import BAD_PICTURE_CODES
from fleet.settings import Settings
from tests.fix_command import adgfleet
from tests.fix_emulator import OWNER_PASSWORD, code_of, fetch, run

_COUNT = "select count(*) from pictures"
_DEADLINE = 20.0


@pytest.fixture
def cluster_of_pictures(installed: Settings, cluster: Cluster) -> Iterator[Cluster]:
    yield cluster
    for name in cluster.instances:
        levers = cluster.levers(name)
        levers.deaf(on=False)
        levers.refuse(on=False)
        levers.cut_calls(0)
        levers.raise_error(16397, 0)
        levers.bad_picture_code(None)
        levers.slow_commit(0)
    with at(cluster, "prim") as connected:
        run(connected, "delete from pictures", "commit")


def at(cluster: Cluster, name: str, **options: object) -> oracledb.Connection:
    dsn = cluster.instances[name].dsn(cluster.instances[name].role_service)
    connected = oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=dsn, **options)
    run(connected, "alter session enable adg_redirect_dml")
    return connected


def emulator(cluster: Cluster, command: str, *arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["emulator", command, "--directory", str(cluster.directory), *arguments])
    assert result.exit_code == 0, result.output
    return result


def code_raised(action: Callable[[], object]) -> str:
    with pytest.raises(oracledb.Error) as caught:
        action()
    return str(caught.value.args[0].full_code)


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def test_nobody_commands_an_instance_without_its_secret(cluster_of_pictures: Cluster) -> None:
    port = cluster_of_pictures.instances["sby1"].control_port
    with pytest.raises(ControlError, match="secret"):
        ask("127.0.0.1", port, "guessed", "status")
    with pytest.raises(ControlError, match="no command"):
        cluster_of_pictures.levers("sby1").ask("dance")


def test_a_refusing_listener_turns_away_new_connections_only(cluster_of_pictures: Cluster) -> None:
    with at(cluster_of_pictures, "sby1") as before:
        emulator(cluster_of_pictures, "refuse", "sby1", "on")
        with pytest.raises(oracledb.Error, match="ORA-12528"):
            at(cluster_of_pictures, "sby1")
        assert fetch(before, "select 1 from dual") == [(1,)]
        emulator(cluster_of_pictures, "refuse", "sby1", "off")
        at(cluster_of_pictures, "sby1").close()


def test_a_deaf_instance_answers_neither_old_nor_new_connections_until_it_hears_again(
    cluster_of_pictures: Cluster,
) -> None:
    with at(cluster_of_pictures, "sby1") as before:
        emulator(cluster_of_pictures, "deaf", "sby1", "on")
        answers: list[object] = []
        asking = threading.Thread(target=lambda: answers.append(fetch(before, "select 1 from dual")))
        asking.start()
        connecting = threading.Thread(target=lambda: answers.append(at(cluster_of_pictures, "sby1").close()))
        connecting.start()
        asking.join(timeout=0.5)
        assert answers == []
        emulator(cluster_of_pictures, "deaf", "sby1", "off")
        asking.join(_DEADLINE)
        connecting.join(_DEADLINE)
        assert len(answers) == 2


def test_a_time_limit_ends_a_call_to_a_deaf_instance(cluster_of_pictures: Cluster) -> None:
    with at(cluster_of_pictures, "sby1") as connected:
        cluster_of_pictures.levers("sby1").deaf()
        connected.call_timeout = 300
        assert code_raised(lambda: fetch(connected, _COUNT)) in {"DPY-4024", "DPY-4011"}
        cluster_of_pictures.levers("sby1").deaf(on=False)


@pytest.mark.parametrize(("point", "committed"), [("request", 0), ("answer", 1)])
def test_a_cut_commit_stands_only_if_its_answer_was_lost(
    cluster_of_pictures: Cluster, point: str, committed: int
) -> None:
    with at(cluster_of_pictures, "sby1") as connected:
        run(connected, "insert into pictures (id) values (1)")
        emulator(cluster_of_pictures, "cut", "sby1", "--calls", "1", "--at", point)
        assert code_raised(connected.commit) == "DPY-4011"
    with at(cluster_of_pictures, "sby1") as connected:
        assert fetch(connected, _COUNT) == [(committed,)]


def test_cut_ends_the_connections_in_the_middle_of_their_calls(cluster_of_pictures: Cluster) -> None:
    with at(cluster_of_pictures, "prim") as holder, at(cluster_of_pictures, "sby1") as connected:
        run(holder, "insert into pictures (id) values (1)")
        errors: list[str] = []

        def insert() -> None:
            errors.append(code_raised(lambda: run(connected, "insert into pictures (id) values (1)")))

        waiting = threading.Thread(target=insert)
        waiting.start()
        blocked = "select count(*) from v$session where blocking_session_status = 'VALID'"
        until(lambda: fetch(holder, blocked) == [(1,)], "nobody waits for the lock")
        assert "connections cut" in emulator(cluster_of_pictures, "cut", "sby1").output
        waiting.join(_DEADLINE)
        assert errors == ["DPY-4011"]
        until(lambda: fetch(holder, blocked) == [(0,)], "the lost session goes on waiting on the primary")
        holder.rollback()


@pytest.mark.parametrize(
    ("code", "statement"), [("3172", _COUNT), ("16397", "insert into pictures (id) values (7)"), ("4036", _COUNT)]
)
def test_an_injected_error_meets_as_many_statements_as_asked(
    cluster_of_pictures: Cluster, code: str, statement: str
) -> None:
    with at(cluster_of_pictures, "sby1") as connected:
        emulator(cluster_of_pictures, "ora", "sby1", code, "--count", "2")
        for _ in range(2):
            assert code_raised(lambda: run(connected, statement)) == f"ORA-{int(code):05d}"
        run(connected, statement)
        connected.rollback()


def test_a_slow_commit_takes_its_time_and_succeeds(cluster_of_pictures: Cluster) -> None:
    emulator(cluster_of_pictures, "slow-commit", "sby1", "0.4")
    with at(cluster_of_pictures, "sby1") as connected:
        run(connected, "insert into pictures (id) values (1)")
        start = time.monotonic()
        connected.commit()
        assert time.monotonic() - start >= 0.4
        assert fetch(connected, _COUNT) == [(1,)]


def test_a_corrupt_picture_raises_whatever_code_was_chosen(cluster_of_pictures: Cluster) -> None:
    query = "select vector_embedding(clipimg using to_blob(hextoraw('BAD0')) as data) from dual"
    with at(cluster_of_pictures, "sby1") as connected:
        emulator(cluster_of_pictures, "bad-picture-code", "sby1", "29400")
        assert code_raised(lambda: fetch(connected, query)) == "ORA-29400"
        emulator(cluster_of_pictures, "bad-picture-code", "sby1", "random")
        codes = {code_raised(lambda: fetch(connected, query)) for _ in range(25)}
        assert len(codes) > 1
        assert codes <= {f"ORA-{code:05d}" for code in BAD_PICTURE_CODES}


def test_a_frozen_instance_goes_on_where_it_stopped(cluster_of_pictures: Cluster) -> None:
    with at(cluster_of_pictures, "sby1") as connected:
        emulator(cluster_of_pictures, "freeze", "sby1")
        assert cluster_of_pictures.is_frozen("sby1")
        with pytest.raises(ControlError, match="frozen"):
            cluster_of_pictures.levers("sby1").ask("status", timeout_seconds=0.3)
        connected.call_timeout = 200
        assert code_raised(lambda: fetch(connected, _COUNT)) in {"DPY-4024", "DPY-4011"}
        emulator(cluster_of_pictures, "thaw", "sby1")
    with at(cluster_of_pictures, "sby1") as connected:
        assert fetch(connected, _COUNT) == [(0,)]
    assert not cluster_of_pictures.is_frozen("sby1")


def test_the_list_tells_state_and_faults(cluster_of_pictures: Cluster) -> None:
    emulator(cluster_of_pictures, "lag", "sby2", "5")
    emulator(cluster_of_pictures, "apply", "sby2", "off")
    cluster_of_pictures.freeze("sby1")
    try:
        rows = {row["name"]: row for row in json.loads(emulator(cluster_of_pictures, "list", "--json").output)}
        assert [row["state"] for row in rows.values()] == ["running", "frozen", "running"]
        assert rows["sby2"]["faults"] == {"lag_seconds": 5.0, "apply": "off"}
        assert rows["prim"]["role"] == "PRIMARY"
        text = emulator(cluster_of_pictures, "list").output
        assert re.search(r"^sby1 +PHYSICAL STANDBY +frozen ", text, re.MULTILINE)
    finally:
        emulator(cluster_of_pictures, "thaw", "sby1")
        emulator(cluster_of_pictures, "lag", "sby2", "0")
        emulator(cluster_of_pictures, "apply", "sby2", "on")


def test_levers_of_a_standby_are_refused_on_the_primary(cluster_of_pictures: Cluster) -> None:
    with pytest.raises(ControlError, match=r"prim.*primary"):
        cluster_of_pictures.levers("prim").lag(1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["thaw", "sby1"], "sby1 was not frozen: it is running"),
        (["lag", "sby1", "0"], "sby1 applies redo 0 s late"),
        (["slow-commit", "sby1", "0"], "sby1 commits as fast as it can"),
        (["bad-picture-code", "sby1", "usual"], "sby1 raises the usual code for corrupt pictures"),
        (["apply", "sby1", "on"], "sby1 applies redo"),
    ],
)
def test_a_command_says_what_is_so_now(cluster_of_pictures: Cluster, arguments: list[str], said: str) -> None:
    assert emulator(cluster_of_pictures, *arguments).output == f"{said}\n"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["slow-commit", "prim", "3"], 1, "prim is the primary"),
        (["slow-commit", "sby1", "-1"], 2, "-1"),
        (["lag", "sby1", "-1"], 2, "x>=0"),
        (["kill", "sby9"], 2, "there is no database sby9"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(
    cluster_of_pictures: Cluster, arguments: list[str], status: int, said: str
) -> None:
    command, *rest = arguments
    place = ["--directory", str(cluster_of_pictures.directory)]
    result = CliRunner().invoke(cli, ["emulator", command, *place, *rest])
    assert result.exit_code == status
    assert said in result.output
    assert "No such option" not in result.output


def test_a_killed_instance_is_started_again_by_name(cluster_of_pictures: Cluster) -> None:
    emulator(cluster_of_pictures, "kill", "sby2")
    assert cluster_of_pictures.state("sby2") == "stopped"
    with pytest.raises(oracledb.Error) as caught:
        at(cluster_of_pictures, "sby2")
    assert code_of(caught.value) == 0
    started = adgfleet(
        "emulator",
        "start",
        "--directory",
        cluster_of_pictures.directory,
        "sby2",
        directory=cluster_of_pictures.directory,
    )
    assert started.returncode == 0, started.stderr
    at(cluster_of_pictures, "sby2").close()
