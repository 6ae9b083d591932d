"""`agentcore policy matrix`: who can ever do what, as people, programs and browsers read it."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import jsonschema_rs
import pytest
import yaml
from inline_snapshot import snapshot

from agentcore.surfaces.cli.exit_codes import ExitCode

POLICIES = """
@id("all")
permit (principal, action, resource) when { context.declared };

@id("acme-only")
forbid (principal, action == Action::"call_tool", resource == Tool::"orders")
unless { context.tenant == "acme" };

@id("no-documents")
forbid (principal, action == Action::"call_tool", resource)
when { context.sources.contains("tool:handbook") };

@id("secrets<&stay")
forbid (principal, action == Action::"release", resource)
when { context.confidentiality == Confidentiality::"secret" };
"""


@pytest.fixture
def guarded(desk):
    (desk / "policies").mkdir()
    (desk / "policies/all.cedar").write_text(POLICIES, encoding="utf-8")
    return desk


def asserting(folder, text):
    path = folder / "policies/assertions.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table(guarded, agentcore, steady):
    done = agentcore("policy", "matrix", "--action", "call_tool")
    assert (done.exit_code, done.stderr) == (ExitCode.OK, "")
    assert steady(done.stdout) == snapshot("""\
                                           public  internal  personal  secret
agent                action     resource   T   U   T   U     T   U     T   U
analyst (worker)     call_tool  orders     if  if  if  if    if  if    if  if
calculator (worker)  call_tool  calculate  yes if  yes if    yes if    yes if
researcher (worker)  call_tool  handbook   yes if  yes if    yes if    yes if
yes always permitted
no  never permitted, whatever is asked
if  depends on arguments, budget, tenant, user or purpose; in U, perhaps on the source
T   data from the user alone, and what the project's models made of it
U   data that came from anything else, too: tools, documents, triggers, people
12 rows where nothing is ever permitted: --all shows them

what decides where it says if:
  analyst call_tool orders: acme-only, no-documents
  calculator call_tool calculate: no-documents
  researcher call_tool handbook: no-documents
""")
    everything = agentcore("policy", "matrix", "--action", "call_tool", "--all").stdout
    assert "orders (if it were given)" in everything
    assert "where nothing is ever permitted" not in everything


def test_json_has_each_source_that_makes_a_difference(guarded, agentcore):
    found = json.loads(agentcore("policy", "matrix", "--json", "--action", "call_tool").stdout)
    assert found["policies"] == ["all", "acme-only", "no-documents", "secrets<&stay"]
    (row,) = [
        row
        for row in found["rows"]
        if (row["principal"], row["resource"], row["real"])
        == (
            "analyst",
            "orders",
            True,
        )
    ]
    cells = {cell["sources"]: cell for cell in row["cells"] if cell["confidentiality"] == "public"}
    assert list(cells) == ["trusted", "untrusted", "tool:handbook"]  # others are as any that is untrusted
    verdicts = {name: (cell["verdict"], cell["undecided"], cell["forbids"]) for name, cell in cells.items()}
    assert verdicts["trusted"] == ("depends", ["acme-only"], [])
    assert verdicts["tool:handbook"] == ("never", ["acme-only"], ["no-documents"])
    assert verdicts["untrusted"] == ("depends", ["acme-only", "no-documents"], [])


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data):
        self.text += f"{data} "


def test_the_page_needs_nothing_else_and_escapes(guarded, agentcore):
    (guarded / "agentcore.yaml").write_text(
        (guarded / "agentcore.yaml")
        .read_text(encoding="utf-8")
        .replace("name: desk", 'name: "<script>alert(1)</script>"'),
        encoding="utf-8",
    )
    done = agentcore("policy", "matrix", "--html", "matrix.html")
    assert (done.exit_code, done.stderr) == (ExitCode.OK, "written: matrix.html\n")
    text = (guarded / "matrix.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert (page.links, page.tags.count("script"), page.tags.count("style")) == ([], 1, 1)
    assert "<script>alert" not in text
    assert "secrets&lt;&amp;stay" in text
    assert "default-src 'none'" in text
    assert {"analyst", "orders", "if", "document:*"} <= set(page.text.split())
    assert page.tags.count("tr") > 20
    assert agentcore("policy", "matrix", "--html", "nowhere/matrix.html").exit_code == ExitCode.USAGE


def test_assertions_are_held_against_it(guarded, agentcore, steady):
    asserting(
        guarded,
        """\
assertions:
  - name: nothing secret is released
    never: { action: release, confidentiality: secret }
  - name: orders are looked up for anyone
    always: { principal: analyst, action: call_tool, resource: orders, declared: true }
  - name: nobody calculates with what documents say
    never: { action: call_tool, resource: calculate, sources: [tool:handbook, "document:*"] }
