"""semantic-kernel plug-ins: the `@kernel_function` methods of a class, as tools."""

from __future__ import annotations

import asyncio
import contextvars
import difflib
import functools
import importlib
import inspect
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs
from pydantic import BaseModel, ConfigDict, Field

from agentcore.adapters.tools.function import THREADS, to_json
from agentcore.adapters.tools.signature import without_titles
from agentcore.adapters.tools.source_file import load_file
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, ToolError, ToolInputInvalid, ToolOutcomeUnknown
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec
from agentcore.ports.plugin import BuildContext, ToolPlugin
from agentcore.ports.tool import Tool, ToolContext, ToolDefinition, ToolResult

if TYPE_CHECKING:
    from semantic_kernel.functions import KernelFunction, KernelParameterMetadata
    from semantic_kernel.kernel import Kernel

_GIVEN_BY_KERNEL = frozenset({"kernel", "service", "execution_settings", "arguments"})


class SemanticKernelOptions(BaseModel):
    """Keys of the provider `semantic-kernel`.

    class: the plug-in's class.  file: the Python file that has it, inside the project's folder; without one, the class
    is one of semantic-kernel's own, such as TimePlugin. (A file may import a class of any package.)
    arguments: for its constructor.  functions: names of kernel functions; all by default.
    safety: what a repeated call does; kernel functions do not say, so the default is the careful one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str | None = None
    class_: str = Field(alias="class", min_length=1)
    arguments: dict[str, Any] = Field(default_factory=dict)
    functions: tuple[str, ...] | None = Field(default=None, min_length=1)
    safety: Safety = Safety.UNSAFE


class KernelTool:
    """A Tool that invokes a kernel function, with the kernel's filters.

    Arguments are validated first, because the kernel's own coercion is not safe: it makes True of "false".
    Synchronous functions run in the plug-in's threads.
    """

    def __init__(self, name: str, function: KernelFunction, kernel: Kernel, plugin: _Plugin, safety: Safety) -> None:
        self._function = function
        self._kernel = kernel
        self._plugin = plugin
        parameters = parameters_schema(function.parameters)
        self._validator = jsonschema_rs.Draft202012Validator(json.loads(json.dumps(parameters)))
        description = " ".join((function.description or "").split("\n\n")[0].split())
        self._definition = ToolDefinition(
            name=ToolName(name), description=description or function.name, parameters=parameters, safety=safety
        )

    @property
    def definition(self) -> ToolDefinition:
        """What it is."""
        return self._definition

    def describe(self, facts: JSONObject) -> ToolSpec:  # noqa: ARG002  # the port's
        """Return the definition's."""
        return self._definition.spec

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:  # noqa: ARG002  # the port's
        """Return what the function returns, as JSON.

        Raises ToolInputInvalid, ToolError that the function raised itself, and else ToolOutcomeUnknown.
        """
        from semantic_kernel.functions import KernelArguments  # noqa: PLC0415  # slow to import

        given: dict[str, Any] = json.loads(json.dumps(arguments))
        if found := "; ".join(error.message for error in self._validator.iter_errors(given)):
            raise ToolInputInvalid(found)
        try:
            result = await self._function.invoke(self._kernel, KernelArguments(**given))
        except ToolError:
            raise
        except Exception as problem:  # foreign code: it may have done its work before it failed
            raise ToolOutcomeUnknown(f"{type(problem).__name__}: {problem}") from problem
        value = None if result is None else to_json(result.value)
        return ToolResult(value=value, label=Label(sources=frozenset({f"tool:{self._definition.name}"})))

    async def aclose(self) -> None:
        """Give the threads up that the plug-in's functions share; those still at work end with their function."""
        self._plugin.close()


