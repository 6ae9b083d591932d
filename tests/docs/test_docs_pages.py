"""What the pages in docs show works, and what they list is complete."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
import yaml
from click.testing import CliRunner

from agentcore.adapters.journal.run_lines import RunRecord, write_lines
from agentcore.adapters.models.sk_dialect import SERVICES
from agentcore.adapters.webhook import payload, signature
from agentcore.app import Runtime, installed_plugins, load_project, validate_project
from agentcore.app.build import build_guards, build_tools
from agentcore.config.load import load_scenario
from agentcore.config.project import Project
from agentcore.config.webhook import WebhookSettings
from agentcore.domain.agent import Agent, Capability, Role
from agentcore.domain.approval import Approval, ApprovalRecord, Verb
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.decision import Action
from agentcore.domain.effect import Safety
from agentcore.domain.effect_ledger import EntryState
from agentcore.domain.guarding import GUARD_PLACES
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.notice import notices
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.request import PolicyRequest
from agentcore.policy.schema import RESOURCE_TYPES, context_attributes
from agentcore.ports.plugin import BuildContext
from agentcore.ports.tool import ToolContext
from agentcore.routing.profile import ModelProfile, Price
from agentcore.surfaces.batch_lines import BatchLine, read_batch
from agentcore.surfaces.cli.main import cli
from agentcore.testing.contracts.journal import begin, end
from agentcore.testing.scripted import ScriptedModel

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)

TEAM = "team: { supervisor: planner, workers: [clerk], answer: clerk }\n"
MODELS = "models: { local: { provider: llama, options: { model: smollm2-135m-instruct } } }\n"
TWO_FAMILIES = """models:
  local: { provider: llama, options: { model: smollm2-135m-instruct } }
  other: { provider: llama, family: qwen, quality: 0.6, options: { model: qwen2.5-coder-1.5b-instruct } }
"""
AGENTS = {"planner": "role: supervisor\ninstructions: plan\n", "clerk": "instructions: work\n"}


def blocks(page: str, language: str) -> list[str]:
    found = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    assert found
    return [text for kind, text in found if kind == language]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write a project around what a page shows."""
    monkeypatch.chdir(tmp_path)

    def write(settings: str, **agents: str) -> Path:
        (tmp_path / "agents").mkdir(exist_ok=True)
        (tmp_path / "agentcore.yaml").write_text(settings + TEAM, encoding="utf-8")
        for name, text in (AGENTS | agents).items():
            (tmp_path / f"agents/{name}.yaml").write_text(text, encoding="utf-8")
        return Path()

    return write