""",
    )
    done = agentcore("policy", "matrix", "--action", "plan")
    assert done.exit_code == ExitCode.FAILED
    assert done.stdout[done.stdout.index("does not hold") :] == snapshot("""\
does not hold: orders are looked up for anyone (policies/assertions.yaml:4:5)
  analyst call_tool orders with any trusted data may be permitted: acme-only
  analyst call_tool orders with any untrusted data may be permitted: acme-only, no-documents
does not hold: nobody calculates with what documents say (policies/assertions.yaml:6:5)
  analyst call_tool calculate (if it were given) with any data of document:* may be permitted: all, no-documents
  calculator call_tool calculate with any data of document:* may be permitted: all, no-documents
  planner call_tool calculate (if it were given) with any data of document:* may be permitted: all, no-documents
  researcher call_tool calculate (if it were given) with any data of document:* may be permitted: all, no-documents
  writer call_tool calculate (if it were given) with any data of document:* may be permitted: all, no-documents
1 of 3 assertions hold
""")
    as_json = agentcore("policy", "matrix", "--json")
    assert as_json.exit_code == ExitCode.FAILED
    found = json.loads(as_json.stdout)["assertions"]
    assert [each["holds"] for each in found] == [True, False, False]
    assert {tuple(cell["policies"]) for cell in found[1]["cells"]} == {("acme-only",), ("acme-only", "no-documents")}
    other = guarded / "other.yaml"
    other.write_text("assertions: [{name: a, never: {action: release, confidentiality: secret}}]\n", encoding="utf-8")
    done = agentcore("policy", "matrix", "--assert", other)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (ExitCode.OK, "1 of 1 assertions hold")


def test_what_is_wrong_with_assertions_is_told_with_its_place(guarded, agentcore):
    asserting(
        guarded,
        """\
assertions:
  - name: a
    never: { acton: plan, principal: analist, resource: orders, sources: [tool:order, docment:x, untrustd] }
  - name: b
  - name: c
    never: {}
    always: { role: boss }
""",
    )
    done = agentcore("policy", "matrix")
    assert done.exit_code == ExitCode.USAGE
    assert done.stderr == snapshot("""\
error: policies/assertions.yaml:3:14: unknown key `acton`; did you mean `action`?
error: policies/assertions.yaml:3:38: unknown agent `analist`; did you mean `analyst`?
error: policies/assertions.yaml:3:75: unknown tool `order`; did you mean `orders`?
error: policies/assertions.yaml:3:87: `docment` is no kind of source; did you mean `document:x`?
error: policies/assertions.yaml:3:98: unknown source `untrustd`; did you mean `untrusted`?
error: policies/assertions.yaml:4:5: write one of `never` and `always`, each with what is meant
error: policies/assertions.yaml:5:5: write one of `never` and `always`, each with what is meant
error: policies/assertions.yaml:7:21: `role` must be one of supervisor, worker, verifier, not "boss"
""")


def test_loading_a_project_ignores_the_assertions(guarded, agentcore):
    asserting(guarded, "nonsense: [")
    done = agentcore("validate")
    assert (done.exit_code, "1 policy" in done.stdout) == (ExitCode.OK, True)
    assert agentcore("policy", "matrix").stderr.startswith("error: policies/assertions.yaml:2:1: not valid YAML")


def test_the_schema_of_assertions(guarded, agentcore):
    schema = json.loads(agentcore("schema", "policy-assertions").stdout)
    validator = jsonschema_rs.validator_for(schema)
    validator.validate(yaml.safe_load("assertions: [{name: a, never: {action: plan}}]"))
    assert not validator.is_valid(yaml.safe_load("assertions: [{name: a, never: {acton: plan}}]"))


@pytest.mark.parametrize(("region", "verdict"), [("eu", "always"), ("us", "never"), ("", "never")])
def test_a_region_is_known_and_a_purpose_is_left_open(desk, agentcore, region, verdict):
    settings = desk / "agentcore.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("quality: 0.5", f'quality: 0.5\n    region: "{region}"'), encoding="utf-8")
    (desk / "policies").mkdir()
    policies = desk / "policies/all.cedar"
    scope, condition = '(principal, action == Action::"call_model", resource)', 'resource.region == "eu"'
    in_europe = f'@id("in-europe") permit {scope} when {{ {condition} }};'
    policies.write_text(in_europe, encoding="utf-8")

    def verdicts():
        rows = json.loads(agentcore("policy", "matrix", "--json", "--action", "call_model").stdout)["rows"]
        return {cell["verdict"] for row in rows for cell in row["cells"]}

    assert verdicts() == {verdict}
    policies.write_text(f'{in_europe.removesuffix("};")} && context.purpose == "billing" }};', encoding="utf-8")
    assert verdicts() == {"depends" if verdict == "always" else verdict}
