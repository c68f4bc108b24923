"""Command `search`."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from fleet.console import pass_settings, print_json, print_table, say
from fleet.errors import ConfigurationError, DatabaseError, InputError
from fleet.sessions import Connection, Database, connect, translated
from fleet.settings import Settings
from search.contact_sheet import Section, Tile, draw_contact_sheet
from search.service import Hit, find_pictures, read_picture


@click.command()
@click.argument("text")
@click.option("--hits", type=click.IntRange(1, 1000), default=10, show_default=True, help="At most so many pictures.")
@click.option("--on", "standby", help="The standby to ask; default: the first of STANDBYS that answers.")
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False), help="Draw the hits on a contact sheet: FILE.png."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def search(settings: Settings, text: str, hits: int, standby: str | None, save: Path | None, as_json: bool) -> None:
    """Find pictures by what they show; all work is done on a standby.

    Example: adgfleet search "a blue bird" --hits 5 --save hits.png
    """
    name, connection = _connect_to_standby(settings, standby)
    with contextlib.closing(connection), translated(name):
        found = find_pictures(connection, text, hits=hits, text_model=settings.text_model)
        sheet = draw_contact_sheet([section_of(connection, text, found)]) if save is not None else None
    if save is not None and sheet is not None:
        try:
            sheet.save(save)
        except (OSError, ValueError) as error:
            raise InputError(f"the contact sheet cannot be written to {save}: {error}") from error
    if as_json:
        print_json(
            {
                "text": text,
                "standby": name,
                "hits": [{"id": hit.id, "distance": round(hit.distance, 6)} for hit in found],
            }
        )
    elif found:
        rows = [[str(number), str(hit.id), f"{hit.distance:.4f}"] for number, hit in enumerate(found, 1)]
        print_table(f"{text!r} on {name}", ["", "id", "distance"], rows)
    else:
        say("no picture has an embedding yet; run: adgfleet produce --follow")
    if save is not None:
        say(f"contact sheet: {save}")


def section_of(connection: Connection, text: str, found: list[Hit]) -> Section:
    """Return a search's part of a contact sheet, with the pictures read from the database."""
    tiles = [Tile(read_picture(connection, hit.id), f"id {hit.id}", f"{hit.distance:.3f}") for hit in found]
    return Section(f"“{text}”", tiles)


def _connect_to_standby(settings: Settings, standby: str | None) -> tuple[str, Connection]:
    """Log on to the named standby, or to the first that answers."""
    names = [standby] if standby is not None else list(settings.require("standbys"))
    failures: list[str] = []
    for name in names:
        try:
            return name, connect(Database.standby(settings, name), module="search")
        except DatabaseError as error:
            if len(names) == 1:
                raise
            failures.append(str(error))
            say(f"{name} does not answer, trying the next one")
    raise ConfigurationError(f"no standby answers: {'; '.join(failures)}")


commands: list[click.Command] = [search]
