"""The page: says what was measured, needs nothing else, and cannot be broken by what it shows."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from failover.drill.measure import measure
from failover.drill.measurement import Measurement
from failover.drill.report import headline, render_data, render_html, render_markdown
from failover.drill.timeline import LABEL_WIDTH, STAMP_TEXTS, WIDTH, colour_sites, render_timeline
from tests.failover.drill.retold import Story
from tests.failover.drill.test_measure import with_kinds

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def measured() -> Measurement:
    return measure(Story().entries())


def with_failure(error: str = "refused") -> Measurement:
    sample = {"kind": "sample", "at": 3.0, "ms": 5.0, "by": "client-1", "site": None, "error": error}
    return measure(Story(more=[sample]).entries())


class Balance(HTMLParser):
    """Counts what is opened and never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_headline_says_it_in_one_sentence(measured: Measurement) -> None:
    assert headline(measured) == (
        "traffic left aws in 29.4 s (predicted 0.0 to 94.5 s); 0 of 178 requests failed, 0 were wrong; "
        "everything is restored"
    )


def test_predicted_stands_beside_measured_term_by_term(measured: Measurement) -> None:
    page = render_markdown(measured)
    assert "| term | best | typical | worst | measured |  | why |" in page
    assert re.search(r"\| switch \| 0\.0 \| 5\.0 \| 60\.0 \| 3\.0 \|  \| until every name server", page)
    assert re.search(r"\| total \| 0\.0 \| [\d.]+ \| 94\.5 \| 29\.4 \|  \| from the change", page)
    assert "What deviated" not in page


def test_says_speed_resolution_and_lag(measured: Measurement) -> None:
    page = render_markdown(measured)
    assert "a clock at 10 times real time" in page
    assert "DNS every 1 s, each client every 1 s, each site every 1 s" in page
    assert "1 ms at the 99th percentile" in page
    assert "real time" in render_markdown(measure(Story(speed=1).entries()))


def test_invalid_is_said_in_words() -> None:
    page = render_markdown(measure(Story(late_ms=150.0).entries()))
    assert page.splitlines()[2].startswith("**invalid**")
    assert "the times are INVALID" in page


def test_a_deviation_is_told_with_an_example() -> None:
    page = render_markdown(with_failure())
    assert "- 1 of 179 client requests had no answer" in page
    assert "client-1: refused" in page


def test_html_is_whole_and_needs_nothing_else(measured: Measurement) -> None:
    page, balance = render_html(measured), Balance()
    balance.feed(page)
    assert balance.open == [] and balance.links == ["data:,"]
    assert "<script" not in page
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}


def test_html_cannot_be_broken_by_an_error_text() -> None:
    page = render_html(with_failure("<script>alert(1)</script> | & \"'"))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    Balance().feed(page)
    assert "\\|" in render_markdown(with_failure("a | b"))


def test_every_stamp_is_explained(measured: Measurement) -> None:
    assert set(measured.stamps) == set(STAMP_TEXTS)


def test_data_is_json_without_the_samples(measured: Measurement) -> None:
    data = json.loads(json.dumps(render_data(measured)))
    assert data["verdict"] == "passed" and data["restored"] is True
    assert data["failover"][-1] | {"why": ""} == {
        "name": "total",
        "best": 0.0,
        "typical": pytest.approx(27.75, abs=1),
        "worst": 94.5,
        "measured": 29.45,
        "doubt": 1.0,
        "why": "",
        "holds": True,
        "band": None,
    }
    assert "samples" not in data


def test_the_old_names_are_written_for_one_release(measured: Measurement) -> None:
    data = render_data(measured)
    assert data["recovery_life_seconds"] == data["recovery_simulated_seconds"] == measured.recovery_simulated_seconds
    assert data["resolution_life_seconds"] == data["resolution_simulated_seconds"] != {}
    assert data["lag"]["life_seconds"] == data["lag"]["simulated_seconds"] == measured.lag.simulated_seconds


def picture(measured: Measurement) -> ElementTree.Element:
    return ElementTree.fromstring(render_timeline(measured))


