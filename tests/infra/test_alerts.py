"""The table of alarms: whole, on the page, and the one from which every cloud's program takes its thresholds."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.alerts import ALERTS, Alert

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "alarms.md").read_text()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_page_has_each_with_its_reason_and_the_metric_of_each_cloud(alert: Alert) -> None:
    row, *_ = [line for line in PAGE.splitlines() if line.startswith(f"| `{alert.name}` |")]
    assert all(text in row for text in (alert.what, alert.why, f"{alert.minutes} min"))
    assert all(metric in PAGE for metric in alert.metrics.values())


def test_every_cloud_has_errors_slowness_health_and_saturation() -> None:
    for cloud in ("aws", "azure", "gcp"):
        assert {"errors", "slow", "unhealthy", "busy"} <= {alert.name for alert in ALERTS if cloud in alert.metrics}
    assert [alert.name for alert in ALERTS if "traffic" in alert.metrics] == ["unreachable"]


def test_names_are_taken_once_and_windows_are_some_that_azure_has() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    assert {alert.minutes for alert in ALERTS if "azure" in alert.metrics} <= {1, 5, 15, 30, 60}


def test_what_a_mail_says_is_what_is_the_case_and_why_it_matters() -> None:
    assert str(ALERTS[0]) == f"{ALERTS[0].what}, for 5 minutes: {ALERTS[0].why}"
