"""A report as figures and as a page: what stands in it, and that it is the same each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

from agentcore.routing.frontier import Figures
from agentcore.routing.report import Reliability, table_report
from agentcore.surfaces.report_figures import frontier_figure, png, reliability_figure, svg
from agentcore.surfaces.report_html import report_html

NAMES = [f"model-{letter}-2024-07-18" for letter in "abcdefgh"]


def made(*, reliability=True, cost=True):
    arms = [
        Figures(setting=f"arm:{name}", accuracy=0.80 + 0.002 * n, cost_usd_per_1k=0.1 + 0.005 * n if cost else None)
        for n, name in enumerate(NAMES)
    ]
    found = Reliability.of([0.5 + n / 400 for n in range(200)], [n % 3 > 0 for n in range(200)])
    settings = [Figures(setting="balanced <&>", accuracy=0.9, cost_usd_per_1k=0.3 if cost else None), *arms]
    return table_report("toys, 200 questions", ("About <this>.",), settings, found if reliability else None)


def test_figures_are_the_same_each_time():
    report = made()
    first, again = (png(frontier_figure(report)) for _ in range(2))
    assert first == again
    assert first.startswith(b"\x89PNG")
    texts = [svg(reliability_figure(report.reliability, report.title)) for _ in range(2)]
    assert texts[0] == texts[1]
    assert ET.fromstring(texts[0]).tag.endswith("svg")  # noqa: S314  our own


def test_no_label_of_the_frontier_lies_on_another():
    figure = frontier_figure(made())
    axes = figure.axes[0]
    renderer = figure.canvas.get_renderer()
    figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in axes.texts}
    assert boxes.keys() == {"balanced <&>", *NAMES}
    listed = list(boxes.values())
    assert not any(box.overlaps(other) for n, box in enumerate(listed) for other in listed[n + 1 :])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("cost, USD per 1,000 (logarithmic)", "right answers, %")


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.images, self.headings, self.cells, self.text = [], [], 0, []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("role") == "img":
            self.images.append(given["aria-label"])
        self.cells += tag == "td"

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_has_words_for_each_figure_and_all_numbers():
    report = made()
    frontier, reliability = frontier_figure(report), reliability_figure(report.reliability, report.title)
    text = report_html(report, frontier=svg(frontier), reliability=svg(reliability))
    page = Page()
    page.feed(text)
    assert len(page.images) == 2
    assert "balanced <&>: 90.0 % right at $0.3 per 1,000" in page.images[0]
    assert "The expected calibration error is" in page.images[1]
    assert page.cells == len(report.rows) * (len(report.columns) - 1)
    assert "About <this>." in page.text
    assert re.search(r"(?:src|href)=\"(?!#)", text) is None  # one file: nothing is fetched
    assert "default-src 'none'" in text


def test_what_cannot_be_drawn_is_said():
    text = report_html(made(reliability=False, cost=False), frontier=None, reliability=None)
    assert "No cost is known" in text
    assert "there is no reliability diagram" in text
