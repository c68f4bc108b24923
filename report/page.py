"""A run as one HTML file: no script, no request to anywhere, light and dark, fit for print."""

from __future__ import annotations

from html import escape

from report.chart import Chart, Plot, clock, place
from report.charts_of_run import about_failures, cpu_chart, database_rows, figures, notes, period, rate_chart, title
from report.run_report import RunReport

_WIDTH, _HEIGHT = 920, 260
_STYLE = """
:root{color-scheme:light dark;--paper:#f7f6f2;--card:#fff;--ink:#1d2433;--soft:#566074;--line:#dedbd2}
@media (prefers-color-scheme:dark){:root{--paper:#10141c;--card:#181e2a;--ink:#edf0f6;--soft:#a5afc2;--line:#2c3546}
path.line,.swatch{filter:brightness(1.55)}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem clamp(1rem,3vw,2rem) 3rem}
h1{margin:0;font-size:clamp(1.4rem,3.5vw,2rem);letter-spacing:-.02em;overflow-wrap:anywhere}
h2{margin:0 0 .4rem;font-size:1.05rem}
.soft{margin:0;color:var(--soft)}
section{margin-top:1rem;padding:1.1rem 1.25rem;border-radius:14px;background:var(--card)}
.wide{overflow-x:auto}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.6rem 1.2rem;margin:0}
dl div{display:flex;flex-direction:column-reverse}
dt{color:var(--soft);font-size:.88rem}
dd{margin:0;font-size:1.4rem;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.02em}
svg{display:block;width:100%;height:auto}
.wide svg{min-width:36rem}
svg text{fill:var(--soft);font:12px system-ui,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
.rule{stroke:var(--line)}
.gap{fill:var(--line);opacity:.65}
path.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
ul.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.3rem 0 0;padding:0;list-style:none;font-size:.9rem}
.swatch{display:inline-block;width:1.1rem;margin-right:.4rem;vertical-align:middle}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td{overflow-wrap:anywhere}
.role{min-width:9rem}
.message{min-width:16rem}
.right{text-align:right}
code{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.92em}
@media print{body{background:none}section{break-inside:avoid;padding:0}}
"""


def write_page(report: RunReport) -> str:
    """Return the HTML text."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title(report))} · adgfleet</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f'<h1>{escape(title(report))}</h1>\n<p class="soft">{escape(period(report))}</p>',
        f"<section><dl>{''.join(_figure(*each) for each in figures(report))}</dl></section>",
        _chart(rate_chart(report), "No range of this run has been reported yet."),
        _chart(cpu_chart(report), "No samples of CPU were kept for this run."),
        _databases(report),
        _failures(report),
        f"<section><h2>Notes</h2><ul>{''.join(f'<li>{escape(each)}</li>' for each in notes(report))}</ul></section>",
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _figure(label: str, value: str) -> str:
    return f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"


def _chart(chart: Chart, empty: str) -> str:
    head = f"<section><h2>{escape(chart.title)}</h2>"
    if not any(value is not None for series in chart.series for _, value in series.points):
        return f'{head}<p class="soft">{escape(empty)}</p></section>'
    names = ", ".join(series.name for series in chart.series)
    label = f"{chart.title}, from {clock(chart.start)} to {clock(chart.end)} UTC: {names}"
    legend = "".join(
        f'<li><svg class="swatch" viewBox="0 0 22 4" aria-hidden="true">'
        f'<rect width="22" height="4" fill="{each.colour}"/></svg>{escape(each.name)}</li>'
        for each in chart.series
    )
    return f'{head}{_wide(_svg(place(chart, _WIDTH, _HEIGHT), label))}<ul class="legend">{legend}</ul></section>'


def _svg(plot: Plot, label: str) -> str:
    height = plot.bottom - plot.top
    marks = [
        *(
            f'<rect class="gap" x="{start:.1f}" y="{plot.top}" width="{end - start:.1f}" height="{height}">'
            "<title>no samples</title></rect>"
            for start, end in plot.gaps
        ),
        *(
            f'<path class="rule" d="M{plot.left} {y:.1f}H{plot.right}"/>'
            f'<text x="{plot.left - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
            for y, text in plot.values
        ),
        *(
            f'<text x="{x:.1f}" y="{plot.bottom + 20}" text-anchor="middle">{text}</text>'
            for x, text in plot.times
            if plot.left + 20 < x < plot.right - 20
        ),
        *(
            f'<path class="line" stroke="{series.colour}" d="{_path(stretch)}">'
            f"<title>{escape(series.name)}</title></path>"
            for series, stretches in plot.lines
            for stretch in stretches
        ),
    ]
    box = f"0 0 {plot.width} {plot.height}"
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(label)}">{"".join(marks)}</svg>'


def _path(stretch: list[tuple[float, float]]) -> str:
    if len(stretch) == 1:  # a point is drawn by its round ends
        return f"M{stretch[0][0]:.1f} {stretch[0][1]:.1f}h0.1"
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in stretch)


def _wide(content: str) -> str:
    """Let what a phone has no room for scroll sideways, also by the keyboard."""
    return f'<div class="wide" tabindex="0">{content}</div>'


def _table(columns: str, rows: str) -> str:
    return _wide(f"<table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>")


def _databases(report: RunReport) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th><td class="role">{escape(row.role)}</td>'
        f'<td class="right">{row.embedded}</td><td class="right">{row.rate}</td><td class="right">{row.cpu}</td></tr>'
        for row in database_rows(report)
    )
    columns = '<th scope="col">database</th><th scope="col">role</th>' + "".join(
        f'<th scope="col" class="right">{text}</th>' for text in ("embedded", "pictures a second", "mean CPU")
    )
    return f"<section><h2>Databases</h2>{_table(columns, rows)}</section>"


def _failures(report: RunReport) -> str:
    said = escape(about_failures(report))
    if not report.failures:
        return f'<section><h2>Failed pictures</h2><p class="soft">{said}</p></section>'
    rows = "".join(
        f'<tr><th scope="row">{failure.id}</th><td class="message">{escape(failure.error_message)}</td>'
        f'<td class="right">{failure.attempts}</td><td>{escape(failure.standby)}</td></tr>'
        for failure in report.failures
    )
    columns = "".join(f'<th scope="col">{text}</th>' for text in ("picture", "error", "attempts", "standby"))
    again = "To try them again: <code>adgfleet failures retry --all</code>, then <code>adgfleet produce</code>."
    return f"<section><h2>Failed pictures</h2><p>{said} {again}</p>{_table(columns, rows)}</section>"
