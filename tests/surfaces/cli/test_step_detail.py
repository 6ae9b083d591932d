"""What `agentcore trace RUN --step ID` says of votes."""

from __future__ import annotations

from inline_snapshot import snapshot

from agentcore.domain.ids import ModelName
from agentcore.domain.verdict import Verdict, Vote
from agentcore.surfaces.cli.step_detail import verdict_lines

VOTES = (
    Vote(verifier="check:schema", accepts=True, checked="the form"),
    Vote(verifier="agent:ann", accepts=False, reasons=("no",), model=ModelName("m"), counts=False),
    Vote(verifier="agent:bob", accepts=True, weight=2.0, model=ModelName("n"), counts=False),
    Vote(verifier="agent:ann", accepts=None, reasons=("hm",), model=ModelName("m"), round=2),
    Vote(verifier="agent:bob", accepts=True, weight=2.0, model=ModelName("n"), round=2),
    Vote(verifier="person:lead", accepts=True, deciding=True),
)


def lines(**fields):
    return [line.plain for line in verdict_lines(Verdict(accepted=True, votes=VOTES, panel=2, **fields))]


def test_each_vote_with_its_round_weight_and_model():
    assert lines(quorum=0.7, undecided=True) == snapshot(
        [
            "  verdict: accepted (70 % of the weight of the panel must accept)",
            "    vote: check:schema accepts (checked the form)",
            "    vote: agent:ann rejects [round 1, replaced by a later vote, by m]: no",
            "    vote: agent:bob accepts [round 1, replaced by a later vote, weight 2, by n]",
            "    vote: agent:ann abstains [round 2, by m]: hm",
            "    vote: agent:bob accepts [round 2, weight 2, by n]",
            "    vote: person:lead accepts [in the panel's place]",
        ]
    )


def test_what_it_takes():
    assert lines(required=1)[0] == snapshot("  verdict: accepted (1 of 2 of the panel must accept)")
    assert lines(quorum=0.5)[0] == snapshot(
        "  verdict: accepted (more than half of the weight of the panel must accept)"
    )
    assert lines(quorum=0.7, required=2)[0] == snapshot(
        "  verdict: accepted (70 % of the weight and 2 of 2 of the panel must accept)"
    )
