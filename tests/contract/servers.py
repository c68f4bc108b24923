"""The two servers of the contract tests: the emulator, and a real primary with one standby, named by DSNs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import oracledb

from demo.preparation import MODELS
from emulator.cluster import Cluster
from fleet.settings import load_settings
from loader.install import install, recompile, scripts_directory
from loader.models import load_model
from tests.fix_emulator import DBA_PASSWORD, cluster_values, fetch, run, wait_for_standbys

#: What names a real installation; the first four are needed.
VARIABLES = {
    "ADG_TEST_ORACLE_PRIMARY_DSN": "service of the primary, such as host:1521/mypdb_rw",
    "ADG_TEST_ORACLE_STANDBY_DSN": "service of a standby, such as host:1521/mypdb_ro",
    "ADG_TEST_ORACLE_USER": "owner of an installation for tests: its tables must be empty, and are emptied",
    "ADG_TEST_ORACLE_PASSWORD": "its password",
    "ADG_TEST_ORACLE_DBA_USER": "a DBA; without it the tests that need one are skipped",
    "ADG_TEST_ORACLE_DBA_PASSWORD": "the DBA's password",
}
_NEEDED = list(VARIABLES)[:4]
#: A standby must apply what the primary has committed within so long.
_SETTLE_SECONDS = 120.0


class NotUsableError(Exception):
    """The real installation cannot be tested; the text says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary and one standby, with ``sql/`` installed and both models loaded."""

    #: ``emulator`` or ``oracle``.
    name: str
    primary_dsn: str
    standby_dsn: str
    user: str
    password: str = field(repr=False)
    dba_user: str | None = None
    dba_password: str | None = field(default=None, repr=False)

    def primary(self) -> oracledb.Connection:
        """Log on to the primary as the owner."""
        return oracledb.connect(user=self.user, password=self.password, dsn=self.primary_dsn)

    def standby(
        self, *, redirect: bool = True, user: str | None = None, password: str | None = None
    ) -> oracledb.Connection:
        """Log on to the standby, as the owner unless another user is named."""
        connected = oracledb.connect(user=user or self.user, password=password or self.password, dsn=self.standby_dsn)
        if redirect:
            run(connected, "alter session enable adg_redirect_dml")
        return connected

    def dba(self) -> oracledb.Connection:
        """Log on to the primary as a DBA."""
        return oracledb.connect(user=self.dba_user, password=self.dba_password, dsn=self.primary_dsn)

    def inferences(self, connected: oracledb.Connection) -> int | None:
        """Return how often a model has run in a session's database; None where nothing counts that."""
        if self.name != "emulator":
            return None
        return int(fetch(connected, "select value from v$sysstat where name = 'emulator: inferences'")[0][0])

    def settle(self) -> None:
        """Wait until the standby has applied what the primary has committed; without SYNC WITH PRIMARY's conditions."""
        with self.primary() as connected:
            wanted = fetch(connected, "select current_scn from v$database")[0][0]
        end = time.monotonic() + _SETTLE_SECONDS
        with self.standby(redirect=False) as connected:
            while fetch(connected, "select current_scn from v$database")[0][0] < wanted:
                assert time.monotonic() < end, "the standby does not catch up"
                time.sleep(0.02)

    def empty(self) -> None:
        """Leave no row in any table, on both."""
        with self.primary() as connected:
            tables = ("picture_embeddings", "embedding_failures", "pictures")
            run(connected, *(f"delete from {table}" for table in tables), "commit")
        self.settle()


def said(error: oracledb.Error) -> str:
    """Return what an error says, on one line, without where it was raised and where there is help."""
    lines = str(error).splitlines()
    return " ".join(line.strip() for line in lines if not line.startswith(("Help:", "ORA-06512")))


def emulated_pair(directory: Path) -> tuple[Pair, Cluster]:
    """Make and start an emulated pair."""
    cluster = Cluster.create(directory, standbys=["sby1"], dba_password=DBA_PASSWORD)
    try:
        cluster.start()
        values = cluster_values(cluster)
        settings = load_settings(overrides=values, environment={})
        install(settings, scripts_directory(), lambda _line: None)
        pair = Pair(
            "emulator",
            values["db_dsn"],
            cluster.instances["sby1"].dsn("mypdb_ro"),
            values["db_user"],
            values["db_password"],
            values["dba_user"],
            values["dba_password"],
        )
        with pair.primary() as connected:
            for file, name in (("image.onnx", "clipimg"), ("text.onnx", "cliptxt")):
                load_model(connected, MODELS / file, name=name, input_name="data", replace=True)
            recompile(connected, scripts_directory())
        wait_for_standbys(settings)
    except BaseException:
        cluster.stop()
        raise
    return pair, cluster


def is_real_pair_named(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a real pair is to be tested.

    Raises:
        NotUsableError: Some of the variables are set, but not all that are needed.
    """
    given = [name for name in _NEEDED if environment.get(name)]
    if given and len(given) < len(_NEEDED):
        missing = ", ".join(sorted(set(_NEEDED) - set(given)))
        raise NotUsableError(f"to test a real pair set {missing}, too")
    return bool(given)


def real_pair(environment: Mapping[str, str] = os.environ) -> Pair:
    """Return the real pair that the environment names.

    Raises:
        NotUsableError: Its tables are not empty: the tests would delete what is in them.
    """
    values = [environment[name] for name in _NEEDED]
    pair = Pair(
        "oracle",
        *values,
        environment.get("ADG_TEST_ORACLE_DBA_USER"),
        environment.get("ADG_TEST_ORACLE_DBA_PASSWORD"),
    )
    with pair.primary() as connected:
        (rows,) = fetch(
            connected,
            "select (select count(*) from pictures) + (select count(*) from picture_embeddings) "
            "+ (select count(*) from embedding_failures) from dual",
        )[0]
    if rows:
        raise NotUsableError(
            f"{pair.user} has {rows} rows in its tables; name an installation for tests, which is empty"
        )
    return pair
