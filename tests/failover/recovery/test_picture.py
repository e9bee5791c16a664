"""The picture of recovery times: well-formed, complete, and true to the numbers."""

from __future__ import annotations

from xml.etree import ElementTree

from failover.recovery.distribution import Fixed, Scenario, predict_recovery
from failover.recovery.kinds import KINDS
from failover.recovery.picture import LATE_COLOUR, Point, render_picture, show
from failover.routing.predict import Check

SVG = "{http://www.w3.org/2000/svg}"
RECOVERY = predict_recovery(Scenario(Check(10, 3), 30), seed=1, draws=300)


def draw(points: tuple[Point, ...] = ()) -> ElementTree.Element:
    return ElementTree.fromstring(render_picture(RECOVERY, points))


def test_every_kind_has_a_row_with_its_times() -> None:
    texts = [text.text for text in draw().iter(f"{SVG}text")]
    for kind in KINDS:
        spread = RECOVERY.kinds[kind.name]
        assert kind.says in texts
        assert f"{show(spread.p5)} to {show(spread.p95)} s" in texts
    assert "DNS has moved" in texts


def test_a_kind_that_never_leaves_says_so() -> None:
    dns = predict_recovery(Scenario(Check(10, 3), 30, level=1, switch=Fixed(0.0)), draws=50)
    assert "never by itself" in render_picture(dns)


def test_each_drill_is_a_point_and_one_outside_its_band_is_red() -> None:
    points = (
        Point("d-1", "aws", 30.5, (29.0, 32.0)),
        Point("d-2", "aws", 40.0, (29.0, 32.0)),
        Point("d<3", "gcp", 31.0),
    )
    circles = list(draw(points).iter(f"{SVG}circle"))
    assert [circle.find(f"{SVG}title").text for circle in circles] == ["d-1: 30.5 s", "d-2: 40.0 s", "d<3: 31.0 s"]
    assert [circle.get("fill") == LATE_COLOUR for circle in circles] == [False, True, False]
    places = [float(circle.get("cx", 0)) for circle in circles]
    assert places[0] < places[2] < places[1]


def test_times_are_shown_as_people_read_them() -> None:
    assert [show(seconds) for seconds in (0.234, 9.96, 10.4, 73.2, float("inf"))] == [
        "0.2",
        "10.0",
        "10",
        "73",
        "never",
    ]
