"""Why a step's answers came of the models that they came of, as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from agentcore.domain.event import AttemptFinished
from agentcore.domain.ids import StepId
from agentcore.domain.label import Label
from agentcore.domain.route import Candidate, Route
from agentcore.routing.explain import AttemptExplanation, CallExplanation, Explanation, Hindsight
from agentcore.surfaces.cli.confidence_text import candidate_lines, confidence_text, likely_text
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.tree import money

_INDENT = "  "


def explanation_text(found: Explanation) -> RenderableType:
    """Return the explanation of a step: each attempt, its calls with forecast and truth, and hindsight."""
    return Group(*_lines(found))


def _lines(found: Explanation) -> Iterator[Text]:
    yield Text.assemble(
        (found.step, "bold"), f" · {found.agent} · {found.status} · {counted(len(found.attempts), 'attempts')}"
    )
    for attempt in found.attempts:
        yield from _attempt(attempt)
    if any(attempt.votes or attempt.confidence for attempt in found.attempts) or found.hindsight is not None:
        yield _hindsight(found.hindsight)


def _attempt(attempt: AttemptExplanation) -> Iterator[Text]:
    yield Text(f"attempt {attempt.number}", style="bold")
    for call in attempt.calls:
        yield from _call(call)
    if attempt.candidates or attempt.why_chosen:
        shown = AttemptFinished(
            step=StepId(""),
            attempt=attempt.number,
            output=None,
            label=Label(),
            candidates=attempt.candidates,
            chosen=attempt.chosen,
            why_chosen=attempt.why_chosen,
        )
        yield from candidate_lines(shown, _INDENT)
    for vote in attempt.votes:
        said = "abstains" if vote.accepts is None else "accepts" if vote.accepts else "rejects"
        why = f": {'; '.join(vote.reasons)}" if vote.reasons else ""
        yield _field("verifier", f"{vote.verifier} {said}{why}", 1)
    if attempt.confidence is not None:
        yield _field("confidence", confidence_text(attempt.confidence), 1)
    yield Text(f"{_INDENT}{attempt.outcome}", style="green" if attempt.outcome.startswith("stopped") else "yellow")


def _call(call: CallExplanation) -> Iterator[Text]:
    which = f" (candidate {call.candidate})" if call.candidate else ""
    if call.route is None:
        yield _field("call", f"{call.model}{which}: {call.error or 'its route is not recorded'}", 1)
        return
    yield _field("call", f"{call.model}{which}: {call.route.reason}", 1)
    yield from _route(call, call.route)


def _route(call: CallExplanation, route: Route) -> Iterator[Text]:
    for candidate in route.candidates:
        truth = _truth(call) if candidate.model == call.model else ""
        yield _field("candidate", f"{candidate.model}  {_forecast(candidate)}{truth}", 2)
    for model, reason in route.filtered.items():
        yield _field("not", f"{model}: {reason}", 2)
    if route.objective:
        asked = f"ranked by {route.objective}"
        if route.threshold is not None:
            least = "none that holds" if route.threshold > 1.0 else f"P(correct) ≥ {route.threshold:.2f}"
            asked += f"; threshold {least} ({route.threshold_version})"
        asked += f"; explored with propensity {route.propensity:g}" if route.explored else "; not explored"
        yield _field("router", asked, 2)


def _forecast(candidate: Candidate) -> str:
    return f"{likely_text(candidate)}; forecast {money(candidate.usd)}, {candidate.seconds:.2f} s"


def _truth(call: CallExplanation) -> str:
    if call.error:
        return f"; failed: {call.error}"
    if call.usd is None or call.seconds is None:
        return "; has not ended"
    return f"; really {money(call.usd)}, {call.seconds:.2f} s"


def _hindsight(hindsight: Hindsight | None) -> Text:
    if hindsight is None:
        return _field("in hindsight", "nothing that a model wrote was accepted", 0)
    why = "it was accepted" if hindsight.accepted else "it says the same as the accepted output"
    return _field(
        "in hindsight",
        f"{hindsight.model} was the cheapest that was good enough, in attempt {hindsight.attempt} for "
        f"{money(hindsight.usd)}: {why}. All calls at this step cost {money(hindsight.spent)}.",
        0,
    )


def _field(name: str, text: str, depth: int) -> Text:
    return Text.assemble(_INDENT * depth, (f"{name}: ", "dim"), text)
