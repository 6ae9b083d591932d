"""Triggers in `agentcore.yaml`."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest
from inline_snapshot import snapshot

from agentcore.config.load import load_project, validate
from agentcore.config.triggers import Schedule, TriggerSettings
from agentcore.domain.cron import Cron
from agentcore.domain.errors import ConfigError

HEAD = """\
models: { local: { provider: llama, options: { model: small } } }
team: { supervisor: planner, workers: [clerk], answer: clerk }
triggers:
"""
SCENARIO = """\
goal: "{{customer}} buys {{boxes}}?"
inputs:
  customer: {}
  boxes: { type: integer, default: 1 }
"""


@pytest.fixture
def project(write):
    """Write a project with these triggers, the first of which stands in line 4."""

    def make(text):
        settings = HEAD + indent(dedent(text).strip("\n") + "\n", "  ")
        return write(project=settings, planner="role: supervisor\n", clerk="role: worker\n", scenario=SCENARIO)

    return make


def problems(project, plugins, text):
    return validate(project(text), plugins, environment={}).problems


def test_all_keys(project, plugins):
    root = project("""
        morning:
          scenario: scenario
          schedule: { cron: "0 7 * * MON-FRI", timezone: Europe/Berlin, catch_up: latest }
          inputs: { customer: "$.due", boxes: 3 }
        orders:
          scenario: scenario
          provider: queue
          parallel: 9
          tenant: acme
          principal: sales
          purpose: billing
          options: { model: "${WHAT:-x}" }
        """)
    report = validate(root, plugins, environment={})
    assert (report.problems, report.warnings, report.counts["triggers"]) == ((), (), 2)
    found = load_project(root, plugins, environment={}).triggers
    morning, orders = found["morning"], found["orders"]
    assert morning.schedule.cron.told(morning.schedule.cron.after(0)) == "1970-01-01T07:00:00+01:00"
    assert (morning.schedule.catch_up, morning.parallel, morning.tenant) == ("latest", 4, None)
    assert (orders.provider, orders.parallel, orders.tenant, orders.principal) == ("queue", 9, "acme", "sales")
    assert orders.purpose == "billing"
    assert orders.options.expanded == {"model": "x"}
    assert orders.schedule is None


def test_triggers_do_not_shape_runs(project, plugins):
    one = load_project(project("{}"), plugins, environment={})
    other = load_project(
        project("a: { scenario: scenario, provider: queue, options: { model: x } }"), plugins, environment={}
    )
    assert other.triggers
    assert one.snapshot == other.snapshot


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "a: { scenario: scenario }",
            snapshot(("agentcore.yaml:4:6: give `schedule`, or the `provider` of messages",)),
        ),
        (
            "a: { provider: queue, options: { model: x } }",
            snapshot(("agentcore.yaml:4:3: `scenario` is required in `a`",)),
        ),
        (
            "a: { scenario: scenaro, provider: queue, options: { model: x } }",
            snapshot(("agentcore.yaml:4:18: unknown scenario `scenaro`; did you mean `scenario`?",)),
        ),
        (
            "a: { scenario: scenario, provider: queu, options: { model: x } }",
            snapshot(("agentcore.yaml:4:38: no plug-in `queu` in agentcore.triggers; there is: queue",)),
        ),
        (
            "a: { scenario: scenario, provider: queue, options: { modl: x } }",
            snapshot(
                (
                    "agentcore.yaml:4:45: `model` is required in `options`",
                    "agentcore.yaml:4:56: unknown key `modl`; did you mean `model`?",
                )
            ),
        ),
        (
            "a: { scenario: scenario, provider: queue, schedule: { cron: '* * * * *' }, options: { model: x } }",
            snapshot(
                (
                    "agentcore.yaml:4:6: input `customer` of scenario `scenario` is missing",
                    "agentcore.yaml:4:38: give `schedule` or `provider`, not both",
                )
            ),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '* * * * *' }, options: { x: 1 }, inputs: { customer: x } }",
            snapshot(("agentcore.yaml:4:70: a schedule has no `options`: they are a provider's",)),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '* * * *' }, inputs: { customer: x } }",
            snapshot(("agentcore.yaml:4:46: `cron` is not a cron expression: wrong number of fields",)),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '61 * * * *', timezone: Mars }, inputs: { customer: x } }",
            snapshot(
                (
                    "agentcore.yaml:4:46: `cron` is not a cron expression: bad minute",
                    "agentcore.yaml:4:70: `timezone` is no time zone known here, such as Europe/Berlin: `Mars`",
                )
            ),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '0 0 */32 2 MON#5' }, inputs: { customer: x } }",
            snapshot(("agentcore.yaml:4:46: `cron` is a cron expression that is never due",)),
        ),
        (
            "a: { scenario: scenario, schedule: { corn: '* * * * *' }, inputs: { customer: x } }",
            snapshot(
                (
                    "agentcore.yaml:4:28: `cron` is required in `schedule`",
                    "agentcore.yaml:4:40: unknown key `corn`; did you mean `cron`?",
                )
            ),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '* * * * *', catch_up: all }, inputs: { customer: x } }",
            snapshot(('agentcore.yaml:4:69: `catch_up` must be one of skip, latest, not "all"',)),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '* * * * *' } }",
            snapshot(("agentcore.yaml:4:6: input `customer` of scenario `scenario` is missing",)),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '* * * * *' }, inputs: { customer: $.duh, boxes: many } }",
            snapshot(
                (
                    "agentcore.yaml:4:81: a schedule gives only `$.due`, not `$.duh`",
                    'agentcore.yaml:4:95: input `boxes` must be a whole number, not "many"',
                )
            ),
        ),
        (
            "a: { scenario: scenario, schedule: { cron: '* * * * *' }, inputs: { customer: x, boxes: $.due } }",
            snapshot(('agentcore.yaml:4:91: input `boxes` must be a whole number, not "$.due"',)),
        ),
        (
            "a: { scenario: scenario, provider: queue, options: { model: x }, inputs: { custmer: $.x, boxes: $..y } }",
            snapshot(
                (
                    "agentcore.yaml:4:76: input `customer` of scenario `scenario` is missing",
                    "agentcore.yaml:4:87: unknown input `custmer`; did you mean `customer`?",
                    "agentcore.yaml:4:99: `$..y` is not a field of a message, such as `$.order.customer`",
                )
            ),
        ),
        (
            "a: { scenario: scenario, provider: queue, options: { model: x }, paralel: 0 }",
            snapshot(("agentcore.yaml:4:68: unknown key `paralel`; did you mean `parallel`?",)),
        ),
        (
            "a: { scenario: scenario, provider: queue, options: { model: x }, parallel: 0, tenant: '' }",
            snapshot(
                (
                    "agentcore.yaml:4:78: `parallel` must be at least 1, not 0",
                    "agentcore.yaml:4:89: `tenant` must not be empty",
                )
            ),
        ),
    ],
)
def test_each_mistake_is_told_with_its_place(project, plugins, text, found):
    assert problems(project, plugins, text) == found


def test_a_scenario_that_is_broken_does_not_stop_others(project, plugins, tmp_path):
    root = project("a: { scenario: scenario, provider: queue, options: { model: x } }")
    (tmp_path / "scenarios/scenario.yaml").write_text("gaol: x\n", encoding="utf-8")
    assert load_project(root, plugins, environment={}).triggers
    assert [each.partition(":")[0] for each in validate(root, plugins, environment={}).problems] == [
        "scenarios/scenario.yaml",
        "scenarios/scenario.yaml",
    ]


def test_the_fields_of_a_message_are_the_inputs_or_are_picked():
    whole = TriggerSettings(name="a", scenario="s", provider="p")
    assert whole.filled({"x": 1}) == {"x": 1}
    picked = TriggerSettings(
        name="a", scenario="s", provider="p", inputs={"x": "$.a.b-c", "y": 3, "z": "$.a.no", "t": "$5", "n": "$.nil"}
    )
    assert picked.filled({"a": {"b-c": [1]}, "nil": None}) == {"x": [1], "y": 3, "t": "$5", "n": None}
    timed = TriggerSettings(name="a", scenario="s", schedule=Schedule(cron=Cron.parse("* * * * *")))
    assert timed.filled({"due": "now"}) == {}


def test_options_of_a_trigger_name_it(plugins):
    settings = TriggerSettings(name="orders", scenario="s", provider="queue")
    with pytest.raises(ConfigError, match=r"trigger `orders`: options\.model: Field required"):
        settings.build_options(plugins.trigger("queue"))
