"""What the documents promise: commands that exist, links that lead somewhere, settings that are real."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from adgfleet.cli import cli
from fleet.settings import setting_rows

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sql/*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
_COMMAND = re.compile(r"(?:^ {4}|`)(adgfleet [^`\n#]+)", re.MULTILINE)


def _commands(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, *before, name)
        else:
            yield (*before, name), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    targets = [target for target in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_named_exist(page: Path) -> None:
    known = {" ".join(path): command for path, command in _commands(cli)}
    for written in _COMMAND.findall(page.read_text(encoding="utf-8")):
        words = [word for word in shlex.split(written.strip().rstrip(".:;,"))[1:] if not word.startswith("…")]
        if not words or words[0].startswith(("-", "…")):
            continue
        names = [name for name in known if " ".join(words).startswith(name) or name.startswith(words[0] + " ")]
        assert names or words[0] in known, f"{page.name}: {written}"
        exact = next((known[name] for name in names if " ".join(words).startswith(name)), None)
        if exact is not None:
            options = {option for parameter in exact.params for option in parameter.opts}
            used = {word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(=.*)?", word)}
            assert used <= options | {"--help"}, f"{page.name}: {written}"


@pytest.mark.parametrize("path", [path for path, _ in _commands(cli)], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0, result.output
    assert "Example: adgfleet" in " ".join(result.output.split()), "help has no example"


def test_the_example_settings_are_the_settings() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?\s?([A-Z][A-Z_]+)=", text, re.MULTILINE))
    known = {name for name, *_ in setting_rows()}
    secrets = {f"{name}_FILE" for name, *_, secret in setting_rows() if secret}
    assert known <= named | {name.removesuffix("_FILE") for name in named}
    assert named <= known | secrets


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-fleet.lock", "requirements-demo.lock"])
def test_the_lock_file_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    requirements = [line for line in text.splitlines() if re.match(r"^[a-z0-9]", line)]
    assert len(requirements) > 30
    assert text.count("--hash=sha256:") >= len(requirements)
    assert "://" not in text
    assert "--index-url" not in text


def test_the_changelog_names_the_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert version[1] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
