"""The training services of the three clouds as the daemon runs them: one for each, and the jobs of all.

boto3's requests come signed, by way of Route 53; Azure's and Google's with this sandbox's token, through the
control interface, the host of an API before its path.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from failover.simulator.wire import Reply
from sandbox.clouds.aws import logs_api, training_api, training_rules
from sandbox.clouds.aws.common import DEFAULT_REGION
from sandbox.clouds.aws.training_api import SageMaker
from sandbox.clouds.azure import training_api as azure_api
from sandbox.clouds.azure import training_rules as azure_rules
from sandbox.clouds.azure.training_api import AzureMl
from sandbox.clouds.gcp import logging_api
from sandbox.clouds.gcp import training_api as vertex_api
from sandbox.clouds.gcp import training_rules as vertex_rules
from sandbox.clouds.gcp.training_api import VertexAi
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World
from sandbox.daemon.wire import read_call, render, render_call, render_refusal
from sandbox.images import store as images
from sandbox.replicas.processes import program_of
from sandbox.training.order import Order, Record
from sandbox.training.runs import TrainingRuns
from sandbox.training.surroundings import Program, Surroundings, Verdict

_SIGNED = re.compile(r"Credential=[^/]+/\d+/(?P<region>[a-z0-9-]+)/")
_JUDGES: Mapping[str, Callable[[World, Record], Verdict]] = {
    "aws": training_rules.judge,
    "azure": azure_rules.judge,
    "gcp": vertex_rules.judge,
}
_STATUS = {"PERMISSION_DENIED": 403, "NOT_FOUND": 404, "UNIMPLEMENTED": 501, "DEADLINE_EXCEEDED": 504}


class Training:
    """Jobs and the services that start them, between `start` and `stop`; kept in `folder`.

    `silent` says why a stack's cloud does not answer, if it does not; `no_spot` whether it has no spot machines now.
    """

    def __init__(
        self, world: World, folder: Path, silent: Callable[[str], str | None], no_spot: Callable[[str], bool]
    ) -> None:
        self._world, self._silent, self.no_spot = world, silent, no_spot
        around = Surroundings(self._judge, self._program, lambda stack: self.no_spot(stack))
        self.runs = TrainingRuns(world.objects, folder, around)
        self._sagemaker = SageMaker(world, self.runs, time.time)
        self._azure = AzureMl(world, self.runs, time.time, secrets.token_bytes(32))
        self._vertex = VertexAi(world, self.runs, time.time)

    def start(self) -> None:
        """Take up what was there."""
        self.runs.start()

    def stop(self) -> None:
        """End the jobs' processes; they go on at the next start."""
        self.runs.stop()

    def sagemaker(self, environ: Mapping[str, Any]) -> Reply:
        """The reply to a request that was signed for SageMaker."""
        operation, asked = read_call(environ, training_api.PREFIX)
        if why := self._silent(self._sagemaker.owner(asked)):
            return render(503, {"__type": "ServiceUnavailable", "message": why})
        found = _SIGNED.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        region = found["region"] if found else DEFAULT_REGION
        return render_call(lambda: self._sagemaker.answer(operation, asked, region))

    def logs(self, environ: Mapping[str, Any]) -> Reply:
        """The reply to a request that was signed for CloudWatch Logs."""
        operation, asked = read_call(environ, logs_api.PREFIX)
        return render_call(lambda: logs_api.answer(self.runs, operation, asked))

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, base: str = ""
    ) -> tuple[int, dict[str, Any]] | None:
        """Status and document of a request that came with this sandbox's token; None where it is for no such API.

        `base` is the address that was asked, which those of logs begin with.
        """
        if azure_api.PATH.fullmatch(path) or azure_api.HISTORY.fullmatch(path):
            return self._ask_azure(path, lambda: self._azure.answer(method, path, json.loads(body or b"{}"), base))
        if found := vertex_api.HOST.fullmatch(path):
            asked = json.loads(body or b"{}")
            owner = self._vertex.owner(found["path"], asked)
            return self._ask_google(owner, lambda: self._vertex.answer(method, found["path"], query, asked))
        if path == logging_api.PATH and logging_api.is_asked(asked := json.loads(body or b"{}")):
            return self._ask_google("", lambda: logging_api.answer(self.runs, asked))
        return None

    def read_log(self, path: str, query: Mapping[str, str]) -> bytes | None:
        """The log that a signed address of Azure's means; None where nobody signed it."""
        return self._azure.read_log(path, query)

    def _ask_azure(self, path: str, answer: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """An answer, or the refusal as Azure's APIs write one."""
        if why := self._silent(self._azure.owner(path)):
            return 504, {"error": {"code": "GatewayTimeout", "message": why}}
        try:
            return 200, answer()
        except CloudRefused as refused:
            return render_refusal(refused)

    def _ask_google(self, stack: str, answer: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """An answer, or the refusal as Google's APIs write one."""
        try:
            if why := self._silent(stack):
                raise CloudRefused(f"DEADLINE_EXCEEDED: {why}")
            return 200, answer()
        except CloudRefused as refused:
            status, _, message = refused.what.partition(": ")
            code = _STATUS.get(status, 400)
            return code, {"error": {"code": code, "status": status, "message": message}}

    def _judge(self, record: Record) -> Verdict:
        return _JUDGES[record.order.cloud](self._world, record)

    def _program(self, order: Order) -> Program:
        """The order's command in the virtual environment of its image."""
        digest = self._world.images.digest_of(order.image)
        if digest is None:
            raise CloudRefused(f"no image {order.image}")
        program = program_of(images.load(self._world.image_store, digest), self._world.report, order.command)
        return program.command, dict(program.environment), program.folder