def test_the_picture_has_a_lane_for_everybody(measured: Measurement) -> None:
    labels = [text.text for text in picture(measured).iter(f"{SVG}text")]
    for label in ("DNS names aws", "DNS names gcp", "client 1", "client 2", "aws, asked directly", "predicted to move"):
        assert label in labels
    assert "change asked for" in labels and "all clients moved" in labels


def test_a_client_is_one_span_per_site(measured: Measurement) -> None:
    colours = colour_sites(["aws", "gcp"], "aws")
    root = picture(measured)
    y = next(t.get("y") for t in root.iter(f"{SVG}text") if t.text == "client 2")
    lane = [r for r in root.iter(f"{SVG}rect") if r.get("y") == str(int(str(y)) - 14)]
    assert [rect.get("fill") for rect in lane] == [colours["aws"], colours["gcp"], colours["aws"]]


def test_nothing_is_drawn_outside(measured: Measurement) -> None:
    for rect in picture(measured).iter(f"{SVG}rect"):
        left = float(str(rect.get("x")))
        assert left + float(str(rect.get("width"))) <= WIDTH
        assert left >= LABEL_WIDTH - 2


def test_a_failure_is_drawn() -> None:
    assert "#b00020" in render_timeline(with_failure())
    assert "#b00020" not in render_timeline(measure(Story().entries()))


def test_stamp_texts_do_not_overlap(measured: Measurement) -> None:
    texts = [t for t in picture(measured).iter(f"{SVG}text") if t.get("class") == "stamp"]
    spans = [(t.get("y"), float(str(t.get("x"))), float(str(t.get("x"))) + 6.3 * len(str(t.text))) for t in texts]
    for n, (row, left, right) in enumerate(spans):
        for other_row, other_left, other_right in spans[n + 1 :]:
            assert row != other_row or right <= other_left or other_right <= left


def test_a_drill_that_a_person_stopped_measured_not_what_it_did_not_look_for() -> None:
    abort = {"kind": "abort", "at": 1.0, "why": "aborted by SIGINT", "refused": False, "signal": 2}
    entries = [entry for entry in Story().entries() if entry["at"] < 1.0]
    page = render_markdown(measure([*entries, abort]))
    assert "aborted by SIGINT" in page and "aborted: aborted" not in page
    assert "not measured" in page and "not seen" not in page and "✗" not in page
    assert "whether traffic left aws was not measured" in page


def test_an_aborted_drill_has_a_page_too() -> None:
    entries = [entry for entry in Story().entries() if entry["at"] < 1.0]
    page = render_html(measure(entries))
    assert "not seen" in page and "traffic was not seen to leave aws" in page


@pytest.mark.parametrize(
    ("level", "away"), [(1, ("change asked for", "undo asked for")), (3, ("DNS has moved", "DNS is back"))]
)
def test_route_53_calls_the_site_unhealthy_from_when_it_noticed(level: int, away: tuple[str, str]) -> None:
    entries = Story().entries()
    entries[0]["plan"]["level"] = level
    root = picture(measure(entries))
    y = next(str(t.get("y")) for t in root.iter(f"{SVG}text") if t.text == "aws, to Route 53")
    (grey,) = (r for r in root.iter(f"{SVG}rect") if r.get("fill") == "#8d8d8d" and r.get("y") == str(int(y) - 14))
    lines = [str(line.get("x1")) for line in root.iter(f"{SVG}line") if line.get("class") == "stamp"]
    texts = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "stamp"]
    begin, end = (float(lines[texts.index(text)]) for text in away)
    left = float(str(grey.get("x")))
    assert (left, left + float(str(grey.get("width")))) == (pytest.approx(begin), pytest.approx(end, abs=0.02))


def test_the_moment_of_the_change_is_zero_and_not_less(measured: Measurement) -> None:
    assert "-0" not in [text.text for text in picture(measured).iter(f"{SVG}text")]


def test_a_kind_of_client_has_its_beat_and_its_window_in_the_report() -> None:
    measured = measure(with_kinds(jvm=[(3.0, ""), (4.0, "gcp")]))
    text = render_markdown(measured)
    assert "each kind of client" in text
    assert "| Java, with its cache of 30 s | 2 | 1 | 10.1 | 20.1 | 5.0 to 25.0 |" in text
    assert render_data(measured)["kinds"][0]["left_after"] == pytest.approx(20.05)
