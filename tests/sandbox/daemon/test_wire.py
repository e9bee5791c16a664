"""AWS's JSON protocol, both ways."""

from __future__ import annotations

import io
import json

from sandbox.clouds.store import CloudRefused
from sandbox.daemon.wire import read_call, render_call


def test_a_call_is_its_operation_and_its_document() -> None:
    environ = {"CONTENT_LENGTH": "10", "wsgi.input": io.BytesIO(b'{"a": "b"} rest'), "HTTP_X_AMZ_TARGET": "SageMaker.X"}
    assert read_call(environ, "SageMaker.") == ("X", {"a": "b"})
    assert read_call({"wsgi.input": io.BytesIO(b"")}, "SageMaker.") == ("", {})


def test_a_refusal_is_its_code_and_its_message() -> None:
    def refuse() -> dict[str, str]:
        raise CloudRefused("ResourceInUse: it is: there")

    reply = render_call(refuse)
    assert (reply.status, json.loads(reply.body)) == (400, {"__type": "ResourceInUse", "message": "it is: there"})
    assert render_call(lambda: {"a": 1}).status == 200
