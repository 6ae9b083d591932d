"""Citations: what an answer says it rests on, resolved to passages, queries and calculations. Pure.

An answer cites by names under `sources` or `citations`: a step, an agent that has one step, or the id of a passage.
What stands behind a name is found in the trace: in the step's output, and in the results of the tools it called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from agentcore.domain.dues import Dues
from agentcore.domain.effect import EffectKind
from agentcore.domain.event import EffectStarted
from agentcore.domain.ids import ANSWER, PLAN
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.trace import AttemptTrace, StepTrace, Trace
from agentcore.verification.quotes import QUOTE_KEYS
from agentcore.verification.sources import CITATION_KEYS, NAMING_KEYS
from agentcore.verification.walk import nodes, texts_in


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageCited:
    """A passage of a document. quote: the words that the step picked, else the whole text."""

    id: str
    quote: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryCited:
    """A query, and the rows that it found. truncated: there were more."""

    step: str
    query: str
    rows: tuple[JSON, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalculationCited:
    """A calculation: the expression, the same with values for names, and its value."""

    step: str
    expression: str
    terms: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputCited:
    """A step's output as it is."""

    step: str
    output: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A name that nothing in the run has."""

    name: str


Citation: TypeAlias = PassageCited | QueryCited | CalculationCited | OutputCited | Unresolved


def citations(trace: Trace) -> tuple[Citation, ...]:
    """Return what the run's answer cites, in its order, each once; empty when it cites nothing.

    Of an answer that policies want redacted there is none: what stands behind a name is quoted as it is.
    """
    answer = trace.step(ANSWER)
    if answer is not None and any(Dues.of(each.obligations).redact for each in answer.decisions):
        return ()
    library = _Library.of(trace)
    found: dict[str, Citation] = {}
    for name in cited_names(trace.run.answer):
        for citation in library.resolve(name):
            found.setdefault(repr(citation), citation)
    return tuple(found.values())


def cited_names(answer: JSON) -> tuple[str, ...]:
    """Return the names that an answer cites by, in its order, each once."""
    values = [
        value
        for _, node in nodes(answer)
        if isinstance(node, Mapping)
        for key, value in node.items()
        if key in CITATION_KEYS
    ]
    return tuple(dict.fromkeys(name for value in values for name in _names(value)))


def without_citations(answer: JSON) -> JSON:
    """Return the answer without what it cites: only the text when that is all that is left."""
    if not isinstance(answer, Mapping):
        return answer
    rest = {key: value for key, value in answer.items() if key not in CITATION_KEYS}
    return next(iter(rest.values())) if len(rest) == 1 and isinstance(next(iter(rest.values())), str) else rest


def citation_json(citation: Citation) -> JSONObject:
    """Return a citation as JSON; `kind` says which of passage, query, calculation, output and unresolved it is."""
    match citation:
        case PassageCited(id=id, quote=quote, step=step):
            return {"kind": "passage", "source": id, "quote": quote, "step": step}
        case QueryCited(step=step, query=query, rows=rows, truncated=truncated):
            return {"kind": "query", "source": step, "query": query, "rows": list(rows), "truncated": truncated}
        case CalculationCited(step=step, expression=expression, terms=terms, value=value):
            return {"kind": "calculation", "source": step, "expression": expression, "terms": terms, "value": value}
        case OutputCited(step=step, output=output):
            return {"kind": "output", "source": step, "output": output}
        case Unresolved(name=name):
            return {"kind": "unresolved", "source": name}
        case _ as unreachable:
            assert_never(unreachable)


@dataclass(slots=True)
class _Work:
    """What a step has to show: its output, and its tools' calls with their results, oldest first."""

    step: StepTrace
    output: JSON = None
    results: list[tuple[JSON, JSON]] = field(default_factory=list[tuple[JSON, JSON]])

    @staticmethod
    def of(step: StepTrace) -> _Work:
        work = _Work(step)
        attempt = _last_finished(step.attempts)
        if attempt is None or attempt.finished is None:
            return work
        work.output = attempt.finished.output
        work.results = [
            (effect.started.request, effect.finished.output)
            for effect in attempt.effects
            if isinstance(effect.started, EffectStarted)
            and effect.started.effect.kind is EffectKind.TOOL
            and effect.finished is not None
            and not effect.finished.error
        ]
        return work


