"""Runs each contract test against the emulator, and against a real pair when one is named; prints what was found.

The table at the end has a row for each fact that nobody has verified: what the emulator did, what the real one did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import oracledb
import pytest
from _pytest.terminal import TerminalReporter

from demo.drawing.album import AlbumPicture, write_album
from tests.contract.facts import FACTS
from tests.contract.servers import NotUsableError, Pair, emulated_pair, is_real_pair_named, real_pair

#: Exit status of pytest for a wrong use of it.
_USAGE = 4


def _servers() -> list[str]:
    try:
        return ["emulator", "oracle"] if is_real_pair_named() else ["emulator"]
    except NotUsableError as error:
        pytest.exit(str(error), _USAGE)


SERVERS = _servers()
_PROPERTY = "fact"


@pytest.fixture(scope="session", params=SERVERS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A primary and a standby, with ``sql/`` installed and models loaded."""
    if request.param == "oracle":
        try:
            yield real_pair()
        except NotUsableError as error:
            pytest.exit(str(error), _USAGE)
        return
    made, cluster = emulated_pair(tmp_path_factory.mktemp("contract") / "databases")
    yield made
    cluster.stop()


@pytest.fixture
def tables(pair: Pair) -> Iterator[Pair]:
    """The pair with empty tables, and empty they are again afterwards."""
    pair.empty()
    yield pair
    pair.empty()


@pytest.fixture
def prim(tables: Pair) -> Iterator[oracledb.Connection]:
    with tables.primary() as connected:
        yield connected


@pytest.fixture
def standby(tables: Pair) -> Iterator[oracledb.Connection]:
    """The owner's session on the standby, DML redirected."""
    with tables.standby() as connected:
        yield connected


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> list[AlbumPicture]:
    """Twelve pictures, two of them corrupt."""
    return write_album(tmp_path_factory.mktemp("album"), pictures=12, bad=2, seed=7)


@pytest.fixture
def observe(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Note what a server did about the test's fact, for the table."""
    marker = request.node.get_closest_marker("unverified")
    return lambda seen: record_property(_PROPERTY, (marker.args[0], seen))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("unverified"):
            assert marker.args[0] in FACTS, f"{item.name}: tests/contract/facts.py has no fact {marker.args[0]}"
            item.user_properties.append(("unverified", marker.args[0]))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the table."""
    found: dict[str, dict[str, list[str]]] = {}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.getreports(outcome):
            if report.when != "call" and outcome == "passed":
                continue
            properties = list(getattr(report, "user_properties", ()))
            names = [value for key, value in properties if key == "unverified"]
            server = next((server for server in ("emulator", "oracle") if f"[{server}" in report.nodeid), None)
            if not names or server is None:
                continue
            seen = [text for key, (_, text) in ((key, value) for key, value in properties if key == _PROPERTY)]
            cell = found.setdefault(names[0], {}).setdefault(server, [])
            cell.append("; ".join([outcome, *seen]))
    if not found:
        return
    terminalreporter.section("facts that nobody has verified")
    for name, servers in found.items():
        terminalreporter.write_line(f"{name}: {FACTS[name].text}")
        for server in ("emulator", "oracle"):
            told = " | ".join(dict.fromkeys(servers.get(server, ["not asked"])))
            terminalreporter.write_line(f"    {server:<9} {told}")
