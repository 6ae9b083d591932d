"""Values of a model's options that come from environment variables, so that no key stands in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from agentcore.domain.errors import ConfigError


class FromEnvironment(BaseModel):
    """`{env: NAME}`: the value of an environment variable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str


def resolve(owner: str, value: Any, environment: Mapping[str, str]) -> Any:
    """Return a value with each `FromEnvironment` (or `{"env": NAME}`) in it replaced.

    owner: whose option it is, for the message. Raises ConfigError, which names the variable that is not set.
    """
    match value:
        case FromEnvironment(env=variable):
            return _variable(owner, variable, environment)
        case {"env": str(variable), **rest} if not rest:
            return _variable(owner, variable, environment)
        case dict():
            items: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  of any type
            return {key: resolve(owner, item, environment) for key, item in items.items()}
        case list():
            values: list[Any] = value  # pyright: ignore[reportUnknownVariableType]  as above
            return [resolve(owner, item, environment) for item in values]
        case _:
            return value


def _variable(owner: str, variable: str, environment: Mapping[str, str]) -> str:
    value = environment.get(variable)
    if not value:
        raise ConfigError(
            [f"{owner} needs the environment variable {variable}, which is not set"],
            hint=f"export {variable}=… and start again",
        )
    return value
