"""`agentcore route fit` and `agentcore route replay` on past runs."""

from __future__ import annotations

import json
import re

import pytest
from inline_snapshot import snapshot

from agentcore.surfaces.cli.exit_codes import ExitCode


@pytest.fixture
def run_twice(desk, agentcore):
    """Run twice on two models, of which the better one is chosen."""
    path = desk / "agentcore.yaml"
    text = path.read_text(encoding="utf-8")
    url = re.search(r'base_url: "(.*?)"', text)[1]
    cheap = (
        "  cheap:\n    provider: openai\n    quality: 0.4\n    latency_seconds: 1\n"
        '    price: { input_usd_per_million: "0.1", output_usd_per_million: "0.1", as_of: 2999-01-01 }\n'
        f'    options: {{ model: tiny, base_url: "{url}" }}\n'
    )
    path.write_text(text.replace("models:\n", f"models:\n{cheap}"), encoding="utf-8")
    for _ in range(2):
        assert agentcore("run", "price").exit_code == ExitCode.OK


def run_ids(agentcore):
    return [run["run"] for run in json.loads(agentcore("runs", "list", "--json").stdout)]


def steadied(text):
    """Return a text without what differs each time: hashes, ids, latencies."""
    text = re.sub(r"runs-1-[0-9a-f]{12}", "runs-1-HASH", text)
    text = re.sub(r"\b[0-9a-z]{16}\b", "RUN", text)
    return re.sub(r"[0-9.e-]+ s\b", "N s", text)


@pytest.mark.usefixtures("run_twice")
def test_a_fit_on_past_runs_says_what_there_is_and_what_is_missing(desk, agentcore):
    done = agentcore("route", "fit", "--out", "router.json", "--alpha", "0.05")
    assert done.exit_code == ExitCode.OK
    assert steadied(done.stderr) == snapshot("""\
written: router.json (runs-1-HASH), 4 answers of 2 runs, 4 with a label
researcher: 2 answers, labels: 2 verdicts
  local: P(right) 0.67 [0.30, 0.90] of 2 labels
  alpha 0.03: 33 more reviews or decisions are needed, there are 0
  alpha 0.05: 19 more reviews or decisions are needed, there are 0
  alpha 0.08: 12 more reviews or decisions are needed, there are 0
  alpha 0.1: 9 more reviews or decisions are needed, there are 0
  alpha 0.2: 4 more reviews or decisions are needed, there are 0
writer: 2 answers, labels: 2 verdicts
  local: P(right) 0.67 [0.30, 0.90] of 2 labels
  alpha 0.03: 33 more reviews or decisions are needed, there are 0
  alpha 0.05: 19 more reviews or decisions are needed, there are 0
  alpha 0.08: 12 more reviews or decisions are needed, there are 0
  alpha 0.1: 9 more reviews or decisions are needed, there are 0
  alpha 0.2: 4 more reviews or decisions are needed, there are 0
""")
    written = json.loads((desk / "router.json").read_text(encoding="utf-8"))
    assert written["settings"]["steps"].keys() == {"researcher", "writer"}


@pytest.mark.usefixtures("run_twice")
def test_another_policy_is_tried_on_past_runs(desk, agentcore):
    (desk / "new.yaml").write_text("routing: { objective: cheapest }\n", encoding="utf-8")
    done = agentcore("route", "replay", "--policy", "new.yaml")
    assert (done.exit_code, done.stderr) == (ExitCode.OK, "")
    assert steadied(done.stdout.partition("seconds a step")[0]) == snapshot("""\
RUN researcher researcher: local → cheap
  about $0.000001 and N s, P(right) 0.40; it took $0.000013 and N s
  cheapest: first of 2 candidates; what it would have answered is not recorded
RUN answer writer: local → cheap
  about $0.000001 and N s, P(right) 0.40; it took $0.000013 and N s
  cheapest: first of 2 candidates; what it would have answered is not recorded
RUN researcher researcher: local → cheap
  about $0.000001 and N s, P(right) 0.40; it took $0.000013 and N s
  cheapest: first of 2 candidates; what it would have answered is not recorded
RUN answer writer: local → cheap
  about $0.000001 and N s, P(right) 0.40; it took $0.000013 and N s
  cheapest: first of 2 candidates; what it would have answered is not recorded
4 choices of 2 runs by new.yaml: 4 would differ
  cheap: chosen 0 times, and now 4
  local: chosen 4 times, and now 0
USD a step: 1.3e-05 as recorded
  now 1e-06 (expected: none of the 4 recorded choices is one of these)
""")
    read = json.loads(agentcore("route", "replay", "--policy", "new.yaml", "--json").stdout)
    assert (read["choices"], read["changed"], len(read["runs"])) == (4, 4, 2)
    assert read["figures"]["usd_per_step"]["after"]["value"] < read["figures"]["usd_per_step"]["before"]["value"]
    own = json.loads(agentcore("route", "replay", "--json").stdout)
    assert (own["changed"], own["figures"]["usd_per_step"]["after"]["method"]) == (0, "exact")


@pytest.mark.usefixtures("run_twice")
def test_reviews_make_thresholds(desk, agentcore):
    lines = [{"run": run, "step": step, "correct": True} for run in run_ids(agentcore) for step in ("answer",)]
    (desk / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = agentcore("route", "fit", "--out", "router.json", "--labels", "labels.jsonl")
    assert done.exit_code == ExitCode.OK
    assert "labels: 2 reviews" in done.stderr
    assert "alpha 0.05: 17 more reviews or decisions are needed, there are 2" in done.stderr


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("fit", "--out", "r.json", "--dataset", "bfcl"), ExitCode.USAGE, "--dataset needs --table"),
        (("fit", "--out", "r.json", "--table", "."), ExitCode.USAGE, "--table needs --dataset"),
        (
            ("fit", "--out", "r.json", "--table", ".", "--dataset", "bfcl", "--alpha", "0.1"),
            ExitCode.USAGE,
            "are about past runs",
        ),
        (("fit", "--out", "r.json"), ExitCode.USAGE, "none of the 0 recorded answers has a label"),
        (("replay", "--table", "."), ExitCode.USAGE, "--table needs --model"),
        (("replay", "--policy", "a", "--model", "b"), ExitCode.USAGE, "both given"),
        (("replay",), ExitCode.USAGE, "none of the 0 recorded steps has a choice"),
    ],
)
def test_what_does_not_fit_together_is_said(agentcore, arguments, code, message):
    done = agentcore("route", *arguments)
    assert done.exit_code == code
    assert message in done.stderr


@pytest.mark.usefixtures("run_twice")
def test_a_report_of_past_runs_is_written(desk, agentcore):
    (desk / "new.yaml").write_text("routing: { objective: cheapest }\n", encoding="utf-8")
    done = agentcore("route", "report", "--out", "report", "--policy", "new.yaml")
    assert (done.exit_code, done.stderr) == (ExitCode.OK, "written: report/frontier.png, report/report.html\n")
    page = (desk / "report/report.html").read_text(encoding="utf-8")
    assert "new.yaml" in page
    assert (desk / "report/frontier.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--table", "."), "--table and --model belong together"),
        (("--table", ".", "--model", "m", "--policy", "p"), "are about past runs"),
        ((), "none of the 0 recorded answers has a label, in 0 runs"),
    ],
)
def test_a_report_of_nothing_is_refused(agentcore, arguments, message):
    done = agentcore("route", "report", "--out", "report", *arguments)
    assert done.exit_code == ExitCode.USAGE
    assert message in done.stderr
