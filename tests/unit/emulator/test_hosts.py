"""Databases whose hosts are not this machine: what `adgfleet emulator create` makes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emulator.cli import emulator
from emulator.cluster import Cluster
from emulator.health import check


def create(directory: Path, *databases: str) -> Result:
    secret = directory.parent / "dba_password"
    secret.write_text("a-secret\n")
    arguments = ["create", "--directory", str(directory), "--dba-password-file", str(secret), *databases]
    return CliRunner().invoke(emulator, arguments)


def test_each_database_listens_at_its_host_and_the_first_is_the_primary(tmp_path: Path) -> None:
    made = create(tmp_path / "databases", "prim=host1", "sby1=host2")
    assert made.exit_code == 0, made.output
    config = Cluster.open(tmp_path / "databases").config
    assert config.primary_dsn() == "host1:1521,host2:1521/mypdb_rw"
    assert config.instance("sby1").dsn("mypdb_ro") == "host2:1521/mypdb_ro"
    assert {instance.control_port for instance in config.instances} == {1523}


def test_what_is_there_is_kept_and_never_replaced_by_others(tmp_path: Path) -> None:
    databases = tmp_path / "databases"
    create(databases, "prim=host1", "sby1=host2")
    secret = Cluster.open(databases).config.control_secret
    again = create(databases, "prim=host1", "sby1=host2")
    assert (again.exit_code, again.output) == (0, "kept: prim=host1 sby1=host2\n")
    other = create(databases, "prim=host1", "sby1=host3")
    assert other.exit_code == 1
    assert "has other databases: prim=host1 sby1=host2" in other.output
    assert Cluster.open(databases).config.control_secret == secret


@pytest.mark.parametrize("wrong", ["prim", "prim=", "=host"])
def test_a_database_without_name_or_host_is_refused(tmp_path: Path, wrong: str) -> None:
    refused = create(tmp_path / "databases", wrong)
    assert refused.exit_code == 2
    assert "is not NAME=HOST" in refused.output
    assert not (tmp_path / "databases").exists()


def test_health_says_what_is_wrong(tmp_path: Path) -> None:
    assert check(tmp_path, "prim") == f"there are no databases in {tmp_path}"
    Cluster.create(tmp_path / "databases", dba_password="a-secret", standbys=(), hosts={"prim": "127.0.0.1"})
    assert check(tmp_path / "databases", "sby9") == "it is none of the databases there"
    assert check(tmp_path / "databases", "prim") == "it does not run"
