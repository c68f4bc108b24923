"""The fleet page as an operator sees it: a real worker, Redis and emulated databases, some of which go and return."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from fleet.celery_app import create_app
from fleet.messages import RangeMessage
from fleet.range_queue import send_range
from fleet.sessions import Database, session
from fleet.settings import load_settings
from fleet.state import FleetState
from tests.fix_browser import (
    PHONE,
    SMALL_PHONES,
    WIDE,
    errors_on_console,
    hosts_asked,
    look,
    pixels_too_wide,
    problems_of,
    screenshot,
    wait,
)
from tests.fix_emulator import cluster_values, run, wait_for_standbys, write_env_file
from tests.fix_redis import RedisServer
from tests.fix_search import HTML_ID, Collection, search_server
from tests.fix_worker import WorkerProcess

_EVIL = "ORA-54481: <img src=x onerror=document.title='owned'> <script>document.title='owned'</script>"


@dataclass(frozen=True, slots=True)
class Rig:
    """A fleet page, and what it shows."""

    address: str
    collection: Collection
    redis: RedisServer
    values: dict[str, str]

    def state(self) -> FleetState:
        return FleetState(load_settings(overrides=self.values, environment={}))


@pytest.fixture(scope="module")
def rig(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A worker for sby1 and none for sby2; two failed pictures, one of them with a message that would be a program."""
    directory = tmp_path_factory.mktemp("fleet")
    with session(Database.primary(collection.settings), module="test") as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into embedding_failures (id, attempts, error_code, error_message, standby, failed_at) "
            "values (:1, 1, 54481, :2, 'sby1', systimestamp)",
            [(1, "ORA-54481: a message"), (HTML_ID, _EVIL)],
        )
        connection.commit()
    wait_for_standbys(collection.settings)
    server = RedisServer(directory)
    server.start()
    values = {**cluster_values(collection.cluster), "redis_url": server.settings().broker_url}
    env_file = write_env_file(directory / "fleet.env", values)
    state = FleetState(load_settings(env_file, environment={}))
    worker = WorkerProcess("sby1", env_file, directory / "worker.log", state, "--sessions", "2")
    try:
        worker.wait_for("SERVING")
        with search_server(env_file) as address:
            yield Rig(address, collection, server, values)
    finally:
        worker.kill()
        state.close()
        server.stop()


def open_page(browser: webdriver.Chrome, rig: Rig) -> None:
    browser.get(f"{rig.address}/fleet")
    wait(browser, lambda page: state_of(page, "sby1") == "SERVING" and "embedded, as" in text(page, "sum"))


def text(browser: webdriver.Chrome, name: str) -> str:
    return str(browser.execute_script("return document.getElementById(arguments[0]).textContent", name))


def card(browser: webdriver.Chrome, name: str) -> str:
    script = "return document.querySelector(`#cards [data-name='${arguments[0]}']`)?.innerText ?? ''"
    return str(browser.execute_script(script, name))


def state_of(browser: webdriver.Chrome, name: str) -> str:
    script = "return document.querySelector(`#cards [data-name='${arguments[0]}'] .state`)?.textContent ?? ''"
    return str(browser.execute_script(script, name))


def test_every_database_has_a_card_and_nobody_else_is_asked(browser: webdriver.Chrome, rig: Rig) -> None:
    open_page(browser, rig)
    assert state_of(browser, "primary") == "OPEN"
    assert "primary (prim)" in card(browser, "primary")
    assert "physical standby" in card(browser, "sby1")
    assert "sessions busy\n0 of 2" in card(browser, "sby1")
    assert "apply lag\n0 s" in card(browser, "sby1")
    assert state_of(browser, "sby2") == "NO WORKER"
    assert "adgfleet worker sby2" in card(browser, "sby2")
    assert text(browser, "headline").startswith("1 of 2 standbys serves")
    wait(browser, lambda page: " %" in card(page, "primary") and " %" in card(page, "sby2"))
    wait(browser, lambda page: len(page.find_elements(By.CSS_SELECTOR, "#cpu-chart .line")) == 3)
    label = browser.find_element(By.CSS_SELECTOR, "#cpu-chart svg").get_attribute("aria-label")
    assert label.startswith("CPU, the last minutes. Now: primary ")
    wait(browser, lambda page: page.find_elements(By.CSS_SELECTOR, "#flower a"))
    assert browser.find_element(By.CSS_SELECTOR, "#flower a").get_attribute("href") == "http://127.0.0.1:5555/"
    assert hosts_asked(browser) == {urlsplit(rig.address).netloc}
    assert errors_on_console(browser) == []


