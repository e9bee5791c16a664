"""The toolkit's probes: what they answer, and the reason with which they fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from failover.chaostoolkit import probes
from failover.drill.facts import Answer, SiteProbe
from service.bundle.golden import Golden
from service.errors import Deviated, InvalidInput
from tests.failover.drill.fakes import EPOCH
from tests.failover.drill.three_sites import CLASSES, HOST


@dataclass
class World:
    """Surroundings in which DNS answers what `named` says next, and the last of it for ever."""

    golden: Golden
    named: list[str | None] = field(default_factory=lambda: ["aws", "gcp"])
    served_by: str = "gcp"
    status: int = 200
    asked: int = 0
    host: str = HOST
    headers: dict[str, str] = field(default_factory=dict)
    deadline_seconds: float = 1.0
    speed: int = 10

    @property
    def dial(self) -> World:
        return self

    def client(self, **_: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._serve))

    def _serve(self, request: httpx.Request) -> httpx.Response:
        row = self.golden.rows[self.asked % len(self.golden.rows)]
        self.asked += 1
        outputs = [
            {"name": "label", "shape": [1], "datatype": "BYTES", "data": [row.label]},
            {
                "name": "probabilities",
                "shape": [1, 2],
                "datatype": "FP32",
                "data": [row.probabilities[name] for name in CLASSES],
            },
        ]
        return httpx.Response(self.status, json={"outputs": outputs}, headers={"x-served-by": self.served_by})

    def find_origin(self, site: str) -> str:
        if site not in ("aws", "gcp"):
            raise InvalidInput("no such site")
        return f"{site}.{HOST}"

    def ask_dns(self) -> str | None:
        return self.named.pop(0) if len(self.named) > 1 else self.named[0]


@pytest.fixture
def world(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    found = World(golden)
    monkeypatch.setattr(probes.Surroundings, "from_environment", lambda environ, host: found)
    monkeypatch.setattr(probes, "PAUSE_SECONDS", 0.0)
    return found


def test_the_host_answers_right(world: World) -> None:
    assert probes.host_answers_right(times=4) is True
    assert world.asked == 4
    world.status = 503
    with pytest.raises(Deviated, match=f"request 1 of 10 to {HOST}: HTTP 503"):
        probes.host_answers_right()


def test_a_site_is_asked_directly_and_its_certificate_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SiteProbe("gcp", "192.0.2.1", Answer("gcp", 0.1), EPOCH)
    monkeypatch.setattr(probes, "probe_site", lambda *_, **__: found)
    assert probes.site_answers_right("gcp") is True
    found = SiteProbe("gcp", "192.0.2.1", Answer("gcp", 0.1), None, "expired")
    with pytest.raises(Deviated, match="no valid certificate: expired"):
        probes.site_answers_right("gcp")
    found = SiteProbe("gcp", None, Answer(None, 0.1, error="refused"), None)
    with pytest.raises(Deviated, match="does not answer right: refused"):
        probes.site_answers_right("gcp")


def test_dns_is_asked_often_enough_to_name_every_site(world: World) -> None:
    world.named = ["aws", None, "gcp", "aws"]
    assert probes.sites_answered(times=4) == ["aws", "gcp"]
    world.named = ["gcp"]
    assert probes.is_answered("gcp") and not probes.is_answered("aws")


def test_traffic_has_left_after_a_streak_without_the_site(world: World) -> None:
    world.named = ["aws", "gcp", "gcp", "aws", None, "gcp"]
    assert probes.traffic_left("aws", quiet=3) >= 0.0
    assert world.named == ["gcp"], "a site that is named again has not left"


def test_traffic_that_stays_is_said_to_stay(world: World) -> None:
    world.named = ["aws"]
    with pytest.raises(Deviated, match=r"DNS still names aws after 0\.01 s"):
        probes.traffic_left("aws", within_seconds=0.01)


def test_dns_alone_is_not_enough(world: World) -> None:
    world.named, world.served_by = ["gcp"], "aws"
    with pytest.raises(Deviated, match="x-served-by says aws"):
        probes.traffic_left("aws", quiet=2)


def test_a_site_that_is_not_there_has_not_left(world: World) -> None:
    with pytest.raises(InvalidInput):
        probes.traffic_left("nowhere")
