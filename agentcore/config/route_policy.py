"""Another way of choosing models, as a file has it: for `agentcore route replay --policy`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from agentcore.config.names import Name
from agentcore.config.problem import Problems, unknown
from agentcore.config.project import Project
from agentcore.config.project_file import RoutingKeys
from agentcore.config.router_file import read_router
from agentcore.config.routing import AgentRoutingKeys
from agentcore.config.source import read_text, read_yaml
from agentcore.config.strict import Strict, fit
from agentcore.domain.errors import ConfigError
from agentcore.domain.ids import AgentName, ModelName
from agentcore.routing.choose import Weights
from agentcore.routing.fitted_steps import read_steps
from agentcore.routing.profile import Price
from agentcore.routing.rechoose import RoutePolicy


class RoutePolicyKeys(Strict):
    """Another way of choosing models, which is tried on past runs."""

    routing: RoutingKeys = Field(description="The keys of `routing` in `agentcore.yaml`, for every agent.")
    agents: dict[Name, AgentRoutingKeys] = Field(
        default_factory=dict, description="Agents with terms of their own: the keys of `routing` in their files."
    )


def read_route_policy(path: Path, project: Project) -> RoutePolicy:
    """Return the policy in a YAML file, or the project's own with the fitted router in a `.json` file.

    What a YAML file does not name is as by default, but for the weights and the fitted router, which are the
    project's. Raises ConfigError with every problem and its place.
    """
    if path.suffix == ".json":
        return _fitted(path, project)
    problems = Problems()
    source = read_yaml(path, path.as_posix(), problems)
    keys = None if source is None else fit(RoutePolicyKeys, source, problems)
    if source is None or keys is None:
        problems.raise_if_any()
        raise AssertionError("a file without problems can be read")
    for name in keys.agents:
        if name not in project.agents:
            problems.error(source.key_place(("agents", name)), unknown("agent", name, project.agents))
    _, steps = read_router(keys.routing.model, source=source, root=path.parent, problems=problems)
    problems.raise_if_any()
    return RoutePolicy(
        name=path.as_posix(),
        weights=_weights(keys.routing, project.weights),
        default=keys.routing.routing(),
        routing={AgentName(name): each.routing(default=keys.routing) for name, each in keys.agents.items()},
        prices=_prices(project),
        fitted=project.fitted_steps if keys.routing.model is None or steps is None else steps,
    )


def own_policy(project: Project) -> RoutePolicy:
    """Return how a project chooses now."""
    return RoutePolicy(
        name=project.name,
        weights=project.weights,
        routing={name: agent.routing for name, agent in project.agents.items()},
        fitted=project.fitted_steps,
        prices=_prices(project),
    )


def _fitted(path: Path, project: Project) -> RoutePolicy:
    problems = Problems()
    text = read_text(path, path.as_posix(), problems)
    problems.raise_if_any()
    try:
        steps = read_steps(text or "")
    except ValueError as error:
        raise ConfigError(
            [f"{path.as_posix()}: no fitted router of this project: {error}"],
            hint="`agentcore route fit --out FILE` writes one from past runs",
        ) from None
    own = own_policy(project)
    return RoutePolicy(name=path.as_posix(), weights=own.weights, routing=own.routing, fitted=steps, prices=own.prices)


def _weights(keys: RoutingKeys, own: Weights) -> Weights:
    given = keys.model_fields_set
    new = keys.weights()
    return Weights(
        quality=new.quality if "quality_weight" in given else own.quality,
        cost=new.cost if "cost_weight" in given else own.cost,
        latency=new.latency if "latency_weight" in given else own.latency,
    )


def _prices(project: Project) -> dict[ModelName, Price]:
    return {ModelName(name): profile.price for name, profile in project.profiles.items()}
