from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.ids import StepId
from agentcore.domain.ready import ReadyQueue

commands = st.lists(st.tuples(st.sampled_from(["enqueue", "remove"]), st.integers(0, 12)), max_size=60)


@given(st.lists(st.integers(0, 12), unique=True), commands)
def test_it_behaves_as_a_list(first, history):
    model = [StepId(str(number)) for number in first]
    queue = ReadyQueue.of(model)
    for command, number in history:
        step = StepId(str(number))
        if command == "remove":
            queue = queue.remove(step)
            model = [each for each in model if each != step]
        elif step not in model:
            queue = queue.enqueue(step)
            model = [*model, step]
        assert list(queue) == model
        assert len(queue) == len(model)


def test_steps_that_overtake_each_other_leave_no_gap_that_later_ones_must_cross():
    queue = ReadyQueue.of(StepId(str(number)) for number in range(1_000))
    for number in range(0, 1_000, 2):
        queue = queue.remove(StepId(str(number + 1))).remove(StepId(str(number)))
        assert queue.head >= number
    assert len(queue) == 0
