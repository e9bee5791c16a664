"""Windows in which nobody drills: written in a plan, judged by a guard. Pure.

2026-12-18T00:00+01:00/2027-01-04T00:00+01:00    once: two ISO times with their zones
Fri 16:00/Mon 08:00 Europe/Berlin                every week, in a named zone
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.errors import InvalidInput, Mistake

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FORMS = "write FROM/TO, two ISO times with their zones, or as 'Fri 16:00/Mon 08:00 Europe/Berlin'"
_WEEKLY = re.compile(r"(\w{3}) (\d\d):(\d\d)/(\w{3}) (\d\d):(\d\d) (\S+)")
_WEEK_MINUTES = 7 * 24 * 60


def check_blackouts(windows: Sequence[str], now: datetime) -> tuple[str, ...]:
    """The windows as they are; InvalidInput names those that are none."""
    mistakes = [Mistake("--blackout", why, FORMS) for window in windows if (why := _explain(window, now))]
    if mistakes:
        raise InvalidInput("these blackout windows cannot be read", mistakes)
    return tuple(windows)


def is_inside(window: str, now: datetime) -> bool:
    """Whether `now` lies in the window. Raises ValueError where it is none."""
    weekly = _WEEKLY.fullmatch(window)
    if weekly is None:
        begin, end = (datetime.fromisoformat(part) for part in window.split("/"))
        if begin.tzinfo is None or end.tzinfo is None or end <= begin:
            raise ValueError("its times have no zone, or it ends before it begins")
        return begin <= now < end
    first_day, first_hour, first_minute, last_day, last_hour, last_minute, zone = weekly.groups()
    try:
        here = now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"there is no time zone {zone}") from error
    begin_minute, end_minute = _minute(first_day, first_hour, first_minute), _minute(last_day, last_hour, last_minute)
    since = (_minute(DAYS[here.weekday()], here.hour, here.minute) - begin_minute) % _WEEK_MINUTES
    return since < (end_minute - begin_minute) % _WEEK_MINUTES


def _minute(day: str, hour: str | int, minute: str | int) -> int:
    """Minutes since the week began."""
    if day not in DAYS:
        raise ValueError(f"{day} is no day; they are {', '.join(DAYS)}")
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError(f"{hour}:{minute} is no time of day")
    return int(timedelta(days=DAYS.index(day), hours=int(hour), minutes=int(minute)).total_seconds() // 60)


def _explain(window: str, now: datetime) -> str:
    try:
        is_inside(window, now)
    except ValueError as error:
        return f"{window!r} is no window: {error}"
    return ""
