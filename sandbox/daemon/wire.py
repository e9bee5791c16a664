"""How the clouds' services that are not moto's answer: in AWS's JSON protocol, and a refusal in Azure's or Google's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from failover.simulator.wire import Reply
from sandbox.clouds.store import CloudRefused

_STATUS = {
    "ResourceNotFound": 404,
    "NOT_FOUND": 404,
    "SubscriptionNotFound": 404,
    "PERMISSION_DENIED": 403,
    "VaultNotFound": 404,
    "CertificateNotFound": 404,
    "SecretNotFound": 404,
    "MethodNotAllowed": 405,
    "UNIMPLEMENTED": 501,
    "ABORTED": 409,
}


def read_call(environ: Mapping[str, Any], prefix: str) -> tuple[str, dict[str, Any]]:
    """The operation and the arguments of a call."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    asked: dict[str, Any] = json.loads(environ["wsgi.input"].read(length) or b"{}")
    return str(environ.get("HTTP_X_AMZ_TARGET", "")).removeprefix(prefix), asked


def render_call(answer: Callable[[], Mapping[str, Any]]) -> Reply:
    """What was answered, or the refusal: its code and its message."""
    try:
        return render(200, answer())
    except CloudRefused as refused:
        code, _, message = refused.what.partition(": ")
        return render(400, {"__type": code, "message": message})


def render(status: int, document: Mapping[str, Any]) -> Reply:
    """A document as a reply."""
    return Reply(status, json.dumps(document).encode(), (("Content-Type", "application/x-amz-json-1.1"),))


def render_refusal(refused: CloudRefused) -> tuple[int, dict[str, Any]]:
    """Status and document of a refusal by Azure or Google."""
    code, _, message = refused.what.partition(": ")
    return _STATUS.get(code, 400), {"error": {"code": code, "message": message}}