def test_tables_of_keys_are_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/key_tables.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_key_says_what_it_is():
    rows = [line for line in (DOCS / "configuration.md").read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []


def test_links_between_pages_lead_somewhere():
    missing = [
        f"{page.name}: {target}"
        for page in DOCS.glob("*.md")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("text", blocks("models.md", "yaml"), ids=lambda text: text.split()[1])
def test_models_that_are_shown_are_valid(project, monkeypatch, text):
    for variable in re.findall(r"env: (\w+)", text):
        monkeypatch.setenv(variable, "key")
    report = validate_project(project(text))
    assert (report.problems, report.warnings) == ((), ())


def test_caching_that_is_shown_is_valid(project):
    settings, reader = blocks("caching.md", "yaml")
    loaded = load_project(project(settings, clerk=reader))
    assert (loaded.cache.responses, loaded.cache.seconds) == ("exact", 43_200.0)
    clerk = loaded.agents["clerk"]
    assert (clerk.cache, clerk.limits.input_tokens) == ("exact", 3000)


def test_every_service_of_semantic_kernel_is_shown_with_arguments_that_it_takes():
    shown = {}
    for text in blocks("models.md", "yaml"):
        for model in yaml.safe_load(text)["models"].values():
            if model["provider"] == "semantic-kernel":
                shown[model["options"]["service"]] = set(model["options"]["arguments"])
    assert shown.keys() == SERVICES.keys() - {"OpenAIChatCompletion"}  # the provider `openai` is for that
    for service, arguments in shown.items():
        assert arguments - constructor(service) == set(), service


def constructor(service: str) -> set[str]:
    """Return the arguments of a service, without importing its client library, which may not be installed."""
    package = Path(importlib.util.find_spec("semantic_kernel").origin).parent
    for path in (package / "connectors/ai").rglob("services/*_chat_completion.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name == service:
                made = next(each for each in node.body if getattr(each, "name", "") == "__init__")
                return {argument.arg for argument in (*made.args.args, *made.args.kwonlyargs)}
    raise AssertionError(f"there is no {service}")


@pytest.fixture
def files(tmp_path):
    (tmp_path / "orders.csv").write_text("customer,amount\nAcme,10.50\n", encoding="utf-8")
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook/pricing.md").write_text("# Pricing\n\nEverything costs 1 euro.\n", encoding="utf-8")
    for text in blocks("tools.md", "python"):
        (tmp_path / text.split()[1]).write_text(text, encoding="utf-8")


def built(text, project):
    root = project(MODELS + text)
    assert validate_project(root).problems == ()
    return build_tools(load_project(root))


@pytest.mark.usefixtures("files")
async def test_tools_that_are_shown_work(project):
    approved, python, _, calculator, sql, documents = (built(text, project) for text in blocks("tools.md", "yaml"))
    assert approved["shop-reserve"].definition.approval == ApprovalRule(
        approvers=("lead", "cfo"), due_seconds=86400, on_due="escalate"
    )
    context = ToolContext(key="run/1", tenant="t", principal="p", facts={})
    assert {name: tool.definition.safety for name, tool in python.items()} == {
        "shop-in_stock": Safety.READ,
        "shop-reserve": Safety.IDEMPOTENT,
        "shop-order": Safety.COMPENSABLE,
        "stock": Safety.READ,
    }
    assert (await python["stock"].call({"product": "assam"}, context)).value == 120
    reserved = await python["shop-reserve"].call({"product": "assam", "boxes": 2}, context)
    assert reserved.value == "2 of assam, reservation run/1"
    order = python["shop-order"]
    assert (order.definition.approval, order.definition.looks_up) == (ApprovalRule(), True)
    assert await order.look_up({"product": "assam"}, context) is None
    await order.call({"product": "assam"}, context)
    assert (await order.look_up({"product": "assam"}, context)).value == "assam"
    await order.compensate({"product": "assam"}, "assam", context)
    assert await order.look_up({"product": "assam"}, context) is None
    assert calculator["calculate"].definition.safety is Safety.READ
    found = await sql["orders"].call({"query": "SELECT amount FROM orders"}, context)
    assert found.value["rows"] == [{"amount": "10.50"}]
    assert found.label == Label(sources=frozenset({"tool:orders"}), confidentiality=Confidentiality.PERSONAL)
    passages = await documents["handbook"].call({"query": "price"}, context)
    assert passages.value["passages"][0]["id"] == "pricing.md#pricing"
    for tools in (approved, python, calculator, sql, documents):
        for tool in tools.values():
            await tool.aclose()


@pytest.mark.usefixtures("files")
async def test_kernel_functions_that_are_shown_work(project):
    tools = built(blocks("tools.md", "yaml")[2], project)
    context = ToolContext(key="run/1", tenant="t", principal="p", facts={})
    assert (await tools["parcels"].call({"number": "7"}, context)).value == "parcel 7 is in Leeds"
    assert set(tools) == {"parcels", "time"}
    for tool in tools.values():
        await tool.aclose()


@pytest.fixture
def durable(tmp_path, monkeypatch):
    for text in blocks("durability.md", "python"):
        (tmp_path / text.split()[1]).write_text(text, encoding="utf-8")
    monkeypatch.setenv("APPROVALS_SECRET", "geheim")
    return blocks("durability.md", "yaml")


async def test_tools_that_are_shown_for_each_safety_work(durable, project):
    tools = built(durable[0], project)
    assert {name.removeprefix("dispatch-"): tool.definition.safety for name, tool in tools.items()} == {
        "price": Safety.READ,
        "reserve": Safety.IDEMPOTENT,
        "book_parcel": Safety.COMPENSABLE,
        "post_letter": Safety.UNSAFE,
    }
    rule = ApprovalRule(approvers=("lead", "cfo"), due_seconds=86400, on_due="escalate")
    assert {tool.definition.approval for tool in tools.values()} == {rule}
    parcel, context = tools["dispatch-book_parcel"], ToolContext(key="run/1", tenant="t", principal="p", facts={})
    await parcel.call({"address": "Leeds"}, context)
    assert (await parcel.look_up({"address": "Leeds"}, context)).value == "Leeds"
    await parcel.compensate({"address": "Leeds"}, None, context)
    assert await parcel.look_up({"address": "Leeds"}, context) is None
    for tool in tools.values():
        await tool.aclose()


async def test_a_webhook_that_is_shown_is_valid_and_its_signature_can_be_checked(durable, project, tmp_path):
    root = project(MODELS + durable[1])
    assert validate_project(root).problems == ()
    assert load_project(root).webhook == WebhookSettings(url="https://desk.example/agentcore", secret="geheim")
    names = {}
    exec(compile((tmp_path / "receiver.py").read_text(encoding="utf-8"), "receiver.py", "exec"), names)  # noqa: S102
    stamp = int(time.time())
    header = f"t={stamp},v1={signature(b'geheim', stamp, b'{}')}"
    assert names["is_genuine"](b"geheim", header, b"{}")
    assert not names["is_genuine"](b"geheim", header, b"[]")
    assert not names["is_genuine"](b"geheim", header.replace(f"t={stamp}", "t=1"), b"{}")


async def test_decisions_in_python_that_are_shown_are_possible(durable, tmp_path):
    names = {}
    exec(compile((tmp_path / "decide.py").read_text(encoding="utf-8"), "decide.py", "exec"), names)  # noqa: S102
    ruled = []

    class Asked:
        async def approvals(self):
            approval = SimpleNamespace(id="run.1", version=2)
            return [SimpleNamespace(approval=approval)]

        async def rule(self, approval, verb, **given):
            ruled.append((approval, verb, given))

    assert await names["approve_small_parcels"](Asked()) == 1
    ((_, verb, given),) = ruled
    assert (verb, given) == ("approve", {"actor": "robot", "version": 2})
    assert given.keys() <= inspect.signature(Runtime.rule).parameters.keys()


def test_the_page_on_durability_is_complete():
    page = (DOCS / "durability.md").read_text(encoding="utf-8")
    states = [f"`{state}`" for state in get_args(EntryState)]
    verbs = [f"`agentcore approvals {verb} " for verb in get_args(Verb)]
    sent = [f"`{key}`" for key in payload(notices(QUESTION, 0)[0], include_value=True)]
    unnamed = {"`delivery`", "`asked_at`"}
    assert [each for each in (*states, *verbs, *sent) if each not in page and each not in unnamed] == []


QUESTION = ApprovalRecord(
    run="run",
    tenant="t",
    approval=Approval(
        id="run.1",
        subject="call",
        step="s",
        attempt=1,
        agent="a",
        name="pay",
        value={},
        reason="r",
        rule=ApprovalRule(),
        asked_at=0.0,
    ),
)


async def test_replays_and_forks_in_python_that_are_shown_work(tmp_path):
    shown = {}
    for text in blocks("replay.md", "python"):
        exec(compile(text, "replay.md", "exec"), shown)  # noqa: S102  our own page
    profile = ModelProfile(
        name="m",
        family="m",
        quality=0.5,
        context_tokens=100_000,
        capabilities=frozenset({Capability.JSON_SCHEMA}),
        latency_seconds=1.0,
    )
    agents = [Agent(name="boss", role=Role.SUPERVISOR, instructions="Plan."), Agent(name="clerk", instructions="Do.")]
    plan = {"steps": [{"id": "s1", "agent": "clerk", "task": "do", "uses": []}]}
    model = ScriptedModel(lambda request: plan if request.messages[0].content.startswith("Plan.") else "done")
    project = Project(name="desk", root=tmp_path, agents=agents, built_models=[(profile, model)])
    async with Runtime(project) as runtime:
        run = await runtime.run("go")
        fork = await shown["cheaper"](runtime, run)
    assert (fork.status, fork.started.lineage.changes) == (
        "succeeded",
        ("prompt=You answer in one sentence.", "budget.usd=0.10"),
    )
    assert model.requests[-1].messages[0].content == "You answer in one sentence."
    asked = len(model.requests)
    for one in (run, fork):
        assert (await shown["check"](project, one.id)).answer == "done"
    assert len(model.requests) == asked


def test_verification_that_is_shown_is_valid(project, tmp_path):
    for text in blocks("verification.md", "python"):
        (tmp_path / text.split()[1]).write_text(text, encoding="utf-8")
        is_short = {}
        exec(compile(text, "checks.py", "exec"), is_short)  # noqa: S102  our own page
    agents = {Path(text.split()[1]).stem: text for text in blocks("verification.md", "yaml")}
    assert agents.keys() == {"writer", "critic", "reporter", "strict", "auditor", "reader", "judge"}
    report = validate_project(project(TWO_FAMILIES, **agents))
    assert report.problems == ()
    assert [warning for warning in report.warnings if "neither in the team" not in warning] == []
    assert is_short["is_short"]({"answer": "yes"}, None) is True
    assert is_short["is_short"]({"answer": "y" * 301}, None) == "The answer has more than 300 characters."


REPORT = 'goal: "{{day}}"\ninputs: { day: {}, detail: { type: integer, default: 1 } }\n'
PRICE = 'goal: "{{customer}}"\ninputs: { customer: {}, boxes: { type: integer, default: 1 } }\n'


@pytest.mark.parametrize("text", blocks("triggers.md", "yaml"), ids=lambda text: text.split()[1])
def test_triggers_that_are_shown_are_valid(project, tmp_path, text):
    root = project(MODELS + text)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios/report.yaml").write_text(REPORT, encoding="utf-8")
    (tmp_path / "scenarios/price.yaml").write_text(PRICE, encoding="utf-8")
    report = validate_project(root)
    assert (report.problems, report.warnings) == ((), ())
    for trigger in load_project(root).triggers.values():
        if trigger.provider:
            plugin = installed_plugins().trigger(trigger.provider)
            assert plugin.build(trigger.name, trigger.build_options(plugin), BuildContext(root=root, environment={}))


def test_lines_of_a_batch_that_are_shown_are_lines_of_the_quickstart():
    found = load_scenario(ROOT / "scenarios/order_desk.yaml", load_project(ROOT))
    (text,) = blocks("triggers.md", "json")
    lines = list(read_batch(text.encode().splitlines(), found, project="desk", name="questions"))
    assert [(type(line), line.id) for line in lines] == [(BatchLine, "A-17"), (BatchLine, "A-18")]


def test_the_policy_on_triggers_forbids_what_it_says():
    permits = blocks("policies.md", "cedar")
    (forbids,) = blocks("triggers.md", "cedar")
    shown = {f"{number}.cedar": text for number, text in enumerate([*permits, forbids])}
    engine = PolicyEngine.load({**default_policies(), **shown})
    assert engine.decide(refund(100, sources={"user"})).permitted
    assert not engine.decide(refund(100, sources={"trigger:orders"})).permitted


def test_retention_that_is_shown_is_valid(project):
    (text,) = blocks("retention.md", "yaml")
    root = project(MODELS + text)
    assert validate_project(root).problems == ()
    kept = load_project(root).retention
    assert (kept.keep_seconds, kept.export) == (30 * 86_400, Path("old-runs"))


def test_the_lines_of_an_exported_run_are_described():
    page = (DOCS / "retention.md").read_text(encoding="utf-8")
    events = [begin("a"), end("a", 2)]
    lines = [json.loads(line) for line in write_lines(RunRecord(events=events, manifest=None))]
    assert [key for line in lines for key in line if f"`{key}`" not in page] == []


def default_policies() -> dict[str, str]:
    folder = resources.files("agentcore.policy") / "default"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def ask(**facts) -> PolicyRequest:
    label = Label(
        sources=frozenset(facts.pop("sources", ())), confidentiality=facts.pop("secrecy", Confidentiality.INTERNAL)
    )
    given = {"agent": "clerk", "role": Role.WORKER, "tenant": "acme", "principal": "ann", "declared": True} | facts
    return PolicyRequest(label=label, **given)


def refund(amount, **facts) -> PolicyRequest:
    arguments = {"order": "A-1", "amount": amount}
    return ask(action="call_tool", resource="refund", safety=Safety.UNSAFE, arguments=arguments, **facts)


def mail(*to) -> PolicyRequest:
    return ask(action="call_tool", resource="send_mail", safety=Safety.READ, arguments={"to": list(to)})


def call(model, **facts) -> PolicyRequest:
    return ask(action="call_model", resource=model, **facts)


@pytest.mark.parametrize(
    ("asked", "permitted"),
    [
        (refund(100), True),
        (refund(100.01), False),
        (refund(5, sources={"user", "tool:browse"}), False),
        (refund(5, agent="writer"), False),
        (ask(action="call_tool", resource="acme_ledger", safety=Safety.READ), True),
        (ask(action="call_tool", resource="acme_ledger", safety=Safety.READ, tenant="other"), False),
        (call("far", provider="openai", secrecy=Confidentiality.PERSONAL), True),
        (call("far", provider="elsewhere", secrecy=Confidentiality.PERSONAL), False),
        (call("far", provider="openai", secrecy=Confidentiality.SECRET), False),
        (mail("ann@example.com"), True),
        (mail("ann@example.com", "eve@example.org"), False),
        (call("large", budget_micro_usd=50_000), True),
        (call("large", budget_micro_usd=49_999), False),
        (call("large"), True),
    ],
)
def test_policies_that_are_shown_do_what_is_said(asked, permitted):
    shown = {f"{number}.cedar": text for number, text in enumerate(blocks("policies.md", "cedar"))}
    assert PolicyEngine.load({**default_policies(), **shown}).decide(asked).permitted is permitted


def test_the_policy_that_asks_for_approval_asks_for_large_refunds():
    shown = {f"{number}.cedar": text for number, text in enumerate(blocks("policies.md", "cedar"))}
    permit = '@id("all-refunds") permit (principal, action == Action::"call_tool", resource == Tool::"refund");'
    engine = PolicyEngine.load({**shown, "permit.cedar": permit})
    small, large = engine.decide(refund(100, sources={"user"})), engine.decide(refund(101, sources={"user"}))
    assert (small.permitted, small.obligations) == (True, ())
    (asked,) = large.obligations
    assert (large.permitted, asked.policy) == (True, "large-refunds-are-approved")
    assert asked.rule == ApprovalRule(approvers=("lead", "cfo"), due_seconds=86_400, on_due="escalate")


def test_the_policies_that_oblige_ask_for_what_is_said():
    shown = {f"{number}.cedar": text for number, text in enumerate(blocks("policies.md", "cedar"))}
    engine = PolicyEngine.load({**default_policies(), **shown})
    found = {id: each.kind for id, each in engine.obligations.items()}
    assert found == {
        "no-addresses-in-prompts": "redact",
        "what-was-found-stays-near": "downgrade",
        "browse-gently": "limit",
        "answers-from-the-web-are-verified": "verify",
        "accounts-are-not-shown": "mask",
        "transfers-are-told": "notify",
        "large-refunds-are-approved": "approve",
    }
    assert [each.policy for each in engine.decide(call("near", local=True)).obligations] == []
    assert [each.policy for each in engine.decide(call("far")).obligations] == ["no-addresses-in-prompts"]


def test_the_guards_that_are_shown_are_valid_and_their_policies_do_what_is_said(tmp_path):
    (guards,) = blocks("guards.md", "yaml")
    (tmp_path / "agents").mkdir()
    for name, text in AGENTS.items():
        (tmp_path / "agents" / f"{name}.yaml").write_text(f"name: {name}\n{text}", encoding="utf-8")
    (tmp_path / "agentcore.yaml").write_text(MODELS + TEAM + guards, encoding="utf-8")
    project = load_project(tmp_path)
    assert len(project.guards) == 5
    assert build_guards(project)
    (cedar,) = blocks("guards.md", "cedar")
    engine = PolicyEngine.load({**default_policies(), "shown.cedar": cedar})
    for findings, permitted in ((frozenset(), True), (frozenset({"secrets"}), False), (frozenset({"pii"}), True)):
        asked = replace(
            refund(1, sources={"user"}), action="release", resource="answer", label=Label(findings=findings)
        )
        assert engine.decide(asked).permitted is permitted


def test_every_place_of_guards_is_explained():
    page = (DOCS / "guards.md").read_text(encoding="utf-8").partition("## Where guards look")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)[2:]
    assert {row.strip("`") for row in rows} == {*GUARD_PLACES, "model choice", "memory"}
    assert set(re.findall(r"policy: `(\w+)`", page)) == set(get_args(Action))


async def test_an_answer_is_shown_as_it_is_written(tmp_path, capsys):
    made = {}
    exec(blocks("guards.md", "python")[0], made)  # noqa: S102  # the page's own
    agents = [
        Agent(name="boss", role=Role.SUPERVISOR, instructions="Plan."),
        Agent(name="clerk", description="works", instructions="Work."),
        Agent(name="writer", instructions="Write."),
    ]
    profile = ModelProfile(
        name="m",
        family="m",
        quality=0.5,
        context_tokens=8000,
        capabilities=frozenset(Capability),
        price=Price(),
        latency_seconds=0.1,
    )

    def reply(request):
        beginning = request.messages[0].content.partition("\n")[0]
        return {"steps": [{"agent": "clerk", "task": "go"}]} if beginning == "Plan." else f"{beginning} done"

    project = Project(name="p", root=tmp_path, agents=agents, built_models=[(profile, ScriptedModel(reply))])
    async with Runtime(project) as runtime:
        assert await made["show"](runtime, "go") == "Write. done"
    assert capsys.readouterr().out == "Write. done"


def test_the_detector_that_is_shown_works():
    text = blocks("guards.md", "python")[1]
    made = {}
    exec(text, made)  # noqa: S102  # the page's own
    detector = made["PLUGIN"].build("shouting", made["Options"](), BuildContext(root=ROOT, environment={}))
    found = detector.detect("now SENDEVERYTHING to me")
    assert (found.flagged, found.spans[0].start, found.spans[0].end) == (True, 4, 18)
    assert not detector.detect("now send it").flagged


SHOP_TOOLS = """
from agentcore import tool


@tool(safety="read")
def orders(customer: str) -> str:
    \"\"\"Look orders up.\"\"\"
    return customer


@tool(safety="unsafe")
def refund(order: str, amount: float) -> str:
    \"\"\"Pay back.\"\"\"
    return order


@tool(safety="unsafe")
def send_mail(to: list[str]) -> str:
    \"\"\"Send a mail.\"\"\"
    return ""
"""


@pytest.fixture
def shop(project, tmp_path):
    """Write the project that the page on policies is about."""
    clerk = "instructions: work\ntools: [orders, refund]\n"
    tools = "\n".join(
        ["tools:"]
        + [
            f"  {name}: {{ provider: python, options: {{ file: shop.py, functions: [{name}] }} }}"
            for name in ("orders", "refund", "send_mail")
        ]
    )
    root = project(f"{MODELS}{tools}\n", clerk=clerk)
    (tmp_path / "shop.py").write_text(SHOP_TOOLS, encoding="utf-8")
    (tmp_path / "policies").mkdir()
    shown = {f"{number}.cedar": text for number, text in enumerate(blocks("policies.md", "cedar"))}
    for name, text in {**default_policies(), **shown}.items():
        (tmp_path / "policies" / name).write_text(text, encoding="utf-8")
    return root


def run_here(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, words)
    return done.exit_code, "".join(f"{line.rstrip()}\n" for line in done.output.splitlines())


def test_the_matrix_that_is_shown_is_that_of_its_project(shop):
    (shown,) = [text for text in blocks("policies.md", "console") if "policy matrix" in text]
    command, _, told = shown.partition("\n")
    assert run_here(*command.split()[2:]) == (0, told)


def test_assertions_that_are_shown_hold_and_are_held(shop, tmp_path):
    (text,) = [text for text in blocks("policies.md", "yaml") if "assertions:" in text]
    (tmp_path / "policies/assertions.yaml").write_text(text, encoding="utf-8")
    assert [each for each in validate_project(shop).problems if "assertions" in each] == []
    assert run_here("policy", "matrix")[1].endswith("3 of 3 assertions hold\n")
    (tmp_path / "policies/more.cedar").write_text(
        '@id("more") permit (principal, action == Action::"call_tool", resource == Tool::"send_mail");',
        encoding="utf-8",
    )
    code, said = run_here("policy", "matrix")
    assert code == 1
    assert "does not hold: nothing untrusted decides what is mailed (policies/assertions.yaml:3:5)" in said
    assert "clerk call_tool send_mail (not given) with any untrusted data may be permitted: more" in said


def test_the_page_on_policies_is_complete():
    page = (DOCS / "policies.md").read_text(encoding="utf-8")
    facts = {fact for action in RESOURCE_TYPES for fact in context_attributes(action)}
    ids = PolicyEngine.load(default_policies()).policies
    assert [name for name in (*RESOURCE_TYPES, *sorted(facts), *ids) if f"| `{name}` |" not in page] == []
