from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import InputError
from fleet.scripts import read_script, split_script, substitute

SQL = Path(__file__).parents[3] / "sql"


def texts(script: str) -> list[str]:
    return [statement.text for statement in split_script(script)]


@pytest.mark.parametrize(
    ("name", "count", "start"),
    [
        ("01_create_user.sql", 8, "create user"),
        ("02_create_schema.sql", 2, "create table"),
        ("03_create_embedding_failures.sql", 1, "create table"),
        ("04_show_models.sql", 1, "select"),
        ("05_process_embeddings.sql", 1, "CREATE OR REPLACE PROCEDURE"),
        ("06_process_embedding_range.sql", 1, "CREATE OR REPLACE PROCEDURE"),
        ("07_run_process_embeddings.sql", 1, "BEGIN process_embeddings"),
        ("08_search.sql", 1, "SELECT"),
        ("09_grant_views.sql", 3, "grant select on"),
        ("10_create_worker_account.sql", 11, "create user"),
        ("11_create_search_account.sql", 8, "create user"),
    ],
)
def test_our_scripts_split_into_their_statements(name: str, count: int, start: str) -> None:
    statements = texts(read_script(SQL / name))
    assert len(statements) == count
    assert start in statements[0]


def test_a_semicolon_ends_a_statement_only_outside_quotes_and_comments() -> None:
    assert texts("select ';' from dual -- a;\n where 1 = 1 /* b; */;\nselect q'[;']' from dual;") == [
        "select ';' from dual -- a;\n where 1 = 1 /* b; */",
        "select q'[;']' from dual",
    ]


def test_a_block_keeps_its_semicolons_and_ends_at_a_slash() -> None:
    assert texts("begin\n null;\nend;\n/\nselect 1 from dual\n/\n") == ["begin\n null;\nend;", "select 1 from dual"]


def test_sqlplus_commands_are_left_out_and_execute_becomes_a_block() -> None:
    assert texts("SET ECHO ON\nPROMPT hello;\nEXECUTE p(1);\n") == ["BEGIN p(1); END;"]


def test_statements_on_one_line_are_all_run() -> None:
    assert texts("delete from a; delete from b;  begin null; end;\n/\nselect 1 from dual") == [
        "delete from a",
        "delete from b",
        "begin null; end;",
        "select 1 from dual",
    ]


def test_nothing_runs_after_exit() -> None:
    assert texts("select 1 from dual;\nEXIT\ndrop table pictures;") == ["select 1 from dual"]


@pytest.mark.parametrize("command", ["ACCEPT name", "WHENEVER SQLERROR CONTINUE", "@other.sql", "CONNECT scott"])
def test_a_command_that_would_change_what_runs_is_refused(command: str) -> None:
    with pytest.raises(InputError, match="line 2"):
        texts(f"select 1 from dual;\n{command}\nselect 2 from dual;")


def test_each_statement_says_its_line() -> None:
    script = "-- a\n\nselect 1 from dual;\n/* b\n */ select 2\nfrom dual; select 3 from dual;"
    assert [statement.line for statement in split_script(script)] == [3, 5, 6]


def test_a_variable_without_a_value_is_named() -> None:
    assert substitute("identified by &Pass;", {"pass": "x"}) == "identified by x;"
    with pytest.raises(InputError, match="&pass"):
        substitute("&pass", {})


def test_a_script_defines_its_own_variables_and_the_caller_may_define_them_otherwise() -> None:
    script = "define owner = adgvec\nselect 1 from &owner..pictures;"
    assert texts(substitute(script, {})) == ["select 1 from adgvec.pictures"]
    assert texts(substitute(script, {"OWNER": "other"})) == ["select 1 from other.pictures"]


def test_an_included_script_stands_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("select 1 from dual;\n@@b.sql\nselect 3 from dual;\n")
    (tmp_path / "b.sql").write_text("select 2 from dual;\n")
    assert texts(read_script(tmp_path / "a.sql")) == [f"select {number} from dual" for number in (1, 2, 3)]
    (tmp_path / "b.sql").unlink()
    with pytest.raises(InputError, match=r"b\.sql"):
        read_script(tmp_path / "a.sql")
