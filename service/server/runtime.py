"""Puts the server together from its settings: the one place where its parts meet."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.bundle.reference import PREDICTIONS
from service.server.audit.chain import AuditLog, FileSink, NoAuditLog, Sink
from service.server.audit.receipts import Receipts
from service.server.auth import Gate
from service.server.checkers import Checkers
from service.server.codecs import NamedFeatures, OpenInference
from service.server.drift import Drift
from service.server.endpoint import Endpoint
from service.server.exchange import Exchange, Target
from service.server.faults import Faults
from service.server.health import Check, Health, Limits, checks_of
from service.server.http.addresses import AddressLimit
from service.server.http.budget import Budget
from service.server.http.intake import Intake
from service.server.http.queue import RequestQueue
from service.server.listeners import AnswerListener, Listener
from service.server.logs import FailureLog, log
from service.server.metrics import Metrics
from service.server.models import Models, ServedModel
from service.server.settings.table import Settings

VERSION = "1"
_STDOUT = 1


@dataclass(frozen=True)
class Runtime:
    """A server's parts, wired.

    `default` is the model that is asked where a caller names none. `checks` maps what health checkers ask to what gives
    status and JSON.
    """

    settings: Settings
    models: Models
    default: ServedModel | None
    health: Health
    gate: Gate
    receipts: Receipts
    audit: AuditLog | NoAuditLog
    metrics: Metrics
    drift: Drift | None
    faults: Faults
    endpoint: Endpoint
    intake: Intake
    listeners: tuple[Listener, ...]
    checkers: Checkers
    checks: dict[str, Check]
    clock: Callable[[], float]

    def start(self) -> None:
        """Open the audit log and run the first self-inference."""
        if isinstance(self.audit, AuditLog):
            self.audit.start()
        for reason in self.health.refresh(just_loaded=True):
            log(logging.ERROR, "unhealthy at start", reason=reason)

    def look_around(self) -> None:
        """Note whether clients should leave: `/health` says 503, or Route 53's checkers ask this site no more."""
        self.intake.leaving = bool(self.health.reasons()) or self.checkers.have_left(self.clock())

    def stop(self) -> None:
        """Close the audit log."""
        if isinstance(self.audit, AuditLog) and not self.audit.stop():
            log(logging.ERROR, "the audit log was not closed: its sink does not take records", queued=self.audit.depth)


def build_runtime(settings: Settings, clock: Callable[[], float] = time.time) -> Runtime:
    """Load the models and wire everything. Raises InvalidInput when a model cannot be served."""
    faults = Faults(clock)
    models = Models.load(settings.models, faults)
    default = models.choose_default(settings.default_model, settings.model_digests)
    gate = Gate(settings.api_keys, required=settings.auth)
    receipts = Receipts(settings.receipt_keys)
    audit = _build_audit_log(settings, models, clock)
    health = _build_health(settings, models, faults, audit, gate, clock)
    metrics = Metrics(settings.replica)
    drift = Drift(models, settings.drift_rows) if settings.drift_rows else None
    listeners = (metrics, audit, health, FailureLog(clock), *_optional_listeners(settings, drift))
    endpoint = Endpoint(
        site=settings.site,
        replica=settings.replica,
        gate=gate,
        receipts=receipts,
        faults=faults,
        accepts=audit.accepts,
        listeners=listeners,
        max_rows=settings.max_rows,
        max_body_bytes=settings.max_body_bytes,
        clock=clock,
    )
    runtime = Runtime(
        settings=settings,
        models=models,
        default=default,
        health=health,
        gate=gate,
        receipts=receipts,
        audit=audit,
        metrics=metrics,
        drift=drift,
        faults=faults,
        endpoint=endpoint,
        intake=_build_intake(settings, _targets(models, default), endpoint, faults, listeners, clock),
        listeners=listeners,
        checkers=Checkers(),
        checks=checks_of(health),
        clock=clock,
    )
    _add_gauges(runtime)
    return runtime


def _build_intake(
    settings: Settings,
    targets: Mapping[str, Target],
    endpoint: Endpoint,
    faults: Faults,
    listeners: Sequence[Listener],
    clock: Callable[[], float],
) -> Intake:
    budget = Budget(settings.max_buffered_bytes)
    queue = RequestQueue(
        depth=settings.queue_depth,
        wait_seconds=settings.queue_seconds,
        answer=endpoint.answer,
        latency_seconds=faults.latency_seconds,
        give_back=budget.give,
    )
    return Intake(
        targets=targets,
        endpoint=endpoint,
        queue=queue,
        listeners=listeners,
        budget=budget,
        max_body_bytes=settings.max_body_bytes,
        clock=clock,
        addresses=AddressLimit(settings.requests_per_minute_per_address, settings.forwarded_hops),
    )


def _build_health(
    settings: Settings,
    models: Models,
    faults: Faults,
    audit: AuditLog | NoAuditLog,
    gate: Gate,
    clock: Callable[[], float],
) -> Health:
    def troubles() -> list[str]:
        stalled = isinstance(audit, AuditLog) and audit.stalled
        return ["the audit log cannot be written, so every prediction is refused"] if stalled else []

    def warnings() -> list[str]:
        return [] if gate.opens(clock()) else ["no API key is valid now, so every prediction is refused"]

    return Health(
        models,
        faults,
        accepted=settings.model_digests,
        interval_seconds=settings.health_seconds,
        limits=Limits(
            settings.health_error_ratio,
            settings.health_p95_seconds,
            settings.health_min_requests,
            settings.health_window_seconds,
        ),
        identity={"site": settings.site, "replica": settings.replica},
        clock=clock,
        troubles=troubles,
        warnings=warnings,
    )


