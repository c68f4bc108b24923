"""Measures what searches find, through the databases: ``python -m benchmarks.search_quality``.

Precision of the demo's model for each kind of query, recall of approximate searches against exact ones, and the gap by
which a known text's best hit stands out from the collection: SEARCH_LEAST_GAP. With ``--page FILE`` the tables are
written for keeping, with ``--keep-gap`` the gap is written into the demo model's description.

With a model and pictures of your own, give two files of texts, one a line, and your settings; only the gap is measured:
``python -m benchmarks.search_quality --env-file .env --known known.txt --unknown unknown.txt``.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.searchable_cluster import catch_up, searchable_cluster
from demo.drawing.album import AlbumPicture, all_pairs, held_out_pairs
from demo.drawing.palette import COLOURS
from demo.drawing.scenes import SCENES
from demo.drawing.sketch import Sketch
from demo.drawing.subjects import SUBJECTS
from fleet.sessions import Database, session
from fleet.settings import Settings, load_settings
from loader.vector_index import build_vector_index
from search.queries import median_distance, nearest_pictures, stored_vector, text_vector
from search.service import Page, SearchService

_TOP = 10
_ACCURACIES = (50, 80, 90, 95, 99)
_MODEL_FACTS = Path(__file__).parents[1] / "demo" / "model" / "model.json"
#: None of these words is in the model's vocabulary.
UNKNOWN_TEXTS = (
    *("qwertz", "lorem ipsum dolor", "zzz", "xylophone", "quarterly earnings", "parliament", "democracy", "42", "?!"),
    *("sql injection", "telephone", "giraffe", "broccoli", "keyboard", "волк", "猫", "🐦", "elephant", "guitar"),
    *("mathematics", "invoice", "skyscraper", "basketball", "hospital", "pizza", "bicycle", "volcano", "tax return"),
)
_PAGE = """\
# Quality of searches

Made by a command, not by hand:

    {command}

{pictures} drawings that the model never saw, embedded on an emulated standby, searched by SQL.

## Precision of the demo's model

Share of right pictures among the first min({top}, relevant) hits of exact searches.

| kind of query | queries | precision | worst query |
|---|---:|---:|---:|
{by_kind}

## Recall of approximate searches

Share of the exact {top} hits that `FETCH APPROX … WITH TARGET ACCURACY` found, by the **emulator's** IVF index;
Oracle's chooses its partitions otherwise. The emulator looks into as many partitions as gave that recall for rows of
the table. A text's vector lies apart from all pictures' vectors, so texts get another recall than they ask for.

| queries | {accuracies} |
|---|{rules}
{by_accuracy}

## No good match

A text of which a model knows nothing lies near to every picture, so its hits have small distances, too. What tells it
apart is the gap between the best hit and the median picture.

{rule}
An unknown word beside a known one ("a blue giraffe") is not recognised: this model ignores it.

The gap belongs to the model. Measure your own with texts of your own, one a line, and set it:

    python -m benchmarks.search_quality --env-file .env --known known.txt --unknown unknown.txt
"""
Wanted = Callable[[Sketch], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A text and the drawings that it asks for."""

    kind: str
    text: str
    wanted: Wanted


def known_queries() -> list[Query]:
    """Return a query of every kind for everything that the model was made for."""
    held_out = set(held_out_pairs())
    queries = [
        Query(
            "colour and subject, held out of training" if pair in held_out else "colour and subject",
            pair.text,
            lambda sketch, pair=pair: (sketch.colour, sketch.subject) == pair,  # type: ignore[misc]
        )
        for pair in all_pairs()
    ]
    queries += [Query("subject", f"a {name}", lambda sketch, name=name: sketch.subject == name) for name in SUBJECTS]  # type: ignore[misc]
    queries += [
        Query("colour", f"something {name}", lambda sketch, name=name: sketch.colour == name)  # type: ignore[misc]
        for name in COLOURS
    ]
    queries += [Query("scene", name, lambda sketch, name=name: sketch.scene == name) for name in SCENES]  # type: ignore[misc]
    return queries


def precision(
    service: SearchService, album: Sequence[AlbumPicture], queries: Iterable[Query]
) -> dict[str, list[float]]:
    """Return precision at min(10, relevant) of each query, by kind; queries without a relevant picture are left out."""
    sketches = {picture.id: picture.sketch for picture in album if picture.sketch is not None}
    found: dict[str, list[float]] = {}
    for query in queries:
        relevant = {number for number, sketch in sketches.items() if query.wanted(sketch)}
        if relevant:
            top = min(_TOP, len(relevant))
            hits = service.by_text(query.text, Page(top)).hits
            found.setdefault(query.kind, []).append(sum(hit.id in relevant for hit in hits) / top)
    return found


def recall(settings: Settings, standby: str, texts: Sequence[str], pictures: Sequence[int]) -> dict[str, list[float]]:
    """Return recall@10 of approximate against exact searches: for texts and for pictures, one figure per accuracy."""
    with session(Database.standby(settings, standby), module="benchmark") as connection:
        vectors = {
            "texts": [text_vector(connection, text, text_model=settings.text_model) for text in texts],
            "more like a picture": [stored_vector(connection, number) for number in pictures],
        }
        results: dict[str, list[float]] = {}
        for kind, queries in vectors.items():
            exact = [{hit.id for hit in nearest_pictures(connection, vector, hits=_TOP)} for vector in queries]
            for accuracy in _ACCURACIES:
                shares = [
                    len(right & {hit.id for hit in nearest_pictures(connection, vector, hits=_TOP, accuracy=accuracy)})
                    / len(right)
                    for vector, right in zip(queries, exact, strict=True)
                ]
                results.setdefault(kind, []).append(statistics.mean(shares))
    return results


