"""The figures of a report, drawn: the frontier of cost and quality, and the reliability diagram.

matplotlib is used by its objects alone, without pyplot, which keeps state of its own. The bytes of a figure are the
same each time.
"""

from __future__ import annotations

import io
import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from agentcore.routing.report import Point, PointKind, Reliability, Report
from agentcore.surfaces.label_places import Box, place_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: Final[Mapping[PointKind, dict[str, Any]]] = {
    "setting": {"marker": "o", "color": "#0060a8", "s": 64},
    "arm": {"marker": "D", "color": "#b3540a", "s": 46},
    "bound": {"marker": "x", "color": "#6b6b6b", "s": 46},
}
_MEANING: Final[Mapping[PointKind, str]] = {
    "setting": "the router, by setting",
    "arm": "one model alone",
    "bound": "chance, and the best there could be",
}
_PARAMETERS: Final = {
    "font.size": 11,
    "svg.hashsalt": "agentcore",
    "svg.fonttype": "path",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_INK: Final = "#222222"


def frontier_figure(report: Report) -> Figure:
    """Return the points of a report by cost and accuracy, each with its name beside it. At least one can be drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # takes a second
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415  # as above
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415  # as above

    with _look():
        figure: Any = Canvas(figsize=(9, 5.6), dpi=130, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        points = report.drawn
        for kind, style in _STYLE.items():
            of = [point for point in points if point.kind == kind]
            if of:
                axes.scatter(
                    [point.usd_per_1k for point in of],
                    [100 * point.accuracy for point in of],
                    label=_MEANING[kind],
                    zorder=3,
                    **style,
                )
        line = report.frontier
        axes.plot(
            [point.usd_per_1k for point in line],
            [100 * point.accuracy for point in line],
            color="#0060a8",
            linewidth=1.4,
            alpha=0.45,
            zorder=2,
            label="nothing is both cheaper and better",
        )
        axes.set_xscale("log")
        axes.set_xlabel("cost, USD per 1,000 (logarithmic)")
        axes.set_ylabel("right answers, %")
        axes.set_title(f"Cost and quality: {report.title}", loc="left", color=_INK)
        axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.7)
        axes.margins(x=0.22, y=0.16)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(_dollars)
        axes.xaxis.set_minor_locator(NullLocator())
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9.5)
        _label(figure, axes, points, line)
    return figure


@contextmanager
def _look() -> Generator[None]:
    mpl: Any = import_module("matplotlib")
    with mpl.rc_context(dict(_PARAMETERS)):
        yield


def _dollars(value: float, _: int | None = None) -> str:
    return f"${value:g}"


def _label(figure: Any, axes: Any, points: list[Point], line: list[Point]) -> None:
    """Write each point's name where it lies on nothing else, with a line to the point when it is not next to it."""
    figure.draw_without_rendering()
    texts = [axes.text(0, 0, point.name, fontsize=9.5, color=_INK) for point in points]
    renderer = figure.canvas.get_renderer()
    sizes = [(box.width + 14, box.height + 2) for box in (text.get_window_extent(renderer) for text in texts)]
    places, corners = (
        [tuple(axes.transData.transform((point.usd_per_1k, 100 * point.accuracy))) for point in of]
        for of in (points, line)
    )
    inner = axes.get_window_extent(renderer)
    frame = Box(x=inner.x0, y=inner.y0, width=inner.width, height=inner.height)
    back = axes.transData.inverted()
    for text, point, place, box in zip(
        texts, points, places, place_labels(places, sizes, frame, line=corners), strict=True
    ):
        text.set_position(back.transform((box.x + 2, box.y + 1)))
        text.set_verticalalignment("bottom")
        near = (min(max(place[0], box.x), box.x + box.width), min(max(place[1], box.y), box.y + box.height))
        if abs(near[0] - place[0]) + abs(near[1] - place[1]) > 26:
            x, y = back.transform(near)
            axes.plot([point.usd_per_1k, x], [100 * point.accuracy, y], color="#999999", linewidth=0.7, zorder=1)


def reliability_figure(found: Reliability, title: str) -> Figure:
    """Return the reliability diagram: what was said to be likely, and what was right."""
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415  # takes a second

    with _look():
        figure: Any = Canvas(figsize=(6.4, 6.2), dpi=130, layout="constrained")
        axes = figure.add_subplot()
        said = [100 * each.confidence for each in found.bins]
        was = [100 * each.accuracy for each in found.bins]
        low = max(0.0, 10.0 * ((min([*said, *was]) - 4.0) // 10.0))
        axes.plot([low, 100], [low, 100], color="#6b6b6b", linewidth=1.2, linestyle="--", zorder=1)
        at = _emptiest(said, was, low)
        axes.text(
            at,
            at + 0.012 * (100 - low),
            "as was said",
            rotation=45,
            rotation_mode="anchor",
            color="#6b6b6b",
            fontsize=9.5,
        )
        axes.vlines(said, said, was, color="#0060a8", alpha=0.35, linewidth=2, zorder=2)
        axes.scatter(said, was, color="#0060a8", s=54, zorder=3)
        axes.set_xlim(low, 102)
        axes.set_ylim(low, 102)
        axes.set_aspect("equal")
        axes.set_xlabel("P(right) as it was said, %")
        axes.set_ylabel("right answers, %")
        axes.set_title(f"Reliability: {title}", loc="left", color=_INK)
        axes.grid(visible=True, color="#dddddd", linewidth=0.7)
        counts = {each.count for each in found.bins}
        each = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
        axes.text(
            0.97,
            0.04,
            f"ECE {found.ece:.3f}\n{found.answers} answers, {each} at each point",
            transform=axes.transAxes,
            ha="right",
            va="bottom",
            color=_INK,
        )
    return figure


def _emptiest(said: list[float], was: list[float], low: float) -> float:
    """Return where on the diagonal the words on it are furthest from all points; they take a seventh of it."""
    span = 100.0 - low
    starts = [low + span * part / 20 for part in range(1, 17)]

    def free(start: float) -> float:
        middle = start + 0.07 * span
        return min(
            (
                math.hypot(x - middle, y - middle)
                for x, y in (*zip(said, was, strict=True), *zip(said, said, strict=True))
            ),
            default=span,
        )

    return max(starts, key=free)


def png(figure: Figure) -> bytes:
    """Return a figure as PNG."""
    return _saved(figure, "png", {"Software": None})


def svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element."""
    text = _saved(figure, "svg", {"Date": None, "Creator": None}).decode("utf-8")
    return text[text.index("<svg") :].strip()


def _saved(figure: Any, format: str, metadata: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    with _look():
        figure.savefig(stream, format=format, metadata=metadata)
    return stream.getvalue()
