"""``python -m tests.scripts FOLDER…``: runs other people's scripts against the emulator, from their text.

Nothing of them is part of this project: fetch them yourself.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click

from tests.scripts.run import Answer, rig
from tests.scripts.script import Script, find_scripts

_NOT_EMULATED = "ORA-03001"


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--owner", default="ADGVEC", show_default=True, help="Who runs a script that does not say so.")
@click.option("--define", "defines", multiple=True, metavar="NAME=VALUE", help="Value of a substitution variable.")
@click.option("--on", "where", type=click.Choice(["header", "primary", "standby"]), default="header", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def main(folders: tuple[Path, ...], *, owner: str, defines: tuple[str, ...], where: str, as_json: bool) -> None:
    """Run the .sql and .py scripts of FOLDERS, in order, on an emulated primary or standby, as each one says itself.

    Exit status 1 when something is not emulated.

    Example: python -m tests.scripts adg-vector/src/schema adg-vector/src/embeddings adg-vector/src/init
    """
    variables = dict(define.split("=", 1) for define in defines if "=" in define)
    results: list[tuple[Script, list[Answer]]] = []
    with rig(variables) as started:
        for script in find_scripts(list(folders), owner=owner):
            on_standby = script.on_standby if where == "header" else where == "standby"
            answers = started.run(script, on_standby=on_standby)
            results.append((script, answers))
            if not as_json:
                _show(script, answers, on_standby=on_standby)
    if as_json:
        listed = {script.name: [dataclasses.asdict(answer) for answer in answers] for script, answers in results}
        click.echo(json.dumps(listed))
    if any(_NOT_EMULATED in answer.error for _script, answers in results for answer in answers):
        sys.exit(1)


def _show(script: Script, answers: list[Answer], *, on_standby: bool) -> None:
    click.echo(f"== {script.name} ({script.user.lower()}, {'standby' if on_standby else 'primary'})")
    for answer in answers:
        click.echo(f"{answer.line:5d}  {answer.statement}")
        for line in answer.printed:
            click.echo(f"         {line}")
        click.echo(f"       → {answer.error or 'ok'}")
    if not answers:
        click.echo("       no statements")


if __name__ == "__main__":
    main()
