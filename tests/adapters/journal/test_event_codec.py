"""Every fact survives the journal."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap

from agentcore.adapters.journal.codec import SCHEMA, EventCodec
from agentcore.adapters.journal.decoder import Decoder
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Usage
from agentcore.domain.errors import JournalCorrupt, JournalTooNew
from agentcore.domain.event import AttemptFinished, EffectFinished, Event, Fact, RunFinished
from agentcore.domain.label import USER
from agentcore.domain.obligation import Approve
from agentcore.testing.contracts.journal import begin

TEXT = st.text(max_size=8) | st.sampled_from(["\ud83d", "\x00", "😀", '"'])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
NAMES = {"JSON": Any, "JSONObject": Any}


def values(annotation):
    """A strategy for a field's annotation."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    match annotation:
        case _ if annotation is Any:
            return JSON
        case NewType():
            return values(annotation.__supertype__)
        case type() if annotation is Decimal:
            return st.decimals(allow_nan=False, allow_infinity=False)
        case type() if annotation is str:
            return TEXT
        case type() if annotation is float:
            return st.floats(allow_nan=False, allow_infinity=False)
        case type() if issubclass(annotation, Enum) or annotation in {int, bool, types.NoneType}:
            return st.from_type(annotation)
        case type() if is_dataclass(annotation):
            hints = get_type_hints(annotation, localns=NAMES)
            return st.builds(
                annotation,
                **{
                    field.name: st.just(field.default)
                    if field.name == "kind" and field.default is not MISSING
                    else values(hints[field.name])
                    for field in fields(annotation)
                },
            )
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(values, arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=2)
    if issubclass(origin, Mapping):
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    raise NotImplementedError(annotation)


@pytest.mark.parametrize("cls", get_args(Fact), ids=lambda cls: cls.__name__)
@given(data=st.data(), at=st.floats(allow_nan=False))
def test_every_fact_comes_back_equal(cls, data, at):
    fact = data.draw(values(cls))
    codec = EventCodec()
    event = codec.decode("r", 3, at, SCHEMA, codec.encode(fact))
    assert event == Event(run="r", sequence=3, at=at, fact=fact)
    assert type(event.fact) is cls


def test_facts_written_before_a_field_existed_take_its_default():
    codec = EventCodec()
    text = codec.encode(AttemptFinished(step="s", attempt=1, output=1, label=USER))
    assert codec.decode("r", 1, 0.0, 1, text.replace('"declined":"",', "")).fact.declined == ""
    began = codec.encode(begin("r").fact)
    older = began.replace('"purpose":"",', "")
    assert older != began
    assert codec.decode("r", 1, 0.0, 1, older).fact.task.purpose == ""


def test_an_obligation_of_the_time_when_there_was_only_approval_is_one():
    recorded = (
        '{"status":"succeeded","answer":1,"reason":"","decisions":[{"permitted":true,"action":"call_tool","resource":"pay",'
        '"principal":"clerk","policies":["all"],"errors":[],"obligations":[{"policy":"large","kind":"approve","rule":'
        '{"approvers":["lead"],"due_seconds":60.0,"on_due":"escalate"}}],"bundle":"b"}],"kind":"run_finished"}'
    )
    (decision,) = EventCodec().decode("r", 1, 0.0, 2, recorded).fact.decisions
    rule = ApprovalRule(approvers=("lead",), due_seconds=60.0, on_due="escalate")
    assert decision.obligations == (Approve(policy="large", rule=rule),)
    assert decision.unmet == ()


def test_an_obligation_of_a_kind_that_is_not_known_is_damage():
    with pytest.raises(JournalCorrupt, match="kind 'dance' is not known"):
        EventCodec().decode(
            "r",
            1,
            0.0,
            2,
            '{"status":"failed","answer":1,"decisions":[{"permitted":true,"action":"plan","resource":"r","principal":"p",'
            '"obligations":[{"policy":"x","kind":"dance"}]}],"kind":"run_finished"}',
        )


def test_equal_facts_are_written_equally():
    fact = RunFinished(status="succeeded", answer=HashTrieMap({"a": {"b": 1}}))
    assert EventCodec().encode(fact) == EventCodec().encode(RunFinished(status="succeeded", answer={"a": {"b": 1}}))


def test_integers_of_any_size_are_exact():
    codec = EventCodec()
    fact = RunFinished(status="succeeded", answer=[2**70, "\udc80"])
    assert codec.decode("r", 1, 0.0, SCHEMA, codec.encode(fact)).fact == fact


def test_what_has_no_form_in_json_is_refused():
    with pytest.raises(TypeError, match="object has no form in JSON"):
        EventCodec().encode(RunFinished(status="succeeded", answer=object()))


def test_json_with_instructions_for_an_unpickler_is_only_json():
    codec = EventCodec()
    answer = {"py/reduce": [{"py/type": "os.system"}, ["true"]], "__class__": "os"}
    text = codec.encode(RunFinished(status="failed", answer=answer))
    assert codec.decode("r", 1, 0.0, 1, text).fact.answer == answer


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"usd":"0"', '"usd":"much"', "usd.*not a decimal"),
        ('"usd":"0"', '"usd":0', "usd.*not a decimal"),
        ('"input_tokens":0', '"input_tokens":true', "input_tokens.*True"),
        ('"seconds":1.5', '"seconds":"1"', "seconds.*not a number"),
        ('"sources":["user"]', '"sources":{}', "sources.*not a list"),
        ('"confidentiality":1', '"confidentiality":9', "confidentiality.*9"),
        ('"label":{', '"label":[{', "cannot be read"),
        ('"effect":"e"', '"effect":null', "effect.*None"),
        ('"kind":"effect_finished"', '"kind":["x"]', "unhashable"),
    ],
)
def test_damage_is_named(old, new, message):
    codec = EventCodec()
    fact = EffectFinished(effect="e", output=None, used=Usage(), seconds=1.5, label=USER)
    text = codec.encode(fact)
    assert old in text
    with pytest.raises(JournalCorrupt, match=f"run r, event 7 .*{message}"):
        codec.decode("r", 7, 0.0, SCHEMA, text.replace(old, new))


def test_a_later_schema_is_refused():
    with pytest.raises(JournalTooNew, match="run r, event 1"):
        EventCodec().decode("r", 1, 0.0, SCHEMA + 1, "{}")


def test_an_annotation_without_a_decoder_is_a_programming_error():
    with pytest.raises(TypeError, match="no way to decode"):
        Decoder().compile(complex)
    with pytest.raises(TypeError, match="apart"):
        Decoder().compile(int | str)
