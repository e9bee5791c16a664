"""Which minute every cloud has, and what a site's alarms are called."""

from __future__ import annotations

from datetime import timedelta

from infra.alerts import BUSY, REJECTED
from outlast.cloud_metrics.figures import alarm_names, choose_minute, largest
from tests.outlast.cloud_metrics.places import MINUTE


def test_the_minute_is_whole_and_older_than_the_slowest_cloud_needs() -> None:
    for seconds in (0, 1, 59):
        found = choose_minute(MINUTE + timedelta(seconds=seconds, microseconds=7))
        assert found == MINUTE - timedelta(minutes=4)
        assert MINUTE + timedelta(seconds=seconds) - (found + timedelta(minutes=1)) >= timedelta(seconds=180)


def test_alarms_are_named_as_the_stack_names_them_and_only_those_that_the_cloud_has() -> None:
    assert alarm_names("outlast-aws", "aws")["outlast-aws-rejected"] is REJECTED
    assert alarm_names("outlast-gcp", "gcp")["outlast-gcp-busy"] is BUSY
    assert "outlast-gcp-rejected" not in alarm_names("outlast-gcp", "gcp")


def test_the_largest_of_none_is_none() -> None:
    assert (largest([]), largest([1.0, 3.0])) == (None, 3.0)
