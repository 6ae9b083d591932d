"""What an answer cites, resolved in the trace of its run."""

from __future__ import annotations

import itertools

from inline_snapshot import snapshot

from agentcore.config.scenarios import Expectation
from agentcore.domain.budget import Budget, Usage
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.event import (
    AttemptFinished,
    AttemptStarted,
    EffectFinished,
    EffectStarted,
    Event,
    PlanAccepted,
    RunFinished,
    RunStarted,
    VerdictReached,
)
from agentcore.domain.ids import ANSWER, AgentName, EffectId, RunId, StepId
from agentcore.domain.label import Label
from agentcore.domain.plan import Plan, Step
from agentcore.domain.task import Task
from agentcore.domain.trace import Trace, trace
from agentcore.domain.verdict import Verdict
from agentcore.surfaces.citations import citation_json, citations, cited_names, without_citations
from agentcore.surfaces.cli.result import citation_text
from agentcore.surfaces.expectations import unmet
from agentcore.surfaces.run_json import as_json

PASSAGES = {
    "passages": [
        {"id": "a.md#one", "title": "One", "text": "The first passage. It is long.", "score": 0.9},
        {"id": "a.md#two", "title": "Two", "text": "The second passage.", "score": 0.5},
    ]
}
ROWS = {"columns": ["n"], "rows": [{"n": i} for i in range(5)], "row_count": 5, "truncated": True}


def ran(answer, **steps) -> Trace:
    """Return the trace of a run: step → (tool's arguments, its result or None, the step's output)."""
    numbers = itertools.count(1)
    facts = [
        RunStarted(task=Task(goal="g"), name="n", budget=Budget(), agents={}, snapshot="", runtime="0"),
        PlanAccepted(
            plan=Plan(
                steps=(
                    *(Step(id=StepId(id), agent=AgentName(id.rstrip("_2")), instruction="i") for id in steps),
                    Step(id=ANSWER, agent=AgentName("writer"), instruction="i", uses=tuple(map(StepId, steps))),
                )
            ),
            revision=0,
        ),
    ]
    for id, (arguments, result, output) in (*steps.items(), (ANSWER, (None, None, answer))):
        step, agent = StepId(id), AgentName(id.rstrip("_2"))
        facts.append(AttemptStarted(step=step, attempt=1, agent=agent))
        if result is not None:
            effect = Effect(
                id=EffectId(f"{id}/1/tool.1"),
                kind=EffectKind.TOOL,
                name="t",
                step=step,
                attempt=1,
                agent=agent,
                safety=Safety.READ,
                key="k",
            )
            facts.append(EffectStarted(effect=effect, request=arguments, decisions=(), reserved=Usage(calls=1)))
            facts.append(
                EffectFinished(effect=effect.id, output=result, used=Usage(calls=1), seconds=1.0, label=Label())
            )
        facts.append(AttemptFinished(step=step, attempt=1, output=output, label=Label()))
        facts.append(VerdictReached(step=step, attempt=1, verdict=Verdict(accepted=True)))
    facts.append(RunFinished(status="succeeded", answer=answer))
    return trace(
        [Event(run=RunId("r"), sequence=next(numbers), at=float(n), fact=fact) for n, fact in enumerate(facts)]
    )


def shown(answer, **steps):
    return [citation_text(citation) for citation in citations(ran(answer, **steps))]


def test_a_step_that_picked_a_passage_is_cited_by_its_quote():
    picked = {"passage": "a.md#one", "quote": "The first passage."}
    assert shown({"sources": ["find"]}, find=({"query": "q"}, PASSAGES, picked)) == snapshot(
        ['a.md#one "The first passage."']
    )


def test_a_passage_is_cited_by_its_id_with_its_text():
    assert shown({"sources": ["a.md#two"]}, find=({"query": "q"}, PASSAGES, "words")) == snapshot(
        ['a.md#two "The second passage."']
    )


def test_marks_in_a_step_s_words_name_passages():
    assert shown({"sources": ["find"]}, find=({}, PASSAGES, "As [a.md#two] says.")) == snapshot(
        ['a.md#two "The second passage."']
    )


