"""The clouds' own APIs beside Pulumi's providers, as drills call them: ECS, Resource Manager, Cloud Run.

boto3's requests come signed, through the front of Route 53; the others with this sandbox's token, through the control
interface. The API of a cloud that is dark does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from failover.simulator.wire import Reply
from sandbox.clouds.aws import ecs_api
from sandbox.clouds.azure import arm_api
from sandbox.clouds.gcp import run_api
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World

_STATUS = {
    "ResourceNotFound": 404,
    "NOT_FOUND": 404,
    "MethodNotAllowed": 405,
    "UNIMPLEMENTED": 501,
    "ABORTED": 409,
}


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
        if run_api.PATH.fullmatch(path):
            mask = query.get("updateMask", "")
            return self._reply(
                run_api.owner(self._world, path),
                "google",
                lambda: run_api.answer(self._world, method, path, mask, json.loads(body or b"{}")),
            )
        return None

    def _reply(self, stack: str, vendor: str, answer: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        if why := self._silent(stack):
            return 504, {
                "error": {"code": "DEADLINE_EXCEEDED" if vendor == "google" else "GatewayTimeout", "message": why}
            }
        try:
            return 200, answer()
        except CloudRefused as refused:
            code, _, message = refused.what.partition(": ")
            return _STATUS.get(code, 400), {"error": {"code": code, "message": message}}

    def ecs(self, environ: Mapping[str, Any]) -> Reply:
        """The reply to a request that was signed for ECS."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        asked = json.loads(environ["wsgi.input"].read(length) or b"{}")
        operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).removeprefix(ecs_api.PREFIX)
        if why := self._silent(ecs_api.owner(self._world, asked)):
            return _render(503, {"__type": "ServiceUnavailableException", "message": why})
        try:
            return _render(200, ecs_api.answer(self._world, operation, asked))
        except CloudRefused as refused:
            code, _, message = refused.what.partition(": ")
            return _render(400, {"__type": code, "message": message})


def _render(status: int, document: Mapping[str, Any]) -> Reply:
    return Reply(status, json.dumps(document).encode(), (("Content-Type", "application/x-amz-json-1.1"),))