class _Plugin:
    """An instance of a plug-in class, and the threads of its synchronous functions."""

    def __init__(self, instance: object) -> None:
        self._instance = instance
        self._threads: ThreadPoolExecutor | None = None

    def methods(self) -> Iterator[Callable[..., Any]]:
        """Yield the kernel functions in the order of their names, none of which blocks the event loop."""
        cls = type(self._instance)
        for name in dir(cls):
            if not getattr(inspect.getattr_static(cls, name), "__kernel_function__", False):
                continue  # looked at without touching properties, which may do anything
            method = getattr(self._instance, name)
            asynchronous = inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
            yield method if asynchronous else self._off_loop(method)

    def close(self) -> None:
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def _off_loop(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(**arguments: Any) -> Any:
            returned = method(**arguments)
            return list(cast("Iterator[Any]", returned)) if inspect.isgenerator(returned) else returned

        @functools.wraps(method)
        async def in_thread(**arguments: Any) -> Any:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="kernel-function")
            call = functools.partial(contextvars.copy_context().run, run, **arguments)
            returned = await asyncio.get_running_loop().run_in_executor(self._threads, call)
            return await returned if inspect.isawaitable(returned) else returned

        return in_thread


def parameters_schema(parameters: Sequence[KernelParameterMetadata]) -> JSONObject:
    """Return one JSON Schema of the parameters that a caller gives."""
    properties: dict[str, JSON] = {}
    required: list[str] = []
    for parameter in parameters:
        name = parameter.name
        if name is None or name in _GIVEN_BY_KERNEL or not parameter.include_in_function_choices:
            continue
        schema = dict(without_titles(parameter.schema_data or {}))
        if parameter.type_ == "Any":
            schema = {key: value for key, value in schema.items() if key == "description"}
        if parameter.description and "description" not in schema:
            schema["description"] = parameter.description
        properties[name] = schema
        if parameter.is_required:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def build(name: str, options: SemanticKernelOptions, context: BuildContext) -> Sequence[Tool]:
    """Return a tool called `name`, or several called `name-function`.

    Raises ConfigError: the file, module, class or a function is not there, or the class cannot be made.
    """
    from semantic_kernel.functions import KernelFunctionFromMethod  # noqa: PLC0415  # slow to import
    from semantic_kernel.kernel import Kernel  # noqa: PLC0415

    owner = f"tool {name}"
    plugin = _Plugin(_instance(owner, options, context))
    kernel = Kernel()
    functions: dict[str, KernelFunction] = {}
    for method in plugin.methods():
        function = KernelFunctionFromMethod(method=method, plugin_name="plugin")
        functions[function.name] = function
    if not functions:
        raise ConfigError([f"{owner}: {options.class_} has no method marked with @kernel_function"])
    kernel.add_plugin(functions, plugin_name="plugin")
    wanted = tuple(functions) if options.functions is None else options.functions
    for each in wanted:
        if each not in functions:
            near = difflib.get_close_matches(each, functions, n=1)
            raise ConfigError(
                [f"{owner}: {options.class_} has no kernel function {each}"],
                hint=f"did you mean {near[0]}?" if near else f"it has {', '.join(functions) or 'none'}",
            )
    return [
        KernelTool(name if len(wanted) == 1 else f"{name}-{each}", functions[each], kernel, plugin, options.safety)
        for each in wanted
    ]


def _instance(owner: str, options: SemanticKernelOptions, context: BuildContext) -> object:
    if options.file is not None:
        place = options.file
        module = load_file(owner, context.root, options.file)
    else:
        place = "semantic_kernel.core_plugins"
        with warnings.catch_warnings():  # about its parts among themselves, not about this use of it
            warnings.simplefilter("ignore", DeprecationWarning)
            module = importlib.import_module(place)
    made = getattr(module, options.class_, None)
    if not inspect.isclass(made):
        classes = [key for key, value in vars(module).items() if inspect.isclass(value)]
        near = difflib.get_close_matches(options.class_, classes, n=1)
        raise ConfigError(
            [f"{owner}: {place} has no class {options.class_}"], hint=f"did you mean {near[0]}?" if near else ""
        )
    try:
        return made(**options.arguments)
    except Exception as problem:
        raise ConfigError(
            [f"{owner}: {options.class_} cannot be made: {type(problem).__name__}: {problem}"]
        ) from problem


def _files(options: SemanticKernelOptions) -> Mapping[tuple[str, ...], str]:
    return {} if options.file is None else {("file",): options.file}


PLUGIN = ToolPlugin(options=SemanticKernelOptions, build=build, files=_files)
