# ruff: noqa: E501  # messages stand as people read them
"""`routing` of agents and of the project: what is read, what contradicts itself, and what may not be meant."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.config.load import load_project, validate
from agentcore.config.routing import AgentRoutingKeys, repeated_calls
from agentcore.domain.agent import Agent, Role, Routing
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError
from agentcore.domain.ids import AgentName, ModelName, ToolName

MODELS = """
    name: desk
    models:
      small: {provider: llama, family: gpt, quality: 0.5, latency_seconds: 2, options: {model: small}}
      twin: {provider: llama, family: gpt, quality: 0.6, latency_seconds: 3, options: {model: twin}}
      large: {provider: llama, family: claude, quality: 0.9, latency_seconds: 8, options: {model: large}}
    tools:
      handbook: {provider: documents, options: {path: handbook}}
      mail: {provider: documents, safety: unsafe, options: {path: mail}}
    team: {supervisor: planner, workers: [researcher], answer: writer}
"""


def fitted(**step):
    return json.dumps(
        {
            "format": "agentcore.router",
            "format_version": 1,
            "dataset": "runs",
            "settings": {"steps": {"researcher": step}},
        }
    )


def problems_of(root, plugins):
    with pytest.raises(ConfigError) as caught:
        load_project(root, plugins, environment={})
    assert caught.value.problems == validate(root, plugins, environment={}).problems
    return caught.value.problems


def test_the_keys_become_values(project, plugins):
    root = project(
        project=MODELS,
        researcher="""
            routing:
              {objective: cheapest, max_latency_s: 4, min_confidence: 0.8, escalate_to: person, ensemble: [small, large],
              independent: family}
        """,
    )
    agents = load_project(root, plugins, environment={}).agents
    assert agents[AgentName("researcher")].routing == Routing(
        objective="cheapest",
        max_latency_seconds=4,
        min_confidence=0.8,
        escalate_to="person",
        ensemble_of=(ModelName("small"), ModelName("large")),
        independent=True,
    )
    assert agents[AgentName("writer")].routing == Routing()


def test_the_project_speaks_for_agents_that_say_nothing(project, plugins):
    default = "    routing: {objective: fastest, min_confidence: 0.7, ensemble: 2, max_latency_s: 9}\n"
    root = project(project=MODELS + default, researcher="temperature: 0.5\nrouting: {objective: best, samples: 3}\n")
    agents = load_project(root, plugins, environment={}).agents
    assert agents[AgentName("researcher")].routing == Routing(
        objective="best", min_confidence=0.7, samples=3, max_latency_seconds=9
    )
    assert agents[AgentName("writer")].routing == Routing(
        objective="fastest", min_confidence=0.7, ensemble=2, max_latency_seconds=9
    )
    assert agents[AgentName("planner")].routing == Routing(objective="fastest", max_latency_seconds=9)


def test_of_two_thresholds_the_agents_own_counts():
    default = AgentRoutingKeys(alpha=0.05, objective="best")
    assert AgentRoutingKeys(min_confidence=0.8).routing(Role.WORKER, default) == Routing(
        objective="best", min_confidence=0.8
    )


@pytest.mark.parametrize(
    ("researcher", "message"),
    [
        (
            "routing: {objective: cheap}",
            snapshot(
                'agents/researcher.yaml:1:22: `objective` must be one of cheapest, fastest, best, balanced, not "cheap"; did you mean cheapest?'
            ),
        ),
        (
            "routing: {min_confidence: 80}",
            snapshot("agents/researcher.yaml:1:27: `min_confidence` must be less than 1.0, not 80"),
        ),
        (
            "routing: {min_confidence: 0.8, alpha: 0.05}",
            snapshot(
                "agents/researcher.yaml:1:10: `routing` has `min_confidence` (0.8) and `alpha` (0.05): both are a threshold; keep one"
            ),
        ),
        (
            "routing: {ensemble: 2, samples: 3}",
            snapshot(
                "agents/researcher.yaml:1:10: `routing` has `ensemble` and `samples` (3): answers come of several models or of one; keep one"
            ),
        ),
        (
            "routing: {ensemble: many}",
            snapshot("agents/researcher.yaml:1:21: `ensemble` takes how many models, or a list of their names"),
        ),
        (
            "routing: {samples: 3}",
            snapshot(
                "agents/researcher.yaml:1:20: 3 samples at `temperature: 0` are all the same; set a temperature above 0"
            ),
        ),
        (
            "routing: {independent: family}",
            snapshot(
                "agents/researcher.yaml:1:24: `independent` is about the models of an ensemble, and there is none"
            ),
        ),
        (
            "routing: {max_latency_s: 1.5}",
            snapshot(
                "agents/researcher.yaml:1:26: 1.5 s is below what every model takes: the fastest the agent may use, `small`, declares 2 s (`latency_seconds`)"
            ),
        ),
        (
            "model: {any_of: [large]}\nrouting: {max_latency_s: 3}",
            snapshot(
                "agents/researcher.yaml:2:26: 3 s is below what every model takes: the fastest the agent may use, `large`, declares 8 s (`latency_seconds`)"
            ),
        ),
        (
            "routing: {ensemble: 4}",
            snapshot(
                "agents/researcher.yaml:1:21: 4 models are to answer, and the agent may use 3 (`small`, `twin`, `large`)"
            ),
        ),
        (
            "routing: {ensemble: 3, independent: family}",
            snapshot(
                "agents/researcher.yaml:1:21: 3 models of different families are to answer, and those that the agent may use (`small`, `twin`, `large`) are of 2"
            ),
        ),
        (
            "routing: {ensemble: [small, twin], independent: family}",
            snapshot("agents/researcher.yaml:1:21: 2 models are of 1 families; `independent: family` wants as many"),
        ),
        (
            "routing: {ensemble: [small, smal, small]}",
            snapshot("""\
