"""Loads picture files into the primary: the file's stem is the id; what is there already is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fleet.errors import InputError
from fleet.sessions import Connection, declare_blob, translated

#: Endings of picture files, lower case.
PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png"})
#: Rows of one array insert and one commit.
BATCH_ROWS = 50
#: A batch ends early at this size, so that memory stays flat with large pictures.
BATCH_BYTES = 32 * 1024 * 1024
#: Ids that are asked for at once.
_LOOKUP_IDS = 500
_LARGEST_ID = 10**38


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was not loaded, and why."""

    file: str
    reason: str


@dataclass(slots=True)
class LoadReport:
    """What became of the files of a directory."""

    loaded: int = 0
    #: Their ids are in the table already.
    skipped: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file whose name gives an id."""

    id: int
    path: Path


def find_pictures(directory: Path) -> tuple[list[PictureFile], list[Rejected]]:
    """List the picture files of a directory by id, and those whose names are no use.

    Raises:
        InputError: No such directory, or no picture file in it.
    """
    if not directory.is_dir():
        raise InputError(f"{directory} {'is no directory' if directory.exists() else 'does not exist'}")
    pictures: dict[int, PictureFile] = {}
    rejected: list[Rejected] = []
    seen = False
    # Of "1.jpg" and "01.jpg" the plain name comes first.
    for path in sorted(directory.iterdir(), key=lambda path: (len(path.name), path.name)):
        if path.suffix.lower() not in PICTURE_ENDINGS:
            continue
        seen = True
        stem = path.stem
        if not (stem.isascii() and stem.isdigit()):
            rejected.append(Rejected(path.name, "its name is not a whole number in digits, which would be the id"))
        elif int(stem) >= _LARGEST_ID:
            rejected.append(Rejected(path.name, "its number has more than the 38 digits that an id can have"))
        elif not path.is_file():
            rejected.append(Rejected(path.name, "it is no file"))
        elif int(stem) in pictures:
            rejected.append(Rejected(path.name, f"{pictures[int(stem)].path.name} has the same id"))
        else:
            pictures[int(stem)] = PictureFile(int(stem), path)
    if not seen:
        raise InputError(f"the directory {directory} has no .jpg, .jpeg or .png file")
    return [pictures[number] for number in sorted(pictures)], rejected


def load_pictures(connection: Connection, directory: Path, on_progress: Callable[[int, int], None]) -> LoadReport:
    """Load what is missing, in batches with one commit each.

    A second run loads only what the first did not; a run that was interrupted keeps its committed batches.

    Args:
        connection: A session of the owner on the primary.
        directory: The files.
        on_progress: Told (files done, files in all) after each batch.

    Raises:
        InputError: The directory cannot be used.
        DatabaseError: The database failed.
    """
    files, rejected = find_pictures(directory)
    report = LoadReport(rejected=rejected)
    with translated("primary"):
        existing = _existing_ids(connection, [file.id for file in files])
        report.skipped = len(existing)
        done = report.skipped
        on_progress(done, len(files))
        for batch, size in _batches([file for file in files if file.id not in existing], report):
            report.loaded += _insert(connection, batch, report)
            done += size
            on_progress(done, len(files))
    return report


def _batches(files: Sequence[PictureFile], report: LoadReport) -> Iterator[tuple[list[tuple[int, bytes]], int]]:
    """Read files into batches of bounded rows and bytes; yields (rows, files consumed)."""
    rows: list[tuple[int, bytes]] = []
    held_bytes = consumed = 0
    for file in files:
        consumed += 1
        try:
            data = file.path.read_bytes()
        except OSError as error:
            report.rejected.append(Rejected(file.path.name, f"it cannot be read: {error.strerror}"))
            continue
        if not data:
            report.rejected.append(Rejected(file.path.name, "it is empty"))
            continue
        rows.append((file.id, data))
        held_bytes += len(data)
        if len(rows) >= BATCH_ROWS or held_bytes >= BATCH_BYTES:
            yield rows, consumed
            rows, held_bytes, consumed = [], 0, 0
    if consumed:
        yield rows, consumed


def _existing_ids(connection: Connection, ids: Sequence[int]) -> set[int]:
    existing: set[int] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(ids), _LOOKUP_IDS):
            part = ids[start : start + _LOOKUP_IDS]
            places = ", ".join(f":{number}" for number in range(1, len(part) + 1))
            cursor.execute(f"SELECT id FROM pictures WHERE id IN ({places})", list(part))  # noqa: S608 - only bind names
            existing.update(int(number) for (number,) in cursor)
    return existing


def _insert(connection: Connection, rows: list[tuple[int, bytes]], report: LoadReport) -> int:
    """Insert a batch and commit; an id that somebody else inserted meanwhile is counted as skipped."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        declare_blob(cursor, "img")
        cursor.executemany(
            "INSERT INTO pictures (id, img_size, img) VALUES (:id, :img_size, :img)",
            [{"id": number, "img_size": len(data), "img": data} for number, data in rows],
            batcherrors=True,
        )
        errors = cursor.getbatcherrors()
    connection.commit()
    for error in errors:
        if error.code == 1:  # ORA-00001
            report.skipped += 1
        else:
            report.rejected.append(Rejected(str(rows[error.offset][0]), f"the database refused it: {error.message}"))
    return len(rows) - len(errors)
