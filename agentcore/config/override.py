"""Overrides from a command line: another model behind a name, another budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from agentcore.config.models import ModelSettings
from agentcore.config.options import Options
from agentcore.config.problem import unknown
from agentcore.config.project import Project
from agentcore.domain.errors import ConfigError, PluginError
from agentcore.domain.ids import ModelName
from agentcore.ports.plugin import Plugins
from agentcore.routing.profile import Price

UNKNOWN_PRICE = Price(source="not known: the model was named on the command line")

FORM = "--model NAME=PROVIDER:MODEL, for example --model local=openai:gpt-4o-mini"


def override(
    project: Project, plugins: Plugins, *, models: Sequence[str] = (), budget_usd: str | None = None
) -> Project:
    """Return the project with other models and another budget.

    models: `NAME=PROVIDER:MODEL` each. The name keeps what the router and the agents know of it (quality, context,
    capabilities); with the same provider, also its other options, its price and its region.  budget_usd: dollars for
    one run.

    Raises ConfigError with all problems.
    """
    problems: list[str] = []
    settings = dict(project.models)
    for text in models:
        try:
            changed = _model(text, project, plugins)
        except ConfigError as error:
            problems += [f"--model {text}: {problem}" for problem in error.problems]
        else:
            settings[changed.profile.name] = changed
    budget = project.budget
    if budget_usd is not None:
        try:
            budget = replace(budget, usd=_usd(budget_usd))
        except ValueError as error:
            problems.append(f"--budget-usd {budget_usd}: {error}")
    if problems:
        raise ConfigError(problems)
    return replace(project, models=settings, budget=budget) if models or budget_usd is not None else project


def unpriced(project: Project, plugins: Plugins) -> list[ModelName]:
    """Return the models elsewhere that `override` has made and whose price is not known: their calls count as $0."""
    made = [name for name, settings in project.models.items() if settings.profile.price == UNKNOWN_PRICE]
    return [name for name in made if not plugins.model(project.models[name].provider).local]


def _model(text: str, project: Project, plugins: Plugins) -> ModelSettings:
    name, equals, value = text.partition("=")
    provider, colon, wanted = value.partition(":")
    if not (name and equals and provider and colon and wanted):
        raise ConfigError([f"not of the form {FORM}"])
    before = project.models.get(ModelName(name))
    if before is None:
        raise ConfigError([unknown("model", name, project.models)])
    try:
        plugin = plugins.model(provider)
    except PluginError as error:
        raise ConfigError([error.message]) from None
    same = provider == before.provider
    options = Options(
        declared={**(before.options.declared if same else {}), "model": wanted},
        expanded={**(before.options.expanded if same else {}), "model": wanted},
        missing=before.options.missing if same else (),
    )
    profile = replace(before.profile, family=wanted)
    if not same:
        profile = replace(profile, price=UNKNOWN_PRICE, region="")
    settings = replace(before, provider=provider, profile=profile, options=options)
    if not options.missing:
        settings.build_options(plugin)
    return settings


def _usd(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number of dollars") from None
    if not value.is_finite() or value < 0:
        raise ValueError("must be 0 or more")
    return value
