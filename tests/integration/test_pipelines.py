"""Pipelines of the driver: with the end-of-response mark, that lets it pipeline, and without, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import oracledb
import pytest

from emulator.server import Server
from tests.fix_emulator import OWNER_PASSWORD, Owner, Primary

_DEADLINE = 30.0
_SLOW = "declare n number := 0; begin while n < 50000 loop n := n + 1; end loop; end;"


@pytest.fixture(params=[True, False], ids=["pipelining", "one-by-one"])
def offers_end_of_response(request: pytest.FixtureRequest) -> bool:
    offers: bool = request.param
    return offers


@pytest.fixture
def dsn(primary: Primary, offers_end_of_response: bool) -> Iterator[str]:
    server = Server(primary.instance, end_of_response=offers_end_of_response)
    server.start()
    yield f"127.0.0.1:{server.port}/mypdb_rw"
    server.stop()


def complete(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, _DEADLINE))


def logged_on(dsn: str, owner: Owner) -> Any:
    return oracledb.connect_async(user=owner.name, password=OWNER_PASSWORD, dsn=dsn)


def test_a_slow_statement_in_a_pipeline_lets_the_others_have_their_turn(dsn: str, owner: Owner) -> None:
    async def run_pipeline() -> list[object]:
        async with logged_on(dsn, owner) as connected:
            await connected.execute("create table items (id number)")
            pipeline = oracledb.create_pipeline()
            pipeline.add_execute("insert into items values (1)")
            pipeline.add_execute(_SLOW)
            pipeline.add_fetchall("select count(*) from items")
            pipeline.add_commit()
            results = await connected.run_pipeline(pipeline, continue_on_error=True)
            return [result.error or result.rows for result in results]

    assert complete(run_pipeline()) == [None, None, [(1,)], None]


def test_every_operation_of_a_pipeline(dsn: str, owner: Owner) -> None:
    async def run_pipeline() -> tuple[list[Any], int]:
        async with logged_on(dsn, owner) as connected:
            await connected.execute("create table items (id number primary key, t varchar2(20), c clob)")
            await connected.execute("create function twice (n number) return number is begin return 2 * n; end;")
            await connected.execute(
                "create procedure added (p number) is begin insert into items values (p, 'p', null); end;"
            )
            pipeline = oracledb.create_pipeline()
            pipeline.add_execute("insert into items values (:1, :2, :3)", [1, "one", "c" * 40_000])
            pipeline.add_executemany("insert into items (id, t) values (:1, :2)", [(2, "two"), (3, "three")])
            pipeline.add_callproc("added", [4])
            pipeline.add_callfunc("twice", int, [21])
            pipeline.add_fetchone("select count(*) from items")
            pipeline.add_fetchmany("select id from items order by id", num_rows=2)
            pipeline.add_fetchall("select id, t from items where id > :1 order by id", [2])
            pipeline.add_commit()
            results = await connected.run_pipeline(pipeline)
            answers = [result.return_value if result.return_value is not None else result.rows for result in results]
            return answers, len(await connected.fetchall("select id from items"))

    answers, rows = complete(run_pipeline())
    assert answers == [None, None, None, 42, [(4,)], [(1,), (2,)], [(3, "three"), (4, "p")], None]
    assert rows == 4


def test_an_error_in_a_pipeline_is_its_operations_own(dsn: str, owner: Owner) -> None:
    async def run_pipeline(*, continue_on_error: bool) -> list[Any]:
        async with logged_on(dsn, owner) as connected:
            pipeline = oracledb.create_pipeline()
            pipeline.add_fetchone("select 1 from dual")
            pipeline.add_fetchone("select nosuch from dual")
            pipeline.add_fetchone("select 1 / 0 from dual")
            pipeline.add_fetchone("select 2 from dual")
            results = await connected.run_pipeline(pipeline, continue_on_error=continue_on_error)
            again = await connected.fetchone("select 3 from dual")
            return [*(result.rows or result.error.full_code for result in results), again]

    assert complete(run_pipeline(continue_on_error=True)) == [[(1,)], "ORA-00904", "ORA-01476", [(2,)], (3,)]
    with pytest.raises(oracledb.DatabaseError, match="ORA-00904"):
        complete(run_pipeline(continue_on_error=False))


def test_the_driver_pipelines_where_the_mark_is_offered(dsn: str, owner: Owner, offers_end_of_response: bool) -> None:
    async def pipelines() -> bool:
        async with logged_on(dsn, owner) as connected:
            found: bool = connected._impl.supports_pipelining()
            return found

    assert complete(pipelines()) is offers_end_of_response
