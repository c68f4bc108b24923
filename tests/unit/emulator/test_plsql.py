"""PL/SQL through a real session: what blocks print, return and raise."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.datatypes import NUMBER, SqlType, Value, varchar2
from emulator.errors import NotEmulated, OraError
from emulator.plsql.lexer import Source
from emulator.plsql.parser import parse_unit
from emulator.session import Direction, Logon, Outcome
from emulator.statement_text import scan_statement
from emulator.user_session import UserSession
from tests.fix_emulator import Primary

SQL = Path(__file__).parents[3] / "sql"
_TEXT = varchar2(32_767)
_names = itertools.count(1)


class Client:
    """Speaks to a session as the wire does."""

    def __init__(self, session: UserSession) -> None:
        self.session = session

    def execute(self, sql: str, *binds: tuple[SqlType, Value]) -> Outcome:
        types = [bind[0] for bind in binds]
        return self.session.execute(scan_statement(sql), types, [[bind[1] for bind in binds]])

    def query(self, sql: str) -> list[tuple[Value, ...]]:
        rows = self.execute(sql).rows
        assert rows is not None
        found = rows.fetch(10_000)
        rows.close()
        return found

    def outputs(self, sql: str, *binds: tuple[SqlType, Value]) -> list[Value]:
        return list(self.execute(sql, *binds).out_rows[0])

    def printed(self, block: str) -> list[str]:
        """Run a block and return what it put out."""
        self.execute("begin dbms_output.enable(null); end;")
        self.execute(block)
        lines: list[str] = []
        while True:
            line, status = self.outputs("begin dbms_output.get_line(:1, :2); end;", (_TEXT, None), (NUMBER, None))
            if status:
                return lines
            lines.append(line)


def new_client(primary: Primary, user: str) -> Client:
    return Client(primary.instance.open_session(Logon(user=user, proxy_client=None, service_name="mypdb_rw")))


def new_user(primary: Primary) -> str:
    name = f"PLSQL{next(_names)}"
    dba = new_client(primary, "SYSTEM")
    dba.execute(f'create user {name} identified by "x" quota unlimited on users')
    dba.execute(f"grant create session, create table, create procedure to {name}")
    dba.session.close(commit=True)
    return name


@pytest.fixture
def client(primary: Primary) -> Iterator[Client]:
    """A user with a table T of the rows (1, 'n1') to (5, 'n5')."""
    made = new_client(primary, new_user(primary))
    made.execute("create table t (id number primary key, name varchar2(10))")
    made.execute("begin for i in 1 .. 5 loop insert into t values (i, 'n' || i); end loop; commit; end;")
    yield made
    made.session.close(commit=False)


def put(expression: str, declarations: str = "") -> str:
    return f"declare {declarations} begin dbms_output.put_line({expression}); end;"


def failure(client: Client, block: str) -> OraError:
    with pytest.raises(OraError) as caught:
        client.execute(block)
    return caught.value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", "6.5"),
        ("20 / 3", "6.66666666666666666666666666666666666667"),
        ("-2 ** 2 || 'x'", "-4x"),
        ("'a' || null || 1", "a1"),
        ("substr('hello', 2, 3) || nvl(null, 'q')", "ellq"),
        ("to_char(date '2024-01-31' + 1, 'YYYY-MM-DD')", "2024-02-01"),
        ("case when null = null then 'equal' else 'unknown' end", "unknown"),
        ("case 2 when 1 then 'one' when 2 then 'two' end", "two"),
        ("case when not (null and false) then 'true' end", "true"),
        ("case when '2' between 1 and 3 and 'abc' like 'a%' and 2 in (1, 2) then 'in' end", "in"),
        ("q'[it's]'", "it's"),
        ("case vector_distance(to_vector('[1,2]'), to_vector('[1,4]'), manhattan) when 2 then 'two' end", "two"),
        ("case when cast('a' as char(3)) = 'a' then 'padded' end", "padded"),
        ("99999999999999999999999999999999999999 + 1", "100000000000000000000000000000000000000"),
    ],
)
def test_expressions(client: Client, expression: str, expected: str) -> None:
    assert client.printed(put(expression)) == [expected]


def test_loops_jump_by_label(client: Client) -> None:
    block = """
        begin
          <<rows>> for i in 1 .. 3 loop
            for j in reverse 1 .. 3 loop
              continue rows when j = 2;
              exit rows when i = 3;
              dbms_output.put_line(i || j);
            end loop;
          end loop;
        end;"""
    assert client.printed(block) == ["13", "23"]


def test_collections_of_records_are_filled_changed_and_copied(client: Client) -> None:
    block = """
        declare
          type item is record (id t.id%type, name t.name%type);
          type items is table of item;
          v items;
          w items;
        begin
          select id, name bulk collect into v from t order by id;
          w := v;
          w(2).name := 'changed';
          v.delete(3);
          v.extend;
          v(v.last).id := 9;
          dbms_output.put_line(v.count || ' ' || v.next(2) || ' ' || v(2).name || ' ' || w(2).name || ' ' || v.last);
          if not v.exists(3) then dbms_output.put_line(w.count); end if;
        end;"""
    assert client.printed(block) == ["5 4 n2 changed 6", "5"]


def test_collections_of_collections(client: Client) -> None:
    block = """
        declare
          type numbers is table of number;
          type grid is table of numbers;
          g grid := grid(numbers(1, 2), numbers(3));
        begin
          g(2)(1) := g(1)(2) * 10;
          g(1).extend;
          dbms_output.put_line(g(2)(1) || ' ' || g(1).count || ' ' || g(2).count);
        end;"""
    assert client.printed(block) == ["20 3 1"]


def test_associative_arrays_are_in_the_order_of_their_keys(client: Client) -> None:
    block = """
        declare
          type a is table of number index by varchar2(10);
          v a;
          k varchar2(10);
        begin
          v('b') := 2;
          v('a') := 1;
          k := v.first;
          while k is not null loop
            dbms_output.put_line(k || v(k));
            k := v.next(k);
          end loop;
        end;"""
    assert client.printed(block) == ["a1", "b2"]


def test_cursors_with_parameters(client: Client) -> None:
    block = """
        declare
          cursor c(p number) is select id, name from t where id > p order by id;
          r c%rowtype;
        begin
          open c(3);
          loop
            fetch c into r;
            exit when c%notfound;
            dbms_output.put_line(r.name || c%rowcount);
          end loop;
          close c;
          for x in c(p => 4) loop dbms_output.put_line(x.id); end loop;
        end;"""
    assert client.printed(block) == ["n41", "n52", "5"]


def test_fetch_with_a_limit(client: Client) -> None:
    block = """
        declare
          cursor c is select id from t order by id;
          type ids is table of t.id%type;
          v ids;
        begin
          open c;
          loop
            fetch c bulk collect into v limit 2;
            dbms_output.put_line(v.count || case when c%notfound then ' end' end);
            exit when v.count = 0;
          end loop;
          close c;
        end;"""
    assert client.printed(block) == ["2", "2", "1 end", "0 end"]


def test_forall_saves_the_failures(client: Client) -> None:
    block = """
        declare
          type ids is table of number;
          v ids := ids(11, 1, 12, 2);
          failed exception;
          pragma exception_init(failed, -24381);
        begin
          forall i in 1 .. v.count save exceptions insert into t (id) values (v(i));
        exception
          when failed then
            dbms_output.put_line(sql%rowcount);
            for i in 1 .. sql%bulk_exceptions.count loop
              dbms_output.put_line(sql%bulk_exceptions(i).error_index || ' ' || sql%bulk_exceptions(i).error_code
                || ' ' || substr(sqlerrm(-sql%bulk_exceptions(i).error_code), 1, 9));
            end loop;
        end;"""
    assert client.printed(block) == ["2", "2 1 ORA-00001", "4 1 ORA-00001"]
    assert client.query("select count(*) from t") == [(7,)]


def test_forall_without_saving_stops_at_the_failure_and_keeps_what_came_before(client: Client) -> None:
    block = """
        declare
          type ids is table of number;
          v ids := ids(11, 1, 12);
        begin
          forall i in v.first .. v.last insert into t (id) values (v(i));
        exception
          when dup_val_on_index then dbms_output.put_line(sql%rowcount);
        end;"""
    assert client.printed(block) == ["1"]
    assert client.query("select count(*) from t where id > 10") == [(1,)]


@pytest.mark.parametrize(
    ("statement", "condition", "expected"),
    [
        ("select id into n from t where id = 99", "no_data_found", "100 ORA-01403: no data found"),
        ("select id into n from t", "too_many_rows", "-1422 ORA-01422"),
        ("insert into t (id) values (1)", "dup_val_on_index", "-1 ORA-00001"),
        ("n := 'x'", "value_error", "-6502 ORA-06502"),
        ("n := 1 / 0", "zero_divide", "-1476 ORA-01476"),
        ("raise_application_error(-20001, 'mine')", "others", "-20001 ORA-20001: mine"),
        ("raise no_data_found", "no_data_found", "100 ORA-01403"),
        ("raise own", "zero_divide or own", "1 User-Defined Exception"),
        ("case n when 1 then null; end case", "case_not_found", "-6592 ORA-06592"),
    ],
)
def test_handlers(client: Client, statement: str, condition: str, expected: str) -> None:
    block = f"""
        declare
          n number;
          own exception;
        begin
          {statement};
        exception
          when {condition} then dbms_output.put_line(sqlcode || ' ' || sqlerrm);
        end;"""
    assert client.printed(block)[0].startswith(expected)


def test_raise_in_a_handler_passes_the_error_on(client: Client) -> None:
    block = "begin\n  raise_application_error(-20005, 'no');\nexception when others then\n  raise;\nend;"
    assert failure(client, block).text == "ORA-20005: no\nORA-06512: at line 2"


def test_a_failing_call_is_undone_but_not_what_it_committed(client: Client) -> None:
    failure(client, "begin delete from t where id = 1; commit; delete from t where id = 2; raise no_data_found; end;")
    assert client.query("select count(*) from t") == [(4,)]


def test_dml_returns_and_counts(client: Client) -> None:
    block = """
        declare
          type ids is table of number;
          v ids;
          n number;
        begin
          update t set name = 'x' where id = 2 returning id into n;
          dbms_output.put_line(n || ' ' || sql%rowcount);
          delete from t where id > 3 returning id bulk collect into v;
          dbms_output.put_line(v.count);
          update t set name = 'y' where id = 99;
          if sql%notfound then dbms_output.put_line('none'); end if;
          savepoint s;
          delete from t;
          rollback to s;
          select count(*) into n from t;
          dbms_output.put_line(n);
        end;"""
    assert client.printed(block) == ["2 1", "2", "none", "3"]


def test_dynamic_sql(client: Client) -> None:
    block = """
        declare
          n number;
          type names is table of varchar2(10);
          v names;
        begin
          execute immediate 'select count(*) from t where id > :low' into n using 2;
          dbms_output.put_line(n);
          execute immediate 'select name from t order by id' bulk collect into v;
          dbms_output.put_line(v(5));
          execute immediate 'begin :r := :x * 2; end;' using out n, 21;
          dbms_output.put_line(n);
          execute immediate 'create table other (id number)';
          insert into t (id) values (6);
          execute immediate 'insert into other values (:x)' using n;
          dbms_output.put_line(sql%rowcount);
        end;"""
    assert client.printed(block) == ["3", "n5", "42", "1"]


def test_local_subprograms(client: Client) -> None:
    block = """
        declare
          total number := 0;
          function factorial(n number) return number is
          begin
            if n <= 1 then return 1; end if;
            return n * factorial(n - 1);
          end;
          procedure add(p_by in number default 1, p_old out number, p_twice in out number) is
          begin
            p_old := total;
            total := total + p_by;
            p_twice := p_twice * 2;
          end add;
          a number;
          b number := 4;
        begin
          dbms_output.put_line(factorial(5));
          add(p_twice => b, p_old => a);
          add(5, a, b);
          dbms_output.put_line(total || ' ' || a || ' ' || b);
        end;"""
    assert client.printed(block) == ["120", "6 1 16"]


def test_directions_of_binds_follow_their_use(client: Client) -> None:
    client.execute("create procedure p (a in number, b out number, c in out number) is begin b := a; c := c + a; end;")
    outcome = client.execute("begin p(:a, :b, :c); end;", (NUMBER, 2), (NUMBER, 7), (NUMBER, 5))
    assert list(outcome.directions) == [Direction.IN, Direction.OUT, Direction.IN_OUT]
    assert list(outcome.out_rows[0]) == [2, 7]


def test_a_block_runs_once_for_each_row_of_binds(client: Client) -> None:
    text = scan_statement("begin :2 := :1 + 1; end;")
    assert text.binds == ("2", "1")
    outcome = client.session.execute(text, [NUMBER, NUMBER], [[None, 1], [None, 5]])
    assert [list(row) for row in outcome.out_rows] == [[2], [6]]


def test_a_value_too_long_for_the_clients_variable(client: Client) -> None:
    with pytest.raises(OraError) as caught:
        client.execute("begin :x := 'abcdef'; end;", (varchar2(3), None))
    assert caught.value.code == 6502


def test_functions_are_called_by_blocks_and_call(client: Client) -> None:
    client.execute("create or replace function twice (n number) return number is begin return n * 2; end;")
    assert client.outputs("begin :r := twice(n => :n); end;", (NUMBER, None), (NUMBER, 4)) == [8]
    assert client.outputs("call twice(:n) into :r", (NUMBER, 5), (NUMBER, None)) == [10]


def test_errors_name_unit_and_line(client: Client) -> None:
    user = client.session.user
    client.execute("create procedure p is\nbegin\n  null;\n  raise no_data_found;\nend;")
    expected = f'ORA-01403: no data found\nORA-06512: at "{user}.P", line 4\nORA-06512: at line 2'
    assert failure(client, "begin\n p;\nend;").text == expected


def test_a_unit_with_errors_is_stored_invalid(client: Client) -> None:
    outcome = client.execute("create procedure p is\nbegin\n  nothing;\n  insert into missing values (1);\nend;")
    assert outcome.warning is not None
    assert outcome.warning.code == 24344
    errors = client.query("select line, position, text from user_errors where name = 'P' order by sequence")
    assert (3, 3, "PLS-00201: identifier 'NOTHING' must be declared") in errors
    assert any(line == 4 and text.startswith("PL/SQL: ORA-00942") for line, _position, text in errors)
    assert "PLS-00905" in failure(client, "begin p; end;").text


def test_a_unit_is_compiled_again_when_what_it_needs_has_come(client: Client) -> None:
    client.execute("create procedure p is begin insert into later values (1); end;")
    client.execute("create table later (id number)")
    client.execute("begin p; end;")
    assert client.query("select count(*) from later") == [(1,)]


def test_definers_rights(client: Client, primary: Primary) -> None:
    other = new_user(primary)
    client.execute("create procedure grow is begin insert into t (id) values (100); end;")
    client.execute(f"grant execute on grow to {other}")
    owner = client.session.user
    guest = new_client(primary, other)
    assert "PLS-00201" in failure(guest, "begin grow; end;").text
    assert failure(guest, f"insert into {owner}.t (id) values (101)").code == 942
    guest.execute(f"begin {owner}.grow; commit; end;")
    guest.session.close(commit=True)
    assert client.query("select count(*) from t where id = 100") == [(1,)]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("begin nothing(1); end;", "ORA-06550: line 1, column 7:\nPLS-00201: identifier 'NOTHING' must be declared"),
        ("declare v number begin null; end;", "ORA-06550: line 1, column 18:\nPLS-00103"),
        ("begin\n select id from t; end;", "ORA-06550: line 2, column 2:\nPLS-00428"),
        (
            "declare v number; begin\n select nope into v from t; end;",
            "ORA-06550: line 2, column 9:\nPL/SQL: ORA-00904",
        ),
        ("declare c constant number := 1; begin c := 2; end;", "ORA-06550: line 1, column 39:\nPLS-00363"),
        ("begin dbms_output.put_line(1, 2); end;", "ORA-06550: line 1, column 19:\nPLS-00306"),
    ],
)
def test_compile_errors(client: Client, block: str, expected: str) -> None:
    assert failure(client, block).text.startswith(expected)


@pytest.mark.parametrize(
    "block",
    [
        "begin goto x; end;",
        "declare pragma autonomous_transaction; begin null; end;",
        "begin dbms_scheduler.run_job('x'); end;",
        "create trigger t before insert on t begin null; end;",
        "declare r t%rowtype; begin insert into t values r; end;",
        "begin dbms_scheduler.run_job('x'); exception when others then null; end;",
    ],
)
def test_what_is_missing_is_refused_by_name(client: Client, block: str) -> None:
    assert isinstance(failure(client, block), NotEmulated)


def test_a_cancelled_loop_ends(client: Client) -> None:
    asked = itertools.count()
    client.session.set_interrupt_probe(lambda: next(asked) > 2)
    assert failure(client, "begin loop null; end loop; end;").code == 1013


def test_endless_recursion_is_an_error(client: Client) -> None:
    block = "declare procedure r is begin r; end; begin r; end;"
    assert failure(client, block).code == 6500


def test_output_needs_to_be_enabled(client: Client) -> None:
    client.execute("begin dbms_output.put_line('lost'); end;")
    assert client.printed("begin dbms_output.put('a'); dbms_output.put('b'); dbms_output.new_line; end;") == ["ab"]


@pytest.mark.parametrize("script", ["05_process_embeddings.sql", "06_process_embedding_range.sql"])
def test_every_statement_of_the_projects_procedures_parses(script: str) -> None:
    text = (SQL / script).read_text(encoding="utf-8").replace("&owner..", "adgvec.")
    found = re.search(r"^CREATE OR REPLACE (PROCEDURE .*)^/", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    unit = parse_unit(Source(found[1].rstrip()))
    assert unit.name == script[3:-4].upper()
