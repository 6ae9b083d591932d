from __future__ import annotations

from agentcore.domain.agent import Agent, Limits, Routing
from agentcore.domain.budget import Budget
from agentcore.domain.confidence import Confidence
from agentcore.domain.event import (
    AttemptFinished,
    AttemptStarted,
    Event,
    Fact,
    PlanAccepted,
    Resort,
    RunFinished,
    RunStarted,
    StepFailed,
    VerdictReached,
)
from agentcore.domain.ids import ANSWER, AgentName, RunId, StepId
from agentcore.domain.label import Label
from agentcore.domain.plan import Plan, Step
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.domain.verdict import CONFIDENCE, Verdict, Vote
from agentcore.engine.schedule import FailStep, Finish, MakePlan, StartAttempt, decide

A, B = StepId("a"), StepId("b")
WORKER = AgentName("worker")
AGENTS = {WORKER: Agent(name=WORKER, limits=Limits(attempts=2, escalations=1))}


def step(id: str, *uses: str) -> Step:
    return Step(id=StepId(id), agent=WORKER, instruction="", uses=tuple(StepId(use) for use in uses))


PLAN_OF_THREE = PlanAccepted(plan=Plan(steps=(step("a"), step("b"), step(ANSWER, "a", "b"))), revision=0)


def run_of(*facts: Fact) -> Run:
    start = RunStarted(task=Task(goal="g"), name="n", budget=Budget(), agents={}, snapshot="", runtime="")
    return Run.fold(
        Event(run=RunId("r"), sequence=number, at=0.0, fact=fact) for number, fact in enumerate((start, *facts), 1)
    )


def tried(id: StepId, attempt: int, *, accepted: bool, error: str = "", declined: str = "") -> tuple[Fact, ...]:
    reasons = () if accepted else (f"wrong {attempt}",)
    vote = Vote(verifier="check:x", accepts=accepted, reasons=reasons, final=bool(declined))
    return (
        AttemptStarted(step=id, attempt=attempt, agent=WORKER),
        AttemptFinished(step=id, attempt=attempt, output=id, label=Label(), error=error, declined=declined),
        VerdictReached(step=id, attempt=attempt, verdict=Verdict(accepted=accepted, votes=(vote,))),
    )


def next_of(run: Run, limits: RunLimits | None = None):
    return decide(run, AGENTS, limits or RunLimits())


def test_a_run_without_a_plan_is_planned():
    assert next_of(run_of()) == (MakePlan(revision=0),)


def test_ready_steps_start_in_order_up_to_the_limit():
    first = StartAttempt(step=A, attempt=1, escalate=False)
    second = StartAttempt(step=B, attempt=1, escalate=False)
    assert next_of(run_of(PLAN_OF_THREE)) == (first, second)
    assert next_of(run_of(PLAN_OF_THREE), RunLimits(parallel_steps=1)) == (first,)
    running = run_of(PLAN_OF_THREE, AttemptStarted(step=A, attempt=1, agent=WORKER))
    assert next_of(running) == (second,)
    assert next_of(running, RunLimits(parallel_steps=1)) == ()


def test_a_step_waits_for_all_that_it_uses():
    assert next_of(run_of(PLAN_OF_THREE, *tried(A, 1, accepted=True))) == (
        StartAttempt(step=B, attempt=1, escalate=False),
    )
    both = run_of(PLAN_OF_THREE, *tried(A, 1, accepted=True), *tried(B, 1, accepted=True))
    assert next_of(both) == (StartAttempt(step=ANSWER, attempt=1, escalate=False),)


def test_rejected_attempts_are_retried_then_escalated_then_given_up():
    done = (PLAN_OF_THREE, *tried(B, 1, accepted=True))
    once = (*done, *tried(A, 1, accepted=False))
    twice = (*once, *tried(A, 2, accepted=False))
    thrice = (*twice, *tried(A, 3, accepted=False))
    assert next_of(run_of(*once)) == (StartAttempt(step=A, attempt=2, escalate=False),)
    assert next_of(run_of(*twice)) == (StartAttempt(step=A, attempt=3, escalate=True),)
    assert next_of(run_of(*thrice)) == (FailStep(step=A, reasons=("wrong 1", "wrong 2", "wrong 3")),)


def test_a_declined_step_is_not_tried_again():
    run = run_of(PLAN_OF_THREE, *tried(B, 1, accepted=True), *tried(A, 1, accepted=False, declined="no data"))
    assert next_of(run) == (FailStep(step=A, reasons=("wrong 1",)),)


def test_a_run_whose_last_attempt_broke_is_still_refused_when_an_output_was_judged():
    mixed = run_of(
        PLAN_OF_THREE,
        *tried(A, 1, accepted=False),
        *tried(A, 2, accepted=False, error="down"),
        StepFailed(step=A, reasons=("wrong 1", "wrong 2")),
    )
    assert next_of(mixed, RunLimits(replans=0)) == (
        Finish(status="refused", reason="step a (worker) was given up: wrong 1; wrong 2"),
    )


def test_after_a_failure_running_steps_end_before_the_next_plan():
    failed = (PLAN_OF_THREE, *tried(A, 1, accepted=False), StepFailed(step=A, reasons=("wrong 1",)))
    waiting = run_of(*failed, AttemptStarted(step=B, attempt=1, agent=WORKER))
    assert next_of(waiting) == ()
    assert next_of(run_of(*failed, *tried(B, 1, accepted=True))) == (MakePlan(revision=1),)


