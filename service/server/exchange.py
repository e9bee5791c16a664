"""One request for a prediction on its way: where its path leads, what came, what goes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from service.server.models import Answers, ServedModel
from service.server.protocol.problems import CONTENT_TYPE, Problem
from service.server.protocol.tensors import InferRequest

JSON = b"application/json"
BINARY = b"application/octet-stream"

Header = tuple[bytes, bytes]


class Codec(Protocol):
    """One way of asking for a prediction: the Open Inference Protocol, or the plain door."""

    route: str

    def decode(self, model: ServedModel, headers: Mapping[bytes, bytes], body: bytes, max_rows: int) -> InferRequest:
        """Raises Problem."""

    def encode(
        self, model: ServedModel, request: InferRequest, answers: Answers, receipt: str | None
    ) -> tuple[bytes, int | None]:
        """The body, and the length of its JSON where binary data follows."""


class Target(NamedTuple):
    """Where a path leads: a model, and the way in which it is asked."""

    model: ServedModel
    codec: Codec


class Exchange:
    """One request for a prediction and, once `answer` has run, its response. Times are Unix seconds."""

    __slots__ = (
        "arrived",
        "body",
        "extra",
        "headers",
        "input_sha256",
        "key",
        "output_sha256",
        "problem",
        "reply",
        "reply_type",
        "request",
        "request_id",
        "rows",
        "status",
        "target",
        "trace",
    )  # fmt: skip

    def __init__(self, target: Target, headers: Mapping[bytes, bytes], body: bytes, arrived: float) -> None:
        self.target = target
        self.headers = headers
        self.body = body
        self.arrived = arrived
        self.status = 500
        self.reply = b""
        self.reply_type = JSON
        self.extra: list[Header] = []
        self.key = ""
        self.request_id = ""
        self.trace = b""
        self.request: InferRequest | None = None
        self.rows = 0
        self.input_sha256 = ""
        self.output_sha256 = ""
        self.problem: Problem | None = None

    def fail(self, problem: Problem) -> None:
        """Make the problem the response."""
        self.problem = problem
        self.status = problem.status
        self.reply = problem.render(self.request_id)
        self.reply_type = CONTENT_TYPE
        self.extra.extend(problem.headers)
