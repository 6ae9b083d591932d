"""Labels lie on nothing else, as long as there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.surfaces.label_places import Box, place_labels

FRAME = Box(x=0, y=0, width=1000, height=600)


@given(st.lists(st.tuples(st.floats(200, 800), st.floats(150, 450)), min_size=1, max_size=7, unique=True))
def test_no_label_lies_on_another_or_outside(points):
    boxes = place_labels(points, [(120.0, 16.0)] * len(points), FRAME)
    assert all(box.within(FRAME) for box in boxes)
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_labels_keep_off_points_and_lines():
    points = [(100.0, 100.0), (400.0, 100.0)]
    first, second = place_labels(points, [(150.0, 16.0)] * 2, FRAME, line=points)
    assert not any(first.x <= x <= first.x + 150 and first.y <= 100 <= first.y + 16 for x in range(100, 401, 10))
    assert not first.overlaps(second)


def test_without_room_a_label_still_stands_somewhere():
    (box,) = place_labels([(5.0, 5.0)], [(500.0, 16.0)], Box(x=0, y=0, width=100, height=20))
    assert box.width == 500.0