def test_without_replans_left_a_rejected_run_is_refused_and_a_broken_one_failed():
    refused = run_of(PLAN_OF_THREE, *tried(A, 1, accepted=False), StepFailed(step=A, reasons=("wrong 1",)))
    assert next_of(refused, RunLimits(replans=0)) == (
        Finish(status="refused", reason="step a (worker) was given up: wrong 1"),
    )
    broken = run_of(PLAN_OF_THREE, *tried(A, 1, accepted=False, error="down"), StepFailed(step=A, reasons=("down",)))
    assert next_of(broken, RunLimits(replans=0)) == (
        Finish(status="failed", reason="step a (worker) was given up: wrong 1"),
    )


def test_a_new_plan_keeps_what_has_succeeded():
    again = PlanAccepted(plan=Plan(steps=(step("b"), step("c"), step(ANSWER, "b", "c"))), revision=1)
    run = run_of(
        PLAN_OF_THREE,
        *tried(B, 1, accepted=True),
        *tried(A, 1, accepted=False),
        StepFailed(step=A, reasons=("wrong 1",)),
        again,
    )
    assert next_of(run) == (StartAttempt(step=StepId("c"), attempt=1, escalate=False),)
    assert run.steps[B].output == "b"


def test_when_all_steps_have_succeeded_the_run_succeeds_with_the_last_output():
    run = run_of(
        PLAN_OF_THREE,
        *tried(A, 1, accepted=True),
        *tried(B, 1, accepted=True),
        *tried(ANSWER, 1, accepted=True),
    )
    assert next_of(run) == (Finish(status="succeeded", answer=ANSWER),)


def test_an_ended_run_does_nothing():
    assert next_of(run_of(RunFinished(status="cancelled", answer=None))) == ()


def unsure(attempt: int, *, p: float = 0.5, hard: bool = True, resort: Resort = "") -> tuple[Fact, ...]:
    confidence = Confidence(p=p, low=0.0, high=1.0, source="prior", threshold=0.8, hard=hard)
    vote = Vote(verifier=CONFIDENCE, accepts=False, reasons=(confidence.shortfall,))
    verdict = Verdict(accepted=False, votes=(vote,), confidence=confidence)
    return (
        AttemptStarted(step=A, attempt=attempt, agent=WORKER, resort=resort),
        AttemptFinished(step=A, attempt=attempt, output=f"answer {attempt}", label=Label()),
        VerdictReached(step=A, attempt=attempt, verdict=verdict),
    )


def next_with(routing: Routing, *facts: Fact, escalations: int = 1):
    agents = {WORKER: Agent(name=WORKER, limits=Limits(attempts=2, escalations=escalations), routing=routing)}
    return decide(run_of(PLAN_OF_TWO, *facts), agents, RunLimits())[0]


PLAN_OF_TWO = PlanAccepted(plan=Plan(steps=(step("a"), step(ANSWER, "a"))), revision=0)


def test_what_is_not_sure_enough_escalates_at_once_and_not_twice_as_often():
    routing = Routing(min_confidence=0.8)
    assert next_with(routing, *unsure(1)) == StartAttempt(step=A, attempt=2, escalate=True)
    again = next_with(routing, *unsure(1), *tried(A, 2, accepted=False))
    assert again == StartAttempt(step=A, attempt=3, escalate=True), "the first model is done with"
    given_up = next_with(routing, *unsure(1), *unsure(2, p=0.6))
    assert given_up == FailStep(
        step=A, reasons=("not confident enough: 0.50 < 0.80", "not confident enough: 0.60 < 0.80")
    )


def test_what_is_left_is_done_once_and_in_its_order():
    model = Routing(min_confidence=0.8, escalate_to="large")
    last = next_with(model, *unsure(1), *unsure(2))
    assert last == StartAttempt(step=A, attempt=3, escalate=True, resort="model")
    assert isinstance(next_with(model, *unsure(1), *unsure(2), *unsure(3, resort="model")), FailStep)
    person = Routing(min_confidence=0.8, escalate_to="person")
    assert next_with(person, *unsure(1), escalations=0) == StartAttempt(
        step=A, attempt=2, escalate=True, resort="person"
    )
    under_way = AttemptStarted(step=A, attempt=2, agent=WORKER, resort="person")
    run = run_of(PLAN_OF_TWO, *unsure(1), under_way)
    assert run.steps[A].resorts == (), "it counts once it has its verdict, as it may be driven again"


def test_the_best_so_far_is_taken_only_where_nobody_asks_for_more():
    soft = next_with(Routing(), *unsure(1, hard=False), escalations=0)
    assert soft == StartAttempt(step=A, attempt=2, escalate=True, resort="best")
    assert isinstance(next_with(Routing(alpha=0.1), *unsure(1), escalations=0), FailStep)
    rejected = next_with(Routing(), *tried(A, 1, accepted=False), *tried(A, 2, accepted=False), escalations=0)
    assert isinstance(rejected, FailStep), "what verifiers reject is nothing to choose from"


def test_the_likeliest_of_the_unsure_is_held():
    held = run_of(PLAN_OF_TWO, *unsure(1, p=0.7), *unsure(2, p=0.6)).steps[A].held
    assert held is not None
    assert (held.attempt, held.output, held.p) == (1, "answer 1", 0.7)
