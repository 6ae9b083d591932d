"""The tools that a Python file of the project defines."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from agentcore.adapters.tools.function import FunctionTool
from agentcore.adapters.tools.source_file import load_file
from agentcore.domain.errors import ConfigError
from agentcore.ports.plugin import BuildContext, ToolPlugin
from agentcore.ports.tool import Tool


class PythonOptions(BaseModel):
    """Keys of the provider `python`.

    file: inside the project's folder.  functions: names of its `@tool` functions, or of plain functions, which count
    as `unsafe`; all `@tool` functions by default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(min_length=1)
    functions: tuple[str, ...] | None = Field(default=None, min_length=1)


def build(name: str, options: PythonOptions, context: BuildContext) -> Sequence[Tool]:
    """Return a tool called `name`, or several called `name-function`.

    Raises ConfigError: the file is not there, fails, or lies outside of the project; a function is not in it.
    """
    owner = f"tool {name}"
    module = load_file(owner, context.root, options.file)
    own: dict[str, Any] = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, FunctionTool) or (callable(value) and getattr(value, "__module__", "") == module.__name__)
    }
    tools = [key for key, value in own.items() if isinstance(value, FunctionTool)]
    wanted = tools if options.functions is None else options.functions
    if not wanted:
        raise ConfigError(
            [f"{owner}: {options.file} has no tools"],
            hint="mark functions with `@tool`, or list them under `functions`",
        )
    for each in wanted:
        if each not in own:
            near = difflib.get_close_matches(each, own, n=1)
            raise ConfigError(
                [f"{owner}: {options.file} has no function {each}"],
                hint=f"did you mean {near[0]}?" if near else f"it has {', '.join(own) or 'none'}",
            )
    return [_tool(own[each], name if len(wanted) == 1 else f"{name}-{each}") for each in wanted]


def _tool(value: Any, name: str) -> Tool:
    if isinstance(value, FunctionTool):
        return cast("FunctionTool[..., Any]", value).renamed(name)
    return FunctionTool(value, name=name)


def _files(options: PythonOptions) -> Mapping[tuple[str, ...], str]:
    return {("file",): options.file}


PLUGIN = ToolPlugin(options=PythonOptions, build=build, files=_files)
