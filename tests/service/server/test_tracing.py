"""OpenTelemetry: a span for each prediction, under the caller's trace; or words on how to get it."""

from __future__ import annotations

import importlib.util
import json
import time
from typing import Any

import pytest

from service.errors import InvalidInput
from service.server.exchange import Exchange
from service.server.runtime import build_runtime
from service.server.settings.table import Settings
from service.server.tracing import build_tracer
from tests.service.server.harness import INFER, infer_body, wait_for

try:
    INSTALLED = importlib.util.find_spec("opentelemetry.sdk") is not None
except ModuleNotFoundError:
    INSTALLED = False


@pytest.mark.skipif(INSTALLED, reason="the tracing extra is installed")
def test_traces_without_the_extra_are_refused_with_the_way_to_get_them() -> None:
    with pytest.raises(InvalidInput) as caught:
        build_runtime(
            Settings.from_environment({"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off", "OUTLAST_TRACES": "on"})
        )
    assert "install the `tracing` extra" in str(caught.value)


@pytest.mark.skipif(not INSTALLED, reason="the tracing extra (opentelemetry-sdk) is not installed")
def test_a_prediction_is_a_span_under_the_callers_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")  # milliseconds; the SDK's own default is five seconds
    exported: list[Any] = []

    class Exporter:
        """Keeps what it is given."""

        def export(self, spans: Any) -> Any:
            from opentelemetry.sdk.trace.export import SpanExportResult

            exported.extend(spans)
            return SpanExportResult.SUCCESS

        def shutdown(self) -> None:
            pass

        def force_flush(self, timeout_millis: int = 0) -> bool:
            return True

    record = build_tracer({"service.name": "outlast"}, Exporter())
    runtime = build_runtime(Settings.from_environment({"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off"}))
    headers = {b"traceparent": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    body = json.dumps(infer_body([[1.0] * 30])).encode()
    target = runtime.intake.find(INFER.encode())
    assert target is not None
    exchange = Exchange(target, headers, body, time.time())
    runtime.endpoint.admit(exchange)
    runtime.endpoint.answer([exchange])
    record(exchange, time.time())
    wait_for(lambda: exported, "the span to be exported")
    (span,) = exported
    assert format(span.context.trace_id, "032x") == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert format(span.parent.span_id, "016x") == "00f067aa0ba902b7"
    assert span.attributes["http.response.status_code"] == 200
