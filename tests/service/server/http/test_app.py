"""The ASGI application: predictions by the same way in as the connection's, checks at once, the rest by the routes."""

from __future__ import annotations

import asyncio

import pytest

from service.server.http.app import Application
from service.server.runtime import build_runtime
from service.server.settings.table import Settings
from tests.service.server.harness import Server

pytestmark = pytest.mark.xdist_group("open-server")  # one worker, so that the server is started once


def test_the_routes_are_loaded_once_however_many_ask_for_them() -> None:
    application = Application(build_runtime(Settings.from_environment({"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off"})))

    async def ask() -> list[object]:
        return list(await asyncio.gather(application.load(), application.load()))

    first, second = asyncio.run(ask())
    assert first is second


def _visit(application: Application, user_agent: bytes) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: object) -> None:
        pass

    headers = [(b"host", b"test"), (b"user-agent", user_agent)]
    scope = {"type": "http", "method": "GET", "path": "/health", "headers": headers, "client": None}
    asyncio.run(application(scope, receive, send))


def test_a_site_that_the_health_checkers_leave_tells_its_clients_to_leave() -> None:
    now = [1000.0]
    settings = Settings.from_environment({"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off"})
    runtime = build_runtime(settings, lambda: now[0])
    runtime.health.refresh()
    application = Application(runtime)
    for _ in range(40):
        now[0] += 1.0
        _visit(application, b"Amazon-Route53-Health-Check-Service (ref 1; report http://amzn.to/1vsZADi)")
    runtime.look_around()
    assert not runtime.intake.leaving
    now[0] += 3.0
    _visit(application, b"ELB-HealthChecker/2.0")
    runtime.look_around()
    assert runtime.intake.leaving, "a load balancer goes on asking at a site that was taken out"
    _visit(application, b"Amazon-Route53-Health-Check-Service")
    runtime.look_around()
    assert not runtime.intake.leaving
    runtime.health.draining = True
    runtime.look_around()
    assert runtime.intake.leaving, "who is unhealthy tells them too"


@pytest.mark.parametrize("path", ["/health", "/healthz", "/livez", "/v2/health/live", "/v2/health/ready"])
def test_a_check_is_the_same_by_the_short_way_and_through_the_application(open_server: Server, path: str) -> None:
    """The transport answers the plain address; with a query, or as HEAD, the application does."""
    with open_server.client() as client:
        short, long, head = client.get(path), client.get(f"{path}?deep=1"), client.head(path)
    assert (short.status_code, short.content) == (long.status_code, long.content)
    assert short.headers.keys() == long.headers.keys() == head.headers.keys()
    assert (head.status_code, head.content) == (200, b"")
