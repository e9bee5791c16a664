"""Three sites over real sockets and TLS, the name server that names them, and both kinds of endpoint to call them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from failover.client import AsyncEndpoint, Endpoint, Policy, Reach
from failover.simulator import MovingRoute53
from tests.failover.simulator.site import Authority, Site, make_authority

H = "api.outlast.example"
ADDRESSES = {"aws": "127.0.0.41", "azure": "127.0.0.42", "gcp": "127.0.0.43"}
QUICK = Policy(deadline_seconds=4.0, attempt_seconds=0.3)
FEATURES = {"f1": 1.0}


def render_answer(site: str) -> bytes:
    """A prediction; its label says which site made it."""
    answer = {
        "label": site,
        "probabilities": {site: 1.0},
        "threshold": None,
        "model": {"name": "tumour", "version": "1", "digest": "sha256:00"},
    }
    return json.dumps(answer).encode()


@dataclass(frozen=True)
class World:
    """The zone and the certificates; `reach` finds them."""

    reach: Reach
    authority: Authority
    certificate: Path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    authority = make_authority(tmp_path_factory.mktemp("authority"))
    origins = [
        {"Name": f"{name}.{H}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}
        for name, address in ADDRESSES.items()
    ]
    targets = [{"Value": f"{place} 1 443 {name}.{H}"} for place, name in enumerate(ADDRESSES)]
    with MovingRoute53() as route53:
        client = route53.client()
        zone = client.create_hosted_zone(Name="outlast.example", CallerReference="1")["HostedZone"]["Id"]
        records = [
            {"Name": H, "Type": "CNAME", "TTL": 30, "ResourceRecords": [{"Value": f"aws.{H}"}]},
            {"Name": f"_https._tcp.{H}", "Type": "SRV", "TTL": 300, "ResourceRecords": targets},
            *origins,
        ]
        client.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]},
        )
        dns_port = route53.dns_address[1]
        reach = Reach("127.0.0.1", dns_port, dns_port + 1000, authority.ca_file)
        yield World(reach, authority, authority.issue(H))


@pytest.fixture
def sites(world: World) -> Iterator[dict[str, Site]]:
    """Running sites, by name; a test stops one, or makes it misbehave."""
    running = {
        name: Site(address, world.reach.port, world.certificate, body=render_answer(name)).start()
        for name, address in ADDRESSES.items()
    }
    yield running
    for site in running.values():
        site.stop()


class Caller:
    """An endpoint of either kind, called as if it were blocking."""

    def __init__(self, kind: str, reach: Reach, **settings: Any) -> None:
        self._runner = asyncio.Runner() if kind == "async" else None
        settings = {"reach": reach, "host": H, "api_key": "secret", **settings}
        self.endpoint: Any = self._run(_build, settings) if self._runner else Endpoint(**settings)

    def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        assert self._runner
        return self._runner.run(function(*arguments))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.endpoint, name)

        def call(*arguments: Any, **named: Any) -> Any:
            found = method(*arguments, **named)
            return self._runner.run(found) if self._runner else found

        return call

    def shut(self) -> None:
        self.close()
        if self._runner:
            self._runner.close()


async def _build(settings: dict[str, Any]) -> AsyncEndpoint:
    return AsyncEndpoint(**settings)


Make = Callable[..., Caller]


@pytest.fixture(params=["blocking", "async"])
def make(request: pytest.FixtureRequest, world: World) -> Iterator[Make]:
    """Makes an endpoint with settings of the test's own; closed afterwards."""
    made: list[Caller] = []

    def build(**settings: Any) -> Caller:
        made.append(Caller(request.param, **{"reach": world.reach, **settings}))
        return made[-1]

    yield build
    for caller in made:
        caller.shut()
