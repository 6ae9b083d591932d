# ruff: noqa: E501  # lines stand as people read them
from __future__ import annotations

import random

from inline_snapshot import snapshot
from support.votes import recorded, said

from agentcore.confidence.ballots import ballots
from agentcore.confidence.verifier_table import verifier_table


def table_of(*runs):
    return verifier_table([ballot for events in runs for ballot in ballots(events)])


def many(outputs, *, seed=0, person=False, **skills):
    """Return runs in which verifiers of these skills have judged; the truth is seven of ten."""
    chance = random.Random(seed)  # noqa: S311  no secret
    runs = []
    for number in range(outputs):
        right = chance.random() < 0.7
        votes = [
            said(f"agent:{name}", chance.random() < (sensitivity if right else 1 - specificity))
            for name, (sensitivity, specificity) in skills.items()
        ]
        votes += [said("person:ann", right)] if person else []
        runs.append(recorded(f"r{number}", votes))
    return runs


def row(table, name):
    return next(each for each in table.rows if each.verifier == name)


def test_counts_agreement_and_disagreements():
    table = table_of(
        recorded("a", [said("check:schema", True), said("agent:x", True), said("agent:y", False)]),
        recorded("b", [said("check:schema", None), said("agent:x", True), said("agent:y", True)], accepted=True),
        recorded("c", [said("agent:x", True), said("agent:y", None)]),
        recorded("d", [said("check:schema", False)]),
    )
    assert (table.outputs, table.reviewed) == (3, 0)
    x, y, schema = row(table, "agent:x"), row(table, "agent:y"), row(table, "check:schema")
    assert (x.accepted, x.rejected, x.abstained, x.agreed, x.compared) == (3, 0, 0, 1, 2)
    assert (y.accepted, y.rejected, y.abstained) == (1, 1, 1)
    assert (schema.accepted, schema.rejected, schema.abstained, schema.skill) == (1, 1, 1, None)
    assert [(each.run, each.opinions) for each in table.disagreements] == [("a", {"agent:x": True, "agent:y": False})]
    assert y.warnings == snapshot(("2 votes are too few to tell: 18 more are needed",))
    assert len(table.warnings) == 1


def test_a_verifier_that_always_accepts_is_found_and_told_with_numbers():
    table = table_of(*many(120, good=(0.95, 0.9), fair=(0.9, 0.8), lax=(0.9, 0.7), always=(1.0, 0.0)))
    assert row(table, "agent:always").warnings == snapshot(
        (
            "accepted 120 of 120 (97.5 % at least, with 95 % confidence), 60 that others rejected among them: its vote tells nothing",
        )
    )
    assert all(row(table, f"agent:{name}").warnings == () for name in ("good", "fair", "lax"))
    reviewed = table_of(*many(120, person=True, good=(0.95, 0.9), always=(1.0, 0.0)))
    assert row(reviewed, "agent:always").warnings[0] == snapshot(
        "accepted 120 of 120 (97.5 % at least, with 95 % confidence), 39 that others rejected and 35 that people found wrong among them: its vote tells nothing"
    )
    never = table_of(*many(60, good=(0.95, 0.9), fair=(0.9, 0.8), never=(0.0, 1.0)))
    assert row(never, "agent:never").warnings[0] == snapshot(
        "rejected 60 of 60 (95.1 % at least, with 95 % confidence): its vote tells nothing"
    )


def test_one_that_only_repeats_another_is_told():
    chance = random.Random(0)  # noqa: S311  no secret
    runs = []
    for number in range(120):
        first, other = chance.random() < 0.6, chance.random() < 0.6
        votes = [said("agent:one", first), said("agent:echo", first), said("agent:other", other)]
        runs.append(recorded(f"r{number}", votes))
    table = table_of(*runs)
    assert row(table, "agent:echo").warnings[-1] == snapshot(
        "said the same as agent:one 120 of 120 times (97.5 % at least, with 95 % confidence): together they are one vote"
    )
    assert not any("the same as" in each for each in row(table, "agent:other").warnings)


def test_one_that_says_the_same_a_few_times_is_not_accused():
    table = table_of(*many(20, good=(0.95, 0.9), always=(1.0, 0.0)))
    assert not any("tells nothing" in each for each in row(table, "agent:always").warnings)


def test_one_that_is_no_better_than_a_coin_is_told():
    table = table_of(*many(400, person=True, good=(0.95, 0.9), coin=(0.5, 0.5)))
    assert row(table, "agent:coin").warnings == snapshot(
        ("is right about 49 % of right and wrong outputs, counted alike; a coin is about 50 %",)
    )


def test_reviews_by_people_are_truths_and_an_edited_output_was_wrong():
    approved = [said("agent:x", True), said("person:ann", True)]
    table = table_of(
        recorded("a", approved),
        recorded("b", approved, edited="better"),
        recorded("c", [said("agent:x", True), said("person:ann", False)]),
        recorded("d", [said("agent:x", True), said("person:agentcore", False)]),  # nobody decided in time
    )
    assert table.reviewed == 3
    assert row(table, "agent:x").reviewed == 3
    found = [
        each.truth
        for events in (recorded("a", approved), recorded("b", approved, edited="better"))
        for each in ballots(events)
    ]
    assert found == [True, False]


def test_one_that_mostly_abstains_is_told():
    runs = [recorded(f"r{number}", [said("agent:x", number < 5 or None)]) for number in range(25)]
    assert row(table_of(*runs), "agent:x").warnings[0] == snapshot("5 votes are too few to tell: 15 more are needed")


def test_models_of_one_family_are_told():
    votes = [said("agent:x", True, family="qwen"), said("agent:y", True, family="qwen")]
    table = table_of(*[recorded(f"r{number}", votes) for number in range(3)])
    assert row(table, "agent:x").families == ("qwen",)
    assert table.warnings[-1] == snapshot(
        "verifiers of one family judged the same outputs (qwen): they err together, so their estimates are too good"
    )


def test_votes_that_were_replaced_and_what_a_fork_shares_do_not_count():
    votes = [said("agent:x", False, counts=False), said("agent:x", True, round=2)]
    table = table_of(recorded("a", votes), recorded("b", votes, shared=10))
    assert (row(table, "agent:x").accepted, row(table, "agent:x").rejected) == (1, 0)


def test_attempts_that_failed_or_declined_are_nothing_to_judge():
    assert table_of(recorded("a", [said("agent:x", False)], error="down")).rows == ()
    assert table_of().share_right is None
