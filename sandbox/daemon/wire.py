"""AWS's JSON protocol, as the clouds' services that are not moto's are asked and answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from failover.simulator.wire import Reply
from sandbox.clouds.store import CloudRefused


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
