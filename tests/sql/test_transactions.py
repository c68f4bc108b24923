"""Many sessions at once: what they see, what they wait for, what they lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import oracledb
import pytest

from tests.fix_emulator import Owner, Primary, code_of, fetch, run

_DEADLINE = 10.0


@pytest.fixture
def sessions(owner: Owner, primary: Primary) -> Iterator[Callable[[], oracledb.Connection]]:
    opened: list[oracledb.Connection] = []

    def open_session() -> oracledb.Connection:
        connected = owner.connect()
        opened.append(connected)
        return connected

    first = open_session()
    run(
        first,
        "create table parents (id number primary key, n number)",
        "create table children (id number primary key, parent number references parents (id))",
        "insert into parents values (1, 0)",
        "insert into parents values (2, 0)",
        "commit",
    )
    yield open_session
    for connected in opened:
        connected.rollback()
        connected.close()
    assert primary.instance.store.locks.is_empty


class Waiting:
    """A statement in a thread of its own, expected to wait."""

    def __init__(self, connected: oracledb.Connection, statement: str) -> None:
        self.error: oracledb.DatabaseError | None = None
        self._connected = connected
        self._statement = statement
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            run(self._connected, self._statement)
        except oracledb.DatabaseError as error:
            self.error = error

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> int:
        """Wait for the end; return the error's code, 0 for none."""
        self._thread.join(_DEADLINE)
        assert self.has_ended, "still waiting"
        return code_of(self.error) if self.error is not None else 0


def wait_until_blocked(primary: Primary, count: int = 1) -> None:
    end = time.monotonic() + _DEADLINE
    while sum(session.blocking_session_id() is not None for session in primary.instance.sessions()) < count:
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.005)


def test_nobody_sees_what_is_not_committed(sessions: Callable[[], oracledb.Connection]) -> None:
    writer, reader = sessions(), sessions()
    run(writer, "update parents set n = 5 where id = 1")
    assert fetch(writer, "select n from parents where id = 1") == [(5,)]
    assert fetch(reader, "select n from parents where id = 1") == [(0,)]
    writer.commit()
    assert fetch(reader, "select n from parents where id = 1") == [(5,)]


def test_writers_of_different_rows_do_not_wait(sessions: Callable[[], oracledb.Connection]) -> None:
    writers = [sessions() for _ in range(8)]
    for number, writer in enumerate(writers, 10):
        run(writer, f"insert into parents values ({number}, 0)")
    for writer in reversed(writers):
        writer.commit()
    assert fetch(writers[0], "select count(*) from parents") == [(10,)]


@pytest.mark.parametrize(("end", "code"), [("commit", 1), ("rollback", 0)])
def test_a_second_insert_of_a_key_waits_for_the_first(
    primary: Primary, sessions: Callable[[], oracledb.Connection], end: str, code: int
) -> None:
    first, second = sessions(), sessions()
    run(first, "insert into parents values (3, 1)")
    waiting = Waiting(second, "insert into parents values (3, 2)")
    wait_until_blocked(primary)
    assert not waiting.has_ended
    run(first, end)
    assert waiting.join() == code


def test_an_update_waits_and_then_sees_the_new_value(
    primary: Primary, sessions: Callable[[], oracledb.Connection]
) -> None:
    first, second = sessions(), sessions()
    run(first, "update parents set n = n + 1 where id = 1")
    waiting = Waiting(second, "update parents set n = n + 10 where id = 1")
    wait_until_blocked(primary)
    first.commit()
    assert waiting.join() == 0
    second.commit()
    assert fetch(first, "select n from parents where id = 1") == [(11,)]


def test_an_update_that_changes_nothing_still_locks(
    primary: Primary, sessions: Callable[[], oracledb.Connection]
) -> None:
    first, second = sessions(), sessions()
    run(first, "update parents set n = n where id = 1")
    waiting = Waiting(second, "delete from parents where id = 1")
    wait_until_blocked(primary)
    first.rollback()
    assert waiting.join() == 0


def test_a_child_waits_for_its_parents_transaction(
    primary: Primary, sessions: Callable[[], oracledb.Connection]
) -> None:
    first, second = sessions(), sessions()
    run(first, "insert into parents values (7, 0)")
    waiting = Waiting(second, "insert into children values (1, 7)")
    wait_until_blocked(primary)
    first.rollback()
    assert waiting.join() == 2291


def test_a_deadlock_ends_one_statement_only(primary: Primary, sessions: Callable[[], oracledb.Connection]) -> None:
    first, second = sessions(), sessions()
    run(first, "update parents set n = 1 where id = 1")
    run(second, "update parents set n = 2 where id = 2")
    waiting = Waiting(first, "update parents set n = 1 where id = 2")
    wait_until_blocked(primary)
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(second, "update parents set n = 2 where id = 1")
    assert code_of(caught.value) == 60
    second.commit()
    assert waiting.join() == 0
    first.commit()
    assert fetch(first, "select id, n from parents order by id") == [(1, 1), (2, 1)]