def test_a_hundred_percent_means_all(browser: webdriver.Chrome, rig: Rig) -> None:
    open_page(browser, rig)
    script = """
        const [shares, done] = arguments;
        import("/static/figures.js").then((figures) => done(shares.map((each) => figures.percent(...each))));
    """
    shares = [[0, 0], [0, 7], [1, 3], [985, 1000], [9999, 10_000], [99_999, 100_000], [100_000, 100_000]]
    said = browser.execute_async_script(script, shares)
    assert said == ["0", "0", "33", "98", "99.9", "99.9", "100"]


def test_a_paused_standby_is_shown_without_a_reload(browser: webdriver.Chrome, rig: Rig) -> None:
    open_page(browser, rig)
    browser.execute_script("window.still = 'the same page'")
    state = rig.state()
    state.pause("sby1")
    try:
        wait(browser, lambda page: state_of(page, "sby1") == "PAUSED")
        wait(browser, lambda page: text(page, "said") == "sby1 is paused")
        assert "adgfleet resume sby1" in card(browser, "sby1")
    finally:
        state.resume("sby1")
    wait(browser, lambda page: state_of(page, "sby1") == "SERVING")
    assert browser.execute_script("return window.still") == "the same page"
    state.close()


def highest_rate(rig: Rig, standby: str) -> float:
    """Return the highest rate of a standby's in what the page's chart was drawn from, pictures/s."""
    points = httpx.get(f"{rig.address}/api/fleet/history", timeout=10).json()["points"]
    return max(float(point["pictures_per_second"].get(standby) or 0) for point in points)


def test_a_run_is_followed_to_its_end(browser: webdriver.Chrome, rig: Rig) -> None:
    open_page(browser, rig)
    with session(Database.primary(rig.collection.settings), module="test") as connection:
        run(connection, "delete from picture_embeddings where id between 2 and 31", "commit")
    wait_for_standbys(rig.collection.settings)
    wait(browser, lambda page: "30 pictures pending and nothing is queued" in text(page, "notes"))
    state = rig.state()
    state.open_run("run-7", ranges=3, pictures=30)
    app = create_app(load_settings(overrides=rig.values, environment={}))
    for first in (2, 12, 22):
        send_range(app, RangeMessage("run-7", first, first + 9, 10))
    wait(browser, lambda page: text(page, "runs") == "Last run run-7: 30 of 30 pictures in 3 of 3 ranges")
    wait(browser, lambda page: text(page, "notes") == "")
    wait(browser, lambda _page: highest_rate(rig, "sby1") > 0)
    wait(browser, lambda page: page.find_elements(By.CSS_SELECTOR, "#rate-chart .line"))
    state.open_run("run-8", ranges=2, pictures=20)  # as if Redis had lost messages or reports
    lost = "Last run run-8: 0 of 20 pictures in 0 of 2 ranges, 2 ranges were never reported"
    wait(browser, lambda page: text(page, "runs") == lost)
    state.close()


