"""Pipelines of the driver: the next request that waits behind a slow statement is no break."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import oracledb
import pytest

from emulator.server import Server
from tests.fix_emulator import OWNER_PASSWORD, Owner, Primary

_DEADLINE = 30.0
_SLOW = "declare n number := 0; begin while n < 50000 loop n := n + 1; end loop; end;"


@pytest.fixture
def dsn(primary: Primary) -> Iterator[str]:
    server = Server(primary.instance, end_of_response=True)
    server.start()
    yield f"127.0.0.1:{server.port}/mypdb_rw"
    server.stop()


def test_a_slow_statement_in_a_pipeline_lets_the_others_have_their_turn(dsn: str, owner: Owner) -> None:
    async def run_pipeline() -> list[object]:
        async with oracledb.connect_async(user=owner.name, password=OWNER_PASSWORD, dsn=dsn) as connected:
            await connected.execute("create table items (id number)")
            pipeline = oracledb.create_pipeline()
            pipeline.add_execute("insert into items values (1)")
            pipeline.add_execute(_SLOW)
            pipeline.add_fetchall("select count(*) from items")
            pipeline.add_commit()
            results = await connected.run_pipeline(pipeline, continue_on_error=True)
            return [result.error or result.rows for result in results]

    found = asyncio.run(asyncio.wait_for(run_pipeline(), _DEADLINE))
    assert found == [None, None, [(1,)], None]
