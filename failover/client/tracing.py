"""Spans of a call where its caller gives an OpenTelemetry tracer: the call, DNS, each attempt and its connection.

Every attempt carries the trace on: `traceparent` makes the site's span a child of the attempt's, and `x-request-id` is
the trace's id, by which `outlast logs --request` finds what every replica, load balancer and ingress wrote of the call.
Without a tracer nothing of OpenTelemetry is imported, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

# What httpcore tells of a new connection -> the name of a span. A connection that was kept has neither.
_CONNECTING = {"connection.connect_tcp": "connect", "connection.start_tls": "TLS handshake"}


class Sent:
    """One attempt's span, the headers that carry it on, and what hears of its connection. Silent without a tracer."""

    def __init__(self, tracer: Any = None, span: Any = None, context: Any = None) -> None:
        self.headers: dict[str, str] = {}
        self._tracer, self._span, self._context = tracer, span, context
        self._open: dict[str, Any] = {}
        if span is not None and span.get_span_context().is_valid:
            propagation = import_module("opentelemetry.trace.propagation.tracecontext")
            propagation.TraceContextTextMapPropagator().inject(self.headers, context)
            trace = format(span.get_span_context().trace_id, "032x")
            # AWS's load balancer writes this one down and no other: its own form of the same id.
            self.headers |= {"x-request-id": trace, "x-amzn-trace-id": f"Root=1-{trace[:8]}-{trace[8:]}"}

    @property
    def extensions(self) -> dict[str, Any]:
        """What a blocking request is sent with, beside its own."""
        return {} if self._span is None else {"trace": self._hear}

    @property
    def extensions_async(self) -> dict[str, Any]:
        """The same for one that is awaited."""

        async def hear(event: str, info: dict[str, Any]) -> None:
            self._hear(event, info)

        return {} if self._span is None else {"trace": hear}

    def answered(self, status: int) -> None:
        """The site's status came."""
        if self._span is not None:
            self._span.set_attribute("http.response.status_code", status)

    def end(self, why: str = "") -> None:
        """The attempt is over; `why` it failed."""
        for span in self._open.values():
            _end(span, "given up")
        if self._span is not None:
            _end(self._span, why)

    def _hear(self, event: str, info: dict[str, Any]) -> None:
        what, _, state = event.rpartition(".")
        if what not in _CONNECTING:
            return
        if state == "started":
            self._open[what] = self._tracer.start_span(_CONNECTING[what], context=self._context)
        elif (span := self._open.pop(what, None)) is not None:
            _end(span, str(info.get("exception", "")) or "failed" if state == "failed" else "")


class Trace:
    """One call's span. Its attempts may run in other threads and tasks, so it is handed on, and not looked up."""

    def __init__(self, tracer: Any = None, span: Any = None) -> None:
        self._tracer, self._span = tracer, span
        self._context = None if span is None else import_module("opentelemetry.trace").set_span_in_context(span)

    @contextmanager
    def resolve(self, host: str, sites: Callable[[], Mapping[str, Sequence[str]]]) -> Iterator[None]:
        """A span while DNS is waited for; afterwards it says which sites are known, at which addresses."""
        if self._span is None:
            yield
            return
        span = self._tracer.start_span("DNS", context=self._context, attributes={"dns.question.name": host})
        try:
            yield
        finally:
            known = sites()
            span.set_attribute("outlast.sites", list(known))
            span.set_attribute("dns.answers", [address for found in known.values() for address in found])
            _end(span, "" if known else "no site is known")

    @contextmanager
    def attempt(self, method: str, path: str, *, host: str, site: str, address: str) -> Iterator[Sent]:
        """A span of one attempt: at which site and address, and how it ended."""
        if self._span is None:
            yield Sent()
            return
        trace = import_module("opentelemetry.trace")
        about = {"http.request.method": method, "url.path": path, "server.address": host}
        about |= {"network.peer.address": address, "outlast.site": site}
        span = self._tracer.start_span(
            f"{method} {path}", context=self._context, kind=trace.SpanKind.CLIENT, attributes=about
        )
        sent = Sent(self._tracer, span, trace.set_span_in_context(span))
        with _ending(sent.end):
            yield sent

    def answered(self, site: str, attempts: int) -> None:
        """Which site's answer counts, after how many attempts."""
        if self._span is not None:
            self._span.set_attribute("outlast.site", site)
            self._span.set_attribute("outlast.attempts", attempts)


class Tracing:
    """Begins the span of each call, under the caller's current one."""

    def __init__(self, tracer: Any = None) -> None:
        self._tracer = tracer

    @contextmanager
    def call(self, host: str, method: str, path: str) -> Iterator[Trace]:
        """One call, from DNS to its answer."""
        if self._tracer is None:
            yield SILENT
            return
        about = {"server.address": host, "http.request.method": method, "url.path": path}
        span = self._tracer.start_span(f"outlast {method} {path}", attributes=about)
        with _ending(partial(_end, span)):
            yield Trace(self._tracer, span)


SILENT = Trace()


@contextmanager
def _ending(end: Callable[[str], None]) -> Iterator[None]:
    """Ends a span when what it spans is over, however that ends."""
    try:
        yield
    except BaseException as error:
        end(f"{type(error).__name__}: {error}".partition("\n")[0])
        raise
    end("")


def _end(span: Any, why: str) -> None:
    if why:
        trace = import_module("opentelemetry.trace")
        span.set_status(trace.StatusCode.ERROR, why)
    span.end()
