"""OpenTelemetry traces, by the `tracing` extra: one server span for each prediction, under the caller's trace.

Where spans go is OpenTelemetry's own configuration (OTEL_EXPORTER_OTLP_ENDPOINT and its kin). Spans are exported in
batches by a thread of the SDK.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from service.errors import InvalidInput, Mistake
from service.server.exchange import Exchange

_NANOSECONDS = 1_000_000_000


def build_tracer(resource: Mapping[str, str], exporter: Any = None) -> Callable[[Exchange, float], None]:
    """What makes a span of an exchange. Raises InvalidInput where OpenTelemetry is not installed."""
    try:
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        propagate = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
        trace = importlib.import_module("opentelemetry.trace")
        if exporter is None:
            otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
            exporter = otlp.OTLPSpanExporter()
    except ImportError as error:
        mistake = Mistake(
            "OUTLAST_TRACES", f"is `on`, but {error.name} is not installed", "install the `tracing` extra"
        )
        raise InvalidInput("traces cannot be exported", [mistake]) from error
    provider = sdk.TracerProvider(resource=resources.Resource.create(dict(resource)))
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("outlast")
    propagator = propagate.TraceContextTextMapPropagator()

    def record(exchange: Exchange, finished: float) -> None:
        carrier = {"traceparent": exchange.trace.decode()} if exchange.trace else {}
        span = tracer.start_span(
            f"POST {exchange.target.codec.route}",
            context=propagator.extract(carrier),
            kind=trace.SpanKind.SERVER,
            start_time=int(exchange.arrived * _NANOSECONDS),
            attributes={
                "http.request.method": "POST",
                "http.route": exchange.target.codec.route,
                "http.response.status_code": exchange.status,
                "outlast.request_id": exchange.request_id,
                "outlast.model": exchange.target.model.name,
                "outlast.rows": exchange.rows,
            },
        )
        if exchange.status >= 500:
            span.set_status(trace.StatusCode.ERROR)
        span.end(end_time=int(finished * _NANOSECONDS))

    return record
