"""Every fact about Oracle that the fleet relies on and nobody has verified on a real one: the one list of them.

A contract test that looks at such a fact is marked ``unverified(NAME)``. ``python -m tests.contract.facts`` writes the
page docs/reference/unverified.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "unverified.md"
_CONTRACT = "make contract ARGS='-k {}'"
_DOCTOR = "adgfleet db doctor"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact, what follows if it is otherwise, and the command that tells."""

    text: str
    otherwise: str
    #: None: the contract test that is marked with the fact's name.
    command: str | None = None


FACTS: dict[str, Fact] = {
    "forall": Fact(
        "`FORALL … SAVE EXCEPTIONS` works through DML redirection, each refused row reported",
        "each worker probes once and inserts row by row, the form that the source system proved",
    ),
    "client-array": Fact(
        "`executemany` of vectors works through redirection, `batcherrors` honoured",
        "nothing of the fleet needs it",
    ),
    "duplicate-code": Fact(
        "a second row arrives through redirection with ORA-00001 among its codes",
        "the range fails and is tried again; its pictures stay pending, nothing is lost",
    ),
    "parent-code": Fact(
        "a row without a picture arrives through redirection with ORA-02291 among its codes",
        "as for ORA-00001",
    ),
    "model-in-dml": Fact(
        "`INSERT … SELECT VECTOR_EMBEDDING` is refused through redirection with ORA-40286, as a report says",
        "inference would run on the primary if somebody wrote such a statement; adgfleet writes none",
    ),
    "corrupt-picture": Fact(
        "a corrupt picture raises an ORA error",
        "none is assumed: a picture is blamed only when it fails, twice, beside a known-good one that embeds",
    ),
    "empty-picture": Fact(
        "an empty BLOB raises an ORA error",
        "it is blamed like a corrupt one if it does; if it embeds, it gets a vector that means nothing",
    ),
    "own-read": Fact(
        "a redirected transaction reads its own changes, also inside PL/SQL, and nobody else does before the commit",
        "the doctor says FAIL; the range procedure does not read what it has written",
    ),
    "savepoint": Fact(
        "savepoints work in a redirected transaction",
        "`adgfleet db doctor` cannot time a commit as a worker account; nothing else needs them",
    ),
    "definer": Fact(
        "another user's procedure cannot redirect its DML (ORA-16397)",
        "worker accounts would need no copy of the range procedure",
    ),
    "redirected-block": Fact(
        "with ADG_REDIRECT_PLSQL a block with binds is refused (ORA-16397), one without runs on the primary",
        "the range procedure switches it off anyhow",
    ),
    "packages": Fact(
        "DBMS_SCHEDULER and DBMS_PARALLEL_EXECUTE are refused on a standby; the code, ORA-16000, is a guess",
        "users would not need the fleet",
    ),
    "role-context": Fact(
        "`SYS_CONTEXT('USERENV', …)` says DATABASE_ROLE and DB_UNIQUE_NAME on primary and standby, without any grant",
        "no worker starts: it does not know where it is",
    ),
    "lag-view": Fact(
        "V$DATAGUARD_STATS.VALUE looks like `+00 00:00:05`, TIME_COMPUTED and DATUM_TIME like `11/25/2026 00:00:05`",
        "the guard takes the lag for unknown and goes by role and commit latency",
    ),
    "call-timeout": Fact(
        "a redirected call that waits for a lock ends at its call timeout (DPY-4024), and its session can go on",
        "the worker drops the session and opens another",
    ),
    "grants-view": Fact(
        "USER_TAB_PRIVS on a standby lists the grants of a worker account",
        "`adgfleet db doctor` reports privileges as missing that are there",
        f"{_DOCTOR} --worker-account adgworker",
    ),
    "scripts": Fact(
        "SQL*Plus and SQLcl run `sql/` unchanged",
        "run it by `adgfleet db install`; report the line",
        "sqlplus adgvec@PRIMARY @sql/06_process_embedding_range.sql",
    ),
    "version-range": Fact(
        "picture models of OML4Py load from 23.7 on, vectors work from 23.4 on",
        "`adgfleet db doctor` warns of a version that works",
        _DOCTOR,
    ),
    "true-cache": Fact(
        "a True Cache replica of Oracle Database Free runs VECTOR_EMBEDDING and redirects inserts of vectors; its role "
        "is TRUE CACHE",
        "docker-compose.oracle.yml is of no use for standbys, and no free stand-in for them is known",
        f"docker compose -f docker-compose.oracle.yml up -d --wait && {_DOCTOR}",
    ),
    "compose": Fact(
        "docker-compose.yml and docker-compose.oracle.yml start with a container engine",
        "start the parts by hand; report what it said",
        "docker compose up -d --wait",
    ),
    "ivf-on-standby": Fact(
        "the IVF index of `adgfleet db index` serves approximate searches on a standby",
        "approximate searches are exact, and slower",
        'adgfleet search "a blue bird" --approx --standby sby1',
    ),
}

_HEAD = """# What nobody has verified on a real Oracle

Written by `python -m tests.contract.facts`; do not edit. No Oracle Database runs where adgfleet is developed: these
facts come from documentation, from reports, or are guesses, and the [emulator](../explanation/emulator.md) behaves
accordingly. Each row says what happens if it is otherwise, and the command that tells. How to run the tests against a
primary and a standby of your own: [contract tests](../howto/contract.md).

| fact | if it is otherwise | verify with |
|---|---|---|
"""


def page() -> str:
    """Return the page's text."""
    rows = [
        f"| {fact.text} | {fact.otherwise} | `{fact.command or _CONTRACT.format(name.replace('-', '_'))}` |"
        for name, fact in FACTS.items()
    ]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