agents/researcher.yaml:1:29: unknown model `smal`; did you mean `small`?
agents/researcher.yaml:1:35: `small` is in the ensemble already\
"""),
        ),
        (
            "routing: {escalate_to: larg}",
            snapshot("agents/researcher.yaml:1:24: unknown model `larg`; did you mean `large`?"),
        ),
        (
            "model: {any_of: [small]}\nrouting: {escalate_to: large}",
            snapshot("agents/researcher.yaml:2:24: `large` is not among the models that the agent may use (`small`)"),
        ),
        (
            "routing: {alpha: 0.05}",
            snapshot(
                "agents/researcher.yaml:1:18: `alpha: 0.05` needs a fitted router, and `routing.model` of the project names none: fit one with `agentcore route fit`, or give `min_confidence`"
            ),
        ),
        (
            "tools: [mail]\nrouting: {ensemble: 2}",
            snapshot(
                "agents/researcher.yaml:2:21: 2 answers at once would call `mail` up to 2 times, and it is unsafe: only tools that read may be called more than once"
            ),
        ),
        (
            "routing: {max_latency: 2}",
            snapshot("agents/researcher.yaml:1:11: unknown key `max_latency`; did you mean `max_latency_s`?"),
        ),
    ],
)
def test_what_contradicts_itself_is_said_with_numbers(project, plugins, researcher, message):
    root = project(project=MODELS, researcher=researcher + "\n")
    assert "\n".join(problems_of(root, plugins)) == message


def test_only_outputs_of_workers_are_weighed(project, plugins):
    root = project(project=MODELS, planner="role: supervisor\nrouting: {min_confidence: 0.8}\n")
    assert problems_of(root, plugins) == snapshot(
        ("agents/planner.yaml:2:10: a supervisor has no outputs that are weighed; give it to workers",)
    )


def test_a_confidence_that_nothing_was_fitted_for_is_told(project, plugins):
    root = project(project=MODELS, researcher="routing: {min_confidence: 0.8}\n")
    assert validate(root, plugins, environment={}).warnings == snapshot(
        (
            "agents/researcher.yaml:1:27: 0.8 is held against P(correct) that nothing was fitted for: it is a declared mapping of what models are declared to be; see `routing.model` of the project",
        )
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{}",
            snapshot(
                "agentcore.yaml:10:18: `router.json` is no fitted router: `format` is None, not 'agentcore.router': `agentcore route fit` writes one"
            ),
        ),
        (
            fitted(thresholds=[{"alpha": 0.1, "threshold": 0.7}, {"alpha": 0.2, "threshold": 0.6}]),
            snapshot(
                "agents/researcher.yaml:1:18: the fitted router runs-1-VERSION has thresholds for alpha 0.1, 0.2, not for 0.05; fit it for that"
            ),
        ),
        (None, snapshot("agentcore.yaml:10:18: there is no file `router.json` (paths start at the project's folder)")),
    ],
)
def test_a_fitted_router_that_does_not_serve_is_told(project, plugins, text, message):
    root = project(project=MODELS + "    routing: {model: router.json}\n", researcher="routing: {alpha: 0.05}\n")
    if text is not None:
        (root / "router.json").write_text(text, encoding="utf-8")
    found = "\n".join(problems_of(root, plugins))
    assert found.replace(json_version(found), "runs-1-VERSION") == message


def json_version(text):
    words = [word for word in text.split() if word.startswith("runs-1-")]
    return words[0] if words else "nothing"


def test_an_alpha_that_cannot_be_held_is_a_warning(project, plugins):
    root = project(project=MODELS + "    routing: {model: router.json}\n", researcher="routing: {alpha: 0.01}\n")
    thresholds = [{"alpha": 0.01, "threshold": None}, {"alpha": 0.05, "threshold": 0.8}]
    (root / "router.json").write_text(fitted(thresholds=thresholds), encoding="utf-8")
    (found,) = validate(root, plugins, environment={}).warnings
    assert found.replace(json_version(found.replace("(", " ").replace(")", " ")), "runs-1-VERSION") == snapshot(
        "agents/researcher.yaml:1:18: alpha 0.01 cannot be held by what was fitted (runs-1-VERSION): no output will be accepted without a person; the least that can is 0.05"
    )


def test_the_fitted_router_is_part_of_the_snapshot(project, plugins):
    root = project(project=MODELS)
    before = load_project(root, plugins, environment={})
    (root / "router.json").write_text(fitted(default_alpha=None), encoding="utf-8")
    project(project=MODELS + "    routing: {model: router.json}\n")
    after = load_project(root, plugins, environment={})
    assert after.snapshot != before.snapshot
    assert after.fitted_steps.step("researcher") is not None


def test_tools_that_do_not_read_are_not_called_by_several_answers():
    agent = Agent(name=AgentName("a"), tools=(ToolName("mail"), ToolName("look")), routing=Routing(samples=3))
    found = list(repeated_calls(agent, {"mail": Safety.UNSAFE, "look": Safety.READ}))
    assert found == snapshot(
        [
            (
                ("routing", "samples"),
                "3 answers at once would call `mail` up to 3 times, and it is unsafe: only tools that read may be called more than once",
            )
        ]
    )
    alone = Agent(name=AgentName("a"), tools=(ToolName("mail"),))
    assert list(repeated_calls(alone, {"mail": Safety.UNSAFE})) == []
