"""The verified cascade: the cheapest model first, its answer weighed, and on to a stronger one until it is sure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import BOSS as DESK_BOSS
from support.desk import FINDER, WRITER, engine, plan, profile

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.confidence.calibration_knots import Knots
from agentcore.domain.agent import Capability, Check, Limits, Routing, Verification
from agentcore.domain.approval import Ruling
from agentcore.domain.errors import ModelUnavailable
from agentcore.domain.event import AttemptFinished, AttemptStarted, EffectRefused, EffectStarted, VerdictReached
from agentcore.domain.ids import ModelName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team
from agentcore.ports.model import ModelReply
from agentcore.routing.fitted_steps import INFEASIBLE, FittedStep, FittedSteps
from agentcore.testing.scripted import ScriptedModel

TASK = Task(goal="find it")
BOSS = replace(DESK_BOSS, routing=Routing(objective="cheapest"))  # what it is measured by does not make others cheap
TEAM = Team(supervisor=BOSS.name, workers=(FINDER.name,), answer=WRITER.name)
NO_REPLANS = RunLimits(replans=0)


def says(answer):
    """Return a model that plans one step and says `answer` in it: a text, or what a function makes of the request."""

    def reply(request):
        system = request.messages[0].content
        if system.startswith("Plan."):
            return plan("finder")
        if system.startswith("Write."):
            return "Done."
        return answer(request) if callable(answer) else answer

    return ScriptedModel(reply)


def models(**answers):
    """Return models by name, `NAME_QUALITY`: what each says in the step; the higher the quality, the dearer."""
    made = []
    for key, answer in answers.items():
        name, _, percent = key.rpartition("_")
        quality = int(percent) / 100
        family = name.partition("0")[0]
        one = replace(profile(name, quality, int(quality * 10)), family=family)
        made.append((one, answer if isinstance(answer, ScriptedModel) else says(answer)))
    return made


def finder(limits=None, temperature=0.0, verification=None, **routing):
    agent = replace(FINDER, routing=Routing(**routing), limits=limits or Limits(), temperature=temperature)
    return agent if verification is None else replace(agent, verification=verification)


async def run_of(pairs, agent, *, fitted=None, journal=None):
    """Return the run and its events, after a replay of it."""
    journal = journal or MemoryJournal()
    more = {} if fitted is None else {"fitted": fitted}
    async with engine(
        pairs, agents=(BOSS, agent, WRITER), team=TEAM, limits=NO_REPLANS, journal=journal, **more
    ) as desk:
        run = await (await desk.start(TASK)).result()
        events = list(await journal.read(run.id))
        again = await desk.replay(run.id)
    assert (again.status, again.answer, again.sequence) == (run.status, run.answer, run.sequence)
    return run, events


def facts(events, kind):
    return [event.fact for event in events if isinstance(event.fact, kind)]


def step_id(events):
    return facts(events, AttemptStarted)[0].step


def attempts(events):
    """Return (model, verdict) of each attempt at the first step."""
    step = step_id(events)
    ends = [fact for fact in facts(events, AttemptFinished) if fact.step == step]
    verdicts = [fact.verdict for fact in facts(events, VerdictReached) if fact.step == step]
    return [(end.model, verdict) for end, verdict in zip(ends, verdicts, strict=True)]


async def test_an_answer_that_is_not_sure_enough_escalates_at_once_to_a_stronger_model():
    pairs = models(small_55="42", large_95="42")
    run, events = await run_of(pairs, finder(objective="cheapest", min_confidence=0.8))
    (first, unsure), (second, sure) = attempts(events)
    assert run.status == "succeeded"
    assert (first, second) == ("small", "large")
    assert unsure.reasons == ("not confident enough: 0.55 < 0.80",)
    assert unsure.unsure
    assert not unsure.final
    assert (unsure.confidence.source, unsure.confidence.calibration) == ("prior", "uncalibrated")
    assert (unsure.confidence.threshold, unsure.confidence.threshold_version) == (0.8, "min_confidence")
    assert sure.accepted
    assert sure.confidence.source == "self_consistency", "the small model's answer has a voice"
    assert sure.confidence.p > 0.95
    prompt = pairs[1][1].requests[0].messages[-1].content
    assert "Not accepted" not in prompt, "nothing is known to be wrong with the first answer"


async def test_of_two_cheap_models_that_agree_no_stronger_one_is_asked():
    pairs = models(small_60="42", other_55="42.0 ", large_95="7")
    agent = finder(objective="cheapest", ensemble=2, independent=True, min_confidence=0.8)
    run, events = await run_of(pairs, agent)
    ((_, verdict),) = attempts(events)
    (end, *_) = facts(events, AttemptFinished)
    assert run.status == "succeeded"
    assert verdict.accepted
    assert verdict.confidence.source == "self_consistency"
    assert [each.model for each in end.candidates] == ["other", "small"]
    assert [each.signals.agreement for each in end.candidates] == [1.0, 1.0]
    asked = [each for each in pairs[2][1].requests if each.messages[0].content.startswith("Find")]
    assert asked == [], "the large model is not asked"
    ids = [fact.effect.id for fact in facts(events, EffectStarted) if fact.effect.step == step_id(events)]
    assert sorted(ids) == [
        f"1/{step_id(events)}/1+1/finder/model.1",
        f"1/{step_id(events)}/1/finder/model.1",
    ]


async def test_two_that_differ_are_settled_by_a_stronger_one():
    pairs = models(small_60="42", other_55="41", large_95="42")
    run, events = await run_of(pairs, finder(objective="cheapest", ensemble=2, min_confidence=0.8))
    (_, unsure), (model, sure) = attempts(events)
    assert run.status == "succeeded"
    assert unsure.confidence.p < 0.5
    assert (model, sure.accepted) == ("large", True)


async def test_an_ensemble_of_one_family_is_not_independent():
    pairs = models(gpt0a_60="1", gpt0b_61="1", other_50="1")
    _, events = await run_of(pairs, finder(ensemble=2, independent=True, objective="best"))
    (end, *_) = facts(events, AttemptFinished)
    assert [each.model for each in end.candidates] == ["gpt0b", "other"]
    second = next(fact for fact in facts(events, EffectStarted) if "1+1" in fact.effect.id)
    assert second.route.filtered["gpt0a"] == "of the family gpt, as gpt0b, which another candidate has"


async def test_a_named_ensemble_takes_its_models():
    pairs = models(a_60="1", b_50="1", c_90="2")
    _, events = await run_of(pairs, finder(ensemble_of=(ModelName("b"), ModelName("a"))))
    (end, *_) = facts(events, AttemptFinished)
    assert [each.model for each in end.candidates] == ["b", "a"]
    assert (end.model, end.why_chosen) == ("a", "all of 2 answers say the same")


async def test_samples_are_of_one_model_with_other_seeds_and_the_majority_is_taken():
    given = iter(["41", "42", "42"])
    small = says(lambda _: next(given))
    pairs = models(small_60=small, large_95="7")
    agent = finder(objective="cheapest", samples=3, temperature=0.7)
    run, events = await run_of(pairs, agent)
    (end, *_) = facts(events, AttemptFinished)
    assert run.status == "succeeded"
    assert [each.model for each in end.candidates] == ["small"] * 3
    assert end.output == "42"
    assert end.why_chosen == "1 of 2 other answers say the same"
    seeds = [request.seed for request in small.requests if request.messages[0].content.startswith("Find")]
    assert len(set(seeds)) == 3


async def test_a_candidate_that_fails_leaves_the_others():
    pairs = models(a_60=says(lambda _: ModelUnavailable("down")), b_50="1", c_40="1")
    agent = finder(ensemble_of=(ModelName("a"), ModelName("b")))
    run, events = await run_of(pairs, agent)
    (end, *_) = facts(events, AttemptFinished)
    assert run.status == "succeeded"
    assert end.model == "b"
    assert "down" in end.candidates[0].error
    assert end.why_chosen == "the only candidate with an answer"


async def test_checks_come_before_agreement():
    pairs = models(a_60="wrong", b_50="wrong", c_40="right")
    agent = finder(ensemble=3, verification=Verification(checks=(Check(name="regex", options={"pattern": "^right"}),)))
    run, events = await run_of(pairs, agent)
    (end, *_) = facts(events, AttemptFinished)
    assert run.status == "succeeded"
    assert (end.output, end.model) == ("right", "c")
    assert end.why_chosen == "the only one of 3 candidates that passes the checks"


async def test_nobody_to_ask_fails_the_step_rather_than_accept():
    pairs = models(small_40="42", large_60="41")
    run, events = await run_of(pairs, finder(objective="cheapest", min_confidence=0.8))
    assert run.status == "refused"
    assert "not confident enough: 0.40 < 0.80" in run.reason
    assert len(attempts(events)) == 2
    assert not facts(events, EffectRefused)


async def test_without_a_stronger_model_the_same_one_is_not_asked_again():
    pairs = models(small_40="42")
    run, events = await run_of(pairs, finder(min_confidence=0.8, escalate_to="person", limits=Limits(escalations=0)))
    assert run.status == "waiting"
    pairs = models(small_40="42")
    run, events = await run_of(pairs, finder(min_confidence=0.8))
    assert run.status == "refused"
    asked = [r for r in pairs[0][1].requests if r.messages[0].content.startswith("Find")]
    assert len(asked) == 1
    assert "no stronger model can be asked" in run.reason
    assert len(attempts(events)) == 2


async def test_the_named_model_is_asked_last():
    pairs = models(small_40="42", middle_60="41", large_97="40")
    agent = finder(objective="cheapest", min_confidence=0.9, escalate_to="large", limits=Limits(escalations=0))
    run, events = await run_of(pairs, agent)
    assert [model for model, _ in attempts(events)] == ["small", "large"]
    assert [fact.resort for fact in facts(events, AttemptStarted)][:2] == ["", "model"]
    assert run.status == "refused", "its answer agrees with nobody's, so it is no surer"


@pytest.mark.parametrize(
    ("verb", "value", "status", "output"),
    [("approve", None, "succeeded", "42"), ("edit", "43", "succeeded", "43"), ("reject", None, "refused", None)],
)
async def test_a_person_decides_about_the_best_so_far(verb, value, status, output):
    journal = MemoryJournal()
    inbox = MemoryInbox(journal)
    pairs = models(small_40="42", large_60="41")
    agent = finder(objective="cheapest", min_confidence=0.9, escalate_to="person", limits=Limits(escalations=0))
    async with engine(
        pairs, agents=(BOSS, agent, WRITER), team=TEAM, limits=NO_REPLANS, journal=journal, inbox=inbox
    ) as desk:
        run = await (await desk.start(TASK)).result()
        assert run.status == "waiting"
        (asked,) = run.asked
        assert (asked.value, asked.reason) == ("42", "not confident enough: 0.40 < 0.90")
        await inbox.rule(asked.id, Ruling(verb=verb, actor="ada", value=value))
        run = await (await desk.resume(run.id)).result()
        again = await desk.replay(run.id)
    events = await journal.read(run.id)
    step = step_id(events)
    assert (run.status, again.status) == (status, status)
    assert (run.steps[step].status == "succeeded") == (status == "succeeded")
    assert output in {None, run.steps[step].output}
    if verb == "approve":
        last = [fact.verdict for fact in facts(events, VerdictReached) if fact.step == step][-1]
        assert [vote.verifier for vote in last.votes] == ["person:ada"]


STEP_FITTED = FittedStep(
    priors={"small": (0.7, 0.65, 0.75), "large": (0.9, 0.87, 0.93)},
    calibrations={"prior": Knots(scores=(1.0,), ps=(0.75,), counts=(300,))},
    thresholds={0.05: 0.8, 0.01: INFEASIBLE},
)


def fitted(**changes):
    return FittedSteps(version="runs-1", steps={"finder": replace(STEP_FITTED, **changes)})


async def test_a_fitted_threshold_is_held_to_by_alpha():
    pairs = models(small_55="42", large_95="41")
    run, events = await run_of(pairs, finder(objective="cheapest", alpha=0.05), fitted=fitted())
    verdicts = [verdict for _, verdict in attempts(events)]
    assert run.status == "refused"
    assert verdicts[0].confidence.threshold_version == "runs-1, alpha 0.05"
    assert verdicts[0].confidence.calibration == "runs-1"
    assert verdicts[0].confidence.hard
    assert (round(verdicts[0].confidence.low, 2), round(verdicts[0].confidence.high, 2)) == (0.7, 0.8)
    (route, *_) = [fact.route for fact in facts(events, EffectStarted) if fact.effect.step == step_id(events)]
    assert (route.objective, route.threshold, route.threshold_version) == ("cheapest", 0.8, "runs-1, alpha 0.05")
    assert route.reason == "the cheapest of those of 2 models that are likely enough right"
    assert [(each.model, each.p_correct) for each in route.candidates] == [("large", 0.9), ("small", 0.7)]


async def test_an_alpha_that_cannot_be_held_accepts_nothing():
    run, _ = await run_of(models(small_55="42"), finder(alpha=0.01), fitted=fitted())
    assert run.status == "refused"
    assert "no confidence reaches the threshold (runs-1, alpha 0.01)" in run.reason


async def test_where_nobody_asks_for_a_confidence_the_best_so_far_is_taken():
    pairs = models(small_55="42", large_95="41")
    agent = finder(objective="cheapest")
    run, events = await run_of(pairs, agent, fitted=fitted(default_alpha=0.05))
    assert run.status == "succeeded"
    assert [fact.resort for fact in facts(events, AttemptStarted)][:3] == ["", "", "best"]
    *_, (_, last) = attempts(events)
    assert last.accepted
    assert last.unchecked[-1] == "it is the best of what there was: not confident enough: 0.75 < 0.80"


async def test_log_probabilities_are_asked_of_models_that_have_them_and_recorded():
    def reply(request):
        assert request.logprobs == request.messages[0].content.startswith("Find")
        return ModelReply(text="42", input_tokens=3, output_tokens=1, logprobs=(-0.1, -0.3))

    small = says(reply)
    ((one, _),) = models(small_50=small)
    one = replace(one, capabilities=one.capabilities | {Capability.LOGPROBS})
    run, events = await run_of([(one, small)], finder(min_confidence=0.55))
    ((_, verdict),) = attempts(events)
    assert run.status == "succeeded"
    assert verdict.confidence.source == "log_probability"
    assert 0.55 < verdict.confidence.p < 0.67


async def test_an_agent_that_asks_for_nothing_gets_what_it_got_before():
    run, events = await run_of(models(small_55="42", large_95="42"), FINDER)
    ((model, verdict),) = attempts(events)
    assert (model, verdict.confidence) == ("large", None)
    (end, *_) = facts(events, AttemptFinished)
    assert end.candidates == ()
    assert run.status == "succeeded"


@pytest.mark.parametrize(
    ("objective", "chosen"), [("cheapest", "small"), ("fastest", "middle"), ("best", "large"), ("balanced", "large")]
)
async def test_the_objective_decides_which_model_is_asked(objective, chosen):
    pairs = models(small_40="42", middle_60="42", large_95="42")
    quick = {"middle": 0.5, "large": 3.0, "small": 2.0}
    pairs = [(replace(one, latency_seconds=quick[one.name]), model) for one, model in pairs]
    _, events = await run_of(pairs, finder(objective=objective))
    ((model, _),) = attempts(events)
    assert model == chosen


async def test_models_above_the_latency_are_filtered_by_the_forecast():
    pairs = models(small_40="42", large_95="42")
    pairs = [(replace(one, latency_seconds=3.0 if one.name == "large" else 1.0), model) for one, model in pairs]
    _, events = await run_of(pairs, finder(objective="best", max_latency_seconds=2.0))
    (route, *_) = [fact.route for fact in facts(events, EffectStarted) if fact.effect.step == step_id(events)]
    assert route.model == "small"
    assert route.filtered["large"] == "a forecast of 3.0 s exceeds max_latency_s, which is 2"


async def test_a_run_that_dies_between_candidates_goes_on_with_the_rest():
    journal = MemoryJournal()
    pairs = models(small_60="42", other_55="42", large_95="7")
    agent = finder(objective="cheapest", ensemble=2, min_confidence=0.8)
    _, events = await run_of(pairs, agent, journal=journal)
    verdict = next(n for n, event in enumerate(events) if isinstance(event.fact, VerdictReached))
    for cut in range(4, verdict + 1):  # after each event
        cut_journal = MemoryJournal()
        await cut_journal.append(events[:cut], durable=True)
        again = models(small_60="42", other_55="42", large_95="7")
        async with engine(
            again, agents=(BOSS, agent, WRITER), team=TEAM, limits=NO_REPLANS, journal=cut_journal
        ) as desk:
            run = await (await desk.resume(events[0].run)).result()
            replayed = await desk.replay(run.id)
        assert run.status == replayed.status == "succeeded"
        recorded = await cut_journal.read(run.id)
        end = next(fact for fact in facts(recorded, AttemptFinished) if fact.candidates)
        assert {each.model for each in end.candidates} == {"small", "other"}
        assert Run.fold(recorded).steps[end.step].output == "42"
