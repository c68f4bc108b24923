"""Command `search`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from fleet.console import pass_settings, print_json, print_table, say
from fleet.errors import InputError
from fleet.settings import Settings
from search.contact_sheet import Section, Tile, draw_contact_sheet
from search.pictures import prepare_upload
from search.queries import Hit
from search.serve import serve
from search.service import DEEPEST_HIT, Page, SearchResult, SearchService


@click.command()
@click.argument("text", required=False)
@click.option("--like", type=int, metavar="ID", help="Find pictures like this one of the collection.")
@click.option(
    "--image",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Find pictures like the one in this file.",
)
@click.option(
    "--hits", type=click.IntRange(1, DEEPEST_HIT - 1), default=10, show_default=True, help="At most so many pictures."
)
@click.option("--approx", is_flag=True, help="By the vector index: faster in a large collection, may miss some.")
@click.option("--standby", "--on", "standby", help="Ask this standby only; default: the one with the least apply lag.")
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False), help="Draw the hits on a contact sheet: FILE.png."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def search(  # noqa: PLR0913, PLR0917 - one argument for each option
    settings: Settings,
    text: str | None,
    like: int | None,
    image: Path | None,
    hits: int,
    approx: bool,
    standby: str | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Find pictures by what they show; all work is done on a standby.

    Example: adgfleet search "a blue bird" --hits 5 --save hits.png
    """
    if [text, like, image].count(None) != 2:
        raise InputError('search wants one of: a text, --like ID, --image FILE; try: adgfleet search "a blue bird"')
    page = Page(hits, approximate=approx)
    with contextlib.closing(SearchService(settings, standby=standby)) as service:
        service.watch.look()
        if image is not None:
            title, result = image.name, service.by_picture(prepare_upload(_read(image)), page)
        elif like is not None:
            title, result = f"like {like}", service.like(like, page)
        else:
            title, result = f"“{text}”", service.by_text(text or "", page)
        if save is not None:
            _draw(section_of(service, title, result.hits), save)
    if as_json:
        print_json(_as_json(result, text=text, like=like, image=image, approximate=approx))
    else:
        _show(title, result)
    if save is not None:
        say(f"contact sheet: {save}")


def section_of(service: SearchService, title: str, hits: list[Hit]) -> Section:
    """Return a search's part of a contact sheet, with the pictures read from the database."""
    tiles = [Tile(service.picture(hit.id), f"id {hit.id}", f"{hit.distance:.3f}") for hit in hits]
    return Section(title, tiles)


def _as_json(
    result: SearchResult, *, text: str | None, like: int | None, image: Path | None, approximate: bool
) -> dict[str, Any]:
    return {
        "text": text,
        "like": like,
        "image": None if image is None else str(image),
        "standby": result.standby,
        "approximate": approximate,
        "good_match": result.good_match,
        "hits": [{"id": hit.id, "distance": round(hit.distance, 6)} for hit in result.hits],
    }


def _show(title: str, result: SearchResult) -> None:
    if not result.hits:
        say("no picture has an embedding yet; run: adgfleet produce --follow")
        return
    if result.good_match is False:
        say(f"no good match for {title}: the model does not seem to know these words; the nearest pictures are")
    rows = [[str(number), str(hit.id), f"{hit.distance:.4f}"] for number, hit in enumerate(result.hits, 1)]
    print_table(f"{title} on {result.standby}", ["", "id", "distance"], rows)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the picture {path} cannot be read: {error.strerror}") from error


def _draw(section: Section, path: Path) -> None:
    try:
        draw_contact_sheet([section]).save(path)
    except (OSError, ValueError) as error:
        raise InputError(f"the contact sheet cannot be written to {path}: {error}") from error


commands: list[click.Command] = [search, serve]
