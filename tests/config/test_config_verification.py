# ruff: noqa: E501  # messages stand as people read them
"""`verify` of an agent: weights, quorum, independence, debate, who decides; and what is wrong with it, with its place."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from agentcore.config.load import load_project, validate
from agentcore.domain.agent import Verification
from agentcore.domain.approval_rule import ApprovalRule

MODELS = """
            models:
              local: {provider: llama, family: qwen, options: {model: small}}
              large: {provider: llama, family: qwen, options: {model: large}}
              remote: {provider: openai, family: gpt, price: {input_usd_per_million: 0}, options: {model: x}}
            team: {supervisor: planner, workers: [clerk], answer: clerk}
"""
ONE_FAMILY = MODELS.replace("family: gpt", "family: qwen")
PLANNER = "role: supervisor\ninstructions: plan\n"
CRITIC = "role: verifier\ninstructions: judge\n"


@pytest.fixture
def read(project, plugins):
    def write(verify, *, models=MODELS, critic=CRITIC, clerk=""):
        root = project(
            project=models,
            planner=PLANNER,
            researcher="instructions: look\n",
            clerk=f"instructions: work\n{clerk}verify: {verify}\n",
            critic=critic,
            strict=CRITIC,
            chief=CRITIC,
            writer="instructions: write\n",
        )
        return root, validate(root, plugins, environment={})

    return write


@pytest.fixture
def verification(read, plugins):
    def load(verify, **options):
        root, report = read(verify, **options)
        assert report.problems == ()
        return load_project(root, plugins, environment={}).agents["clerk"].verification

    return load


def test_all_of_it_becomes_values(verification):
    found = verification(
        "{panel: [critic, {agent: strict, weight: 2}], quorum: 0.6, independent: family, debate: {rounds: 2}, escalate_to: chief}"
    )
    assert found == Verification(
        panel=("critic", "strict"),
        weights={"strict": 2.0},
        quorum=0.6,
        independent="family",
        debate=2,
        escalate_to="chief",
    )


@pytest.mark.parametrize(
    ("verify", "required", "quorum"),
    [
        ("{panel: [critic, strict, chief]}", 2, 0.0),
        ("{panel: [critic, strict], required: 1}", 1, 0.0),
        ("{panel: [critic, {agent: strict, weight: 1}]}", 2, 0.0),
        ("{panel: [critic, {agent: strict, weight: 2}]}", 0, 0.5),
        ("{panel: [critic, strict], quorum: 1}", 0, 1.0),
        ("{panel: [critic, {agent: strict, weight: 2}], required: 2}", 2, 0.5),
        ("{}", 0, 0.0),
    ],
)
def test_votes_are_counted_unless_they_are_weighed(verification, verify, required, quorum):
    found = verification(verify)
    assert (found.required, found.quorum) == (required, quorum)


def test_a_person_may_decide_and_who_may_be_said(verification):
    found = verification("{panel: [critic, strict], escalate_to: person}")
    assert (found.escalate_to, found.escalate_to_person) == (None, ApprovalRule())
    found = verification("{panel: [critic, strict], escalate_to: {approvers: [lead], due_seconds: 60}}")
    assert found.escalate_to_person == ApprovalRule(approvers=("lead",), due_seconds=60.0)


@pytest.mark.parametrize(
    ("verify", "problem"),
    [
        (
            "{panel: [crtic]}",
            snapshot("""agents/clerk.yaml:2:18: unknown agent `crtic`; did you mean `critic`?"""),
        ),
        (
            "{panel: [{agent: planner}]}",
            snapshot("""agents/clerk.yaml:2:18: `planner` is a supervisor; a panel has agents of the role verifier"""),
        ),
        (
            "{panel: [{agent: critic, weight: 0}]}",
            snapshot("""agents/clerk.yaml:2:42: `weight` must be more than 0.0, not 0"""),
        ),
        (
            "{panel: [{agent: critic, wieght: 2}]}",
            snapshot("""agents/clerk.yaml:2:34: unknown key `wieght`; did you mean `weight`?"""),
        ),
        (
            "{panel: [critic, {agent: critic, weight: 2}]}",
            snapshot("""agents/clerk.yaml:2:26: `critic` is in the panel already"""),
        ),
        (
            "{panel: [7]}",
            snapshot("""agents/clerk.yaml:2:18: `panel` takes names of verifiers, or `{agent: …, weight: …}`"""),
        ),
        (
            "{panel: [critic], quorum: 1.2}",
            snapshot("""agents/clerk.yaml:2:35: `quorum` must be at most 1.0, not 1.2"""),
        ),
        (
            "{panel: [critic], quorum: 0.3}",
            snapshot("""agents/clerk.yaml:2:35: `quorum` must be at least 0.5, not 0.3"""),
        ),
        (
            "{panel: [critic], required: 2}",
            snapshot("""agents/clerk.yaml:2:37: 2 must accept, but the panel has 1"""),
        ),
        (
            "{quorum: 0.6}",
            snapshot("""agents/clerk.yaml:2:18: `quorum` needs a `panel`, and there is none"""),
        ),
        (
            "{independent: family}",
            snapshot("""agents/clerk.yaml:2:23: `independent` needs a `panel`, and there is none"""),
        ),
        (
            "{escalate_to: person}",
            snapshot("""agents/clerk.yaml:2:23: `escalate_to` needs a `panel`, and there is none"""),
        ),
        (
            "{panel: [critic], debate: {}}",
            snapshot("""agents/clerk.yaml:2:35: a debate needs two verifiers, and the panel has 1"""),
        ),
        (
            "{panel: [critic, strict], debate: {rounds: 4}}",
            snapshot("""agents/clerk.yaml:2:52: `rounds` must be at most 3, not 4"""),
        ),
        (
            "{panel: [critic], escalate_to: clerk}",
            snapshot("""agents/clerk.yaml:2:40: `clerk` is a worker; a verifier or `person` is needed here"""),
        ),
        (
            "{panel: [critic], escalate_to: cheif}",
            snapshot("""agents/clerk.yaml:2:40: unknown agent `cheif`; did you mean `chief`?"""),
        ),
        (
            "{panel: [critic], escalate_to: critic}",
            snapshot("""agents/clerk.yaml:2:40: `critic` is in the panel, which has not decided then"""),
        ),
        (
            "{panel: [critic], escalate_to: 3}",
            snapshot(
                """agents/clerk.yaml:2:40: `escalate_to` takes a verifier, `person`, or `{approvers: […], due_seconds: …, on_due: …}`"""
            ),
        ),
        ("{pairwise: true}", snapshot("agents/clerk.yaml:2:20: `pairwise` needs a `panel`, and there is none")),
        (
            "{panel: [critic], pairwise: true}",
            snapshot(
                "agents/clerk.yaml:2:37: there is one answer in an attempt, so none to compare; give `routing.ensemble` or `routing.samples`"
            ),
        ),
        (
            "{panel: [critic], independent: families}",
            snapshot("""\
