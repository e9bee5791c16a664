"""What the clouds' monitoring answers to whoever is on call: CloudWatch, Azure Monitor, Cloud Monitoring.

boto3's requests come signed, through the Route 53 API server; the others with this sandbox's token, through the control
interface. The API of a cloud that is dark does not answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from failover.simulator.wire import Reply
from sandbox.alarms.monitor import Monitor
from sandbox.clouds.aws import balancer_api, cloudwatch_api
from sandbox.clouds.azure import monitor_api
from sandbox.clouds.gcp import alerts_api
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World
from sandbox.daemon.wire import read_call, render, render_call, render_refusal

_REGION = re.compile(r"Credential=[^/]+/[^/]+/(?P<region>[^/]+)/")
_XML = (("Content-Type", "text/xml"),)


class Monitoring:
    """Answers for three clouds from one world; `silent` says why a stack's cloud does not answer, if it does not."""

    def __init__(self, world: World, monitor: Monitor, silent: Callable[[str], str | None]) -> None:
        self._world = world
        self._monitor = monitor
        self._silent = silent

    def cloudwatch(self, environ: Mapping[str, Any]) -> Reply | None:
        """The reply to a request that was signed for CloudWatch; None for an operation that is moto's."""
        if (
            str(environ.get("HTTP_X_AMZ_TARGET", "")).removeprefix(cloudwatch_api.PREFIX)
            not in cloudwatch_api.OPERATIONS
        ):
            return None
        operation, asked = read_call(environ, cloudwatch_api.PREFIX)
        region = _region(environ)
        if why := self._silent(cloudwatch_api.owner(self._world, operation, asked, region)):
            return render(503, {"__type": "ServiceUnavailableException", "message": why})
        return render_call(lambda: cloudwatch_api.answer(self._world, self._monitor, operation, asked, region))

    def balancers(self, environ: Mapping[str, Any]) -> Reply:
        """The reply to a request that was signed for Elastic Load Balancing."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        asked = dict(parse_qsl(environ["wsgi.input"].read(length).decode()))
        try:
            if why := self._silent(balancer_api.owner(self._world, asked)):
                raise CloudRefused(f"ServiceUnavailable: {why}")
            return Reply(200, balancer_api.answer(self._world, asked, _region(environ)).encode(), _XML)
        except CloudRefused as refused:
            status = 503 if refused.what.startswith("ServiceUnavailable") else 400
            return Reply(status, balancer_api.refuse(refused).encode(), _XML)

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any]] | None:
        """Status and document of a request to Azure or Google; None where it is for neither's monitoring."""
        if monitor_api.PATH.fullmatch(path):
            return self._reply(
                monitor_api.owner(self._world, path),
                "GatewayTimeout",
                lambda: monitor_api.answer(self._world, self._monitor, method, path, query),
            )
        if alerts_api.is_asked(path, query):
            return self._reply(
                alerts_api.owner(self._world, path, query),
                "DEADLINE_EXCEEDED",
                lambda: alerts_api.answer(self._world, self._monitor, method, path, query),
            )
        return None

    def _reply(self, stack: str, late: str, answer: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        if why := self._silent(stack):
            return 504, {"error": {"code": late, "message": why}}
        try:
            return 200, answer()
        except CloudRefused as refused:
            return render_refusal(refused)


def _region(environ: Mapping[str, Any]) -> str:
    found = _REGION.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    return found["region"] if found else ""
