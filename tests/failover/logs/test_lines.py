"""Lines of logs: their own time, spans, and one order for all sites."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from failover.logs.lines import LogLine, merge, own_replica, own_time, own_trace, read_span
from service.errors import InvalidInput

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def line(seconds: float, site: str, text: str = "x") -> LogLine:
    return LogLine(AT + timedelta(seconds=seconds), site, "r", text)


def test_the_lines_of_all_sites_have_one_order() -> None:
    aws, gcp = [line(0, "aws"), line(3, "aws")], [line(1, "gcp"), line(2, "gcp"), line(4, "gcp")]
    assert [(one.site, (one.time - AT).total_seconds()) for one in merge([aws, gcp])] == [
        ("aws", 0),
        ("gcp", 1),
        ("gcp", 2),
        ("aws", 3),
        ("gcp", 4),
    ]


@pytest.mark.parametrize(
    ("text", "time", "replica"),
    [
        ('{"time": 1763899200.5, "replica": "r1"}', datetime.fromtimestamp(1763899200.5, UTC), "r1"),
        ('{"time": "soon"}', None, ""),
        ('{"time": NaN}', None, ""),
        ('{"time": 1e20}', None, ""),
        ("Traceback", None, ""),
        ("7", None, ""),
    ],
)
def test_a_line_of_the_server_says_when_and_who(text: str, time: datetime | None, replica: str) -> None:
    assert (own_time(text), own_replica(text)) == (time, replica)


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("what", ""),
        (7, ""),
    ],
)
def test_a_line_of_the_server_says_of_which_trace_it_is(trace: object, expected: str) -> None:
    assert own_trace(json.dumps({"trace": trace})) == expected
    assert own_trace("Traceback") == own_trace("{}") == ""
    quoted = '00-" OR "-0123456789abcdef-01'
    assert own_trace(json.dumps({"trace": quoted})) == "", "it goes into the clouds' own queries as it stands"


def test_people_see_time_site_and_replica_and_programs_the_fields() -> None:
    shown = line(1.25, "aws", '{"a": 1}')
    assert shown.render() == '2026-11-23T12:00:01.250Z aws      r  {"a": 1}'
    assert shown.to_data() == {
        "time": "2026-11-23T12:00:01.250000+00:00",
        "site": "aws",
        "replica": "r",
        "line": {"a": 1},
    }


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86_400)])
def test_a_span_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert read_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "-1m", "1.5h", "10 m", "1w", "999999d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no span"):
        read_span(text)
