"""Windows in which nobody drills: once, every week, over a week's end, in a zone that changes its clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from failover.drill.blackout import check_blackouts, is_inside
from service.errors import InvalidInput

WEEKEND = "Fri 16:00/Mon 08:00 Europe/Berlin"
NIGHT = "Wed 22:00/Wed 23:30 UTC"
HOLIDAYS = "2026-12-18T00:00+01:00/2027-01-04T00:00+01:00"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "moment", "inside"),
    [
        (WEEKEND, "2026-11-27T14:59+00:00", False),
        (WEEKEND, "2026-11-27T15:00+00:00", True),
        (WEEKEND, "2026-11-29T23:59+00:00", True),
        (WEEKEND, "2026-11-30T06:59+00:00", True),
        (WEEKEND, "2026-11-30T07:00+00:00", False),
        (WEEKEND, "2026-07-03T14:00+00:00", True),  # summer time: an hour earlier in UTC
        (NIGHT, "2026-12-02T22:00+00:00", True),
        (NIGHT, "2026-12-02T23:30+00:00", False),
        (HOLIDAYS, "2026-12-17T23:00+00:00", True),
        (HOLIDAYS, "2027-01-03T23:00+00:00", False),
    ],
)
def test_knows_inside_from_outside(window: str, moment: str, inside: bool) -> None:
    assert is_inside(window, datetime.fromisoformat(moment)) is inside


def test_every_window_that_is_none_is_named_at_once() -> None:
    bad = ["tomorrow", "Fri 16:00/Mon 08:00 Europe/Nowhere", "Son 16:00/Mon 08:00 UTC", "2026-12-18T00:00/2027-01-04"]
    bad += ["Fri 25:00/Mon 08:00 UTC", "Fri 16:00/Mon 08:60 UTC"]
    with pytest.raises(InvalidInput) as caught:
        check_blackouts([*bad, WEEKEND], NOW)
    assert [mistake.what.partition(" is no window")[0].strip("'") for mistake in caught.value.mistakes] == bad
    assert check_blackouts([WEEKEND], NOW) == (WEEKEND,)
