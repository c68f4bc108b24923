"""Searches through the service, on real sessions of emulated standbys."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator

import pytest
import redis

from emulator.cluster import Cluster
from fleet.errors import InputError, PermanentDatabaseError
from fleet.sessions import Database, session
from fleet.settings import Settings, load_settings
from loader.vector_index import build_vector_index
from search.errors import NoStandbyError, UnknownPictureError
from search.queries import read_picture
from search.service import Page, SearchService
from tests.fix_emulator import cluster_values, fetch, wait_for_standbys
from tests.fix_redis import RedisServer
from tests.fix_search import Collection


@contextlib.contextmanager
def _service(collection: Collection, **changes: str) -> Iterator[SearchService]:
    settings = load_settings(overrides={**cluster_values(collection.cluster), **changes}, environment={})
    with contextlib.closing(SearchService(settings)) as service:
        service.watch.look()
        yield service


def test_a_text_finds_what_it_says(collection: Collection) -> None:
    birds = collection.ids_of("blue", "bird")
    with _service(collection) as service:
        result = service.by_text("a blue bird", Page(len(birds)))
    assert {hit.id for hit in result.hits} == birds
    assert [hit.distance for hit in result.hits] == sorted(hit.distance for hit in result.hits)
    assert result.has_more


def test_a_picture_finds_itself_and_its_like(collection: Collection) -> None:
    bird = collection.file_of("blue", "bird")
    with _service(collection) as service:
        upload = service.by_picture(bird.path.read_bytes(), Page(4))
        like = service.like(bird.id, Page(3))
    assert upload.hits[0].id == bird.id
    assert upload.hits[0].distance < 0.01
    others = collection.ids_of("blue", "bird") - {bird.id}
    assert {hit.id for hit in like.hits} == others


def test_pages_follow_one_another_without_a_gap(collection: Collection) -> None:
    with _service(collection) as service:
        whole = service.by_text("a red car", Page(60)).hits
        pages = [service.by_text("a red car", Page(20, offset)).hits for offset in (0, 20, 40)]
        last = service.by_text("a red car", Page(20, 60))
    assert [hit for page in pages for hit in page] == whole
    assert len(last.hits) == 1
    assert not last.has_more


def test_an_unknown_text_is_told_from_a_known_one(collection: Collection) -> None:
    with _service(collection, search_least_gap="0.15") as service:
        assert service.by_text("a blue bird", Page(3)).good_match is True
        assert service.by_text("qwertz", Page(3)).good_match is False
    with _service(collection) as service:
        assert service.by_text("qwertz", Page(3)).good_match is None


@pytest.mark.parametrize("text", ["", " \t", "é" * 2001, "\ud800"])
def test_texts_that_cannot_be_searched_for_are_refused(collection: Collection, text: str) -> None:
    with _service(collection) as service, pytest.raises(InputError):
        service.by_text(text, Page(3))


@pytest.mark.parametrize("text", ["'; drop table pictures; --", '"', "🐦 bleu", "\0", "%", "a\nblue\tbird", "x" * 4000])
def test_any_other_text_is_a_bind_and_gets_hits(collection: Collection, text: str) -> None:
    with _service(collection) as service:
        assert len(service.by_text(text, Page(3)).hits) == 3


def test_an_unknown_picture_is_named(collection: Collection) -> None:
    with _service(collection) as service:
        with pytest.raises(UnknownPictureError, match="no picture 12345"):
            service.like(12345, Page(3))
        assert service.picture(12345) is None


def test_no_search_runs_on_the_primary(collection: Collection) -> None:
    query = "select value from v$sysstat where name = 'emulator: inferences'"
    with _service(collection) as service:
        service.by_text("a blue bird", Page(3))
        with session(Database.primary(collection.settings), module="test") as connection:
            assert fetch(connection, query)[0][0] == 0
        service._pools = {name: pool for name, pool in service._pools.items() if name == "primary"}
        with pytest.raises(NoStandbyError):
            service.by_text("a blue bird", Page(3))


def test_a_missing_model_is_said_at_once(collection: Collection) -> None:
    with (
        _service(collection, text_model="absent") as service,
        pytest.raises(PermanentDatabaseError, match="load model"),
    ):
        service.by_text("a blue bird", Page(3))


def test_the_standby_with_the_least_lag_answers(collection: Collection, redis_server: RedisServer) -> None:
    url = {"redis_url": f"redis://:test-secret@127.0.0.1:{redis_server.port}/0"}
    with redis.Redis(port=redis_server.port, password="test-secret") as client:
        for name, state, lag in (("sby1", "SERVING", 4.0), ("sby2", "SERVING", 1.0)):
            client.set(f"adgfleet:worker:{name}", json.dumps({"state": state, "apply_lag_seconds": lag}))
        with _service(collection, **url) as service:
            assert service.by_text("a blue bird", Page(3)).standby == "sby2"
        client.set("adgfleet:worker:sby2", json.dumps({"state": "LAGGING", "apply_lag_seconds": 99.0}))
        with _service(collection, **url) as service:
            assert service.by_text("a blue bird", Page(3)).standby == "sby1"


def test_without_heartbeats_the_standbys_say_their_lag(collection: Collection, cluster: Cluster) -> None:
    cluster.levers("sby1").lag(30)
    try:
        with session(Database.primary(collection.settings), module="test") as primary, primary.cursor() as cursor:
            cursor.execute("insert into pictures values (77001, 1, null)")
            primary.commit()
        with _service(collection) as service:
            end = time.monotonic() + 20
            while not (lags := {view.name: view.apply_lag_seconds for view in service.watch.views()})["sby1"]:
                assert time.monotonic() < end, lags
                service.watch.look()
            assert lags["sby2"] == 0
            assert {service.by_text("a blue bird", Page(3)).standby for _ in range(3)} == {"sby2"}
    finally:
        cluster.levers("sby1").lag(0)


def test_a_dead_standby_costs_no_search(collection: Collection, cluster: Cluster) -> None:
    with _service(collection) as service:
        answered = {service.by_text("a blue bird", Page(3)).standby}
        first = answered.pop()
        cluster.kill(first)
        try:
            other = service.by_text("a blue bird", Page(3)).standby
            assert other != first
        finally:
            cluster.start([first])
        service.watch.look()
        end = time.monotonic() + 20
        while service.by_text("a blue bird", Page(3)).standby != first:
            assert time.monotonic() < end
            service.watch.look()


def test_a_deaf_standby_costs_time_but_no_search(collection: Collection, cluster: Cluster) -> None:
    with _service(collection, search_timeout="1.5") as service:
        first = service.by_text("a blue bird", Page(3)).standby
        other = service.by_text("a blue bird", Page(3)).standby
        assert other != first, "equally good standbys take turns"
        cluster.levers(first).deaf()
        try:
            started = time.monotonic()
            for _ in range(4):
                assert service.by_text("a blue bird", Page(3)).standby == other
            assert time.monotonic() - started < 15
        finally:
            cluster.levers(first).deaf(on=False)


def test_a_refused_logon_is_not_repeated(collection: Collection, cluster: Cluster) -> None:
    with _service(collection, db_password="wrong") as service:
        assert "ORA-01017" in service.watch.views()[0].reason
        cluster.kill("sby1")
        try:
            service.watch.look()
            assert "ORA-01017" in service.watch.views()[0].reason, "it was asked again: repeated, that locks an account"
        finally:
            cluster.start(["sby1"])


def test_all_standbys_gone_is_said_and_the_primary_is_asked_only_when_allowed(
    collection: Collection, cluster: Cluster
) -> None:
    names = list(collection.settings.require("standbys"))
    with _service(collection) as careful, _service(collection, search_on_primary="YES") as allowed:
        for name in names:
            cluster.kill(name)
        try:
            with pytest.raises(NoStandbyError, match=r"sby1.*sby2"):
                careful.by_text("a blue bird", Page(3))
            assert allowed.by_text("a blue bird", Page(3)).standby == "primary"
        finally:
            for name in names:
                cluster.start([name])
        assert careful.by_text("a blue bird", Page(3)).standby in names


def test_approximate_searches_use_the_index_on_every_standby(collection: Collection) -> None:
    with session(Database.primary(collection.settings), module="test") as connection:
        first = build_vector_index(connection, rebuild=False)
        assert (first.name, first.rebuilt) == ("PICTURE_EMBEDDINGS_IV", False)
        with pytest.raises(InputError, match="--rebuild"):
            build_vector_index(connection, rebuild=False)
        assert build_vector_index(connection, rebuild=True).rebuilt
    wait_for_standbys(collection.settings)
    bird = collection.file_of("blue", "bird").id
    found = {}
    for name in collection.settings.require("standbys"):
        with contextlib.closing(
            SearchService(
                load_settings(
                    overrides={**cluster_values(collection.cluster), "search_accuracy": "30"}, environment={}
                ),
                standby=name,
            )
        ) as service:
            exact = service.like(bird, Page(40))
            approximate = service.like(bird, Page(40, approximate=True))
            assert approximate.hits[:2] == exact.hits[:2]
            assert set(approximate.hits) < set(exact.hits), "every row was looked at"
            found[name] = approximate.hits
    assert found["sby1"] == found["sby2"]


def test_pictures_are_read_whole(collection: Collection) -> None:
    picture = collection.album[0]
    settings: Settings = collection.settings
    with session(Database.standby(settings, "sby2"), module="test") as connection:
        assert read_picture(connection, picture.id) == picture.path.read_bytes()