@dataclass(frozen=True, slots=True)
class _Library:
    """All that can be cited. passages: id → its text, and the step that found it."""

    works: Mapping[str, _Work]
    passages: Mapping[str, tuple[str, str]]

    @staticmethod
    def of(trace: Trace) -> _Library:
        works = {str(step.id): _Work.of(step) for step in trace.steps if step.id not in {PLAN, ANSWER}}
        passages: dict[str, tuple[str, str]] = {}
        for id, work in works.items():
            for value in (*(result for _, result in work.results), work.output):
                for name, text in _passages_in(value):
                    passages.setdefault(name, (text, id))
        return _Library(works, passages)

    def resolve(self, name: str) -> Iterable[Citation]:
        """Yield what stands behind a name that an answer cites by."""
        if name in self.works:
            return self._of_step(self.works[name])
        if name in self.passages:
            return [self._passage(name)]
        same_agent = [work for work in self.works.values() if work.step.agent == name]
        return self._of_step(same_agent[0]) if len(same_agent) == 1 else [Unresolved(name=name)]

    def _of_step(self, work: _Work) -> list[Citation]:
        named = [id for _, text in texts_in(work.output) for id in self.passages if text == id or f"[{id}]" in text]
        if named:
            return [self._passage(id) for id in dict.fromkeys(named)]
        made = _made(work)
        return [made] if made else [OutputCited(step=work.step.id, output=work.output)]

    def _passage(self, id: str) -> PassageCited:
        text, step = self.passages[id]
        quote = next((quote for work in self.works.values() for quote in _quotes_of(id, work.output)), text)
        return PassageCited(id=id, quote=quote, step=step)


def _made(work: _Work) -> Citation | None:
    """Return the calculation or the query that a step's output is, or that it rests on."""
    step = work.step.id
    results = [(None, work.output), *reversed(work.results)]
    for _, result in results:
        match result:
            case {"expression": str(expression), "value": value, "terms": str(terms)}:
                return CalculationCited(step=step, expression=expression, terms=terms, value=str(value))
            case {"columns": _, "rows": Sequence() as rows, "row_count": _}:
                query = next((asked for asked, found in reversed(work.results) if found == result), None)
                text = result.get("query") or (query.get("query") if isinstance(query, Mapping) else None)
                truncated = result.get("truncated") is True
                return QueryCited(step=step, query=str(text or ""), rows=tuple(rows), truncated=truncated)
            case _:
                pass
    return None


def _passages_in(value: JSON) -> Iterable[tuple[str, str]]:
    """Yield id and text of every object that has both."""
    for _, node in nodes(value):
        match node:
            case {"id": str(id), "text": str(text)}:
                yield id, text
            case _:
                pass


def _quotes_of(id: str, output: JSON) -> Iterable[str]:
    """Yield what stands as a quote beside a passage's id."""
    for _, node in nodes(output):
        if isinstance(node, Mapping) and id in node.values():
            yield from (value for key, value in node.items() if key in QUOTE_KEYS and isinstance(value, str) and value)


def _names(value: JSON) -> Iterable[str]:
    match value:
        case bool() | None:
            return
        case str() | int():
            yield str(value).strip().removeprefix("[").removesuffix("]")
        case Mapping():
            yield from _names(next((value[key] for key in NAMING_KEYS if key in value), None))
        case Sequence():
            for item in value:
                yield from _names(item)
        case float():
            return


def _last_finished(attempts: Sequence[AttemptTrace]) -> AttemptTrace | None:
    """Return the attempt whose output counts: the last accepted one, else the last that has an output at all."""
    finished = [attempt for attempt in attempts if attempt.finished]
    accepted = [attempt for attempt in finished if attempt.verdict and attempt.verdict.accepted]
    return (accepted or finished or [None])[-1]
