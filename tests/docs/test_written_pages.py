"""The pages that are written from registries say what these say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from emulator.reference import reference_page
from tests.contract.facts import FACTS, PAGE, page

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "reference" / "emulated.md"


def test_the_page_of_what_is_emulated_is_not_stale() -> None:
    assert _PAGE.read_text(encoding="utf-8") == reference_page(), "run: make reference"


def test_the_page_of_unverified_facts_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make reference"


def test_the_pages_of_commands_settings_and_errors_are_not_stale(tmp_path: Path) -> None:
    # In a process of its own: click keeps a command's help as it was asked for first.
    subprocess.run([sys.executable, "-m", "adgfleet.reference", tmp_path], check=True, timeout=100)
    written = sorted(tmp_path.iterdir())
    assert len(written) >= 3
    for each in written:
        kept = _ROOT / "docs" / "reference" / each.name
        assert kept.read_text(encoding="utf-8") == each.read_text(encoding="utf-8"), "run: make reference"


def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html", _ROOT / "docs", tmp_path]
    built = subprocess.run(build, capture_output=True, text=True, timeout=100, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    assert (tmp_path / "howto" / "from-zero.html").is_file()


def test_every_unverified_fact_without_a_command_has_a_contract_test() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (_ROOT / "tests" / "contract").glob("test_*.py"))
    for name, fact in FACTS.items():
        marked = f'unverified("{name}")' in texts
        assert marked == (fact.command is None), name
        # The command that the page gives finds the test.
        assert fact.command is not None or f"def test_{name.replace('-', '_')}_" in texts, name
