"""The table of panels: each alarm of a site has one, with its threshold as a line."""

from __future__ import annotations

from infra import panels
from infra.alerts import ALERTS
from infra.contract import Replicas
from infra.panels import PANELS, Mark, marks, place

BOUNDS = Replicas(2, 6)


def test_every_alarm_of_a_site_is_drawn_in_one_panel() -> None:
    drawn = [panel.alert for panel in PANELS if panel.alert]
    assert drawn == [alert for alert in ALERTS if "aws" in alert.metrics]


def test_a_line_is_the_alarms_threshold_and_for_replicas_their_bounds() -> None:
    assert marks(panels.SHARE_OF_ERRORS, BOUNDS) == (Mark("alarm errors", 5),)
    assert marks(panels.REPLICAS, BOUNDS) == (Mark("minimum", 2), Mark("maximum", 6))
    assert marks(panels.REQUESTS, BOUNDS) == ()


def test_two_panels_stand_in_a_row() -> None:
    assert [place(position) for position in range(4)] == [(0, 0), (1, 0), (0, 1), (1, 1)]
