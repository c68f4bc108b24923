"""Stored packages and what the driver binds to them: arrays, cursors, overloaded subprograms."""

from __future__ import annotations

import datetime
from typing import Any

import oracledb
import pytest

from tests.fix_emulator import Owner, fetch, run

_COUNTER = """
create or replace package counter as
  step constant number := {step};
  broken exception;
  pragma exception_init(broken, -20042);
  type names is table of varchar2(30) index by pls_integer;
  total number := 10;
  procedure add (amount number default step);
  function current_total return number;
  function shout (word varchar2) return varchar2;
  function shout (word number) return varchar2;
  procedure fail;
  procedure reverse_all (words in out nocopy names);
  function squares (count_wanted number) return names;
end counter;
"""
_BODY = """
create or replace package body counter as
  calls number := 0;
  procedure note is
  begin
    calls := calls + 1;
  end;
  procedure add (amount number default step) is
  begin
    note;
    total := total + amount;
  end;
  function current_total return number is
  begin
    return counter.total + calls / 100;
  end;
  function shout (word varchar2) return varchar2 is
  begin
    return upper(word);
  end;
  function shout (word number) return varchar2 is
  begin
    return '#' || word;
  end;
  procedure fail is
  begin
    raise broken;
  end;
  procedure reverse_all (words in out nocopy names) is
    old names := words;
  begin
    for n in 1 .. old.count loop
      words(n) := old(old.count + 1 - n);
    end loop;
  end;
  function squares (count_wanted number) return names is
    made names;
  begin
    for n in 1 .. count_wanted loop
      made(n) := n * n;
    end loop;
    return made;
  end;
begin
  total := total + 5;
end counter;
"""


@pytest.fixture
def counter(connection: oracledb.Connection) -> oracledb.Connection:
    run(connection, _COUNTER.format(step=2), _BODY)
    return connection


def _total(connected: oracledb.Connection) -> Any:
    with connected.cursor() as cursor:
        return cursor.callfunc("counter.current_total", oracledb.NUMBER)


def test_a_packages_variables_are_the_sessions_own(owner: Owner, counter: oracledb.Connection) -> None:
    run(counter, "begin counter.add; counter.add(amount => 7); end;")
    assert _total(counter) == pytest.approx(24.02)
    run(counter, "begin counter.total := 1; end;")
    assert _total(counter) == pytest.approx(1.02)
    with owner.connect() as other:
        assert _total(other) == 15


def test_what_is_in_the_body_only_is_not_seen_from_outside(counter: oracledb.Connection) -> None:
    for text in ("begin counter.note; end;", "begin counter.calls := 1; end;"):
        with pytest.raises(oracledb.DatabaseError, match="ORA-06550"):
            run(counter, text)


def test_an_overloaded_function_is_chosen_by_its_arguments(counter: oracledb.Connection) -> None:
    with counter.cursor() as cursor:
        assert cursor.callfunc("counter.shout", str, ["quiet"]) == "QUIET"
        assert cursor.callfunc("counter.shout", str, [7]) == "#7"


def test_a_packages_exception_has_its_name_outside(counter: oracledb.Connection) -> None:
    with pytest.raises(oracledb.DatabaseError, match=r"ORA-20042:[^\n]*\nORA-06512: at \"OWNER\d+\.COUNTER\", line 26"):
        run(counter, "begin counter.fail; end;")
    run(counter, "begin counter.fail; exception when counter.broken then counter.total := 99; end;")
    assert _total(counter) == 99


def test_a_changed_package_forgets_its_variables_and_says_so_once(counter: oracledb.Connection) -> None:
    run(counter, "begin counter.add; end;", _COUNTER.format(step=3), _BODY)
    with pytest.raises(oracledb.DatabaseError, match="ORA-04068"):
        _total(counter)
    assert _total(counter) == 15


def test_other_definitions_leave_a_packages_variables_alone(counter: oracledb.Connection) -> None:
    run(counter, "begin counter.add; end;", "create table elsewhere (id number)")
    assert _total(counter) == pytest.approx(17.01)


