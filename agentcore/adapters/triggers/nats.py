"""Messages of NATS JetStream: provider `nats`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agentcore.domain.errors import ConfigError
from agentcore.ports.message_source import MessageSource
from agentcore.ports.plugin import BuildContext, TriggerPlugin


class NatsOptions(BaseModel):
    """Keys of the provider `nats`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default="nats://127.0.0.1:4222", min_length=1, description="Of the server; of several, separated by commas."
    )
    stream: str = Field(min_length=1, pattern=r"^[^\s.*>/\\]+$", description="The stream, which must exist.")
    subject: str = Field(default="", description="Only messages with this subject, which may have wildcards.")
    consumer: str = Field(
        default="",
        pattern=r"^[^\s.*>/\\]*$",
        description=(
            "The durable consumer; by default `agentcore-` and the trigger's name. It is made if there is none; "
            "one that exists is used as it is."
        ),
    )
    redeliver_seconds: float = Field(
        default=30.0, gt=0, description="After which a message of which nothing became is delivered again."
    )
    rejected: str = Field(
        default="",
        description=(
            "The subject to which messages are copied of which no run can be made; a stream must keep it. Required "
            "for a stream with the retention `workqueue` or `interest`; others keep the message themselves."
        ),
    )
    credentials: str = Field(default="", description="A credentials file, relative to the project.")
    user: str = Field(default="", description="The user's name.")
    password: str = Field(default="", description="The user's password, as `${NAME}`.")
    token: str = Field(default="", description="Instead of user and password, as `${NAME}`.")


def build(name: str, options: NatsOptions, context: BuildContext) -> MessageSource:
    """Return a source that connects when it is first used. Raises ConfigError: the extra is not installed."""
    try:
        from agentcore.adapters.triggers.nats_source import NatsSource  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        problem = f"trigger `{name}`: the provider nats needs a package that is not installed: {error.name}"
        raise ConfigError([problem], hint="pip install 'agentcore-runtime[nats]'") from None
    credentials = context.root / options.credentials if options.credentials else None
    return NatsSource(name, options, credentials)


PLUGIN = TriggerPlugin(options=NatsOptions, build=build)
