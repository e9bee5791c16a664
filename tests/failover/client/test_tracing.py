"""One trace over DNS, attempts, connections and sites; without a tracer nothing is sent, and nothing is imported."""

from __future__ import annotations

import importlib
import re
import time
from typing import Any

import pytest

from failover.client import Endpoint, NoAddress, Policy
from failover.client.tracing import Tracing
from failover.logs.access import root_of
from failover.logs.lines import REQUEST_ID
from service.server.endpoint import _TRACEPARENT
from tests.failover.client.conftest import ADDRESSES, FEATURES, QUICK, H, Make, World
from tests.failover.simulator.site import Site

SENT = re.compile(r"\r\n(traceparent|x-request-id|x-amzn-trace-id): (\S+)", re.IGNORECASE)


class Spans:
    """A tracer whose spans stay in memory."""

    def __init__(self) -> None:
        pytest.importorskip("opentelemetry.sdk.trace", reason="the extra `tracing` is not installed")
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        memory = importlib.import_module("opentelemetry.sdk.trace.export.in_memory_span_exporter")
        self._exporter = memory.InMemorySpanExporter()
        provider = sdk.TracerProvider()
        provider.add_span_processor(export.SimpleSpanProcessor(self._exporter))
        self.tracer = provider.get_tracer("test")

    @property
    def all(self) -> list[Any]:
        """Those that ended, as they began."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time)

    def named(self, name: str) -> list[Any]:
        return [span for span in self.all if span.name == name]


def _id(span: Any) -> str:
    return format(span.context.trace_id, "032x")


def _sent(site: Site) -> list[dict[str, str]]:
    return [{name.lower(): value for name, value in SENT.findall(head)} for head in site.seen]


def test_dns_attempt_and_connection_are_spans_of_one_trace(make: Make, sites: dict[str, Site]) -> None:
    spans = Spans()
    make(tracer=spans.tracer).predict(FEATURES)
    call, resolved, attempt, connect, handshake = spans.all
    assert [span.name for span in spans.all] == [
        *("outlast POST /predict", "DNS", "POST /predict", "connect", "TLS handshake")
    ]
    assert len({_id(span) for span in spans.all}) == 1
    parents = [span.parent and span.parent.span_id for span in spans.all]
    assert parents == [None, *[call.context.span_id] * 2, *[attempt.context.span_id] * 2]
    assert f"aws.{H}" in resolved.attributes["outlast.sites"]
    assert ADDRESSES["aws"] in resolved.attributes["dns.answers"]
    assert attempt.attributes["network.peer.address"] == ADDRESSES["aws"]
    assert (attempt.attributes["outlast.site"], attempt.attributes["http.response.status_code"]) == (f"aws.{H}", 200)
    assert (call.attributes["outlast.site"], call.attributes["outlast.attempts"]) == (f"aws.{H}", 1)
    assert connect.end_time <= handshake.start_time


def test_a_site_is_told_the_trace_as_the_service_reads_it(make: Make, sites: dict[str, Site]) -> None:
    spans = Spans()
    make(tracer=spans.tracer).predict(FEATURES)
    (sent,) = _sent(sites["aws"])
    (attempt,) = spans.named("POST /predict")
    assert _TRACEPARENT.fullmatch(sent["traceparent"].encode())
    assert sent["traceparent"].split("-")[1:3] == [_id(attempt), format(attempt.context.span_id, "016x")]
    assert sent["x-request-id"] == _id(attempt)
    assert sent["x-amzn-trace-id"] == f"Root={root_of(_id(attempt))}", "what is looked for in an access log of AWS"
    assert REQUEST_ID.fullmatch(sent["x-request-id"]), "what `outlast logs --request` takes"


def test_an_attempt_that_failed_is_a_span_beside_the_one_that_answered(make: Make, sites: dict[str, Site]) -> None:
    spans = Spans()
    sites["aws"].status = "503 Service Unavailable"
    make(tracer=spans.tracer).predict(FEATURES)
    failed, answered = spans.named("POST /predict")
    assert (failed.status.is_ok, failed.attributes["http.response.status_code"]) == (False, 503)
    assert (answered.status.is_ok, answered.attributes["outlast.site"]) == (True, f"azure.{H}")
    assert _sent(sites["aws"])[0]["x-request-id"] == _sent(sites["azure"])[0]["x-request-id"] == _id(answered)
    assert spans.named("outlast POST /predict")[0].attributes["outlast.attempts"] == 2


def test_a_refused_connection_is_a_failed_span(make: Make, sites: dict[str, Site]) -> None:
    spans = Spans()
    sites["aws"].stop()
    make(tracer=spans.tracer).predict(FEATURES)
    refused, connected = spans.named("connect")
    assert (refused.status.is_ok, connected.status.is_ok) == (False, True)


def test_a_hedged_call_has_both_attempts_below_it(make: Make, sites: dict[str, Site]) -> None:
    spans = Spans()
    sites["aws"].delay_seconds = 0.4
    policy = Policy(deadline_seconds=4.0, attempt_seconds=2.0, hedge_after_seconds=0.05)
    caller = make(tracer=spans.tracer, policy=policy)
    assert caller.predict(FEATURES).label == "azure"
    over = time.monotonic() + 5
    while len(spans.named("POST /predict")) < 2 and time.monotonic() < over:
        time.sleep(0.01)
    (call,) = spans.named("outlast POST /predict")
    assert [span.parent.span_id for span in spans.named("POST /predict")] == [call.context.span_id] * 2


def test_a_kept_connection_and_a_known_name_are_no_spans(make: Make, sites: dict[str, Site]) -> None:
    spans = Spans()
    caller = make(tracer=spans.tracer)
    for _ in range(2):
        caller.predict(FEATURES)
    assert len(spans.named("POST /predict")) == 2
    assert [len(spans.named(name)) for name in ("DNS", "connect", "TLS handshake")] == [1, 1, 1]
    assert len({_id(span) for span in spans.all}) == 2


def test_a_name_that_is_not_there_ends_every_span(make: Make) -> None:
    spans = Spans()
    with pytest.raises(NoAddress):
        make(tracer=spans.tracer, host=f"gone.{H}", policy=QUICK).predict(FEATURES)
    resolved, call = spans.named("DNS")[0], spans.named("outlast POST /predict")[0]
    assert (resolved.status.is_ok, call.status.is_ok) == (False, False)


def test_calls_below_a_current_span_are_of_its_trace(world: World, sites: dict[str, Site]) -> None:
    spans = Spans()
    with (
        Endpoint(H, "secret", reach=world.reach, policy=QUICK, tracer=spans.tracer) as endpoint,
        spans.tracer.start_as_current_span("an order") as order,
    ):
        endpoint.predict(FEATURES)
        endpoint.predict(FEATURES)
    own = format(order.get_span_context().trace_id, "032x")
    assert {_id(span) for span in spans.all} == {own}
    assert [sent["x-request-id"] for sent in _sent(sites["aws"])] == [own, own]


def test_without_a_tracer_nothing_is_sent(make: Make, sites: dict[str, Site]) -> None:
    make().predict(FEATURES)
    assert _sent(sites["aws"]) == [{}]


def test_a_tracer_that_records_nothing_sends_nothing() -> None:
    trace = pytest.importorskip("opentelemetry.trace", reason="OpenTelemetry is not installed")
    with (
        Tracing(trace.NoOpTracer()).call(H, "GET", "/") as call,
        call.attempt("GET", "/", host=H, site="aws", address="127.0.0.1") as sent,
    ):
        assert sent.headers == {}
