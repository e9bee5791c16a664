"""One request for a prediction on its way: the model that its path names, what came, what goes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from service.server.models import Answers, ServedModel
from service.server.protocol.bodies import Body
from service.server.protocol.problems import OVERLOADED, Problem, media_type, overloaded
from service.server.protocol.tensors import InferRequest

JSON = b"application/json"
BINARY = b"application/octet-stream"

Header = tuple[bytes, bytes]


class Codec(Protocol):
    """One way of asking for a prediction: the Open Inference Protocol, or the plain door."""

    route: str

    def decode(self, model: ServedModel, headers: Mapping[bytes, bytes], body: Body, max_rows: int) -> InferRequest:
        """Raises Problem."""

    def encode(
        self, model: ServedModel, request: InferRequest, answers: Answers, receipt: str | None
    ) -> tuple[bytes, int | None]:
        """The body, and the length of its JSON where binary data follows."""


class Target(NamedTuple):
    """What a path stands for: a model, and the way in which it is asked."""

    model: ServedModel
    codec: Codec


class Exchange:
    """One request for a prediction and, once `answer` has run, its response. Times are Unix seconds.

    `caller` is the address that the request came from, as text; `key` the name of its API key, "" until that is known.
    `everywhere`: it failed, and failed again when it was repeated, so it would at every site.
    """

    __slots__ = (
        "arrived",
        "body",
        "caller",
        "everywhere",
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

    def __init__(
        self, target: Target, headers: Mapping[bytes, bytes], body: bytes, arrived: float, caller: str = ""
    ) -> None:
        self.target = target
        self.headers = headers
        self.body: Body = body
        self.arrived = arrived
        self.caller = caller
        self.status = 500
        self.reply = b""
        self.reply_type = JSON
        self.everywhere = False
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
        self.reply = _OVERLOADED if problem is SHED else problem.render(self.request_id)
        self.reply_type = media_type(self.headers.get(b"accept", b""), self.target.codec.route)
        self.extra.extend(problem.headers)

    @property
    def shed(self) -> bool:
        """Whether it was turned away for load."""
        return self.problem is not None and self.problem.kind is OVERLOADED


SHED = overloaded()
_OVERLOADED = SHED.render()  # made once: refusing must cost next to nothing
