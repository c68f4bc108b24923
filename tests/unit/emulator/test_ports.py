"""Ports that are handed out: never one that is in use, never one twice."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from emulator import ports
from emulator.ports import NoFreePortError, free_port, free_ports

_TAKE = "from emulator.ports import free_ports; print(*free_ports(200))"


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reservations of this test alone, for its processes, too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_processes_that_ask_at_the_same_time_get_different_ports() -> None:
    asking = [subprocess.Popen([sys.executable, "-c", _TAKE], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    given = [port for process in asking for port in process.communicate(timeout=60)[0].split()]
    assert len(given) == len(set(given)) == 800


def test_a_port_that_is_in_use_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        used = server.getsockname()[1]
        monkeypatch.setattr(ports, "_PORTS", range(used, used + 1))
        with pytest.raises(NoFreePortError, match="adgfleet-ports-"):
            free_port()


def test_reservations_end_and_nonsense_among_them_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_PORTS", range(free_port(), 65_535))
    (book,) = tmp_path.glob("adgfleet-ports-*")
    book.write_text(f"{ports._PORTS[0]} 1000\n\nnonsense\n", encoding="ascii")
    assert len(free_ports(3)) == 3
    assert "nonsense" not in book.read_text(encoding="ascii")
