"""PolicyTemplate: policies for a common need, with parameters. Pure.

A template is a Cedar file whose first comment says what it is for, and declares the parameters:

    // An agent that only reads.
    // More about it, if there is more to say.
    // @param agent: agent - who only reads
    // @param due: duration = 1d - how long people are asked; the default stands behind `=`
    // @param models: list of model? - `?`: it may be left out, and with it the policies that name it

    @id("${agent}-reads")
    permit (principal == Agent::"${agent}", …

An empty line stands between policies, and none in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agentcore.domain.errors import ConfigError
from agentcore.domain.nearest import unknown
from agentcore.policy.parameter_kind import ParameterKind, escaped

_PARAMETER: Final = re.compile(
    r"// @param (?P<name>[a-z_]+): (?P<kind>[a-z ]+?)(?P<optional>\?)?(?: = (?P<default>.+?))? - (?P<about>.+)"
)
_HOLE: Final = re.compile(r"\$\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a template has to be told. default: None when there is none.  optional: it may be left out, too."""

    name: str
    kind: ParameterKind
    about: str
    default: str | None = None
    optional: bool = False

    @property
    def required(self) -> bool:
        """Whether nothing can be made of the template without it."""
        return self.default is None and not self.optional

    def __str__(self) -> str:
        """Return name, kind and default on a few words."""
        default = f" = {self.default}" if self.default is not None else ", may be left out" if self.optional else ""
        return f"{self.name} ({self.kind.name}{default})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTemplate:
    """A template. title: a line.  about: more lines.  blocks: policies with their comments.  text: all of it."""

    name: str
    title: str
    about: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    blocks: tuple[str, ...]
    text: str

    @staticmethod
    def parse(name: str, text: str) -> PolicyTemplate:
        """Return the template of a file. Raises ValueError, naming the line that it cannot be read by."""
        head, *blocks = text.strip().split("\n\n")
        prose: list[str] = []
        parameters: dict[str, Parameter] = {}
        for line in head.splitlines():
            found = _PARAMETER.fullmatch(line)
            if found is not None:
                parameters[found["name"]] = Parameter(
                    name=found["name"],
                    kind=ParameterKind.of(found["kind"]),
                    about=found["about"],
                    default=found["default"],
                    optional=found["optional"] is not None,
                )
            elif line.startswith("// ") and not line.startswith("// @"):
                prose.append(line.removeprefix("// "))
            else:
                raise ValueError(f"template {name}: not part of a header: {line}")
        if not prose or not blocks:
            raise ValueError(f"template {name}: it has no title, or no policies")
        undeclared = sorted({hole for block in blocks for hole in _HOLE.findall(block)} - parameters.keys())
        if undeclared:
            raise ValueError(f"template {name}: not declared: {', '.join(undeclared)}")
        title, *about = prose
        return PolicyTemplate(
            name=name, title=title, about=tuple(about), parameters=parameters, blocks=tuple(blocks), text=text
        )

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the parameters without which nothing can be made of it."""
        return tuple(each.name for each in self.parameters.values() if each.required)

    def fill(self, given: Mapping[str, str]) -> str:
        """Return Cedar text: the policies with these values, and a comment that says which template and values.

        given: name → value as a person writes it. Raises ConfigError with every parameter that is unknown, missing or
        wrong.
        """
        defaults = {each.name: each.default for each in self.parameters.values() if each.default is not None}
        values = {**defaults, **given}
        problems = list(self._problems(values))
        if problems:
            known = ", ".join(map(str, self.parameters.values())) or "none"
            raise ConfigError(
                [f"template `{self.name}`: {problem}" for problem in problems], hint=f"its parameters: {known}"
            )
        cedar = {name: self.parameters[name].kind.cedar(value) for name, value in values.items()}
        blocks = [block for block in self.blocks if set(_HOLE.findall(block)) <= cedar.keys()]
        return "\n\n".join([self._head(values), *(_filled(block, cedar) for block in blocks)]) + "\n"

    def _problems(self, values: Mapping[str, str]) -> Iterator[str]:
        for name in values:
            if name not in self.parameters:
                yield unknown("parameter", name, self.parameters)
        for name, parameter in self.parameters.items():
            if name not in values:
                if parameter.required:
                    yield f"parameter `{name}` is missing: {parameter.about}"
                continue
            try:
                parameter.kind.cedar(values[name])
            except ValueError as error:
                yield f"parameter `{name}` ({parameter.kind.name}): {error}"

    def _head(self, values: Mapping[str, str]) -> str:
        told = "; ".join(f"{name} = {escaped(values[name])}" for name in self.parameters if name in values)
        prose = [f"// {line}" for line in (self.title, *self.about)]
        return "\n".join([*prose, "//", f"// From the template `{self.name}`: {told}"])


def _filled(block: str, cedar: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda hole: cedar[hole[1]], block)
