"""NAME=VALUE on a command line."""

from __future__ import annotations

from typing import Any

import click


class NamedValue(click.ParamType[tuple[str, str]]):
    """NAME=VALUE; the value is text, and may be empty."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return name and value."""
        name, equals, text = str(value).partition("=")
        if not (name and equals):
            self.fail(f"{value!r} is not of the form NAME=VALUE", param, ctx)
        return name, text
