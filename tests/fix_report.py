"""What a run's report may look like, with a message in it that would be a program."""

from __future__ import annotations

import datetime

from fleet.failures import Failure
from fleet.state import RunProgress
from report.run_report import DatabaseLoad, Rates, RunReport

_EVIL = "<script>fetch('http://example.org/')</script>"


def report(**changes: object) -> RunReport:
    failure = Failure(17, 54481, f"ORA-54481: {_EVIL}", 1, "sby1", datetime.datetime(2026, 11, 25, 9, 0, 0))
    values = {
        "run_id": "20261125-090045-cc99",
        "start": 1000.0,
        "end": 1060.0,
        "progress": RunProgress(3, 30, 3, 28, 0, 2, 0, {"sby1": 20, "sby2": 8}, 1000.0),
        "rates": Rates(1000.0, 30.0, {"sby1": (0.5, 0.25), "sby2": (0.1, 0.2)}),
        "loads": (
            DatabaseLoad("primary", "PRIMARY", 2.5, ((1010.0, 2.0), (1020.0, 3.0))),
            DatabaseLoad("sby1", "PHYSICAL STANDBY", None, ((1010.0, None),)),
        ),
        "gaps": ((1030.0, 1060.0),),
        "samples": 20,
        "failures": (failure,),
        "put_aside": 1,
        "counts": None,
        "missing": ("No samples of CPU were kept for 30 s of the run.",),
        **changes,
    }
    return RunReport(**values)  # type: ignore[arg-type]
