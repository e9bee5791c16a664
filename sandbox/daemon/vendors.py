"""The clouds' own APIs beside Pulumi's providers, as drills, renewals and `outlast logs` call them: ECS, Resource
Manager, a Key Vault, Log Analytics, Cloud Run, Cloud Monitoring.

boto3's requests come signed, through the Route 53 API server; the others with this sandbox's token, through the control
interface. The API of a cloud that is dark does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from failover.simulator.wire import Reply
from sandbox.clouds import accounts_api
from sandbox.clouds.aws import ecs_api, scaling_api
from sandbox.clouds.azure import analytics_api, arm_api, vault_api
from sandbox.clouds.gcp import monitoring_api, run_api
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World
from sandbox.daemon.wire import read_call, render, render_call, render_refusal


class Vendors:
    """Answers for three clouds from one world; `silent` says why a stack's cloud does not answer, if it does not."""

    def __init__(self, world: World, silent: Callable[[str], str | None]) -> None:
        self._world = world
        self._silent = silent

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]] | None:
        """Status and document of a request to Azure or Google; None where the path is neither's."""
        if arm_api.PATH.fullmatch(path):
            return self._reply(
                arm_api.owner(self._world, path), "azure", lambda: arm_api.answer(self._world, method, path)
            )
        if vault_api.PATH.fullmatch(path):
            return self._reply(
                vault_api.owner(self._world, path),
                "azure",
                lambda: vault_api.answer(self._world, method, path, body),
            )
        if analytics_api.PATH.fullmatch(path):
            return self._reply(
                analytics_api.owner(self._world, path), "azure", lambda: analytics_api.answer(self._world, path, body)
            )
        if run_api.PATH.fullmatch(path):
            mask = query.get("updateMask", "")
            return self._reply(
                run_api.owner(self._world, path),
                "google",
                lambda: run_api.answer(self._world, method, path, mask, json.loads(body or b"{}")),
            )
        if monitoring_api.PATH.fullmatch(path):
            return self._reply(
                monitoring_api.owner(self._world, path, query),
                "google",
                lambda: monitoring_api.answer(self._world, method, path, query),
            )
        return self._read_account(path) if method == "GET" else None

    def _read_account(self, path: str) -> tuple[int, dict[str, Any]] | None:
        """What an account has before anything is deployed: no stack's, so it answers while a site is dark."""
        try:
            found = accounts_api.answer(self._world, path)
        except CloudRefused as refused:
            return render_refusal(refused)
        return None if found is None else (200, found)

    def _reply(self, stack: str, vendor: str, answer: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        if why := self._silent(stack):
            return 504, {
                "error": {"code": "DEADLINE_EXCEEDED" if vendor == "google" else "GatewayTimeout", "message": why}
            }
        try:
            return 200, answer()
        except CloudRefused as refused:
            return render_refusal(refused)

    def ecs(self, environ: Mapping[str, Any]) -> Reply:
        """The reply to a request that was signed for ECS."""
        operation, asked = read_call(environ, ecs_api.PREFIX)
        if why := self._silent(ecs_api.owner(self._world, asked)):
            return render(503, {"__type": "ServiceUnavailableException", "message": why})
        return render_call(lambda: ecs_api.answer(self._world, operation, asked))

    def scaling(self, environ: Mapping[str, Any]) -> Reply:
        """The reply to a request that was signed for Application Auto Scaling."""
        operation, asked = read_call(environ, scaling_api.PREFIX)
        if why := self._silent(scaling_api.owner(self._world, asked)):
            return render(503, {"__type": "ServiceUnavailableException", "message": why})
        return render_call(lambda: scaling_api.answer(self._world, operation, asked))

    def quotas(self, environ: Mapping[str, Any]) -> Reply:
        """The reply to a request that was signed for Service Quotas."""
        operation, asked = read_call(environ, accounts_api.TARGET)
        return render_call(lambda: accounts_api.answer_quota(self._world, operation, asked))
