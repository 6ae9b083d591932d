from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.verification.walk import at_field, at_key, nodes, texts_in

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_paths():
    value = {"items": [{"price": 1}, {"price": "two"}], "note": "x"}
    assert at_field(value, "items.price") == (("$.items[0].price", 1), ("$.items[1].price", "two"))
    assert at_field(value, "items.missing") == ()
    assert list(texts_in(value)) == [("$.items[1].price", "two"), ("$.note", "x")]
    assert at_key([{"a": {"a": 1}}], frozenset({"a"})) == (("$[0].a", {"a": 1}), ("$[0].a.a", 1))


def test_depth_is_no_limit():
    deep: list = ["bottom"]
    for _ in range(20_000):
        deep = [deep]
    assert [text for _, text in texts_in(deep)] == ["bottom"]


@given(values)
def test_every_node_is_visited_once(value):
    def count(node) -> int:
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        return 1 + sum(count(child) for child in children)

    assert len(list(nodes(value))) == count(value)