agents/clerk.yaml:2:40: `independent` must be one of none, model, family, not "families"; did you mean family?"""),
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(read, verify, problem):
    _, report = read(verify)
    assert "\n".join(report.problems) == problem


def test_a_verifier_that_can_never_be_independent_is_an_error_that_says_which_models_there_are(read):
    limited = f"{CRITIC}model: {{any_of: [large]}}\n"
    _, report = read(
        "{panel: [critic], independent: family}", critic=limited, clerk="model: {any_of: [local, large]}\n"
    )
    assert report.problems == snapshot(
        (
            "agents/clerk.yaml:3:18: `critic` would never count: it may use `large` (family qwen), and `clerk` writes with models of the same family; give it another under `model.any_of`; there is `remote` (family gpt)",
        )
    )
    _, report = read("{panel: [critic], independent: family}", models=ONE_FAMILY)
    assert report.problems == snapshot(
        (
            "agents/clerk.yaml:2:18: `critic` would never count: it may use `local` (family qwen), `large` (family qwen), `remote` (family qwen), and `clerk` writes with models of the same family; give it another under `model.any_of`; there is no other: add one under `models`",
        )
    )
    _, report = read(
        "{panel: [strict], independent: model, escalate_to: critic}",
        critic=limited,
        clerk="model: {any_of: [large]}\n",
    )
    assert report.problems == snapshot(
        (
            "agents/clerk.yaml:3:60: `critic` would never count: it may use `large` (family qwen), and `clerk` writes with the same model; give it another under `model.any_of`; there is `local` (family qwen), `remote` (family gpt)",
        )
    )


def test_one_that_some_answers_leave_without_a_model_is_a_warning(read):
    limited = f"{CRITIC}model: {{any_of: [local]}}\n"
    _, report = read("{panel: [critic], independent: family}", critic=limited)
    assert report.problems == ()
    (warning,) = [each for each in report.warnings if "abstains" in each]
    assert warning == snapshot(
        "agents/clerk.yaml:2:18: `critic` abstains on what `local` (qwen), `large` (qwen) writes: it may use `local` (family qwen) only; add a model of another family to its `model.any_of`"
    )


def test_what_a_tool_returns_has_no_author(read):
    limited = f"{CRITIC}model: {{any_of: [local]}}\n"
    _, report = read(
        "{panel: [critic], independent: family}",
        critic=limited,
        clerk="model: {any_of: [local]}\ntools: [table]\ntool_use: output\n",
        models=MODELS + "            tools: {table: {provider: documents, options: {path: x}}}\n",
    )
    assert [each for each in report.problems if "never count" in each] == []


def test_who_decides_for_a_panel_is_in_use(read):
    _, report = read("{panel: [critic, strict], escalate_to: chief}")
    assert [each for each in report.warnings if "`chief` is neither" in each] == []
