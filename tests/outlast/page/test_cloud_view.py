"""The clouds' own figures in a line, their alarms, and what is not known of them and why."""

from __future__ import annotations

from datetime import UTC, datetime

from outlast.cloud_metrics.figures import CloudAlarm, Figures, Reading
from outlast.page.cloud_view import NOT_ASKED, describe_figures, list_cloud_alarms, list_unread, rate_of
from outlast.page.measured import Measured

MINUTE = datetime(2026, 11, 29, 12, 1, tzinfo=UTC)
QUIET = Reading(Figures(MINUTE, 0.0))


def test_a_minute_is_one_line_with_what_its_cloud_has() -> None:
    busy = Reading(Figures(MINUTE, 10.0, 0.15, 41.2, cpu_percent=12.5))
    said = "CloudWatch, minute of 12:01 UTC: 10 requests/s, 1.5% 5xx, p95 41 ms, CPU 12 %"
    assert describe_figures(busy, "aws") == said
    assert describe_figures(QUIET, "gcp") == "Cloud Monitoring, minute of 12:01 UTC: 0 requests/s, 0.0% 5xx"


def test_where_there_is_none_it_says_so() -> None:
    assert describe_figures(Reading(why_not="no credentials"), "aws") == "CloudWatch: could not be read"
    assert describe_figures(Reading(), "aws") == "CloudWatch: not read yet"


def test_what_replicas_count_goes_before_what_their_cloud_does() -> None:
    assert rate_of(Measured(1, 2.0, 0.5), Reading(Figures(MINUTE, 9.0))) == (2.0, 0.5)
    assert rate_of(Measured(), Reading(Figures(MINUTE, 9.0, 1.0))) == (9.0, 1.0)
    assert rate_of(Measured(), Reading()) == (0.0, 0.0)


def test_alarms_say_of_which_site_from_whom_and_since_when() -> None:
    readings = {
        "gcp": Reading(alarms=(CloudAlarm("gcp", "outlast-gcp-slow", "it is slow", MINUTE),)),
        "traffic": Reading(alarms=(CloudAlarm("aws", "traffic-aws-unreachable", "it is out", None),)),
    }
    assert list_cloud_alarms(readings, {"gcp": "gcp", "traffic": "aws"}) == [
        {
            "name": "outlast-gcp-slow",
            "site": "gcp",
            "about": "gcp: it is slow (Cloud Monitoring, since 12:01 UTC)",
        },
        {"name": "traffic-aws-unreachable", "site": "aws", "about": "aws: it is out (CloudWatch)"},
    ]


def test_what_is_not_known_is_said_with_its_reason() -> None:
    readings = {
        "aws": Reading(why_not="no credentials", why_no_alarms="no credentials"),
        "azure": QUIET,
        "gcp": Reading(why_no_alarms="no alarm is made"),
    }
    assert list_unread(readings, ["aws", "azure", "gcp", "traffic"]) == [
        "traffic's alarms: not read yet",
        "aws's own metrics: no credentials",
        "aws's alarms: no credentials",
        "gcp's alarms: no alarm is made",
    ]
    assert list_unread({}, []) == [NOT_ASKED]
    assert list_unread({"rack": Reading(why_not="nobody measures it")}, []) == [
        "rack's own metrics: nobody measures it"
    ]
