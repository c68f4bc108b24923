"""The two charts of a run, the figures above them, and the words below: the same in every format."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.sampler import PRIMARY
from report.chart import PRIMARY_COLOUR, STANDBY_COLOURS, Chart, Series, clock
from report.run_report import RunReport


@dataclass(frozen=True, slots=True)
class DatabaseRow:
    """One line of the table of databases."""

    name: str
    role: str
    colour: str
    embedded: str
    rate: str
    cpu: str


def colour_of(report: RunReport, name: str) -> str:
    """Return a database's colour, the same in all charts of a run."""
    if name == PRIMARY:
        return PRIMARY_COLOUR
    standbys = [each for each in _names(report) if each != PRIMARY]
    return STANDBY_COLOURS[standbys.index(name) % len(STANDBY_COLOURS)]


def _names(report: RunReport) -> list[str]:
    loads = {load.name: None for load in report.loads}
    return list({**loads, **dict.fromkeys(report.rates.standbys), **dict.fromkeys(report.progress.standbys)})


def rate_chart(report: RunReport) -> Chart:
    """Return pictures a second of each standby."""
    rates = report.rates
    series = [
        Series(
            name,
            colour_of(report, name),
            [(rates.start + (number + 0.5) * rates.bin_seconds, value) for number, value in enumerate(values)],
        )
        for name, values in rates.standbys.items()
    ]
    return Chart("Pictures a second, by standby", "", series, report.start, report.end, 1.0)


def cpu_chart(report: RunReport) -> Chart:
    """Return the CPU of every database."""
    series = [Series(load.name, colour_of(report, load.name), load.points) for load in report.loads]
    title = "CPU, percent of each database's processors"
    return Chart(title, "%", series, report.start, report.end, 20.0, report.gaps)


def figures(report: RunReport) -> list[tuple[str, str]]:
    """Return the large figures: label, value."""
    progress = report.progress
    found = [
        ("pictures", f"{progress.pictures:,}"),
        ("embedded", f"{progress.embedded:,}"),
        ("failed", f"{progress.failed:,}"),
        ("seconds", f"{report.seconds:,.1f}"),
        ("pictures a second", f"{report.pictures_per_second:,.1f}"),
        ("ranges", f"{progress.ranges_done:,} of {progress.ranges:,}"),
    ]
    if progress.already:
        found.append(("there already", f"{progress.already:,}"))
    if progress.vanished:
        found.append(("deleted meanwhile", f"{progress.vanished:,}"))
    return found


def database_rows(report: RunReport) -> list[DatabaseRow]:
    """Return the table of databases."""
    loads = {load.name: load for load in report.loads}
    rows = []
    for name in _names(report):
        load = loads.get(name)
        embedded = report.progress.standbys.get(name, 0)
        known = load is not None and load.mean_percent is not None
        cpu = f"{load.mean_percent:.1f} %" if load is not None and known else "no samples"
        rate = f"{embedded / report.seconds:,.1f}"
        role = load.role.lower() if load is not None and load.role else "role not known"
        rows.append(DatabaseRow(name, role, colour_of(report, name), f"{embedded:,}", rate, cpu))
    return rows


def about_failures(report: RunReport) -> str:
    """Say how many pictures failed, and how many of them still wait for somebody to try them again."""
    failed, left = report.progress.failed, report.put_aside
    if not failed:
        return "None."
    if left is None:
        return f"{failed:,} failed; whether they are still put aside is not known."
    if not left:
        return f"{failed:,} failed, none of them is still put aside: they were made pending again since."
    listed = "" if len(report.failures) >= left else f", the latest {len(report.failures):,} of these below"
    return f"{failed:,} failed, {left:,} of them {'is' if left == 1 else 'are'} still put aside{listed}."


def title(report: RunReport) -> str:
    """Return the heading."""
    return f"Run {report.run_id}"


def period(report: RunReport) -> str:
    """Say when it was."""
    return f"{clock(report.start)} to {clock(report.end)} UTC" + ("" if report.is_done else ", not done yet")


def notes(report: RunReport) -> list[str]:
    """Return what has to be known to read the figures, what is missing first."""
    said = [*report.missing]
    if report.counts is not None:
        counts = report.counts
        said.append(
            f"When this was written {counts.database} had {counts.pictures:,} pictures: {counts.embedded:,} embedded, "
            f"{counts.failed:,} failed, {counts.pending:,} pending."
        )
    said.append("A range's pictures are spread evenly over the time that it took; workers report ranges, not pictures.")
    if report.samples:
        said.append(
            f"CPU: V$OSSTAT of each database in {report.samples:,} samples; on a real host it counts everything that "
            "runs there, in the emulator the instance's own processes."
        )
    return said
