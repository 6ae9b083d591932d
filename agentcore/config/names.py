"""Names: how models, tools, agents and inputs may be called."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,47}$")

Name: TypeAlias = Annotated[str, StringConstraints(pattern=NAME)]
"""Of a model, a tool or an agent: what every provider takes as the name of a function, too."""

InputName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,47}$")]
"""Of an input: what can stand in `{{name}}`."""

TypeName: TypeAlias = Literal["string", "integer", "number", "boolean", "array", "object"]
"""The JSON type of an input."""

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""0 to 1."""