def test_failed_pictures_are_shown_and_their_messages_are_only_text(browser: webdriver.Chrome, rig: Rig) -> None:
    open_page(browser, rig)
    wait(browser, lambda page: len(page.find_elements(By.CSS_SELECTOR, "#failures li")) == 2)
    shown = text(browser, "failures")
    assert _EVIL in shown
    assert "tried once, last on sby1" in shown
    assert "adgfleet failures retry --all" in text(browser, "failures-text")
    browser.find_element(By.ID, "failures").location_once_scrolled_into_view  # noqa: B018 - its effect is wanted
    thumbnail = f"#failures a[href='/api/pictures/{1}'] img"
    script = "return document.querySelector(arguments[0])?.naturalWidth ?? 0"
    wait(browser, lambda page: page.execute_script(script, thumbnail) > 0)
    wait(browser, lambda page: "no picture that a browser can show" in text(page, "failures"))
    assert browser.title == "Fleet · adgfleet"
    assert browser.find_elements(By.CSS_SELECTOR, "main script, #failures img[src='x']") == []
    assert errors_on_console(browser) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(browser: webdriver.Chrome, rig: Rig, size: tuple[int, int], dark: bool) -> None:
    look(browser, size, dark=dark)
    open_page(browser, rig)
    wait(browser, lambda page: page.find_elements(By.CSS_SELECTOR, "#cpu-chart .line, #failures li"))
    browser.execute_script("document.querySelectorAll('details').forEach((entry) => { entry.open = true; })")
    assert problems_of(browser) == []
    browser.execute_script("document.querySelectorAll('details').forEach((entry) => { entry.open = false; })")
    height = int(browser.execute_script("return document.documentElement.scrollHeight"))
    look(browser, (size[0], height), dark=dark)
    screenshot(browser, f"fleet-{'phone' if size == PHONE else 'wide'}-{'dark' if dark else 'light'}")


@pytest.mark.parametrize("size", SMALL_PHONES, ids=lambda size: str(size[0]))
@pytest.mark.parametrize("path", ["/fleet", "/", "/api"])
def test_nothing_sticks_out_of_a_small_phone(
    browser: webdriver.Chrome, rig: Rig, path: str, size: tuple[int, int]
) -> None:
    look(browser, size)
    if path == "/fleet":
        open_page(browser, rig)
    else:
        browser.get(rig.address + path)
    assert pixels_too_wide(browser) == 0


def test_databases_go_and_come_back(browser: webdriver.Chrome, rig: Rig) -> None:
    open_page(browser, rig)
    for name in ("sby2", "prim"):
        rig.collection.cluster.kill(name)
    try:
        wait(browser, lambda page: (state_of(page, "primary"), state_of(page, "sby2")) == ("UNREACHABLE",) * 2)
        assert "primary: DPY-" in card(browser, "primary")
        assert "CPU\n–" in card(browser, "primary")
        screenshot(browser, "fleet-databases-gone")
    finally:
        rig.collection.cluster.start(["prim", "sby2"])
    wait(browser, lambda page: (state_of(page, "primary"), state_of(page, "sby2")) == ("OPEN", "NO WORKER"))
    assert errors_on_console(browser) == []


def test_redis_goes_and_comes_back(browser: webdriver.Chrome, rig: Rig) -> None:
    open_page(browser, rig)
    rig.redis.stop()
    try:
        wait(browser, lambda page: f"Redis does not answer at 127.0.0.1:{rig.redis.port}" in text(page, "notes"))
        assert "Start Redis, or set REDIS_URL" in text(browser, "notes")
        assert state_of(browser, "sby1") == "UNKNOWN"
        assert "physical standby" in card(browser, "sby1")
        assert "% of" in text(browser, "sum"), "the tables are known without Redis"
        assert browser.execute_async_script(
            "fetch('/api/search?q=a+blue+bird').then((answer) => arguments[arguments.length - 1](answer.ok))"
        ), "searching needs no Redis"
        screenshot(browser, "fleet-redis-gone")
    finally:
        rig.redis.start()
    wait(browser, lambda page: state_of(page, "sby1") == "SERVING" and text(page, "notes") == "")


def test_a_lost_stream_is_said_and_comes_back(
    browser: webdriver.Chrome, collection: Collection, tmp_path: Path
) -> None:
    env_file = collection.env_file(tmp_path, redis_url="redis://127.0.0.1:1/0")
    with search_server(env_file) as address:
        browser.get(f"{address}/fleet")
        wait(browser, lambda page: "Redis does not answer at 127.0.0.1:1" in text(page, "notes"))
        wait(browser, lambda page: text(page, "live").startswith("live"))
        port = str(urlsplit(address).port)
    wait(browser, lambda page: "no answer from this page's server" in text(page, "live"))
    with search_server(env_file, port=port):
        wait(browser, lambda page: text(page, "live").startswith("live"))
