"""Where the labels of points go in a figure, so that none lies on another, on a point, or outside. Pure.

Greedy, with the most crowded points first: each label takes the nearest of the places around its point that is free.
All coordinates are in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_ANGLES: Final = (0, 180, 45, -45, 135, -135, 90, -90, 20, -20, 160, -160, 65, -65, 115, -115)
_DISTANCES: Final = (12.0, 22.0, 36.0, 54.0, 76.0, 104.0, 140.0)
_POINT: Final = 8.0
"""Half the side of the square that a point's marker takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle. x, y: its lower left corner."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        """Return whether the two share any area."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def within(self, other: Box) -> bool:
        """Return whether it lies in the other."""
        return (
            self.x >= other.x
            and self.y >= other.y
            and self.x + self.width <= other.x + other.width
            and self.y + self.height <= other.y + other.height
        )


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    *,
    line: Sequence[tuple[float, float]] = (),
) -> list[Box]:
    """Return a box for each label, in the order of the points.

    sizes: width and height of each label.  line: corners of a line that labels keep off, too.
    Where nothing is free, the label takes the last place that lies within the frame.
    """
    taken = [Box(x=x - _POINT, y=y - _POINT, width=2 * _POINT, height=2 * _POINT) for x, y in points]
    taken += [Box(x=x - 2, y=y - 2, width=4, height=4) for x, y in _along(line)]
    found: dict[int, Box] = {}
    for index in sorted(range(len(points)), key=lambda each: -_neighbours(points, each)):
        best: Box | None = None
        for distance in _DISTANCES:
            places = [_place(points[index], sizes[index], angle, distance) for angle in _ANGLES]
            inside = [box for box in places if box.within(frame)]
            free = next((box for box in inside if not any(box.overlaps(other) for other in taken)), None)
            if free is not None:
                best = free
                break
            best = inside[-1] if inside else best
        found[index] = best or _place(points[index], sizes[index], 0, _DISTANCES[0])
        taken.append(found[index])
    return [found[index] for index in range(len(points))]


def _along(line: Sequence[tuple[float, float]], step: float = 5.0) -> Iterator[tuple[float, float]]:
    """Yield points along a line, so close that no label fits between them."""
    for (x, y), (to_x, to_y) in pairwise(line):
        parts = max(1, math.ceil(math.hypot(to_x - x, to_y - y) / step))
        for part in range(parts + 1):
            yield x + (to_x - x) * part / parts, y + (to_y - y) * part / parts


def _place(point: tuple[float, float], size: tuple[float, float], angle: float, distance: float) -> Box:
    """Return the label's box at an angle: its nearest edge is so far from the point."""
    (x, y), (width, height) = point, size
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    left = x + distance * cos - (0.0 if cos > 0.3 else width if cos < -0.3 else width / 2)
    below = y + distance * sin - (0.0 if sin > 0.3 else height if sin < -0.3 else height / 2)
    return Box(x=left, y=below, width=width, height=height)


def _neighbours(points: Sequence[tuple[float, float]], index: int) -> int:
    x, y = points[index]
    return sum(abs(x - other) < 120 and abs(y - under) < 60 for other, under in points)
