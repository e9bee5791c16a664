"""The audit records of rows that the page sent to real accounts, as the log of the site that answered has them.

The log takes a record in seconds, Azure's in minutes, and its cloud finds the one request in it; the write-once store
has it later and would have to be read whole (docs/decisions/0033-where-the-page-finds-a-record.md).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from failover.levers.clouds import Clouds
from failover.logs.clouds import Asked, LogPlace, read_log
from failover.logs.lines import REQUEST_ID
from service.errors import InvalidInput
from service.server.audit.verify import parse_record

LOGS = {
    "aws": "CloudWatch Logs, which has it within seconds",
    "azure": "Log Analytics, which has it within minutes",
    "gcp": "Cloud Logging, which has it within seconds",
}
_REMEMBERED = 50
_EARLIER = timedelta(minutes=1)
"""By which a replica's clock may be behind this one."""


class SentRows:
    """The requests that were sent lately, of sites whose logs can be asked."""

    def __init__(
        self, places: Iterable[LogPlace], clouds: Clouds, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._places = {place.site: place for place in places}
        self._clouds = clouds
        self._now = now
        self._sent: OrderedDict[str, tuple[LogPlace, datetime]] = OrderedDict()

    def note(self, site: str, request: str) -> str:
        """Remember a request. Returns where its record is looked for; "" where nobody can look."""
        place = self._places.get(site)
        if place is None or not REQUEST_ID.fullmatch(request):
            return ""
        self._sent[request] = place, self._now()
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return LOGS[place.cloud]

    def find(self, request: str) -> dict[str, Any] | None:
        """The request's record; None while the log has none. Raises InvalidInput for a request that was not sent."""
        if request not in self._sent:
            raise InvalidInput(f"the page sent no request {request!r}", hint="outlast logs --request ID --stacks SET")
        place, at = self._sent[request]
        lines = read_log(place, Asked(at - _EARLIER, request), self._clouds)
        records = filter(None, (parse_record(line.text.encode()) for line in lines))
        return next((one for one in records if is_prediction(one, request)), None)


def is_prediction(record: dict[str, Any], request: str) -> bool:
    """Whether this is what was written of the answer to a request."""
    return bool(record.get("request_id") == request and record.get("kind") == "prediction")
