"""The levers of real drills, pulled at the simulated clouds: the same code as on real accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, Change
from failover.levers.clouds import Clouds
from failover.levers.levels import Way
from failover.levers.lever import Lever
from failover.levers.registry import build_levers
from failover.simulator.store import in_process_client
from sandbox.clouds.gcp import run
from sandbox.daemon.vendors import Vendors
from service.errors import Unavailable
from tests.failover.drill.fakes import FakeClock
from tests.sandbox.clouds import harness, sites

TOKENS = {"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"}
SITES: Mapping[str, tuple[str, Callable[[harness.Clouds], str]]] = {
    "aws": (ECS, lambda clouds: sites.aws_scaled(clouds).id),
    "azure": (CONTAINER_APP, lambda clouds: sites.azure_site(clouds).id),
    "gcp": (CLOUD_RUN, lambda clouds: (sites.gcp_site(clouds), clouds.only(run.SERVICE).id)[1]),
}


@dataclass(frozen=True)
class InProcess(Clouds):
    """Every call goes straight to the simulated clouds."""

    clients: Mapping[str, Any] = field(default_factory=dict)

    def aws(self, service: str, region: str) -> Any:
        return self.clients[service]


@pytest.fixture
def dark() -> set[str]:
    return set()


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[harness.Clouds]:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    opened = harness.open_clouds(tmp_path, harness.no_route53)
    opened.world.lookup = harness.fake_dns(opened)
    yield opened
    opened.world.store.journal.close()


@pytest.fixture
def levers(clouds: harness.Clouds, dark: set[str]) -> Mapping[str, Lever]:
    vendors = Vendors(clouds.world, lambda stack: f"{stack} is dark" if stack in dark else None)

    def answer(request: httpx.Request) -> httpx.Response:
        found = vendors.answer(request.method, request.url.path, dict(request.url.params), request.content)
        assert found is not None
        return httpx.Response(found[0], json=found[1])

    clock = FakeClock()
    answers = {"ecs": vendors.ecs, "application-autoscaling": vendors.scaling}
    clients = {service: in_process_client(answer, service) for service, answer in answers.items()}
    seam = InProcess(TOKENS, httpx.MockTransport(answer), clients=clients)
    return build_levers(seam, now=clock.utc, pause=clock.sleep)


def serves(clouds: harness.Clouds, site: str) -> bool:
    """Whether a request would reach a replica."""
    entry, workload = clouds.entry_point(site), clouds.workload(site)
    return bool(entry and entry.workload and workload and workload.max_replicas)


@pytest.mark.parametrize("site", SITES)
def test_a_site_is_taken_away_and_given_back(clouds: harness.Clouds, levers: Mapping[str, Lever], site: str) -> None:
    action, deploy = SITES[site]
    target = deploy(clouds)
    before = levers[action].look(target)
    change = Change(action, "check", 1, before, Way(3, action, target).after(before), target)
    assert serves(clouds, site)
    levers[action].apply(change)
    assert not serves(clouds, site)
    assert levers[action].undo(change) == "restored"
    assert serves(clouds, site)


@pytest.mark.parametrize("site", SITES)
def test_the_api_of_a_dark_cloud_does_not_answer(
    clouds: harness.Clouds, levers: Mapping[str, Lever], dark: set[str], site: str
) -> None:
    action, deploy = SITES[site]
    target = deploy(clouds)
    dark.add(site)
    with pytest.raises(Unavailable, match=f"{site} is dark"):
        levers[action].look(target)


def test_other_paths_are_nobodys(clouds: harness.Clouds) -> None:
    assert Vendors(clouds.world, lambda stack: None).answer("GET", "/status", {}, b"") is None
