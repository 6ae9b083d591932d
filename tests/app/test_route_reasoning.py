"""Routers of multiple choice, word problems and reasoning, on made-up tables: fitted, written, read and replayed."""

from __future__ import annotations

import json
import random

import pytest
from support.outcome_files import write_parquet

from agentcore.adapters.tables.zeroeval_prices import ARMS, PRICES
from agentcore.app.route_tables import fit_table, replay_table
from agentcore.domain.errors import ConfigError

SKILL = {arm: 0.55 + 0.4 * at / len(ARMS) for at, arm in enumerate(sorted(ARMS, key=lambda arm: PRICES[arm].output))}


def write_mmlu(folder, count, seed=0):
    rng = random.Random(seed)  # noqa: S311  # no secrets
    kinds = [rng.choice(["sums", "facts"]) for _ in range(count)]
    words = {"sums": ["integral", "matrix"], "facts": ["capital", "river"]}
    prompts = [f"{rng.choice(words[kind])} {rng.randrange(99)}?\nA. one\nB. two\nAnswer:" for kind in kinds]
    write_parquet(
        folder / "routellm_mmlu.parquet",
        {
            "prompt": prompts,
            "weak": [rng.random() < (0.4 if kind == "sums" else 0.9) for kind in kinds],
            "strong": [rng.random() < 0.9 for _ in kinds],
            "domain": kinds,
            "contaminated": [False] * count,
        },
    )


def write_gsm8k(folder, count, seed=0):
    rng = random.Random(seed)  # noqa: S311  # no secrets
    rows = []
    for _ in range(count):
        a, b = rng.randrange(2, 60), rng.randrange(2, 60)
        weak, strong = rng.random() < 0.6, rng.random() < 0.85
        said = [a * b if right else a * b + rng.randrange(1, 50) for right in (weak, strong)]
        texts = [f"There are {a} * {b} = <<{a}*{b}={result}>>{result} eggs.\n#### {result}" for result in said]
        rows.append((f"Each of {a} hens lays {b} eggs. How many are there?", weak, strong, *texts, False))
    names = ("prompt", "weak", "strong", "weak_response", "strong_response", "contaminated")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    write_parquet(folder / "routellm_gsm8k.parquet", columns)


def write_zeroeval(folder, count, seed=0):
    rng = random.Random(seed)  # noqa: S311  # no secrets
    outcomes = []
    for at in range(count):
        for arm in ARMS:
            right = rng.random() < SKILL[arm]
            outcomes.append(("gsm", str(at), arm, str(100 + at if right else rng.randrange(100, 600)), right, 400))
    names = ("task", "qid", "model", "pred", "correct", "out_chars")
    write_parquet(folder / "zeroeval_long.parquet", dict(zip(names, zip(*outcomes, strict=True), strict=True)))
    write_parquet(
        folder / "zeroeval_queries.parquet",
        {
            "task": ["gsm"] * count,
            "qid": [str(at) for at in range(count)],
            "question": [f"How many are {at}?" for at in range(count)],
            "prompt_chars": [400] * count,
        },
    )


WRITERS = {"mmlu": write_mmlu, "gsm8k": write_gsm8k, "zeroeval": write_zeroeval}


def fit_and_replay(folder, dataset, count=300):
    known, fresh = folder / "known", folder / "fresh"
    for at, each in enumerate((known, fresh)):
        each.mkdir()
        WRITERS[dataset](each, count, seed=at)
    fit_table(known, dataset, folder / "router.json")
    replayed = replay_table(fresh, folder / "router.json")
    json.dumps(replayed.as_json(), allow_nan=False)
    return replayed, {each.setting: each for each in replayed.settings}


def test_multiple_choice_is_routed_by_subject_and_by_words(tmp_path):
    _, found = fit_and_replay(tmp_path, "mmlu")
    for name in ("pre-route", "pre-route-text-only"):
        assert found[name].apgr > 0.65
        assert found[name].cpt50 < 0.5
        assert found[name].calls_per_query == 1.0
        assert found[name].accuracy > found["random"].accuracy


def test_a_weak_answer_is_checked_before_the_strong_arm_is_called(tmp_path):
    replayed, found = fit_and_replay(tmp_path, "gsm8k")
    assert found["verified"].apgr > 1.0  # a wrong result of either arm can be seen
    assert found["verified-quality"].accuracy > found["arm:gpt-4-1106"].accuracy
    assert found["verified"].calls_per_query < found["verified-quality"].calls_per_query
    assert "calls of the strong arm" in found["verified"].note
    assert replayed.fitted.metrics["apgr_verified"] > 1.0


def test_reasoning_is_as_good_as_the_best_arm_for_less(tmp_path):
    replayed, found = fit_and_replay(tmp_path, "zeroeval")
    best = found[f"arm:{replayed.fitted.metrics['best_arm']}"]
    assert found["quality"].cost_usd_per_1k < 0.65 * best.cost_usd_per_1k
    assert found["best-arm"].cost_usd_per_1k > 0.0
    for alpha in ("0.03", "0.05", "0.08"):
        assert found[f"alpha-{alpha}"].risk_realised <= float(alpha) + 0.03


@pytest.mark.parametrize(
    ("dataset", "count", "said"),
    [
        ("mmlu", 150, "150 questions, and at least 200 are needed: 50 more"),
        ("gsm8k", 60, "60 questions, and at least 100 are needed: 40 more"),
        ("zeroeval", 50, "at least 200 are needed: 150 more"),
    ],
)
def test_too_few_questions_are_refused_with_how_many_more(tmp_path, dataset, count, said):
    WRITERS[dataset](tmp_path, count)
    with pytest.raises(ConfigError, match=said):
        fit_table(tmp_path, dataset, tmp_path / "router.json")


def test_every_arm_has_a_price_with_its_day_and_place():
    assert all(price.input > 0 and price.output > 0 and price.as_of and price.source for price in PRICES.values())
    assert "o1-mini-2024-09-12" not in PRICES  # what it reasons is billed and not in the table
