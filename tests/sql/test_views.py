from __future__ import annotations

import oracledb
import pytest

from tests.fix_emulator import Owner, Primary, code_of, fetch, run


@pytest.fixture
def fruit(owner: Owner, primary: Primary, connection: oracledb.Connection) -> oracledb.Connection:
    with primary.dba() as dba:
        run(dba, f"grant create view to {owner.name}")
    run(
        connection,
        "create table fruit (id number(9) primary key, name varchar2(20), price number(5, 2))",
        "insert into fruit values (1, 'apple', 1.5)",
        "insert into fruit values (2, 'quince', 4)",
        "commit",
    )
    return connection


def test_a_view_shows_what_its_query_gives_at_the_time(fruit: oracledb.Connection) -> None:
    run(
        fruit,
        "create view dear as select id, name from fruit where price > 2",
        "insert into fruit values (3, 'fig', 3)",
    )
    assert fetch(fruit, "select d.name from dear d order by d.id") == [("quince",), ("fig",)]
    assert fetch(fruit, "select count(*) from dear join fruit using_all on using_all.id = dear.id") == [(2,)]


def test_a_view_names_its_columns_by_list_or_by_alias(fruit: oracledb.Connection) -> None:
    run(fruit, "create view priced (what, twice) as select name, price * 2 from fruit")
    assert fetch(fruit, "select twice from priced where what = 'apple'") == [(3,)]
    with pytest.raises(oracledb.DatabaseError, match="ORA-00998"):
        run(fruit, "create view unnamed as select price + id from fruit")
    with pytest.raises(oracledb.DatabaseError, match="ORA-01730"):
        run(fruit, "create view short (a, b) as select name from fruit")


def test_a_view_is_replaced_dropped_and_in_the_way_of_its_namesakes(fruit: oracledb.Connection) -> None:
    run(fruit, "create view v as select id from fruit", "create or replace view v as select name from fruit")
    assert fetch(fruit, "select * from v order by 1") == [("apple",), ("quince",)]
    assert fetch(fruit, "select view_name, text_vc from user_views") == [("V", "select name from fruit")]
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(fruit, "create table v (id number)")
    assert code_of(caught.value) == 955
    run(fruit, "drop view v")
    with pytest.raises(oracledb.DatabaseError, match="ORA-00942"):
        fetch(fruit, "select * from v")


def test_a_view_without_its_table_has_errors(fruit: oracledb.Connection) -> None:
    run(fruit, "create view v as select id from fruit", "drop table fruit")
    with pytest.raises(oracledb.DatabaseError, match=r"ORA-04063: view OWNER\d+\.V has errors"):
        fetch(fruit, "select * from v")


def test_changes_through_a_view_are_refused_by_name(fruit: oracledb.Connection) -> None:
    run(fruit, "create view v as select id from fruit")
    with pytest.raises(oracledb.DatabaseError, match=r"ORA-03001.*changes through views"):
        run(fruit, "delete from v")


def test_a_view_shows_others_what_its_owner_may_read(fruit: oracledb.Connection, primary: Primary) -> None:
    owner = fruit.username.upper()
    run(fruit, "create view v as select name from fruit where id = 1", "grant select on v to system")
    with primary.dba() as dba:
        assert fetch(dba, f"select * from {owner}.v") == [("apple",)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cast('text' as varchar2(15))", "to_clob('text')"),
        ("to_clob('text')", "cast('text' as varchar2(15))"),
        ("to_clob('text')", "cast('text' as nvarchar2(15))"),
    ],
)
def test_a_cursor_whose_columns_type_changed_gives_the_new_values(
    fruit: oracledb.Connection, before: str, after: str
) -> None:
    with fruit.cursor() as cursor:
        for expression in (before, after):
            cursor.execute(f"create or replace view v as select {expression} as value from dual")
            cursor.execute("select * from v")
            (value,) = cursor.fetchone()
            assert (value.read() if isinstance(value, oracledb.LOB) else value) == "text"
