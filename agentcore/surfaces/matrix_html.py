"""A policy matrix as one HTML page that needs nothing else. Pure.

All that comes from a project's files is escaped, and the page allows no script or style but its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from agentcore.domain.decision import Action
from agentcore.domain.label import Confidentiality
from agentcore.policy.matrix import Cell, Matrix
from agentcore.surfaces.matrix_rows import LEGEND, MARKS, ShownRow, shown_rows

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; }
input { font: inherit; padding: .3rem .5rem; width: 24rem; max-width: 100%; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; }
dt { font-weight: 600; } dd { margin: 0; }
table { border-collapse: collapse; margin-top: 1rem; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #8884; vertical-align: top; }
thead th { position: sticky; background: Canvas; z-index: 1; }
thead tr:first-child th { top: 0; height: 1.6rem; } thead tr:last-child th { top: 2.1rem; }
td.always { background: #2a82; } td.depends { background: #ca02; } td.never { color: #8889; }
details table { margin: .3rem 0; font-size: .9em; } details thead th { position: static; }
"""

_SCRIPT: Final = """
const box = document.getElementById("filter");
const rows = Array.from(document.querySelectorAll("#matrix > tbody > tr"));
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of rows) {
    row.hidden = !words.every((word) => row.dataset.words.includes(word));
  }
});
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def matrix_html(matrix: Matrix, action: Action | None, *, title: str, everything: bool) -> str:
    """Return the page. title: the project's name.  everything: as for `shown_rows`."""
    rows, left_out = shown_rows(matrix, action, everything=everything)
    name = escape(title)
    legend = "".join(f"<dt>{escape(mark)}</dt><dd>{escape(meaning)}</dd>" for mark, meaning in LEGEND)
    omitted = f"<p>{left_out} rows where nothing is ever permitted are left out.</p>" if left_out else ""
    levels = "".join(f'<th colspan="2">{level.name.lower()}</th>' for level in Confidentiality)
    halves = '<th title="trusted">T</th><th title="untrusted">U</th>' * len(Confidentiality)
    body = "\n".join(_row(matrix, each) for each in rows)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Policies of {name}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Who can ever do what: {name}</h1>
<dl>{legend}</dl>
{omitted}
<p><label>Filter <input id="filter" type="search" placeholder="agent, action, resource, policy"></label></p>
<table id="matrix">
<thead>
<tr><th>agent</th><th>role</th><th>action</th><th>resource</th>{levels}<th>by source</th></tr>
<tr><th></th><th></th><th></th><th></th>{halves}<th></th></tr>
</thead>
<tbody>
{body}
</tbody>
</table>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _row(matrix: Matrix, shown: ShownRow) -> str:
    row = shown.row
    named = [row.agent, row.role.value, row.action, shown.resource]
    policies = {id for cell in shown.cells for id in cell.judgement.reasons}
    words = escape(" ".join([*named, *sorted(policies)]).lower())
    first = "".join(f"<td>{escape(text)}</td>" for text in named)
    return f'<tr data-words="{words}">{first}{"".join(_cells(shown.cells))}<td>{_by_source(matrix, shown)}</td></tr>'


def _cells(cells: Sequence[Cell]) -> Iterator[str]:
    for cell in cells:
        found = cell.judgement
        why = ", ".join(found.reasons) or "no policy permits it"
        yield f'<td class="{found.verdict}" title="{escape(why)}">{MARKS[found.verdict]}</td>'


def _by_source(matrix: Matrix, shown: ShownRow) -> str:
    """Return the cells of each source, behind a fold; nothing where it makes no difference."""
    sources = matrix.space.sources
    found = {source: matrix.cells(shown.row, (source,)) for source in sources}
    untrusted = [cell.judgement for cell in shown.cells[1::2]]
    if all([cell.judgement for cell in cells] == untrusted for cells in found.values()):
        return ""
    head = "".join(f"<th>{level.name.lower()}</th>" for level in Confidentiality)
    lines = "".join(f"<tr><th>{escape(source)}</th>{''.join(_cells(cells))}</tr>" for source, cells in found.items())
    return (
        f"<details><summary>sources</summary><table><thead><tr><th></th>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></details>"
    )
