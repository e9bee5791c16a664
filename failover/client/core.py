"""What the blocking and the asynchronous endpoint share: settings, what is sent, and how an answer is taken."""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from failover.client import receipts
from failover.client.answers import Inference, Prediction, Reply, judge, read_inference, read_prediction, render_rows
from failover.client.calls import Attempt, Balancer, Call
from failover.client.directory import Directory
from failover.client.errors import EndpointError, Failed, NoAddress, NoAnswer, ReceiptMismatch
from failover.client.names import Names
from failover.client.policy import Policy
from failover.client.tracing import SILENT, Sent, Trace, Tracing

T = TypeVar("T")
Answer = TypeVar("Answer", Prediction, Inference)
IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
AGENT = "outlast-client"


@dataclass(frozen=True)
class Reach:
    """How sites are reached: which name server is asked, which port is dialled, which authorities are trusted."""

    nameserver: str | None = None
    """None: those that the system is configured with."""
    dns_port: int = 53
    port: int = 443
    ca_file: Path | None = None
    """Trusted beside the system's authorities."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Reach:
        """Read `OUTLAST_NAMESERVER`, `OUTLAST_PORT_OFFSET`, `OUTLAST_CA_FILE`, as `outlast shell` sets them."""
        offset = int(environ.get("OUTLAST_PORT_OFFSET") or 0)
        ca_file = environ.get("OUTLAST_CA_FILE")
        return cls(
            nameserver=environ.get("OUTLAST_NAMESERVER") or None,
            dns_port=53 + offset,
            port=443 + offset,
            ca_file=Path(ca_file) if ca_file else None,
        )

    def ssl_context(self) -> ssl.SSLContext:
        """A context that verifies certificates."""
        context = ssl.create_default_context()
        if self.ca_file is not None:
            context.load_verify_locations(cafile=str(self.ca_file))
        return context


@dataclass(frozen=True)
class Request(Generic[T]):
    """What is sent, and how its answer is read; `read` raises Failed where another site may do better."""

    method: str
    path: str
    body: bytes
    idempotent: bool
    read: Callable[[Reply], T]
    deadline_seconds: float | None = None


@dataclass
class Core:
    """An endpoint without its input and output."""

    host: str
    api_key: str = field(repr=False)
    reach: Reach
    policy: Policy
    check_receipts: bool
    directory: Directory
    balancer: Balancer
    names: Names
    tracing: Tracing
    metadata: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        host: str,
        api_key: str,
        *,
        second_host: str | None,
        sites: Sequence[str],
        policy: Policy | None,
        reach: Reach | None,
        check_receipts: bool,
        tracer: Any = None,
    ) -> Core:
        """The core of an endpoint on the machine's own clock."""
        policy, reach, chance = policy or Policy(), reach or Reach(), random.Random()
        now = time.monotonic
        directory = Directory(host, second_host=second_host, sites=sites, now=now, chance=chance)
        balancer, names = Balancer(policy, now, chance), Names(reach.nameserver, reach.dns_port)
        return cls(host, api_key, reach, policy, check_receipts, directory, balancer, names, Tracing(tracer))

    # -- calls -------------------------------------------------------------------------------------------------------

    def open_call(self, request: Request[Any], trace: Trace = SILENT) -> Call:
        """A call that begins now. Raises NoAddress where no site is known."""
        if not self.directory.sites:
            raise NoAddress(
                f"DNS names no site of {self.host}",
                hint="check the name, and that the name server answers; a second_host in another provider's zone "
                "helps where this one is dark",
            )
        deadline = self.balancer.now() + (request.deadline_seconds or self.policy.deadline_seconds)
        return Call(self.balancer, lambda: self.directory.sites, request.idempotent, deadline, trace=trace)

    def url(self, attempt: Attempt, request: Request[Any]) -> str:
        """Where an attempt goes: an address; name and certificate are those of the host."""
        address = f"[{attempt.address}]" if ":" in attempt.address else attempt.address
        return f"https://{address}:{self.reach.port}{request.path}"

    def headers(self, attempt: Attempt, request: Request[Any]) -> dict[str, str]:
        """The headers of an attempt."""
        headers = {"host": attempt.site.host, "user-agent": AGENT, "accept": "application/json"}
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        if request.body:
            headers["content-type"] = "application/json"
        return headers

    def trace_dns(self, trace: Trace) -> AbstractContextManager[None]:
        """A span while a call waits for DNS."""
        return trace.resolve(self.host, lambda: {site.name: site.addresses for site in self.directory.sites})

    def trace_attempt(self, call: Call, request: Request[Any], attempt: Attempt) -> AbstractContextManager[Sent]:
        """A span of one attempt, and what is sent with it."""
        site = attempt.site
        return call.trace.attempt(request.method, request.path, host=site.host, site=site.name, address=attempt.address)

    def no_answer(self, call: Call, latest: Failed | None) -> EndpointError:
        """Why a call has to end."""
        if latest is not None and isinstance(latest.__cause__, ReceiptMismatch):
            return latest.__cause__
        return NoAnswer(
            f"no site of {self.host} answered within {self.balancer.now() - call.began:.2f} s",
            call.tries,
            hint="`outlast status` shows the sites; a longer deadline_seconds lets slow answers arrive",
        )

    # -- what is asked -----------------------------------------------------------------------------------------------

    def ask_prediction(self, features: Mapping[str, Any], model: str, deadline_seconds: float | None) -> Request[Any]:
        """One row by names. Predictions have no effect, so they are idempotent although they are POSTed."""
        body = json.dumps({"features": dict(features)}, separators=(",", ":")).encode()

        def read(reply: Reply) -> Prediction:
            found = read_prediction(reply)
            self._check(found, found.probabilities.values(), (found.label,), self._row(features, found))
            return found

        return Request("POST", f"/predict/{model}" if model else "/predict", body, True, read, deadline_seconds)

    def ask_inference(self, model: str, rows: Sequence[Sequence[Any]], deadline_seconds: float | None) -> Request[Any]:
        """Rows by the Open Inference Protocol; the model's metadata is known."""
        body = render_rows(self.metadata[model]["inputs"], rows)

        def read(reply: Reply) -> Inference:
            found = read_inference(reply)
            shares = [share for row in found.probabilities for share in row]
            self._check(found, shares, found.labels, rows if self.knows(found) else None)
            return found

        return Request("POST", f"/v2/models/{model}/infer", body, True, read, deadline_seconds)

    def ask_metadata(self, model: str) -> Request[Mapping[str, Any]]:
        """What columns and tensors a model has."""
        return Request("GET", f"/v2/models/{model}", b"", True, _read_metadata)

    def ask(
        self, method: str, path: str, body: bytes, idempotent: bool | None, deadline_seconds: float | None
    ) -> Request[Reply]:
        """Any request; judged by its status alone."""
        safe = method in IDEMPOTENT if idempotent is None else idempotent
        return Request(method, path, body, safe, lambda reply: reply, deadline_seconds)

    # -- receipts ----------------------------------------------------------------------------------------------------

    def knows(self, found: Prediction | Inference) -> bool:
        """Whether the columns of the version that answered are known."""
        known = self.metadata.get(found.model)
        return known is not None and known["parameters"]["version"] == found.version

    def needs_metadata(self, found: Prediction | Inference) -> bool:
        """Whether an answer's receipt could not be compared with the rows yet."""
        return self.check_receipts and found.receipt is not None and not self.knows(found)

    def check_row(self, found: Prediction, features: Mapping[str, Any]) -> None:
        """Compare a receipt with the row, once the model's columns are known. Raises ReceiptMismatch."""
        self._compare(found, self._row(features, found))

    def check_rows(self, found: Inference, rows: Sequence[Sequence[Any]]) -> None:
        """The same for rows."""
        self._compare(found, rows if self.knows(found) else None)

    def _row(self, features: Mapping[str, Any], found: Prediction) -> list[list[Any]] | None:
        if not self.knows(found):
            return None
        columns = self.metadata[found.model]["parameters"]["columns"]
        return [[features.get(column["name"]) for column in columns]]

    def _check(
        self, found: Prediction | Inference, shares: Any, labels: Sequence[str], rows: Sequence[Sequence[Any]] | None
    ) -> None:
        """Compare a receipt with the answer and, where they are known, the rows. Raises Failed: another site may do."""
        if not self.check_receipts or found.receipt is None:
            return
        try:
            receipt = receipts.read_receipt(found.receipt)
            receipts.check_output(receipt, labels, shares, model=found.model, version=found.version)
            if rows is not None:
                receipts.check_input(receipt, self.metadata[found.model], rows)
        except ReceiptMismatch as error:
            raise Failed(error.what) from error

    def _compare(self, found: Prediction | Inference, rows: Sequence[Sequence[Any]] | None) -> None:
        if rows is not None and found.receipt is not None:
            receipts.check_input(receipts.read_receipt(found.receipt), self.metadata[found.model], rows)


def _read_metadata(reply: Reply) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = json.loads(reply.body)
        if not (told["inputs"] and told["parameters"]["columns"] and told["parameters"]["version"]):
            raise KeyError("inputs, columns or version")
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(f"no metadata of a model: {error}") from error
    return told


def take_reply(request: Request[T], reply: Reply) -> T:
    """The answer in a reply. Raises Failed or RequestRefused."""
    judge(reply)
    return request.read(reply)


def with_tries(answer: T, call: Call) -> T:
    """The answer with the attempts that it took, where it has a place for them."""
    if isinstance(answer, Prediction | Inference):
        return replace(answer, tries=tuple(call.tries))
    return answer
