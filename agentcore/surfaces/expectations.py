"""Expectations: how a run differs from what its case says should come of it. Pure."""

from __future__ import annotations

import re

from agentcore.config.scenarios import Expectation
from agentcore.domain.json import JSON, canonical
from agentcore.domain.trace import Trace
from agentcore.surfaces.citations import without_citations

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def unmet(expect: Expectation, trace: Trace) -> tuple[str, ...]:
    """Return what is not as expected, one sentence each; empty when all is.

    Texts are looked for in the answer, or in the reason of a run that has none; case and spacing do not count.
    """
    run = trace.run
    found: list[str] = []
    if run.status != expect.status:
        why = f" ({run.reason})" if run.reason else ""
        found.append(f"the status is {run.status}, not {expect.status}{why}")
    text = run.reason if run.answer is None else answer_text(run.answer)
    said = _comparable(text)
    found += [
        f"the answer does not contain {wanted!r}" for wanted in expect.contains if _comparable(wanted) not in said
    ]
    found += [f"the answer contains {word!r}" for word in expect.not_contains if _comparable(word) in said]
    if expect.max_seconds is not None and trace.seconds is not None and trace.seconds > expect.max_seconds:
        found.append(f"it took {trace.seconds:.1f} s, more than {expect.max_seconds:g} s")
    if expect.max_usd is not None and run.used.usd > expect.max_usd:
        found.append(f"it cost ${run.used.usd}, more than ${expect.max_usd}")
    return tuple(found)


def answer_text(answer: JSON) -> str:
    """Return an answer as text, without what it cites."""
    rest = without_citations(answer)
    return rest if isinstance(rest, str) else canonical(rest)


def _comparable(text: str) -> str:
    """Return a text without what makes no difference: case, spacing, and commas between thousands."""
    return " ".join(_THOUSANDS.sub("", text.casefold()).split())
