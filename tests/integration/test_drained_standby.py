"""A drained standby has no session of the fleet's, those of the search page's server included, also without Redis."""

from __future__ import annotations

import contextlib

from emulator.cluster import Cluster
from fleet.sampler import Sampler
from fleet.sessions import Database, connect
from fleet.settings import load_settings
from fleet.state import FleetState
from search.queries import read_picture
from search.service import SearchService
from tests.fix_emulator import cluster_values, fetch
from tests.fix_redis import RedisServer
from tests.fix_worker import wait_until

_SESSIONS = "select module from v$session where module like 'adgfleet %' and module <> 'adgfleet test'"


def test_searching_and_sampling_leave_a_drained_standby_and_come_back(
    cluster: Cluster, installed: object, redis_server: RedisServer
) -> None:
    values = {**cluster_values(cluster), "redis_url": redis_server.settings().broker_url}
    settings = load_settings(overrides=values, environment={})
    state = FleetState(settings)
    with (
        connect(Database.standby(settings, "sby1"), module="test") as onlooker,
        contextlib.closing(SearchService(settings)) as service,
        Sampler.of(settings, state) as sampler,
    ):

        def modules() -> set[str]:
            return {str(module) for (module,) in fetch(onlooker, _SESSIONS)}

        def search_twice() -> set[str]:
            """Search so often that each standby that takes turns is asked."""
            return {service.run(lambda connection: read_picture(connection, 1))[1] for _ in range(2)}

        service.watch.look()
        assert search_twice() == {"sby1", "sby2"}
        wait_until(lambda: modules() == {"adgfleet search", "adgfleet sampler"}, "sessions of both")
        state.drain("sby1")
        service.watch.look()
        wait_until(lambda: not modules(), "no session is left")
        redis_server.stop()
        samples = len(sampler.recent())
        service.watch.look()
        wait_until(lambda: len(sampler.recent()) >= samples + 2, "samples without Redis")
        assert search_twice() == {"sby2"}
        assert not modules(), "what was drained stays so while Redis does not answer"
        redis_server.start()
        state.resume("sby1")
        service.watch.look()
        assert search_twice() == {"sby1", "sby2"}
        wait_until(lambda: modules() == {"adgfleet search", "adgfleet sampler"}, "sessions of both again")
    state.close()
