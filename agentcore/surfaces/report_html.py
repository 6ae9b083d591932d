"""A report as one HTML file: the figures inside it, each with its words, and the numbers as a table. Pure."""

from __future__ import annotations

from html import escape
from typing import Final

from agentcore.routing.report import Reliability, Report

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; background: #fff; border-radius: .4rem; }
figure.square svg { max-width: 38rem; }
figcaption { color: GrayText; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8884; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tbody th { font-weight: 400; }
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def report_html(report: Report, *, frontier: str | None, reliability: str | None) -> str:
    """Return the page. frontier, reliability: the figures as `<svg>` elements, None where there is none."""
    title = escape(report.title)
    about = "".join(f"<p>{escape(sentence)}</p>" for sentence in report.about)
    drawn = (
        _figure(frontier, "Cost and quality", frontier_words(report))
        if frontier
        else "<p>No cost is known, so the frontier of cost and quality cannot be drawn.</p>"
    )
    trusted = (
        _figure(reliability, "Reliability", reliability_words(report.reliability), square=True)
        if reliability and report.reliability
        else "<p>No answer has both a probability and a label, so there is no reliability diagram.</p>"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Routing: {title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Routing: {title}</h1>
{about}
{drawn}
{trusted}
<h2>The numbers</h2>
<div class="wide">{_table(report)}</div>
</body>
</html>
"""


def frontier_words(report: Report) -> str:
    """Return what the frontier shows, for those who do not see it."""
    points = "; ".join(
        f"{point.name}: {100 * point.accuracy:.1f} % right at ${point.usd_per_1k:.3g} per 1,000"
        for point in sorted(report.drawn, key=lambda each: each.usd_per_1k or 0.0)
    )
    best = ", ".join(point.name for point in report.frontier)
    return f"Right answers against cost. By rising cost, {points}. Nothing is both cheaper and better than: {best}."


def reliability_words(found: Reliability) -> str:
    """Return what the reliability diagram shows, for those who do not see it."""
    points = "; ".join(
        f"said {100 * each.confidence:.0f} %, was {100 * each.accuracy:.0f} % of {each.count}" for each in found.bins
    )
    return (
        f"P(right) as it was said against the share that was right: {points}. "
        f"The expected calibration error is {found.ece:.3f} over {found.answers} answers."
    )


def _figure(svg: str, heading: str, words: str, *, square: bool = False) -> str:
    text = escape(words, quote=True)
    marked = svg.replace("<svg", f'<svg role="img" aria-label="{text}"', 1)
    kind = ' class="square"' if square else ""
    return f"<h2>{escape(heading)}</h2>\n<figure{kind}>{marked}<figcaption>{escape(words)}</figcaption></figure>"


def _table(report: Report) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in report.columns)
    body = "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in report.rows
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
