from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.config.problem import Place, Problems
from agentcore.config.source import MAX_BYTES, parse_yaml, read_yaml


def problems_of(text: str) -> tuple[str, ...]:
    problems = Problems()
    parse_yaml(text, "f.yaml", problems)
    return problems.errors


def test_values_and_places():
    problems = Problems()
    source = parse_yaml("a: 1\nb:\n  - x: two\n  - [true, ~, 1.5]\n", "f.yaml", problems)
    assert source is not None
    assert source.value == {"a": 1, "b": [{"x": "two"}, [True, None, 1.5]]}
    assert source.place(("b", 0, "x")) == Place(file="f.yaml", line=3, column=8)
    assert source.key_place(("b", 0, "x")) == Place(file="f.yaml", line=3, column=5)
    assert source.place(("b", 0, "not", "there")) == Place(file="f.yaml", line=3, column=5)
    assert source.get(("b", 1, 2)) == 1.5
    assert source.get(("b", 9)) is None
    assert not problems.errors


def test_scalars_are_read_as_editors_read_them():
    text = "[yes, no, on, 2026-11-01, 0x1F, 0o17, 017, 1_000, 12:30, '1', !!str 1, !!float 1, 1e3, .5, TRUE, null]"
    source = parse_yaml(f"a: {text}", "f.yaml", Problems())
    assert source is not None
    assert source.value["a"] == snapshot(
        ["yes", "no", "on", "2026-11-01", 31, 15, 17, "1_000", "12:30", "1", "1", 1.0, 1000.0, 0.5, True, None]
    )


def test_anchors_aliases_and_merge_keys():
    text = "base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}\nboth: {<<: [{y: 9}, *b]}\nsame: *b\n"
    source = parse_yaml(text, "f.yaml", Problems())
    assert source is not None
    assert source.value == {
        "base": {"x": 1, "y": 2},
        "more": {"x": 1, "y": 3},
        "both": {"x": 1, "y": 9},
        "same": {"x": 1, "y": 2},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", snapshot("f.yaml: the file is empty")),
        ("# only a comment\n", snapshot("f.yaml: the file is empty")),
        ("~", snapshot("f.yaml: the file is empty")),
        ("- a\n", snapshot("f.yaml:1:1: the file must hold keys and their values (`name: …`) at the top")),
        ("a: 1\nb: 2\na: 3\n", snapshot("f.yaml:3:1: duplicate key `a`; it stands in line 1 already")),
        ("a:\n\t- b\n", snapshot("f.yaml:2:1: a tab cannot indent YAML; use spaces")),
        (
            "a: b: c",
            snapshot(
                "f.yaml:1:5: not valid YAML: mapping values are not allowed in this context; "
                "put a text with signs of YAML's own in quotation marks"
            ),
        ),
        (
            "a: @b",
            snapshot(
                "f.yaml:1:4: not valid YAML: found character that cannot start any token; "
                "put a text with signs of YAML's own in quotation marks"
            ),
        ),
        (
            "a: [1,\n\nb: 2",
            snapshot(
                "f.yaml:4:1: not valid YAML: did not find expected ',' or ']' "
                "while parsing a flow sequence that begins in line 1"
            ),
        ),
        ("a: 'x", snapshot("f.yaml:1:6: not valid YAML: found unexpected end of stream")),
        ("a: \x07", snapshot("f.yaml:1:4: not valid YAML: control characters are not allowed")),
        ("a: 1\n---\nb: 2\n", snapshot("f.yaml:2:1: a file holds one document; `---` begins another")),
        ("a: &x [1, *x]", snapshot("f.yaml:1:11: `*x` stands inside what it refers to")),
        ("a: *x", snapshot("f.yaml:1:4: `*x` refers to an anchor `&x` that does not stand before it")),
        (
            "a: !!python/object/apply:os.system [ls]",
            snapshot("f.yaml:1:4: the tag `!!python/object/apply:os.system` is not allowed: only plain values are"),
        ),
        ("a: !env X", snapshot("f.yaml:1:4: the tag `!env` is not allowed: only plain values are")),
        ("a: !!int x", snapshot("f.yaml:1:4: `x` is no int")),
        ("a: .nan", snapshot("f.yaml:1:4: `.nan` is not a finite number")),
        ("a: 1e999", snapshot("f.yaml:1:4: `1e999` is not a finite number")),
        ("a: " + "1" * 400, snapshot("f.yaml:1:4: a number has at most 300 digits")),
        ("1: a", snapshot("f.yaml:1:1: a key must be text; put `1` in quotation marks")),
        ("? [a]\n: b", snapshot("f.yaml:1:3: a key must be text; put this in quotation marks")),
        ("a: {<<: 1}", snapshot("f.yaml:1:9: `<<` takes a mapping, or a list of them")),
        (
            "a: " + "[" * 200_000,
            snapshot("f.yaml:1:64: more than 60 lists and mappings stand inside one another"),
        ),
    ],
)
def test_what_is_no_file_of_ours(text, message):
    assert problems_of(text) == (message,)


def test_a_small_file_cannot_unfold_to_a_large_one():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert problems_of("\n".join(lines)) == snapshot(("f.yaml:1:34: the file unfolds to more than 50000 values",))


def test_aliases_cannot_nest_without_end():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2000))]
    assert problems_of("\n".join(lines)) == snapshot(
        ("f.yaml:1:10: more than 60 lists and mappings stand inside one another",)
    )


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("latin.yaml").write_bytes("a: ok\nname: Zoé".encode("latin-1"))
    Path("wide.yaml").write_bytes("name: a".encode("utf-16"))
    Path("large.yaml").write_bytes(b"a" * (MAX_BYTES + 1))
    Path("folder.yaml").mkdir()
    problems = Problems()
    for name in ("latin.yaml", "wide.yaml", "large.yaml", "folder.yaml", "missing.yaml"):
        assert read_yaml(Path(name), name, problems) is None
    assert problems.errors == snapshot(
        (
            "latin.yaml:2:9: the file is not UTF-8; save it in that encoding",
            "wide.yaml:1:1: the file is not UTF-8; save it in that encoding",
            "large.yaml: the file is larger than 1024 KiB",
            "folder.yaml: the file cannot be read: is a directory",
            "missing.yaml: the file does not exist",
        )
    )


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: a\r\nb: 1\r\n")
    source = read_yaml(path, "bom.yaml", Problems())
    assert source is not None
    assert source.value == {"name": "a", "b": 1}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), PLAIN, min_size=1, max_size=3))
def test_what_is_dumped_is_read_again(value):
    problems = Problems()
    source = parse_yaml(yaml.safe_dump(value, allow_unicode=True, default_style='"'), "f.yaml", problems)
    assert problems.errors == ()
    assert source is not None
    assert source.value == value


@given(st.text(alphabet="ab:-[]{}&*!|>'\"# \n\t,?@`%0.", max_size=40))
def test_no_text_makes_the_reader_fail(text):
    problems = Problems()
    source = parse_yaml(text, "f.yaml", problems)
    assert (source is None) <= bool(problems.errors)
