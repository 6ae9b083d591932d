from __future__ import annotations

import inspect
import re

from agentcore.domain import errors
from agentcore.domain.decision import Decision
from agentcore.domain.errors import (
    AgentcoreError,
    BudgetExceeded,
    ConfigError,
    ModelUnavailable,
    NoRoute,
    PolicyDenied,
)


def drawn() -> dict[str, str | None]:
    """Return class → base, as the module's docstring draws them."""
    tree: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"((?:[│ ] {3})*)(?:[├└]── )?(\w+)\s{2,}\S", line)
        if match is None:
            continue
        depth = len(match[1]) // 4 + (1 if "──" in line else 0)
        path[depth:] = [match[2]]
        tree[match[2]] = path[depth - 1] if depth else None
    return tree


def defined() -> dict[str, str | None]:
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__]
    return {cls.__name__: None if cls is AgentcoreError else cls.__bases__[0].__name__ for cls in classes}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    assert drawn() == defined()
    assert len(drawn()) > 10


def test_every_error_has_one_base_and_a_docstring():
    for name in defined():
        cls = getattr(errors, name)
        assert len(cls.__bases__) == 1
        assert cls.__doc__


def test_errors_carry_what_programs_need():
    assert ConfigError(["a.yaml:1:2: wrong", "b.yaml:3:4: too"]).problems == ("a.yaml:1:2: wrong", "b.yaml:3:4: too")
    assert str(BudgetExceeded("usd", "$2", "$1")) == "the budget's usd ran out: $2 needed, $1 left"
    assert NoRoute({"small": "lacks tools"}).filtered == {"small": "lacks tools"}
    assert ModelUnavailable("busy", retry_after_seconds=3.0).retry_after_seconds == 3.0
    decision = Decision(permitted=False, action="call_tool", resource="sql", principal="ann")
    assert str(PolicyDenied(decision)) == "denied by policy: ann may not call_tool sql: no policy permits it"
    assert str(PolicyDenied(decision, advice="ask Bob")).endswith("sql: no policy permits it; ask Bob")
