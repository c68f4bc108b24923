from __future__ import annotations

import json
import re
from pathlib import Path

from tests.driver_suite.modules import ModuleResult, choose, count_results
from tests.driver_suite.page import write_page
from tests.driver_suite.source import locked_version

_RECORDS = (
    {"collected": ["m::a", "m::b", "m::c", "m::d", "m::e"]},
    {"test": "m::a", "outcome": "passed", "text": ""},
    {"test": "m::b", "outcome": "failed", "text": "E  ORA-00904"},
    {"test": "m::c", "outcome": "failed", "text": "E  ORA-03001: unimplemented feature: views is not emulated"},
    {"test": "m::d", "outcome": "skipped", "text": "needs another Python"},
)


def _count(*records: dict[str, object]) -> ModuleResult:
    return count_results([json.dumps(record) for record in records])


def test_each_test_counts_once_and_those_that_were_not_reached_as_failed() -> None:
    result = _count(*_RECORDS)
    assert result.counts() == {"passed": 1, "failed": 2, "not_emulated": 1}
    assert result.skipped == ["m::d"]
    assert "m::e" in result.failed


def test_a_test_that_fails_while_it_is_taken_down_has_failed() -> None:
    result = _count(_RECORDS[1], {"test": "m::a", "outcome": "failed", "text": "E  ORA-00600"})
    assert result.counts() == {"passed": 0, "failed": 1, "not_emulated": 0}


def test_modules_are_chosen_by_folder_by_name_or_by_a_part_of_it() -> None:
    names = ["cursor/test_1400_callproc", "cursor/test_1500_callproc_async", "pool/test_1000_pool"]
    assert choose(names, []) == names
    assert choose(names, ["pool"]) == names[2:]
    assert choose(names, ["cursor/test_1400_callproc"]) == names[:1]
    assert choose(names, ["callproc"]) == names[:2]
    assert choose(names, ["nothing"]) == []


def test_the_driver_is_locked_to_one_version_with_sums() -> None:
    version, sums = locked_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert sums


def test_the_page_lists_figures_and_reasons(tmp_path: Path) -> None:
    write_page({"cursor/test_x": _count(*_RECORDS)}, ["CREATE TYPE t: ORA-03001"], tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| cursor/test_x | 1 | 2 | 1 | 1 |" in text
    assert "not emulated: views (1)" in text
    assert "`CREATE TYPE t: ORA-03001`" in text
