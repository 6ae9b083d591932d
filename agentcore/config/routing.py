"""`routing` of agents and of the project: what models are chosen by, how sure outputs must be; contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from agentcore.config.problem import unknown
from agentcore.config.source import KeyPath
from agentcore.config.strict import Strict
from agentcore.domain.agent import PERSON, Agent, Objective, Role, Routing
from agentcore.domain.effect import Safety
from agentcore.domain.ids import ModelName
from agentcore.routing.fitted_steps import INFEASIBLE, FittedSteps
from agentcore.routing.profile import ModelProfile

Probability = Annotated[float, Field(gt=0, lt=1)]


def _form(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    return "<number>" if isinstance(value, int) else "<models>" if isinstance(value, list | tuple) else None


EnsembleKeys: TypeAlias = Annotated[
    Annotated[Annotated[int, Field(ge=1)], Tag("<number>")]
    | Annotated[Annotated[tuple[str, ...], Field(min_length=1)], Tag("<models>")],
    Discriminator(
        _form,
        custom_error_type="ensemble_form",
        custom_error_message="takes how many models, or a list of their names",
    ),
]


class AgentRoutingKeys(Strict):
    """What an agent's models are chosen by, and how sure its outputs must be."""

    objective: Objective | None = Field(
        default=None,
        description=(
            "What models are ranked by. balanced (the default): quality, cost and latency, as the project has it. "
            "cheapest: the forecast cost. fastest: the forecast latency. best: the quality, or P(correct) if fitted."
        ),
    )
    max_latency_s: float | None = Field(
        default=None, gt=0, description="The longest forecast of one call, in seconds; slower models are not asked."
    )
    min_confidence: Probability | None = Field(
        default=None, description="The least P(correct) of an output that is accepted; below it, the step escalates."
    )
    alpha: Probability | None = Field(
        default=None,
        description="How many outputs may be accepted and wrong, as a share; a fitted router (`routing.model` of the "
        "project) has the threshold for it.",
    )
    escalate_to: str | None = Field(
        default=None,
        min_length=1,
        description="Who is asked when no output is sure enough: a model of the project, or `person`.",
    )
    ensemble: EnsembleKeys | None = Field(
        default=None, description="How many models answer at once, or which; the best of their answers is taken."
    )
    samples: int | None = Field(
        default=None, ge=1, description="How many times one model answers at once; it needs a `temperature` above 0."
    )
    independent: Literal["family"] | None = Field(
        default=None, description="family: the models of an ensemble are of different families."
    )
    hedge: bool | None = Field(
        default=None,
        description=(
            "Whether another model is asked as well when the first is later than its live 95th percentile, and the "
            "quicker answer taken; at most in one call of twenty. By default where there is a deadline: a longest "
            "latency, or little time left for the run."
        ),
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> AgentRoutingKeys:
        if self.min_confidence is not None and self.alpha is not None:
            raise ValueError(
                f"has `min_confidence` ({self.min_confidence:g}) and `alpha` ({self.alpha:g}): both are a threshold; "
                "keep one"
            )
        if self.ensemble is not None and (self.samples or 1) > 1:
            raise ValueError(
                f"has `ensemble` and `samples` ({self.samples}): answers come of several models or of one; keep one"
            )
        return self

    def routing(self, role: Role = Role.WORKER, default: AgentRoutingKeys | None = None) -> Routing:
        """Return the value. default: the project's, of which only a worker's outputs are held to how sure they are."""
        given = self._over(default, role)
        several: Any = given.get("ensemble")
        return Routing(
            objective=given.get("objective") or "balanced",
            max_latency_seconds=given.get("max_latency_s"),
            min_confidence=given.get("min_confidence"),
            alpha=given.get("alpha"),
            escalate_to=given.get("escalate_to") or "",
            ensemble=several if isinstance(several, int) else 1,
            ensemble_of=() if several is None or isinstance(several, int) else tuple(map(ModelName, several)),
            samples=given.get("samples") or 1,
            independent=given.get("independent") is not None,
            hedge=given.get("hedge"),
        )

    def _over(self, default: AgentRoutingKeys | None, role: Role) -> dict[str, Any]:
        """Return the keys that are given; what contradicts them is not taken from the default."""
        own = {name: value for name in _KEYS if (value := getattr(self, name)) is not None}
        for name in _KEYS if role is Role.WORKER else _CHOICE:
            value = None if default is None else getattr(default, name)
            if value is not None and not _EITHER.get(name, frozenset()) & own.keys():
                own.setdefault(name, value)
        return own


_KEYS = tuple(AgentRoutingKeys.model_fields)
_CHOICE = ("objective", "max_latency_s", "hedge")
_EITHER: Mapping[str, frozenset[str]] = {
    "min_confidence": frozenset({"alpha"}),
    "alpha": frozenset({"min_confidence"}),
    "ensemble": frozenset({"samples"}),
    "samples": frozenset({"ensemble"}),
}

_Finding: TypeAlias = tuple[KeyPath, str]


def routing_problems(
    agent: Agent, models: Mapping[ModelName, ModelProfile | None], fitted: FittedSteps | None
) -> Iterator[_Finding]:
    """Yield what contradicts itself in how an agent's models are chosen; paths are those of its file.

    models: of the project; None where the definition is itself wrong.  fitted: None when the file of the fitted router
    is itself wrong.
    """
    routing = agent.routing
    sure = routing.weighs or routing.escalate_to
    if sure and agent.role is not Role.WORKER:
        yield ("routing",), f"a {agent.role} has no outputs that are weighed; give it to workers"
        return
    if routing.samples > 1 and agent.temperature == 0.0:
        yield (
            ("routing", "samples"),
            f"{routing.samples} samples at `temperature: 0` are all the same; set a temperature above 0",
        )
    if routing.independent and max(routing.ensemble, len(routing.ensemble_of)) <= 1:
        yield ("routing", "independent"), "`independent` is about the models of an ensemble, and there is none"
    yield from _names(agent, models)
    if any(profile is None for profile in models.values()):
        return
    usable = _usable(agent, [profile for profile in models.values() if profile is not None])
    yield from _bounds(agent, usable)
    if fitted is not None:
        yield from _thresholds(agent, fitted)


def _usable(agent: Agent, profiles: list[ModelProfile]) -> list[ModelProfile]:
    """Return the models that an agent may use at all."""
    wanted = agent.requirements
    return [
        each
        for each in profiles
        if (not wanted.models or each.name in wanted.models)
        and each.quality >= wanted.min_quality
        and wanted.capabilities <= each.capabilities
    ]


def _names(agent: Agent, models: Mapping[ModelName, ModelProfile | None]) -> Iterator[_Finding]:
    routing = agent.routing
    target = routing.escalate_to
    if target and target != PERSON:
        if target not in models:
            yield ("routing", "escalate_to"), unknown("model", target, [*models, PERSON])
        elif agent.requirements.models and target not in agent.requirements.models:
            listed = ", ".join(f"`{name}`" for name in agent.requirements.models)
            yield ("routing", "escalate_to"), f"`{target}` is not among the models that the agent may use ({listed})"
    for index, name in enumerate(routing.ensemble_of):
        if name not in models:
            yield ("routing", "ensemble", index), unknown("model", name, models)
        elif name in routing.ensemble_of[:index]:
            yield ("routing", "ensemble", index), f"`{name}` is in the ensemble already"


def _bounds(agent: Agent, usable: list[ModelProfile]) -> Iterator[_Finding]:
    routing = agent.routing
    listed = ", ".join(f"`{each.name}`" for each in usable) or "none"
    slowest_allowed = routing.max_latency_seconds
    if slowest_allowed is not None and usable:
        fastest = min(usable, key=lambda each: each.latency_seconds)
        if fastest.latency_seconds > slowest_allowed:
            yield (
                ("routing", "max_latency_s"),
                (
                    f"{slowest_allowed:g} s is below what every model takes: the fastest the agent may use, "
                    f"`{fastest.name}`, declares {fastest.latency_seconds:g} s (`latency_seconds`)"
                ),
            )
    if routing.ensemble_of:
        families = [each.family for each in usable if each.name in routing.ensemble_of]
        if routing.independent and len(set(families)) < len(families):
            yield (
                ("routing", "ensemble"),
                f"{len(families)} models are of {len(set(families))} families; `independent: family` wants as many",
            )
        return
    if routing.ensemble > max(1, len(usable)):
        yield (
            ("routing", "ensemble"),
            f"{routing.ensemble} models are to answer, and the agent may use {len(usable)} ({listed})",
        )
    elif routing.independent and (kinds := len({each.family for each in usable})) < routing.ensemble:
        yield (
            ("routing", "ensemble"),
            (
                f"{routing.ensemble} models of different families are to answer, and those that the agent may use "
                f"({listed}) are of {kinds}"
            ),
        )


def _thresholds(agent: Agent, fitted: FittedSteps) -> Iterator[_Finding]:
    alpha = agent.routing.alpha
    if alpha is None:
        return
    step = fitted.step(agent.name)
    if not fitted.steps:
        yield (
            ("routing", "alpha"),
            (
                f"`alpha: {alpha:g}` needs a fitted router, and `routing.model` of the project names none: fit one "
                "with `agentcore route fit`, or give `min_confidence`"
            ),
        )
    elif step is None or alpha not in step.thresholds:
        known = ", ".join(f"{each:g}" for each in sorted(step.thresholds)) if step else ""
        has = f"has thresholds for alpha {known}" if known else f"knows no steps of `{agent.name}`"
        yield ("routing", "alpha"), f"the fitted router {fitted.version} {has}, not for {alpha:g}; fit it for that"


def routing_warnings(agent: Agent, fitted: FittedSteps) -> Iterator[_Finding]:
    """Yield what may be meant, but costs more than it seems."""
    routing, step = agent.routing, fitted.step(agent.name)
    alpha = routing.alpha
    if alpha is not None and step is not None and step.thresholds.get(alpha) == INFEASIBLE:
        feasible = [each for each, value in step.thresholds.items() if value < INFEASIBLE]
        least = f"; the least that can is {min(feasible):g}" if feasible else ""
        yield (
            ("routing", "alpha"),
            (
                f"alpha {alpha:g} cannot be held by what was fitted ({fitted.version}): no output will be accepted "
                f"without a person{least}"
            ),
        )
    if routing.min_confidence is not None and (step is None or not step.calibrations):
        yield (
            ("routing", "min_confidence"),
            (
                f"{routing.min_confidence:g} is held against P(correct) that nothing was fitted for: it is a declared "
                "mapping of what models are declared to be; see `routing.model` of the project"
            ),
        )


def repeated_calls(agent: Agent, safeties: Mapping[str, Safety]) -> Iterator[_Finding]:
    """Yield what an agent's several answers would do several times. safeties: of the tools, where it is known."""
    size = agent.routing.size
    if size <= 1:
        return
    key = "samples" if agent.routing.samples > 1 else "ensemble"
    for tool in agent.tools:
        safety = safeties.get(tool, Safety.READ)
        if safety is not Safety.READ:
            yield (
                ("routing", key),
                (
                    f"{size} answers at once would call `{tool}` up to {size} times, and it is {safety.value}: "
                    "only tools that read may be called more than once"
                ),
            )
