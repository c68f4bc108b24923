"""Texts of SQL and PL/SQL for the fuzzer: made by a small grammar, mutated from good ones, or extreme in size."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from emulator.engine.functions import function_names
from fleet.errors import InputError
from fleet.scripts import split_script
from tests.sql.pairs import read_pairs

_ROOT = Path(__file__).resolve().parents[2]
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|[\w$#.]+|\s+|.", re.DOTALL)

SETUP = (
    """create table fuzzed (id number primary key, n number(10, 2), t varchar2(100), d date, b blob, c clob,
    v vector, s timestamp with time zone, f binary_double, r raw(100))""",
    "create table other (id number, fuzzed_id number references fuzzed (id), t varchar2(4000) not null)",
    "create or replace function doubled (p number) return number is begin return 2 * p; end;",
    "create or replace procedure noted (p in out varchar2) is begin p := p || '!'; end;",
)
FILL = (
    """insert into fuzzed (id, n, t, d, b, c, v, s, f, r) select level, level / 3, 'text ' || level,
    date '2026-01-31' + level, hextoraw('00ff'), 'clob', to_vector('[1, 2, 3]'), systimestamp, level / 7,
    hextoraw('beef') from dual connect by level <= 20""",
    "insert into other select id, id, 'other ' || id from fuzzed",
)
_COLUMNS = ("id", "n", "t", "d", "b", "c", "v", "s", "f", "r")
_LITERALS = (
    *("0", "1", "-1", "0.1", ".5", "1e125", "1e-130", "1e126", "1e999999", "9" * 39, "9" * 130, "1d", "1.5f"),
    *(
        "null",
        "''",
        "'a'",
        "'%'",
        "'_'",
        "'2026-02-30'",
        "'1e9'",
        "n'\u00e4'",
        "q'[x]'",
        "'\u3042'",
        "'" + "x" * 4001 + "'",
    ),
    *("date '2026-02-28'", "date '9999-12-31'", "date '2026-13-01'", "timestamp '2026-01-01 00:00:00.123456789'"),
    *("sysdate", "systimestamp", "user", "rownum", "level", "true", ":1", ":a", "interval '1' day"),
    *("hextoraw('ff')", "to_vector('[1,2,3]')", "vector('[1]', 1, float32)", "empty_blob()", "to_clob('x')"),
)
_FORMATS = (
    "'YYYY-MM-DD HH24:MI:SS'",
    "'DD-MON-RR'",
    "'J'",
    "'9G999D99'",
    "'FM0000'",
    "'XXXX'",
    "'TM9'",
    "'9.99EEEE'",
    "'$'",
)
_OPERATORS = (
    *"+-*/<>=",
    "||",
    "<=",
    ">=",
    "<>",
    "and",
    "or",
    "like",
    "in",
    "between 1 and",
    "mod",
    "**",
    "is not null and",
)
_TYPES = (
    "number",
    "number(3,1)",
    "varchar2(10)",
    "date",
    "timestamp",
    "raw(10)",
    "clob",
    "binary_double",
    "pls_integer",
    "boolean",
    "char(3)",
)
_NOISE = (
    "(",
    ")",
    ",",
    ";",
    "'",
    '"',
    ".",
    ":",
    "/*",
    "*/",
    "--",
    "\0",
    "\u2028",
    "\ud7ff",
    "select",
    "from",
    "where",
    "(+)",
    "=>",
    "..",
    "<<",
    "%rowtype",
)


class Statements:
    """A source of statements; everything is drawn from the generator that each call is given."""

    def __init__(self) -> None:
        """Read the good statements: the pairs of tests/sql and the scripts of sql/."""
        found: list[str] = []
        for path in sorted((_ROOT / "tests" / "sql").glob("*.sql")):
            setup, cases = read_pairs(path)
            found += [pair.statement for pair in setup]
            found += [pair.statement for case in cases for pair in case.pairs]
        for path in sorted((_ROOT / "sql").glob("*.sql")):
            with contextlib.suppress(InputError):  # it names another script
                found += [statement.text for statement in split_script(path.read_text(encoding="utf-8"))]
        self.good = [text for text in found if len(text) < 20_000]
        self._functions = [name for name in function_names() if "SLEEP" not in name]

    def draw(self, rng: Random) -> str:
        """Return a statement."""
        kind = rng.random()
        if kind < 0.45:
            return self._mutated(rng)
        if kind < 0.75:
            return self._query(rng, 3)
        if kind < 0.83:
            return self._change(rng)
        if kind < 0.97:
            return self._block(rng, 3)
        return rng.choice(EXTREMES)(rng)

    # ------------------------------------------------------------------ mutations

    def _mutated(self, rng: Random) -> str:
        tokens = _TOKEN.findall(rng.choice(self.good))
        for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
            at = rng.randrange(len(tokens)) if tokens else 0
            what = rng.randrange(6)
            if what == 0:
                del tokens[at : at + rng.choice((1, 1, 2, 5))]
            elif what == 1:
                tokens.insert(at, f" {rng.choice(_NOISE)} ")
            elif what == 2 and tokens:
                tokens[at] = rng.choice(tokens)
            elif what == 3:
                other = _TOKEN.findall(rng.choice(self.good))
                start = rng.randrange(len(other))
                tokens[at:at] = other[start : start + rng.randrange(1, 12)]
            elif what == 4 and tokens:
                tokens[at] = self._expression(rng, 1)
            else:
                tokens[at : at + 3] = tokens[at : at + 3] * rng.choice((2, 2, 50))
        return "".join(tokens)

    # ------------------------------------------------------------------ grammar

    def _expression(self, rng: Random, depth: int) -> str:
        if depth <= 0 or rng.random() < 0.2:
            return rng.choice(_LITERALS) if rng.random() < 0.6 else rng.choice(_COLUMNS)
        kind = rng.randrange(10)
        inner = lambda: self._expression(rng, depth - 1)  # noqa: E731 - short for this function alone
        if kind < 4:
            arguments = [inner() for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4)))]
            if arguments and rng.random() < 0.3:
                arguments[-1] = rng.choice(_FORMATS)
            return f"{rng.choice(self._functions)}({', '.join(arguments)})"
        if kind < 7:
            return f"({inner()} {rng.choice(_OPERATORS)} {inner()})"
        if kind == 7:
            return f"case when {inner()} = {inner()} then {inner()} else {inner()} end"
        if kind == 8:
            return f"cast({inner()} as {rng.choice(_TYPES)})"
        aggregate = rng.choice(("max", "count", "sum", "avg", "min", ""))
        return f"(select {aggregate}({inner()}) from other where id = {inner()})"

    def _query(self, rng: Random, depth: int) -> str:
        items = ", ".join(self._expression(rng, depth) for _ in range(rng.choice((1, 1, 2, 3))))
        text = f"select {rng.choice(('', '', 'distinct ', '* ,'))}{items} from "
        text += rng.choice(
            ("dual", "fuzzed", "fuzzed f, other o", "fuzzed join other using (id)", "user_tables", "v$session")
        )
        if depth > 1 and rng.random() < 0.2:
            text = f"select * from ({self._query(rng, depth - 2)}) {rng.choice(('', 'q', 'order by 1'))}"
        if rng.random() < 0.4:
            text += f" where {self._expression(rng, depth)} {rng.choice(('= 1', 'is null', 'like 5', '> any (1)', ''))}"
        for chance, clause in ((0.15, "group by"), (0.1, "having"), (0.2, "order by")):
            if rng.random() < chance:
                text += f" {clause} {self._expression(rng, 1)}"
        if rng.random() < 0.15:
            text += rng.choice(
                (
                    " fetch first 3 rows only",
                    " offset -1 rows",
                    " connect by level <= 30",
                    " fetch next 1e9 percent rows only",
                )
            )
        if rng.random() < 0.08:
            text += f" {rng.choice(('union', 'union all', 'minus', 'intersect'))} {self._query(rng, 1)}"
        return text

    def _change(self, rng: Random) -> str:
        value = lambda: self._expression(rng, 2)  # noqa: E731 - short for this function alone
        column = rng.choice(_COLUMNS)
        return rng.choice(
            (
                lambda: f"insert into fuzzed (id, {column}) values ({value()}, {value()})",
                lambda: f"insert into fuzzed (id, {column}) {self._query(rng, 2)}",
                lambda: f"update fuzzed set {column} = {value()} where {value()} = {value()}",
                lambda: f"update fuzzed set {column} = {value()} returning id, {column} into :x, :y",
                lambda: f"delete from other where {value()} > {value()}",
                lambda: (
                    f"merge into fuzzed f using other o on (f.id = o.id) when matched then update set t = {value()}"
                ),
            )
        )()

    def _block(self, rng: Random, depth: int) -> str:
        variables = "".join(f"v{number} {rng.choice(_TYPES)};\n" for number in range(3))
        body = "\n".join(self._statement(rng, depth) for _ in range(rng.choice((1, 2, 4))))
        handler = rng.choice(("", "", "exception when others then dbms_output.put_line(sqlerrm);"))
        return f"declare\n{variables}begin\n{body}\n{handler}\nend;"

    def _statement(self, rng: Random, depth: int) -> str:
        value = self._expression(rng, 2)
        if depth <= 0:
            return f"v{rng.randrange(3)} := {value};"
        inner = self._statement(rng, depth - 1)
        return rng.choice(
            (
                f"v{rng.randrange(3)} := {value};",
                f"if {value} then {inner} else {inner} end if;",
                f"for i in 1..{rng.choice(('3', '1000', value))} loop {inner} exit when i > 5; end loop;",
                f"while {value} loop {inner} exit; end loop;",
                f"begin {inner} exception when others then {inner} end;",
                f"select {value} into v{rng.randrange(3)} from dual;",
                f"for x in ({self._query(rng, 1)}) loop {inner} end loop;",
                f"execute immediate {value} {rng.choice(('', 'using v1', 'into v2'))};",
                f"execute immediate '{self._query(rng, 1).replace(chr(39), chr(39) * 2)}';",
                f"{self._change(rng)};",
                f"savepoint s; {inner} rollback to s;",
                f"raise_application_error({value}, {value});",
                f"v1 := doubled({value}); noted(v2);",
                "null;",
            )
        )


def _nested(open_text: str, inner: str, close_text: str) -> Callable[[Random], str]:
    """Make nests of very different depths."""

    def make(rng: Random) -> str:
        depth = rng.choice((10, 150, 199, 500, 3_000, 30_000))
        return f"{{}}{open_text * depth}{inner}{close_text * depth}{{}}"

    return make


def _in_query(make: Callable[[Random], str]) -> Callable[[Random], str]:
    return lambda rng: make(rng).format("select ", " from dual")


def _in_block(make: Callable[[Random], str]) -> Callable[[Random], str]:
    return lambda rng: make(rng).format("declare n number := 1; begin ", " end;")


def _as_is(text: str) -> Callable[[Random], str]:
    return lambda _rng: text


#: Statements of extreme depth, length or appetite.
EXTREMES: tuple[Callable[[Random], str], ...] = (
    _in_query(_nested("(", "1", ")")),
    _in_query(_nested("abs(", "1", ")")),
    _in_query(_nested("1 + ", "1", "")),
    _in_query(_nested("- ", "1", "")),
    _in_query(_nested("'x' || ", "'y'", "")),
    _in_query(_nested("case when 1 = 1 then ", "1", " end")),
    _in_query(_nested("(select ", "1", " from dual)")),
    _in_query(_nested("1, ", "1", "")),
    lambda rng: f"select 1 from dual where {'not ' * rng.choice((50, 5_000))} 1 = 1",
    lambda rng: f"select 1 from dual where 1 = 1{' or 1 = 2' * rng.choice((50, 5_000, 20_000))}",
    lambda rng: f"select 1 from dual where 1 in ({', '.join(['7'] * rng.choice((1_000, 70_000)))})",
    lambda rng: "select 1 from dual" + " union all select 1 from dual" * rng.choice((10, 400, 3_000)),
    lambda rng: "select " + ", ".join(f":b{n}" for n in range(rng.choice((100, 33_000, 70_000)))) + " from dual",
    lambda rng: f"select {'9' * rng.choice((40, 5_000, 500_000))} from dual",
    lambda rng: f"select 1e{'9' * rng.choice((3, 20, 5_000))} from dual",
    lambda rng: f"select '{'x' * rng.choice((4_000, 100_000, 5_000_000))}' from dual",
    lambda rng: f"select 1 as {'x' * rng.choice((128, 129, 100_000))} from dual",
    lambda rng: f'select "{"x" * rng.choice((128, 129, 100_000))}" from dual',
    lambda rng: "select * from " + ", ".join(["dual"] * rng.choice((10, 64, 65, 500))),
    lambda rng: (
        "with "
        + ", ".join(f"q{n} as (select 1 x from dual)" for n in range(rng.choice((5, 1_000))))
        + " select 1 from q0"
    ),
    lambda rng: "create table t (" + ", ".join(f"c{n} number" for n in range(rng.choice((1_001, 3_000)))) + ")",
    lambda rng: f"/*{'*' * 100_000} select 1 from dual",
    lambda rng: f"select 1 from dual {'--' * 50_000}",
    lambda rng: f"select {rng.choice(('rpad', 'lpad'))}('x', 1{'0' * rng.randrange(3, 40)}) from dual",
    lambda rng: (
        f"select power({rng.choice(('10', '2', '0.5', '-3'))}, {rng.choice(('1e9', '1e125', '-1e9', '125'))}) from dual"
    ),
    lambda rng: f"select round(1.5, {rng.choice(('1e9', '-1e9', '1e125'))}), trunc(1e125, 1e9) from dual",
    lambda rng: (
        f"select {rng.choice(('exp', 'sqrt', 'ln', 'chr'))}({rng.choice(('1e125', '-1e125', '1e9'))}) from dual"
    ),
    lambda rng: f"select count(*) from dual connect by level <= {rng.choice(('1e3', '1e9', '1e30'))}",
    lambda rng: (
        f"select level, rpad('x', 4000, 'y') from dual connect by level <= {rng.choice(('100', '1e9'))} order by 1 desc"
    ),
    lambda rng: f"select listagg(rpad('x', 4000), ',') from dual connect by level <= {rng.choice(('2', '1e6'))}",
    _as_is(
        "select count(*) from fuzzed a, fuzzed b, fuzzed c, fuzzed d, fuzzed e, fuzzed f, fuzzed g, fuzzed h, fuzzed i"
    ),
    _as_is("with q (n) as (select 1 from dual union all select n + 1 from q) select count(*) from q"),
    _as_is("select regexp_replace(rpad('a', 4000, 'a') || 'b', '(a+)+c', 'x') from dual"),
    _as_is("select 1 from dual where rpad('a', 4000, 'a') like '%a%a%a%a%a%a%a%a%a%a%a%a%a%b'"),
    _as_is("select replace(rpad('a', 4000, 'a'), 'a', rpad('b', 4000, 'b')) from dual"),
    _in_block(_nested("begin ", "null;", " end;")),
    _in_block(_nested("if n = 1 then ", "null;", " end if;")),
    _in_block(_nested("for i in 1..1 loop ", "null;", " end loop;")),
    _in_block(_nested("n := (", "1", ");")),
    lambda rng: f"declare n number; begin n := {'(' * 3_000}1{')' * 3_000}; end;",
    lambda rng: f"declare n number; begin n := {'1 + ' * rng.choice((100, 20_000))}1; end;",
    lambda rng: f"begin {'null; ' * rng.choice((100, 100_000))} end;",
    lambda rng: f"declare {' '.join(f'v{n} number;' for n in range(20_000))} begin null; end;",
    lambda rng: "begin if 1 = 2 then null; " + "elsif 1 = 2 then null; " * rng.choice((100, 20_000)) + "end if; end;",
    _as_is("declare procedure p is begin p; end; begin p; end;"),
    _as_is(
        """declare function f (n number) return number is begin return f(n + 1) + 1; end;
        begin dbms_output.put_line(f(1)); end;"""
    ),
    _as_is("begin loop null; end loop; end;"),
    _as_is("declare s varchar2(32767) := 'x'; begin loop s := s || s; end loop; end;"),
    _as_is("declare c clob := 'x'; begin loop c := c || c; end loop; end;"),
    _as_is(
        """declare type l is table of varchar2(4000) index by pls_integer; v l;
        begin for i in 1..2000000000 loop v(i) := rpad('x', 4000) || i; end loop; end;"""
    ),
    _as_is("declare n number := 2; begin loop n := n * n; end loop; end;"),
    _as_is("declare n number := 0.5; begin loop n := n * n; end loop; end;"),
    _as_is("declare n number := 1.1; begin for i in 1..100000 loop n := n / 3 * 3; end loop; end;"),
    _as_is("begin for i in 1..1e125 loop null; end loop; end;"),
    _as_is("begin loop dbms_output.put_line(rpad('x', 32000)); end loop; end;"),
    _as_is("begin execute immediate 'begin execute immediate ''begin null; end;''; end;'; end;"),
    _as_is("create or replace procedure again is begin execute immediate 'begin again; end;'; end;"),
    _as_is("begin again; end;"),
    _as_is("begin loop begin raise no_data_found; exception when others then null; end; end loop; end;"),
    _as_is("begin loop insert into other values (1, null, rpad('x', 4000)); end loop; end;"),
    _as_is("declare procedure p is begin begin p; exception when others then p; end; end; begin p; end;"),
)
