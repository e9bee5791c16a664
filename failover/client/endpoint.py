"""A client of one endpoint behind several sites that outlives the loss of a site, and of its DNS.

    with Endpoint("api.example.com", api_key) as endpoint:
        answer = endpoint.predict({"mean_radius": 17.99, …})
        answer.label, answer.probabilities, answer.site, answer.receipt

It needs httpx and dnspython, nothing else. One object is for many calls and for all threads: it keeps connections, what
DNS said, and what it knows of each site. docs/guides/call-the-endpoint.md tells what it does and when.
"""

from __future__ import annotations

import json as jsonlib
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Self, TypeVar

import httpx

from failover.client.answers import Inference, Prediction, Reply
from failover.client.calls import Attempt, Call, Site
from failover.client.core import Core, Reach, Request, take_reply, with_tries
from failover.client.directory import Question
from failover.client.errors import Failed, RequestRefused
from failover.client.policy import Policy
from failover.client.tracing import SILENT, Sent, Trace
from failover.connection import DialTransport

T = TypeVar("T")
CONNECTIONS = 100
KEEP_SECONDS = 30.0  # an idle connection; less than what load balancers keep


class Endpoint:
    """Asks the site that DNS names, and another one where that one fails. Thread-safe; close it, or use `with`.

    Args:
        host: the public host.
        api_key: sent as a bearer token; "" sends none.
        second_host: another name of the same sites, best in a zone of another provider: used where the first has none.
        sites: the sites' own names, such as `aws.api.example.com`, where no SRV record lists them.
        policy: deadlines, retries, hedging.
        reach: name server, port and authorities, where they are not the system's.
        check_receipts: compare the digests in each receipt with what was sent and received.
        tracer: OpenTelemetry's, for a span of each call, its attempts and connections; the sites' spans are below them.
    """

    def __init__(
        self,
        host: str,
        api_key: str = "",
        *,
        second_host: str | None = None,
        sites: Sequence[str] = (),
        policy: Policy | None = None,
        reach: Reach | None = None,
        check_receipts: bool = True,
        tracer: Any = None,
    ) -> None:
        self._core = Core.build(
            host,
            api_key,
            second_host=second_host,
            sites=sites,
            policy=policy,
            reach=reach,
            check_receipts=check_receipts,
            tracer=tracer,
        )
        self._transport = DialTransport(
            addresses=lambda address: (address,),
            port_offset=0,
            ssl_context=self._core.reach.ssl_context(),
            fresh=False,
            deadline_seconds=self._core.policy.deadline_seconds,
            connections=CONNECTIONS,
            keep_seconds=KEEP_SECONDS,
        )
        self._asking = threading.Lock()
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="outlast-hedge")  # none until one is needed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._threads.shutdown(wait=True)
        self._transport.close()

    # -- calls -------------------------------------------------------------------------------------------------------

    def predict(
        self, features: Mapping[str, Any], *, model: str = "", deadline_seconds: float | None = None
    ) -> Prediction:
        """The answer to one row, by names; without `model` that of the endpoint's default model.

        Raises:
            RequestRefused: the row or the key is wrong.
            NoAnswer, NoAddress: no site answered in time; none is known.
            ReceiptMismatch: the answer's receipt is not about what was sent and received.
        """
        found: Prediction = self._call(self._core.ask_prediction(features, model, deadline_seconds))
        if self._core.needs_metadata(found):
            self.metadata(found.model, anew=True)
            self._core.check_row(found, features)
        return found

    def infer(self, model: str, rows: Sequence[Sequence[Any]], *, deadline_seconds: float | None = None) -> Inference:
        """The answers to rows, each in the order of the model's columns. Raises as `predict` does."""
        self.metadata(model)
        try:
            found: Inference = self._call(self._core.ask_inference(model, rows, deadline_seconds))
        except RequestRefused:
            self._core.metadata.pop(model, None)  # another version may take other rows
            raise
        if self._core.needs_metadata(found):
            self.metadata(found.model, anew=True)
            self._core.check_rows(found, rows)
        return found

    def metadata(self, model: str, *, anew: bool = False) -> Mapping[str, Any]:
        """Columns, tensors and version of a model; asked for once."""
        known = self._core.metadata
        if anew or model not in known:
            known[model] = self._call(self._core.ask_metadata(model))
        return known[model]

    def feedback(self, receipt: str, truth: str | Sequence[str]) -> None:
        """Give a receipt back with what was true. Idempotent: readers count each receipt once."""
        told = truth if isinstance(truth, str) else list(truth)
        self.request("POST", "/feedback", json={"receipt": receipt, "truth": told}, idempotent=True)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        idempotent: bool | None = None,
        deadline_seconds: float | None = None,
    ) -> Reply:
        """Any request. One that is not `idempotent` goes to another site only where no connection was made.

        `idempotent` is by the method when absent: GET, HEAD, PUT, DELETE, OPTIONS are, POST and PATCH are not.
        """
        body = b"" if json is None else jsonlib.dumps(json, separators=(",", ":")).encode()
        return self._call(self._core.ask(method, path, body, idempotent, deadline_seconds))

    def sites(self) -> tuple[Site, ...]:
        """The sites that are known now, in the order in which a call would ask them."""
        self._look_up()
        return self._core.directory.sites

    # -- inside ------------------------------------------------------------------------------------------------------

    def _call(self, request: Request[T]) -> T:
        with self._core.tracing.call(self._core.host, request.method, request.path) as trace:
            self._look_up(trace)
            call, latest = self._core.open_call(request, trace), None
            while (attempt := call.next()) is not None:
                try:
                    if self._core.policy.hedge_after_seconds is not None and request.idempotent:
                        return self._race(call, request, attempt)
                    return self._try(call, request, attempt)
                except Failed as failure:
                    latest = failure
            raise self._core.no_answer(call, latest)

    def _try(self, call: Call, request: Request[T], attempt: Attempt) -> T:
        """Send one attempt, and say how it ended. Raises Failed where another may follow."""
        try:
            with self._core.trace_attempt(call, request, attempt) as sent:
                answer = take_reply(request, self._send(attempt, request, sent))
        except Failed as failure:
            call.failed(attempt, failure)
            raise
        except RequestRefused:
            call.answered(attempt)
            raise
        except BaseException:
            call.called_off(attempt)
            raise
        call.answered(attempt)
        call.trace.answered(attempt.site.name, len(call.tries))
        return with_tries(answer, call)

    def _race(self, call: Call, request: Request[T], first: Attempt) -> T:
        """Send one attempt and, when it takes long, a second; the first answer counts. Raises Failed with the last."""
        running: set[Future[T]] = {self._threads.submit(self._try, call, request, first)}
        done, _ = wait(running, timeout=self._core.policy.hedge_after_seconds)
        if not done and (second := call.next()) is not None:
            running.add(self._threads.submit(self._try, call, request, second))
        while True:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            told = next((future for future in done if not isinstance(future.exception(), Failed)), None)
            if told is not None or not running:
                return (told or done.pop()).result()

    def _send(self, attempt: Attempt, request: Request[Any], traced: Sent) -> Reply:
        if attempt.pause_seconds:
            time.sleep(attempt.pause_seconds)
        host = attempt.site.host
        extensions = {
            "sni_hostname": host,
            "deadline_seconds": attempt.seconds,
            "timeout": {"pool": attempt.seconds},
            **traced.extensions,
        }
        sent = httpx.Request(
            request.method,
            self._core.url(attempt, request),
            headers=self._core.headers(attempt, request) | traced.headers,
            content=request.body,
            extensions=extensions,
        )
        try:
            response = self._transport.handle_request(sent)
            try:
                body = response.read()
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Failed(f"{type(error).__name__}: {error}", sent=False) from error
        except (httpx.HTTPError, OSError) as error:
            raise Failed(f"{type(error).__name__}: {error}") from error
        traced.answered(response.status_code)
        return Reply(response.status_code, response.headers, body, attempt.site.name)

    # -- DNS ---------------------------------------------------------------------------------------------------------

    def _look_up(self, trace: Trace = SILENT) -> None:
        """Ask DNS what is due: behind the calls where an address is known that may still be right."""
        directory = self._core.directory
        if not directory.due():
            return
        if directory.must_wait():
            policy = self._core.policy
            seconds = policy.dns_seconds if directory.sites else policy.deadline_seconds / 2
            with self._core.trace_dns(trace):
                self._ask_first(seconds)
        elif self._asking.acquire(blocking=False):
            threading.Thread(target=self._ask_behind, name="outlast-dns", daemon=True).start()

    def _ask_first(self, seconds: float) -> None:
        if self._asking.acquire(timeout=seconds):  # whoever asks already may wait for longer than this call
            try:
                self._ask(seconds)
            finally:
                self._asking.release()

    def _ask_behind(self) -> None:
        try:
            self._ask(self._core.policy.deadline_seconds)
        finally:
            self._asking.release()

    def _ask(self, seconds: float) -> None:
        """Ask what is due, and what the answers make due, within `seconds`."""
        directory, over = self._core.directory, time.monotonic() + seconds
        asked: set[Question] = set()
        while (left := over - time.monotonic()) > 0:
            question = next((q for q in directory.due() if q not in asked), None)
            if question is None:
                return
            asked.add(question)
            directory.take(question, self._core.names.ask(question, left / 2))