def test_faults_of_a_body_are_listed_and_its_package_cannot_be_called(connection: oracledb.Connection) -> None:
    run(connection, "create package p as procedure a; procedure b; end;")
    with connection.cursor() as cursor:
        cursor.execute("create package body p as\n  procedure a is\n  begin\n    nothing;\n  end;\nend;")
        assert cursor.warning is not None
    errors = fetch(connection, "select line, text from user_errors where type = 'PACKAGE BODY' order by sequence")
    assert any(line == 4 and "PLS-00201" in text for line, text in errors)
    assert any("PLS-00323" in text and "'B'" in text for _, text in errors)
    with pytest.raises(oracledb.DatabaseError, match="ORA-04063: package body"):
        run(connection, "begin p.a; end;")


def test_a_package_without_body_has_nothing_to_run(connection: oracledb.Connection) -> None:
    run(connection, "create package p as procedure a; limit constant number := 3; end;")
    with connection.cursor() as cursor:
        number = cursor.var(int)
        cursor.execute("begin :n := p.limit; end;", n=number)
        assert number.getvalue() == 3
    with pytest.raises(oracledb.DatabaseError, match="ORA-06508"):
        run(connection, "begin p.a; end;")


def test_arrays_travel_into_and_out_of_a_procedure(counter: oracledb.Connection) -> None:
    with counter.cursor() as cursor:
        words = cursor.arrayvar(str, ["one", "two", None, "three"], 10)
        cursor.callproc("counter.reverse_all", [words])
        assert words.getvalue() == ["three", None, "two", "one"]
        squares = cursor.arrayvar(str, 3)
        cursor.execute("begin :squares := counter.squares(3); end;", squares=squares)
        assert squares.getvalue() == ["1", "4", "9"]
        with pytest.raises(oracledb.DatabaseError, match="ORA-06513"):
            cursor.execute("begin :squares := counter.squares(4); end;", squares=squares)


def test_dates_and_numbers_travel_in_arrays_too(connection: oracledb.Connection) -> None:
    run(
        connection,
        "create package a as type dates is table of date index by binary_integer;"
        "  procedure later (days number, given in out dates); end;",
        "create package body a as procedure later (days number, given in out dates) is begin"
        "  for n in 1 .. given.count loop given(n) := given(n) + days; end loop; end; end;",
    )
    with connection.cursor() as cursor:
        given = cursor.arrayvar(oracledb.DB_TYPE_DATE, [datetime.datetime(2026, 2, 28), datetime.datetime(2024, 2, 28)])
        cursor.callproc("a.later", [1, given])
        assert given.getvalue() == [datetime.datetime(2026, 3, 1), datetime.datetime(2024, 2, 29)]


def test_cursors_come_out_of_blocks_and_go_into_them(connection: oracledb.Connection) -> None:
    run(connection, "create table fruit (id number(9), name varchar2(20))")
    with connection.cursor() as cursor:
        cursor.executemany("insert into fruit values (:1, :2)", [(n, f"fruit {n}") for n in range(1, 300)])
        opened = connection.cursor()
        cursor.execute(
            "begin open :c for select id, name from fruit where id > :low order by id; end;", c=opened, low=5
        )
        assert [column[0] for column in opened.description] == ["ID", "NAME"]
        assert len(opened.fetchall()) == 294
        never = cursor.var(oracledb.DB_TYPE_CURSOR)
        cursor.execute("begin if false then open :c for select 1 from dual; end if; end;", c=never)
        with pytest.raises(oracledb.DatabaseError, match="DPY-4025"):
            never.getvalue().fetchall()
        given = connection.cursor()
        given.prefetchrows = 0
        given.execute("select name from fruit where id >= 7 order by id")
        first = cursor.var(str)
        cursor.execute("begin fetch :c into :first; end;", c=given, first=first)
        assert first.getvalue() == "fruit 7"
        assert given.fetchone() == ("fruit 8",)