def gaps(settings: Settings, standby: str, texts: Iterable[str]) -> list[float]:
    """Return by how much each text's best hit is nearer than the median picture, cosine distance."""
    found = []
    with session(Database.standby(settings, standby), module="benchmark") as connection:
        for text in texts:
            vector = text_vector(connection, text, text_model=settings.text_model)
            usual, best = median_distance(connection, vector), nearest_pictures(connection, vector, hits=1)
            if usual is not None and best:
                found.append(usual - best[0].distance)
    return found


@dataclass(frozen=True, slots=True)
class GapRule:
    """Where known and unknown texts are told apart best."""

    least_gap: float
    #: Shares of texts on the wrong side.
    known_refused: float
    unknown_accepted: float
    known_range: tuple[float, float]
    unknown_range: tuple[float, float]


def best_rule(known: Sequence[float], unknown: Sequence[float]) -> GapRule:
    """Return the gap with the fewest texts on the wrong side, in the middle of the widest such interval."""

    def wrong(gap: float) -> float:
        return sum(each < gap for each in known) / len(known) + sum(each >= gap for each in unknown) / len(unknown)

    edges = sorted({0.0, *known, *unknown})
    middles = [((low + high) / 2, high - low) for low, high in itertools.pairwise(edges)]
    least = min(wrong(middle) for middle, _ in middles)
    gap = round(max((width, middle) for middle, width in middles if wrong(middle) == least)[1], 3)
    return GapRule(
        gap,
        sum(each < gap for each in known) / len(known),
        sum(each >= gap for each in unknown) / len(unknown),
        (min(known), max(known)),
        (min(unknown), max(unknown)),
    )


def main() -> None:
    """Measure and say, or keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000, help="drawings to search in")
    parser.add_argument("--seed", type=int, default=61, help="of the drawings; training used others")
    parser.add_argument("--page", type=Path, help="write the tables to this file")
    parser.add_argument("--keep-gap", action="store_true", help="write the gap into the demo model's description")
    parser.add_argument("--env-file", type=Path, help="settings of your own databases")
    parser.add_argument("--known", type=Path, help="texts that your pictures show, one a line")
    parser.add_argument("--unknown", type=Path, help="texts that nothing can match, one a line")
    options = parser.parse_args()
    if options.known and options.unknown:
        settings = load_settings(options.env_file)
        standby = next(iter(settings.require("standbys")))
        sides = [
            gaps(settings, standby, path.read_text(encoding="utf-8").splitlines())
            for path in (options.known, options.unknown)
        ]
        sys.stdout.write(_rule_text(best_rule(*sides)) + "\n")
        return
    page, rule = _measure(options.pictures, options.seed)
    if options.keep_gap:
        facts = json.loads(_MODEL_FACTS.read_text(encoding="utf-8"))
        facts["search"] = {"least_gap": rule.least_gap}
        _MODEL_FACTS.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    if options.page:
        options.page.parent.mkdir(parents=True, exist_ok=True)
        options.page.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


def _measure(pictures: int, seed: int) -> tuple[str, GapRule]:
    queries = known_queries()
    texts = [query.text for query in queries]
    with searchable_cluster(pictures=pictures, seed=seed) as made:
        settings = made.settings
        standby = next(iter(settings.require("standbys")))
        with contextlib.closing(SearchService(settings, standby=standby)) as service:
            shares = precision(service, made.album, queries)
        with session(Database.primary(settings), module="benchmark") as connection:
            build_vector_index(connection, rebuild=False)
        catch_up(settings)
        recalls = recall(settings, standby, texts, range(1, pictures + 1, max(1, pictures // 200)))
        rule = best_rule(gaps(settings, standby, texts), gaps(settings, standby, UNKNOWN_TEXTS))
    return _page(pictures, seed, shares, recalls, rule), rule


def _page(
    pictures: int, seed: int, shares: dict[str, list[float]], recalls: dict[str, list[float]], rule: GapRule
) -> str:
    command = (
        f"python -m benchmarks.search_quality --pictures {pictures} --seed {seed} "
        "--keep-gap --page docs/reference/search-quality.md"
    )
    by_kind = [
        f"| {kind} | {len(each)} | {statistics.mean(each):.3f} | {min(each):.2f} |" for kind, each in shares.items()
    ]
    by_accuracy = [f"| {kind} | {' | '.join(f'{share:.3f}' for share in each)} |" for kind, each in recalls.items()]
    return _PAGE.format(
        command=command,
        pictures=f"{pictures:,}",
        top=_TOP,
        by_kind="\n".join(by_kind),
        accuracies=" | ".join(f"accuracy {each}" for each in _ACCURACIES),
        rules="---:|" * len(_ACCURACIES),
        by_accuracy="\n".join(by_accuracy),
        rule=_rule_text(rule),
    )


def _rule_text(rule: GapRule) -> str:
    return (
        f"SEARCH_LEAST_GAP={rule.least_gap:g}: {rule.known_refused:.1%} of known texts are called no good match, "
        f"{rule.unknown_accepted:.1%} of unknown ones are not. Gaps of known texts are {rule.known_range[0]:.3f} to "
        f"{rule.known_range[1]:.3f}, of unknown ones {rule.unknown_range[0]:.3f} to {rule.unknown_range[1]:.3f}."
    )


if __name__ == "__main__":
    main()
