"""Predictions: from a complete request to a complete response, many at a time. The hot path; no I/O here.

Requests that arrived together are answered together: the rows of all of them go through the model in one call, because
a call costs far more than a row. Nothing waits for company; a request that is alone is answered alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle.rows import Rows
from service.server.audit.receipts import Receipt, Receipts
from service.server.auth import Gate
from service.server.exchange import BINARY, Exchange
from service.server.faults import Faults
from service.server.listeners import Listener
from service.server.models import Answers, BrokenModel, ServedModel, internal_error
from service.server.protocol import tensors
from service.server.protocol.bodies import decompress
from service.server.protocol.problems import AUDIT_STALLED, FAULT, Problem
from service.server.protocol.tensor_elements import encode_bytes

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_AMAZON_ROOT = re.compile(rb"Root=([A-Za-z0-9._:-]{1,64})")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Endpoint:
    """Answers exchanges. Everything with an effect is handed in; `clock` gives Unix seconds.

    `accepts` says whether so many predictions may be given now, that is: whether their audit records have room.
    """

    def __init__(
        self,
        *,
        site: str,
        replica: str,
        gate: Gate,
        receipts: Receipts,
        faults: Faults,
        accepts: Callable[[int], bool],
        listeners: Sequence[Listener],
        max_rows: int,
        max_body_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._site = site
        self._gate = gate
        self._receipts = receipts
        self._faults = faults
        self._accepts = accepts
        self._listeners = tuple(listeners)
        self._max_rows = max_rows
        self._max_body_bytes = max_body_bytes
        self._clock = clock
        # A prefix of this process and a running number: unique, and cheaper than random bits for each request.
        self._id_prefix = hashlib.sha256(f"{site}/{replica}/{clock()}".encode()).hexdigest()[:12]
        self._count = 0

    def admit(self, exchange: Exchange) -> None:
        """Name the request and admit its caller, by the headers alone. Raises Problem."""
        self._name(exchange)
        exchange.key = self._gate.admit(exchange.headers, exchange.arrived)

    def answer(self, exchanges: Sequence[Exchange]) -> None:
        """Give every exchange its response. Never raises: what goes wrong becomes that exchange's 500."""
        waiting: dict[int, list[Exchange]] = {}
        accepted = self._accepts(len(exchanges))
        for exchange in exchanges:
            try:
                self._open(exchange, accepted)
            except Problem as problem:
                exchange.fail(problem)
            except Exception as error:
                self._break(exchange, error)
            else:
                waiting.setdefault(id(exchange.target.model), []).append(exchange)
        for group in waiting.values():
            self._infer(group)
        self.close(exchanges)

    def close(self, exchanges: Sequence[Exchange]) -> None:
        """Tell every listener how it went; also for what was refused before it came to `answer`."""
        finished = self._clock()
        for listener in self._listeners:
            listener.answered(exchanges, finished)

    def _open(self, exchange: Exchange, accepted: bool) -> None:
        """Decode the body of an admitted request. Raises Problem."""
        if not exchange.key:
            raise PermissionError("a request was to be answered that nobody had admitted")
        headers = exchange.headers
        if not accepted:
            raise Problem(AUDIT_STALLED, "its sink does not take records", headers=[(b"retry-after", b"1")])
        if self._faults.draws_error():
            raise Problem(FAULT, "a drill asked for server errors at this site")
        body = exchange.body
        if b"content-encoding" in headers:
            body = decompress(headers, body, self._max_body_bytes)
        target = exchange.target
        request = target.codec.decode(target.model, headers, body, self._max_rows)
        exchange.request = request
        exchange.rows = len(request.rows)

    def _name(self, exchange: Exchange) -> None:
        """The caller's request id and trace where they are well formed, else a load balancer's id, or a new one."""
        given = exchange.headers.get(b"x-request-id")
        if given is None or not _REQUEST_ID.fullmatch(given):
            given = _drawn_by_balancer(exchange.headers.get(b"x-amzn-trace-id"))
        if given is not None:
            exchange.request_id = given.decode()
        else:
            self._count += 1
            exchange.request_id = f"{self._id_prefix}-{self._count:x}"
        trace = exchange.headers.get(b"traceparent")
        if trace is not None and _TRACEPARENT.fullmatch(trace):
            exchange.trace = trace
            exchange.extra.append((b"traceparent", trace))

    def _infer(self, group: Sequence[Exchange]) -> None:
        """Answer exchanges of one model with one call of it; each alone, should one of them spoil that."""
        model = group[0].target.model
        requests = [exchange.request for exchange in group if exchange.request is not None]
        together = requests[0].rows if len(requests) == 1 else np.concatenate([request.rows for request in requests])
        try:
            rows = tensors.as_model_input(together, model.manifest.input)
            started = self._clock()
            answers = model.infer(rows)
        except Exception as error:
            if len(group) > 1:
                for exchange in group:
                    self._infer([exchange])
            elif isinstance(error, Problem):
                group[0].fail(error)
            else:
                group[0].everywhere = self._fails_again(model, together)
                self._break(group[0], error)
            return
        seconds = self._clock() - started
        for listener in self._listeners:
            listener.inferred(model, rows, answers, seconds)
        self._share(group, model, rows, answers)

    def _fails_again(self, model: ServedModel, together: NDArray[Any]) -> bool:
        """Whether it is the rows on which the model fails, and not this replica: the same model is at every site."""
        try:
            model.infer(tensors.as_model_input(together, model.manifest.input))
        except Exception:
            return True
        return False

    def _share(self, group: Sequence[Exchange], model: ServedModel, rows: Rows, answers: Answers) -> None:
        """Hand each exchange its part of the rows as the model saw them, and of the answers."""
        digest = model.digest
        start = 0
        for exchange in group:
            end = start + exchange.rows
            mine = Answers(answers.labels[start:end], answers.probabilities[start:end])
            try:
                exchange.input_sha256 = hashlib.sha256(tensors.canonical_input(rows[start:end])).hexdigest()
                exchange.output_sha256 = hash_answers(mine.labels, mine.probabilities)
                self._encode(exchange, model, digest, mine)
            except Exception as error:
                self._break(exchange, error)
            start = end

    def _encode(self, exchange: Exchange, model: ServedModel, digest: str, answers: Answers) -> None:
        request = exchange.request
        if request is None:  # only decoded exchanges come here
            raise BrokenModel("an exchange without a request was answered")
        receipt = self._sign(exchange, model, digest, answers) if self._receipts.enabled else None
        exchange.reply, json_length = exchange.target.codec.encode(model, request, answers, receipt)
        exchange.status = 200
        if json_length is not None:
            exchange.reply_type = BINARY
            exchange.extra.append((tensors.HEADER_LENGTH, str(json_length).encode()))

    def _sign(self, exchange: Exchange, model: ServedModel, digest: str, answers: Answers) -> str:
        return self._receipts.sign(
            Receipt(
                exchange.request_id,
                model.name,
                model.version,
                digest,
                exchange.input_sha256,
                exchange.output_sha256,
                tuple(answers.labels),
                round(exchange.arrived, 3),
                self._site,
                exchange.key,
            )
        )

    def _break(self, exchange: Exchange, error: Exception) -> None:
        for listener in self._listeners:
            listener.failed(error)
        exchange.fail(internal_error())


def hash_answers(labels: Sequence[str], probabilities: NDArray[np.float32]) -> str:
    """Hex SHA-256 over the labels and the probabilities as binary tensor data, in this order."""
    return hashlib.sha256(encode_bytes(labels) + probabilities.tobytes()).hexdigest()


def _drawn_by_balancer(header: bytes | None) -> bytes | None:
    """The id by which AWS's load balancer writes the request into its access log, where it drew that itself.

    It keeps a caller's root and adds a field before it; such a root may be that of many requests.
    docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    found = _AMAZON_ROOT.fullmatch(header) if header else None
    return found[1] if found else None