def _targets(models: Models, default: ServedModel | None) -> dict[str, Target]:
    """Every path on which a prediction may be asked for."""
    protocol, named = OpenInference(), NamedFeatures()
    targets = {} if default is None else {"/predict": Target(default, named)}
    for name, newest in models.newest().items():
        targets[f"/v2/models/{name}/infer"] = Target(newest, protocol)
        targets[f"/predict/{name}"] = Target(newest, named)
    for model in models:
        targets[f"/v2/models/{model.name}/versions/{model.version}/infer"] = Target(model, protocol)
    return targets


def _build_audit_log(settings: Settings, models: Models, clock: Callable[[], float]) -> AuditLog | NoAuditLog:
    sinks: list[Sink] = [FileSink(_STDOUT)] if settings.audit_stdout else []
    if settings.audit_dir is not None:
        sinks.append(FileSink(_open_audit_file(settings.audit_dir, settings.replica, clock)))
    if not sinks:
        return NoAuditLog()
    return AuditLog(
        sinks,
        site=settings.site,
        replica=settings.replica,
        capacity=settings.audit_queue,
        refuses=settings.audit_refuses,
        clock=clock,
        about={"models": {f"{model.name}/{model.version}": model.digest for model in models}, "auth": settings.auth},
        on_trouble=lambda what: log(logging.ERROR, what),
    )


def _open_audit_file(folder: Path, replica: str, clock: Callable[[], float]) -> int:
    path = folder / f"audit-{replica}-{int(clock())}-{os.getpid()}.jsonl"
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)


def _optional_listeners(settings: Settings, drift: Drift | None) -> Iterator[Listener]:
    """Drift scores, a log line for each request, traces: what the settings ask for."""
    if drift is not None:
        yield drift
    if settings.log_requests:
        yield AnswerListener(_request_logger(settings))
    if settings.traces:
        from service.server.tracing import build_tracer

        resource = {"service.name": "outlast", "site": settings.site, "replica": settings.replica}
        yield AnswerListener(build_tracer(resource))


def _request_logger(settings: Settings) -> Callable[[Exchange, float], None]:
    def write(exchange: Exchange, finished: float) -> None:
        fields = {
            "route": exchange.target.codec.route,
            "status": exchange.status,
            "request_id": exchange.request_id,
            "key": exchange.key,
            "rows": exchange.rows,
            "seconds": round(finished - exchange.arrived, 6),
        }
        if exchange.trace:
            fields["trace"] = exchange.trace.decode()
        if settings.log_features and exchange.request is not None:
            fields["features"] = exchange.request.rows.tolist()
        log(logging.INFO, "request", **fields)

    return write


def _add_gauges(runtime: Runtime) -> None:
    """What is looked up only when somebody asks for metrics."""
    metrics, audit, drift, intake = runtime.metrics, runtime.audit, runtime.drift, runtime.intake
    metrics.add_gauge(
        "outlast_model_info",
        "The served models.",
        lambda: {(m.name, m.version, m.digest): 1.0 for m in runtime.models},
        ("model", "version", "digest"),
    )
    metrics.add_gauge("outlast_well", "1 when /healthz answers 200.", lambda: {(): float(not runtime.health.reasons())})
    metrics.add_gauge(
        "outlast_leaving", "1 while clients are told to leave for another site.", lambda: {(): float(intake.leaving)}
    )
    metrics.add_gauge("outlast_queue_depth", "Requests waiting for inference.", lambda: {(): float(intake.queue.depth)})
    metrics.add_gauge(
        "outlast_buffered_bytes", "Bytes held for requests.", lambda: {(): float(intake.budget.used_bytes)}
    )
    metrics.add_gauge(
        "outlast_api_keys",
        "API keys that are valid now.",
        lambda: {(): runtime.gate.valid(runtime.clock())},
    )
    if isinstance(audit, AuditLog):
        metrics.add_gauge("outlast_audit_queue", "Audit records not yet written.", lambda: {(): float(audit.depth)})
        metrics.add_gauge(
            "outlast_audit_records",
            "Records of this process's chain, by its name.",
            lambda: {(audit.chain,): float(audit.records)},
            ("chain",),
        )
        metrics.add_gauge("outlast_audit_lost", "Audit records lost since the start.", lambda: {(): float(audit.lost)})
    if drift is not None:
        labels = ("model", "feature", "score")
        metrics.add_gauge("outlast_drift", "Drift of a feature over the window.", lambda: _drift_scores(drift), labels)


def _drift_scores(drift: Drift) -> dict[tuple[str, ...], float]:
    """Score by model, feature and kind; the predictions count as one more feature."""
    found: dict[tuple[str, ...], float] = {}
    for model, document in drift.scores.items():
        scored = {**document.get("features", {}), PREDICTIONS: document.get("prediction", {})}
        for feature, scores in scored.items():
            found |= {(model, feature, name): scores[name] for name in ("psi", "ks") if name in scores}
    return found
