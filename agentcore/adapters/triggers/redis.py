"""Messages of Redis Streams: provider `redis`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agentcore.domain.errors import ConfigError
from agentcore.ports.message_source import MessageSource
from agentcore.ports.plugin import BuildContext, TriggerPlugin


class RedisOptions(BaseModel):
    """Keys of the provider `redis`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default="redis://127.0.0.1:6379/0",
        pattern=r"^(rediss?|unix)://",
        description="Of the server; `rediss://` is TLS, a password is best written as `${NAME}`.",
    )
    stream: str = Field(min_length=1, description="The stream; it is made if there is none.")
    group: str = Field(
        default="", description="The consumer group; by default `agentcore-` and the trigger's name. It is made."
    )
    redeliver_seconds: float = Field(
        default=60.0, gt=0, description="After which a message of which nothing became is delivered again."
    )
    rejected: str = Field(
        default="",
        description=(
            "The stream to which messages are moved of which no run can be made; by default the stream's name and "
            "`.rejected`."
        ),
    )


def build(name: str, options: RedisOptions, context: BuildContext) -> MessageSource:  # noqa: ARG001  # as all plug-ins
    """Return a source that connects when it is first used. Raises ConfigError: the extra is not installed."""
    try:
        from agentcore.adapters.triggers.redis_source import RedisSource  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        problem = f"trigger `{name}`: the provider redis needs a package that is not installed: {error.name}"
        raise ConfigError([problem], hint="pip install 'agentcore-runtime[redis]'") from None
    return RedisSource(name, options)


PLUGIN = TriggerPlugin(options=RedisOptions, build=build)
