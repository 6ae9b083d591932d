"""Outcome tables from parquet files: what they hold, and what is said of those that cannot be read."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from support.outcome_files import CALL_ARMS, write_calls, write_parquet

from agentcore.adapters.tables.bfcl import read_bfcl
from agentcore.adapters.tables.parquet import need_rows
from agentcore.adapters.tables.routellm import read_gsm8k, read_mmlu
from agentcore.adapters.tables.zeroeval import read_zeroeval
from agentcore.domain.errors import ConfigError

PRICES = {"small": (1.0, 2.0), "large": (10.0, 20.0)}


def write_zeroeval(folder):
    write_parquet(
        folder / "zeroeval_queries.parquet",
        {
            "task": ["gsm", "crux"],
            "qid": ["1", "1"],
            "question": ["add", "run"],
            "gold": ["2", "3"],
            "prompt_chars": [8, 5],
        },
    )
    write_parquet(
        folder / "zeroeval_long.parquet",
        {
            "task": ["gsm", "gsm", "crux"],
            "qid": ["1", "1", "1"],
            "model": ["small", "large", "small"],
            "pred": ["2", "2.0", "9"],
            "correct": [False, True, True],
            "out_chars": [40, 41, 4],
        },
    )


def change(folder, name, edit):
    write_parquet(folder / name, edit(pq.read_table(folder / name).to_pydict()))


def test_calls_have_questions_declarations_answers_and_labels(tmp_path):
    write_calls(tmp_path, 5)
    table = read_bfcl(tmp_path)
    assert table.arms == CALL_ARMS
    assert (len(table), table.labels.shape) == (5, (5, 4))
    assert table.questions[0].tools[0]["name"] == "sum.add"
    assert table.questions[0].kind == ""
    assert table.answers[0][3].usd == 0.002
    assert "category" not in {column for columns in table.columns.values() for column in columns}


def test_a_question_that_an_arm_did_not_answer_is_left_out(tmp_path):
    write_calls(tmp_path, 5)
    change(tmp_path, "bfcl_long.parquet", lambda found: {name: values[1:] for name, values in found.items()})
    assert [question.id for question in read_bfcl(tmp_path).questions] == ["q1", "q2", "q3", "q4"]


def test_gsm8k_has_both_answers_and_mmlu_none(tmp_path):
    shared = {
        "prompt": ["1 + 1", "2 + 2", "seen before"],
        "weak": [True, False, True],
        "strong": [True, True, True],
        "contaminated": [False, False, True],
    }
    write_parquet(tmp_path / "routellm_mmlu.parquet", {**shared, "domain": ["sums"] * 3})
    write_parquet(
        tmp_path / "routellm_gsm8k.parquet",
        {**shared, "weak_response": ["2", "5", "6"], "strong_response": ["2", "4", "6"]},
    )
    mmlu, gsm8k = read_mmlu(tmp_path), read_gsm8k(tmp_path)
    assert mmlu.labels.tolist() == gsm8k.labels.tolist() == [[True, True], [False, True]]
    assert [question.kind for question in mmlu.questions] == ["sums", "sums"]
    assert [[answer.text for answer in answers] for answers in gsm8k.answers] == [["2", "2"], ["5", "4"]]


def test_zeroeval_is_priced_by_characters_and_never_has_the_gold(tmp_path):
    write_zeroeval(tmp_path)
    table = read_zeroeval(tmp_path, ["small", "large"], PRICES)
    assert [question.id for question in table.questions] == ["gsm|1"]  # the large arm did not answer the other
    assert table.answers[0][0].usd == pytest.approx((2 * 1 + 10 * 2) / 1e6)
    assert table.answers[0][1].output_tokens == 11
    assert table.labels.tolist() == [[False, True]]
    assert not any("gold" in columns for columns in table.columns.values())


def problem(read, *args):
    with pytest.raises(ConfigError) as caught:
        read(*args)
    return f"{caught.value.message} | {caught.value.hint}"


def test_a_missing_file_is_named_with_what_there_is(tmp_path):
    assert "names the folder" not in problem(read_bfcl, tmp_path)
    assert "has no parquet file" in problem(read_bfcl, tmp_path)
    write_calls(tmp_path, 1)
    (tmp_path / "bfcl_queries.parquet").unlink()
    said = problem(read_bfcl, tmp_path)
    assert "bfcl_queries.parquet: no such file" in said
    assert "the folder has: bfcl_long.parquet" in said


def test_missing_columns_are_named_with_those_found(tmp_path):
    write_calls(tmp_path, 1)
    write_parquet(tmp_path / "bfcl_queries.parquet", {"qid": ["q0"], "text": ["?"]})
    said = problem(read_bfcl, tmp_path)
    assert "lacks the columns question, functions_json" in said
    assert "it has: qid, text" in said


def test_a_file_that_is_no_parquet_is_said_to_be_none(tmp_path):
    (tmp_path / "bfcl_queries.parquet").write_text("a,b\n")
    assert "cannot be read as parquet" in problem(read_bfcl, tmp_path)


def test_an_unknown_arm_is_named_with_those_that_there_are(tmp_path):
    write_calls(tmp_path, 1)
    said = problem(read_bfcl, tmp_path, ["gpt-4o-mini-2024-07-18", "gpt-9"])
    assert "unknown arm: gpt-9" in said
    assert "claude-3-haiku-20240307" in said


def test_missing_prices_and_latencies_are_counted(tmp_path):
    write_calls(tmp_path, 3)

    def without(found):
        found["cost_usd"][0] = None
        found["latency_s"][1] = float("nan")
        return found

    change(tmp_path, "bfcl_long.parquet", without)
    said = problem(read_bfcl, tmp_path)
    assert "cost_usd of gpt-4o-mini-2024-07-18 is missing in 1 of 3 rows" in said
    assert "latency_s of gemini-1.5-flash-preview-0514 is missing in 1 of 3 rows" in said
    write_zeroeval(tmp_path)
    assert "no price of large" in problem(read_zeroeval, tmp_path, ["small", "large"], {"small": (1.0, 2.0)})


def test_declarations_that_are_no_json_are_placed(tmp_path):
    write_calls(tmp_path, 2)
    change(tmp_path, "bfcl_queries.parquet", lambda found: {**found, "functions_json": ["[]", "nonsense"]})
    assert "functions_json of q1 is no JSON" in problem(read_bfcl, tmp_path)


def test_no_question_answered_by_all_is_said(tmp_path):
    write_calls(tmp_path, 2)
    change(tmp_path, "bfcl_queries.parquet", lambda found: {**found, "qid": ["x", "y"]})
    assert "no question of bfcl_queries.parquet has an answer of every arm" in problem(read_bfcl, tmp_path)


def test_too_few_labels_say_how_many_more(tmp_path):
    assert "20 labels, and at least 200 are needed: 180 more" in problem(need_rows, tmp_path, 20, 200, "labels")
