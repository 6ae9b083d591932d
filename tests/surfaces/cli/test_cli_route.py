"""`agentcore route`: fitted on one folder of outcomes, replayed on another."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from support.outcome_files import CALL_ARMS, write_calls

from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.main import cli


def route(*arguments):
    return CliRunner().invoke(cli, ["route", *map(str, arguments)])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("tables")
    for name, count, seed in (("known", 200, 1), ("new", 60, 2)):
        (root / name).mkdir()
        write_calls(root / name, count, seed=seed)
    fitted = route("fit", "--table", root / "known", "--dataset", "bfcl", "--out", root / "router.json")
    assert fitted.exit_code == 0, fitted.output
    assert "fitted on 200 questions and 600 labels" in fitted.stderr
    return root


def test_replay_gives_every_setting_and_every_baseline(folders):
    found = route("replay", "--table", folders / "new", "--model", folders / "router.json", "--json")
    assert found.exit_code == 0, found.output
    replayed = json.loads(found.stdout)
    assert (replayed["dataset"], replayed["queries"], replayed["in_sample"]) == ("bfcl", 60, False)
    assert replayed["model"]["version"].startswith("bfcl-1-")
    assert replayed["model"]["trained_on_queries"] == 200
    settings = {row["setting"]: row for row in replayed["settings"]}
    risks = {f"risk-{alpha}{kind}" for alpha in ("0.03", "0.05", "0.08") for kind in ("", "-fitted")}
    arms = {f"arm:{arm}" for arm in CALL_ARMS}
    assert settings.keys() == {"balanced", "quality", "latency", "random", "oracle"} | risks | arms
    figures = {"accuracy", "cost_usd_per_1k", "mean_latency_s", "p95_latency_s", "calls_per_query"}
    assert all(figures <= row.keys() for row in settings.values())
    assert {"risk_alpha", "risk_realised", "accept_rate", "note"} <= settings["risk-0.05"].keys()
    assert "1000 splits" in settings["risk-0.05"]["note"]
    assert settings["quality"]["accuracy"] >= max(settings[arm]["accuracy"] for arm in arms)


def test_replay_shows_a_table_and_warns_of_its_own_questions(folders):
    found = route("replay", "--table", folders / "known", "--model", folders / "router.json")
    assert found.exit_code == 0, found.output
    assert "balanced" in found.stdout
    assert "p95 s" in found.stdout
    assert "APGR" not in found.stdout  # it does not apply
    assert "warning: the router was fitted on this very table" in found.stderr


def test_flipped_labels_change_the_scores_and_no_decision(folders, tmp_path):
    import pyarrow.parquet as pq
    from support.outcome_files import write_parquet

    for name in ("bfcl_long.parquet", "bfcl_queries.parquet"):
        columns = pq.read_table(folders / "new" / name).to_pydict()
        if "correct" in columns:
            columns["correct"] = [not right for right in columns["correct"]]
        write_parquet(tmp_path / name, columns)
    before, after = (
        json.loads(route("replay", "--table", folder, "--model", folders / "router.json", "--json").stdout)
        for folder in (folders / "new", tmp_path)
    )
    for one, other in zip(before["settings"][:3], after["settings"][:3], strict=True):
        assert one["accuracy"] == pytest.approx(1.0 - other["accuracy"])
        for name in ("cost_usd_per_1k", "mean_latency_s", "p95_latency_s", "calls_per_query"):
            assert one[name] == other[name]


def test_too_few_labels_are_counted(tmp_path):
    write_calls(tmp_path, 20)
    found = route("fit", "--table", tmp_path, "--dataset", "bfcl", "--out", tmp_path / "m.json")
    assert found.exit_code == ExitCode.USAGE
    assert "20 labelled questions, and at least 200 are needed: 180 more" in found.stderr


@pytest.mark.parametrize("text", ["nonsense", '{"format": "agentcore.router", "format_version": 9}'])
def test_what_is_no_router_is_said_to_be_none(tmp_path, text):
    (tmp_path / "m.json").write_text(text)
    found = route("replay", "--table", tmp_path, "--model", tmp_path / "m.json")
    assert found.exit_code == ExitCode.USAGE
    assert "fit it again" in found.stderr


def test_a_router_without_its_cascade_is_refused(folders, tmp_path):
    router = json.loads((folders / "router.json").read_text())
    router["estimators"]["stages"][0]["estimators"][0][1]["members"][0]["trees"] = [[[0], [0.5], [0], [0], [1.0]]]
    (tmp_path / "m.json").write_text(json.dumps(router))
    found = route("replay", "--table", folders / "new", "--model", tmp_path / "m.json")
    assert found.exit_code == ExitCode.USAGE
    assert "no cascade that can be read" in found.stderr