def test_a_query_is_cited_with_its_first_rows():
    assert shown({"sources": ["ask"]}, ask=({"query": "SELECT n\nFROM t"}, ROWS, ROWS)) == snapshot(
        ["ask: SELECT n FROM t → n = 0; n = 1; n = 2; and 2 more; and others that were not fetched"]
    )
    assert shown({"sources": ["ask"]}, ask=({"query": "SELECT n"}, ROWS, "There are five.")) == snapshot(
        ["ask: SELECT n → n = 0; n = 1; n = 2; and 2 more; and others that were not fetched"]
    )
    none = {"columns": [], "rows": [], "row_count": 0}
    assert shown({"sources": ["ask"]}, ask=({"query": "SELECT 1"}, none, none)) == snapshot(["ask: SELECT 1 → no row"])


def test_a_calculation_is_cited_with_its_terms():
    made = {"expression": "a * 2", "terms": "3 * 2", "value": "6"}
    assert shown({"sources": ["sum"]}, sum=({"expression": "a * 2"}, made, made)) == snapshot(
        ["sum: a * 2 = 3 * 2 = 6"]
    )


def test_any_other_step_is_cited_by_its_output():
    assert shown({"sources": ["think"]}, think=(None, None, {"idea": "x"})) == ['think: {"idea": "x"}']
    (long,) = shown({"sources": ["think"]}, think=(None, None, "x" * 300))
    assert long == f"think: {'x' * 199}…"


def test_an_agent_with_one_step_may_be_cited_for_it():
    assert shown({"sources": ["find"]}, find_2=(None, None, "found")) == ["find_2: found"]
    assert shown({"sources": ["find"]}, find=(None, None, "a"), find_2=(None, None, "b")) == ["find: a"]


def test_what_nothing_has_is_said_to_be_so():
    assert shown({"sources": ["nobody"]}) == ["nobody (nothing in this run is called so)"]


def test_each_source_is_cited_once_in_the_order_of_the_answer():
    answer = {"sources": ["b", "a", "b"], "parts": [{"citations": [{"id": "a"}, 7]}]}
    assert cited_names(answer) == ("b", "a", "7")
    assert shown(answer, a=(None, None, "A"), b=(None, None, "B")) == [
        "b: B",
        "a: A",
        "7 (nothing in this run is called so)",
    ]


def test_an_answer_without_sources_cites_nothing():
    assert shown("plain") == []


def test_an_answer_is_shown_without_what_it_cites():
    assert without_citations("text") == "text"
    assert without_citations({"answer": "text", "sources": ["a"]}) == "text"
    assert without_citations({"price": 3, "sources": ["a"]}) == {"price": 3}
    assert without_citations({"a": "x", "b": "y", "citations": []}) == {"a": "x", "b": "y"}


def test_citations_as_json():
    found = citations(ran({"sources": ["ask", "nobody"]}, ask=({"query": "SELECT n"}, ROWS, ROWS)))
    assert [citation_json(citation) for citation in found] == snapshot(
        [
            {
                "kind": "query",
                "source": "ask",
                "query": "SELECT n",
                "rows": [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}],
                "truncated": True,
            },
            {"kind": "unresolved", "source": "nobody"},
        ]
    )


def test_what_is_not_as_expected_is_said_in_sentences():
    run = ran({"answer": "It is  42 EUR.", "sources": []})
    assert unmet(Expectation(contains=("it is 42",), not_contains=("43",), max_seconds=100.0), run) == ()
    wanted = Expectation(status="refused", contains=("43",), not_contains=("eur",), max_seconds=0.5)
    assert unmet(wanted, run) == snapshot(
        (
            "the status is succeeded, not refused",
            "the answer does not contain '43'",
            "the answer contains 'eur'",
            "it took 5.0 s, more than 0.5 s",
        )
    )


def test_values_of_the_domain_become_json():
    assert as_json(Usage(calls=1)) == snapshot(
        {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "calls": 1, "usd": 0.0}
    )
    assert as_json(frozenset({"b", "a"})) == ["a", "b"]
