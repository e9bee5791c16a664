"""The zone's answer is kept for its TTL, shortened by the clock, and survives a silent name server."""

from __future__ import annotations

from typing import Any, cast

from failover.dial import Dial, Resolution
from outlast.page.view import Zone
from outlast.page.zone import ZoneAnswer
from service.errors import Unavailable


class _Dial:
    speed = 10

    def __init__(self, *answers: Resolution | None) -> None:
        self._answers = list(answers)

    def resolve(self, host: str, rdtype: str, **_: Any) -> Resolution:
        answer = self._answers.pop(0)
        if answer is None:
            raise Unavailable("no answer")
        return answer


def _answer(*addresses: str) -> Resolution:
    return Resolution("api.example", "CNAME", addresses, (), 3, "NOERROR", True, 0.0)


def test_it_is_asked_again_when_the_ttl_has_run_out() -> None:
    moment = [100.0]
    dial = _Dial(None, _answer("aws.api.example."), None, _answer())
    zone = ZoneAnswer(cast(Dial, dial), "api.example", now=lambda: moment[0])
    assert zone.ask() is None
    first = zone.ask()
    assert first == zone.ask() == Zone(100.0, "aws.api.example", 30.0)
    moment[0] = 103.0
    assert zone.ask() == first, "nobody answers: what was known stays"
    assert zone.ask() == Zone(103.0, "nothing", 30.0)
