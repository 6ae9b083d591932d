"""How each stock semantic-kernel chat service wants a ModelRequest: as keyword arguments of its execution settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agentcore.adapters.models.wire import encode_tools, response_format
from agentcore.domain.message import ToolSpec
from agentcore.ports.model import ModelRequest


class Shared(dict[str, Any]):
    """A dict that is copied as itself: semantic-kernel deep-copies the settings of every call, schemas included."""

    def __copy__(self) -> Shared:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Shared:
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class SKDialect:
    """One stock service.

    module: that defines the class.  extra: of this package, which installs its client library, "" for none.
    settings: request → keyword arguments of its execution settings.  has_schema: takes a JSON Schema for the output;
    schema_with_tools: even in a call with tools.  forces_tools: can be told that a call is required.
    """

    module: str
    settings: Callable[[ModelRequest], dict[str, Any]]
    extra: str = ""
    has_schema: bool = True
    schema_with_tools: bool = True
    forces_tools: bool = True


def openai_settings(request: ModelRequest) -> dict[str, Any]:
    """OpenAI and Azure. Log-probabilities are not among semantic-kernel's settings, but pass as an extra."""
    settings: dict[str, Any] = {"temperature": request.temperature, "max_completion_tokens": request.max_output_tokens}
    if request.seed is not None:
        settings["seed"] = request.seed
    if request.tools:
        settings["tools"] = [Shared(tool) for tool in encode_tools(request.tools)]
        settings["tool_choice"] = "required" if request.tool_required else "auto"
    if request.schema is not None:
        settings["response_format"] = Shared(response_format(Shared(request.schema), strict=False))
    if request.logprobs:
        settings["extra_body"] = {"logprobs": True}
    return settings


def anthropic_settings(request: ModelRequest) -> dict[str, Any]:
    """Return Anthropic's settings."""
    settings: dict[str, Any] = {"temperature": request.temperature, "max_tokens": request.max_output_tokens}
    if request.tools:
        settings["tools"] = [
            Shared(name=tool.name, description=tool.description, input_schema=tool.parameters)
            for tool in request.tools
        ]
        settings["tool_choice"] = {"type": "any" if request.tool_required else "auto"}
    return settings


def google_settings(request: ModelRequest) -> dict[str, Any]:
    """Return Gemini's settings."""
    settings: dict[str, Any] = {"temperature": request.temperature, "max_output_tokens": request.max_output_tokens}
    if request.tools:
        declarations = [_google_function(tool) for tool in request.tools]
        settings["tools"] = [Shared(function_declarations=declarations)]
        settings["tool_config"] = {"function_calling_config": {"mode": "ANY" if request.tool_required else "AUTO"}}
    if request.schema is not None:
        settings["response_mime_type"] = "application/json"
        settings["response_schema"] = Shared(_open(request.schema))
    return settings


def mistral_settings(request: ModelRequest) -> dict[str, Any]:
    """Return Mistral's settings."""
    settings: dict[str, Any] = {"temperature": request.temperature, "max_tokens": request.max_output_tokens}
    if request.seed is not None:
        settings["random_seed"] = request.seed
    if request.tools:
        settings["tools"] = [Shared(tool) for tool in encode_tools(request.tools)]
        settings["tool_choice"] = "any" if request.tool_required else "auto"
    return settings


def ollama_settings(request: ModelRequest) -> dict[str, Any]:
    """Return Ollama's settings."""
    options: dict[str, Any] = {"temperature": request.temperature, "num_predict": request.max_output_tokens}
    if request.seed is not None:
        options["seed"] = request.seed
    settings: dict[str, Any] = {"options": options}
    if request.tools:
        settings["tools"] = [Shared(tool) for tool in encode_tools(request.tools)]
    if request.schema is not None:
        settings["format"] = Shared(request.schema)
    return settings


def bedrock_settings(request: ModelRequest) -> dict[str, Any]:
    """Return Bedrock's settings."""
    settings: dict[str, Any] = {"temperature": request.temperature, "max_tokens": request.max_output_tokens}
    if request.tools:
        settings["tools"] = [Shared(toolSpec=_bedrock_tool(tool)) for tool in request.tools]
        settings["tool_choice"] = {"any": {}} if request.tool_required else {"auto": {}}
    return settings


def _bedrock_tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "inputSchema": {"json": tool.parameters}}


def _google_function(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": _open(tool.parameters)}


def _open(schema: Any) -> Any:
    """Return a schema without `additionalProperties`, which Gemini's schemas do not know."""
    if isinstance(schema, Mapping):
        items: Mapping[str, Any] = schema  # pyright: ignore[reportUnknownVariableType]  JSON of any shape
        return {key: _open(value) for key, value in items.items() if key != "additionalProperties"}
    if isinstance(schema, list | tuple):
        values: list[Any] = list(schema)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  as above
        return [_open(value) for value in values]
    return schema


_CONNECTORS = "semantic_kernel.connectors.ai"

SERVICES: Mapping[str, SKDialect] = MappingProxyType(
    {
        "AnthropicChatCompletion": SKDialect(
            module=f"{_CONNECTORS}.anthropic", settings=anthropic_settings, extra="anthropic", has_schema=False
        ),
        "AzureChatCompletion": SKDialect(module=f"{_CONNECTORS}.open_ai", settings=openai_settings),
        "BedrockChatCompletion": SKDialect(
            module=f"{_CONNECTORS}.bedrock", settings=bedrock_settings, extra="aws", has_schema=False
        ),
        "GoogleAIChatCompletion": SKDialect(
            module=f"{_CONNECTORS}.google.google_ai",
            settings=google_settings,
            extra="google",
            schema_with_tools=False,
        ),
        # Its settings allow `json_object` only, so schemas go by a tool.
        "MistralAIChatCompletion": SKDialect(
            module=f"{_CONNECTORS}.mistral_ai", settings=mistral_settings, extra="mistral", has_schema=False
        ),
        "OllamaChatCompletion": SKDialect(
            module=f"{_CONNECTORS}.ollama",
            settings=ollama_settings,
            extra="ollama",
            schema_with_tools=False,
            forces_tools=False,
        ),
        "OpenAIChatCompletion": SKDialect(module=f"{_CONNECTORS}.open_ai", settings=openai_settings),
    }
)