def test_savepoints_undo_in_part(sessions: Callable[[], oracledb.Connection]) -> None:
    first, second = sessions(), sessions()
    run(first, "insert into parents values (3, 0)", "savepoint a", "insert into parents values (4, 0)")
    run(second, "insert into parents values (5, 0)")
    run(first, "rollback to a", "insert into parents values (6, 0)", "commit")
    run(second, "commit")
    assert fetch(first, "select id from parents order by id") == [(1,), (2,), (3,), (5,), (6,)]
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(first, "rollback to a")
    assert code_of(caught.value) == 1086


def test_ddl_does_not_wait_for_a_table_in_use(sessions: Callable[[], oracledb.Connection]) -> None:
    first, second = sessions(), sessions()
    run(first, "insert into children values (1, 1)")
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(second, "drop table children")
    assert code_of(caught.value) == 54
    first.commit()
    run(second, "drop table children")


def test_an_open_cursor_keeps_its_view_of_the_data(sessions: Callable[[], oracledb.Connection]) -> None:
    reader, writer = sessions(), sessions()
    with reader.cursor() as cursor:
        cursor.prefetchrows = cursor.arraysize = 1
        cursor.execute("select id from parents order by id")
        assert cursor.fetchone() == (1,)
        run(writer, "delete from parents where id = 2", "commit")
        assert cursor.fetchone() == (2,)
    assert fetch(reader, "select count(*) from parents") == [(1,)]


def test_rows_selected_for_update_are_locked_until_the_end(
    sessions: Callable[[], oracledb.Connection], primary: Primary
) -> None:
    first, second = sessions(), sessions()
    assert fetch(first, "select n from parents where id = 1 for update") == [(0,)]
    run(second, "update parents set n = 5 where id = 2", "commit")
    waiting = Waiting(second, "update parents set n = n + 1 where id = 1")
    wait_until_blocked(primary)
    run(first, "update parents set n = 7 where id = 1", "commit")
    assert waiting.join() == 0
    second.commit()
    assert fetch(first, "select n from parents order by id") == [(8,), (5,)]


def test_for_update_waits_and_then_sees_the_new_values(
    sessions: Callable[[], oracledb.Connection], primary: Primary
) -> None:
    first, second = sessions(), sessions()
    run(first, "update parents set n = 4 where id = 1")
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(fetch(second, "select n from parents for update of n")))
    thread.start()
    wait_until_blocked(primary)
    first.commit()
    thread.join(_DEADLINE)
    assert sorted(found) == [(0,), (4,)]


def test_for_update_can_give_up_or_pass_over(sessions: Callable[[], oracledb.Connection]) -> None:
    first, second = sessions(), sessions()
    fetch(first, "select id from parents where id = 1 for update")
    for clause, code in (("nowait", 54), ("wait 1", 30006)):
        with pytest.raises(oracledb.DatabaseError) as caught:
            fetch(second, f"select id from parents for update {clause}")
        assert code_of(caught.value) == code
    assert fetch(second, "select id from parents order by id for update skip locked") == [(2,)]
    assert fetch(first, "select id from parents for update skip locked") == [(1,)]


def test_only_the_tables_of_the_named_columns_are_locked(sessions: Callable[[], oracledb.Connection]) -> None:
    first, second = sessions(), sessions()
    run(first, "insert into children values (1, 1)", "commit")
    joined = "select p.id from parents p join children c on c.parent = p.id for update of c.parent nowait"
    assert fetch(first, joined) == [(1,)]
    assert fetch(second, "select id from parents where id = 1 for update nowait") == [(1,)]
    with pytest.raises(oracledb.DatabaseError) as caught:
        fetch(second, "select id from children for update nowait")
    assert code_of(caught.value) == 54


def test_rows_of_a_table_without_a_key_are_inserted_side_by_side(sessions: Callable[[], oracledb.Connection]) -> None:
    first, second = sessions(), sessions()
    run(first, "create table loose (n number)", "insert into loose values (1)")
    run(second, "insert into loose values (2)", "commit")
    first.commit()
    assert fetch(first, "select n from loose order by n") == [(1,), (2,)]


def test_merge_waits_for_a_row_and_works_on_its_new_value(
    sessions: Callable[[], oracledb.Connection], primary: Primary
) -> None:
    first, second = sessions(), sessions()
    run(first, "update parents set n = 10 where id = 1")
    waiting = Waiting(
        second,
        "merge into parents p using (select 1 id from dual union all select 3 from dual) s on (p.id = s.id) "
        "when matched then update set n = p.n + 1 when not matched then insert values (s.id, 0)",
    )
    wait_until_blocked(primary)
    first.commit()
    assert waiting.join() == 0
    second.commit()
    assert fetch(first, "select id, n from parents order by id") == [(1, 11), (2, 0), (3, 0)]


def test_merge_waits_for_a_key_that_another_inserts(
    sessions: Callable[[], oracledb.Connection], primary: Primary
) -> None:
    first, second = sessions(), sessions()
    run(first, "insert into parents values (3, 3)")
    merge = (
        "merge into parents p using (select 3 id from dual) s on (p.id = s.id) "
        "when matched then update set n = p.n * 2 when not matched then insert values (s.id, 0)"
    )
    waiting = Waiting(second, merge)
    wait_until_blocked(primary)
    first.commit()
    assert waiting.join() == 0
    second.commit()
    assert fetch(first, "select n from parents where id = 3") == [(6,)]
