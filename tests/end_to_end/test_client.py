"""`failover.client` against the whole sandbox: what its callers bear while a site is lost, in every way there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from failover.client import Endpoint, Reach
from sandbox.command.environment import dial_of
from service.bundle.folder import RELEASED, load_golden
from tests.end_to_end.calling import calling
from tests.end_to_end.conftest import HOST, SPEED, Project

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.slow]

MOST_SECONDS = 2.0  # an error window, in real time
FAULTS = (
    *("refuse", "blackhole", "reset", "delay=3000", "loss=0.5"),
    *("expired-certificate", "wrong-certificate", "kill", "dark"),
)


@pytest.fixture
def features() -> dict[str, Any]:
    golden = load_golden(RELEASED / "tumour")
    return dict(zip(golden.input.features, golden.rows[0].features, strict=True))


@pytest.fixture
def opened(project: Project) -> Iterator[Callable[[], Endpoint]]:
    """Opens endpoints on the sandbox; closed at the end, when everything is healed as well."""
    reach = Reach.from_environment(dial_of(project.layout, project.control.instance))
    key = project.inside()["OUTLAST_API_KEY"]
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Endpoint(HOST, key, reach=reach))
    project.control.call("POST", "/heal", {"site": ""})


def open_cold(opened: Callable[[], Endpoint], best: str) -> Endpoint:
    """An endpoint whom DNS sends to that site, and that has no connection yet."""
    found = (opened() for _ in range(60))
    return next(endpoint for endpoint in found if endpoint.sites()[0].name == f"{best}.{HOST}")


def test_every_site_is_known_by_the_list_that_the_stack_publishes(opened: Callable[[], Endpoint]) -> None:
    assert {site.name for site in opened().sites()} == {f"{name}.{HOST}" for name in ("aws", "azure", "gcp")}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_hardly_felt(
    project: Project, opened: Callable[[], Endpoint], features: dict[str, Any], kind: str
) -> None:
    warm = opened()
    victim = warm.predict(features).site
    cold = open_cold(opened, victim)
    with calling(warm, features) as over_kept, calling(cold, features) as over_new:
        project.control.call("POST", "/fault", {"site": victim, "kind": kind, "seconds": 60.0 * SPEED})
        time.sleep(3.0)
    for borne in (over_kept, over_new):
        assert len(borne.calls) > 10
        assert borne.window_seconds < MOST_SECONDS, borne.failures


def test_a_drill_is_not_felt_at_all(project: Project, opened: Callable[[], Endpoint], features: dict[str, Any]) -> None:
    endpoint = opened()
    victim = endpoint.predict(features).site
    command = ("exec", "--", project.python, "-m", "failover", "drill", "now", "--lose", victim)
    with calling(endpoint, features) as borne:
        project.run("-m", "sandbox", *command, check=False)
    assert len(borne.calls) > 50
    assert borne.failures == []
