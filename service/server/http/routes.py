"""The routes of everything that is neither a prediction nor a health check, as a Starlette application.

`service.server.http.app` is the application that stands before it: it has answered what belongs to no route here.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from service.bundle.columns import InputSpec, datatype_of, render_column
from service.server.audit.chain import AuditLog
from service.server.audit.feedback import read_feedback, require_audit_log
from service.server.http.budget import Budget
from service.server.http.intake import over_budget
from service.server.http.openapi import describe_api
from service.server.http.replies import GONE
from service.server.models import ServedModel, internal_error
from service.server.protocol.bodies import decompress, too_large
from service.server.protocol.problems import NOT_FOUND, UNHEALTHY, WRONG_METHOD, Problem, media_type
from service.server.runtime import VERSION, Runtime

SERVER_NAME = "outlast"

_STATIC = Path(__file__).parent / "static"
_DOCS = {
    "docs.html": "text/html; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
}
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def build_app(runtime: Runtime) -> Starlette:
    """The routes over a runtime."""
    app = Starlette(
        routes=_Routes(runtime).table(),
        exception_handlers={
            Problem: _answer_problem,
            HTTPException: _answer_http,
            ClientDisconnect: _answer_gone,
            Exception: _answer_crash,
        },
    )
    # A redirect is built from the caller's Host and the scheme of this hop: behind a load balancer it leads to http://.
    app.router.redirect_slashes = False
    return app


class _Routes:
    """The handlers, over one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        settings = runtime.settings
        document = describe_api(
            runtime.models,
            runtime.default,
            version=VERSION,
            max_rows=settings.max_rows,
            auth=settings.auth,
            metrics_auth=settings.metrics_auth,
        )
        self._api = orjson.dumps(document)

    def table(self) -> list[Route]:
        """Every route."""
        metadata = "/v2/models/{name}"
        version = metadata + "/versions/{version}"
        return [
            Route("/v2/", self.server_metadata),
            Route("/v2", self.server_metadata),
            Route(metadata, self.model_metadata),
            Route(version, self.model_metadata),
            Route(metadata + "/ready", self.model_ready),
            Route(version + "/ready", self.model_ready),
            # Predictions never come here: a name, version or method that is wrong gets its own words.
            Route(metadata + "/infer", self.no_prediction, methods=["POST"]),
            Route(version + "/infer", self.no_prediction, methods=["POST"]),
            Route("/predict", self.no_prediction, methods=["POST"]),
            Route("/predict/{name}", self.no_prediction, methods=["POST"]),
            Route("/feedback", self.feedback, methods=["POST"]),
            Route("/metrics", self.metrics),
            Route("/drift", self.drift),
            Route("/openapi.json", self.openapi),
            Route("/docs", self.docs),
            Route("/docs/{file}", self.docs),
        ]

    async def server_metadata(self, request: Request) -> Response:
        """Open Inference Protocol: server metadata."""
        return _json({"name": SERVER_NAME, "version": VERSION, "extensions": ["binary_tensor_data"]})

    async def model_metadata(self, request: Request) -> Response:
        """Open Inference Protocol: model metadata."""
        model = self._find(request)
        return _json(describe_model(model, self._runtime.models.versions(model.name)))

    async def model_ready(self, request: Request) -> Response:
        """Open Inference Protocol: model ready."""
        model = self._find(request)
        if reasons := self._runtime.health.reasons():
            raise Problem(UNHEALTHY, reasons[0])
        return _json({"name": model.name, "ready": True})

    async def no_prediction(self, request: Request) -> Response:
        """A prediction that no model can be asked for."""
        if "name" in request.path_params:
            self._find(request)
            raise _no_route(request)
        raise Problem(NOT_FOUND, "several models are served", hint="name one: POST /predict/<name>")

    async def metrics(self, request: Request) -> Response:
        """Prometheus metrics."""
        self._guard(request)
        text, content_type = self._runtime.metrics.render(request.headers.get("accept", ""), self._runtime.clock())
        return Response(text, headers={"content-type": content_type})

    async def drift(self, request: Request) -> Response:
        """Drift scores as JSON."""
        self._guard(request)
        return _json(self._runtime.drift.scores if self._runtime.drift is not None else {})

    async def feedback(self, request: Request) -> Response:
        """A receipt comes back with the true labels."""
        runtime = self._runtime
        headers = dict(request.scope["headers"])
        now = runtime.clock()
        key = runtime.gate.admit(headers, now)
        limit = runtime.settings.max_body_bytes
        async with _read_body(request, runtime.intake.budget, limit) as raw:
            body = decompress(headers, raw, limit)
        record = read_feedback(
            headers,
            body,
            receipts=runtime.receipts,
            models=runtime.models,
            may_judge=lambda owner: runtime.gate.may_judge(key, owner),
            now=now,
            max_age_seconds=runtime.settings.receipt_days * 86400,
        )
        require_audit_log(runtime.audit.accepts(1), isinstance(runtime.audit, AuditLog))
        runtime.audit.put({**record, "key": key})
        return _json({"feedback_id": record["feedback_id"]}, 202)

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI document of what is served."""
        return Response(self._api, media_type="application/json")

    async def docs(self, request: Request) -> Response:
        """The page that shows the document and lets it be tried; its files come from this package."""
        name = request.path_params.get("file", "docs.html")
        if name not in _DOCS:
            raise _no_route(request)
        policy = {"content-security-policy": _DOCS_POLICY, "content-type": _DOCS[name]}
        return Response((_STATIC / name).read_bytes(), headers=policy)

    def _find(self, request: Request) -> ServedModel:
        return self._runtime.models.find(request.path_params["name"], request.path_params.get("version"))

    def _guard(self, request: Request) -> None:
        """The rule of health and metrics: open, or with a key; they never touch a caller's rate limit."""
        if self._runtime.settings.metrics_auth:
            self._runtime.gate.identify(dict(request.scope["headers"]), self._runtime.clock())


def describe_model(model: ServedModel, versions: Sequence[str]) -> Mapping[str, Any]:
    """Model metadata of the Open Inference Protocol; its `parameters` say what the protocol has no field for."""
    spec = model.manifest.input
    return {
        "name": model.name,
        "versions": list(versions),
        "platform": "onnx_onnxv1",
        "inputs": _describe_inputs(spec),
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, len(model.classes)]},
        ],
        "parameters": {
            "version": model.version,
            "digest": model.digest,
            "features": list(spec.features),
            "columns": [render_column(column) for column in spec.columns],
            "classes": model.classes,
            "threshold": model.threshold,
        },
    }


def _describe_inputs(spec: InputSpec) -> list[dict[str, Any]]:
    """One tensor of all columns where they are numbers alone; else one a column."""
    if spec.is_single:
        return [{"name": spec.name, "datatype": spec.datatype, "shape": [-1, len(spec.columns)]}]
    return [{"name": column.name, "datatype": datatype_of(column), "shape": [-1, 1]} for column in spec.columns]


@contextlib.asynccontextmanager
async def _read_body(request: Request, budget: Budget, limit_bytes: int) -> AsyncIterator[bytearray]:
    """A body, counted among the bytes that are held for as long as the block needs it."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            if len(body) + len(chunk) > limit_bytes:
                raise too_large(limit_bytes)
            if not budget.take(len(chunk)):
                raise over_budget()
            body += chunk
        yield body
    finally:
        budget.give(len(body))


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")


def _no_route(request: Request) -> Problem:
    return Problem(NOT_FOUND, f"there is no route for {request.scope['path']}", hint="GET /docs lists the addresses")


async def _answer_problem(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, Problem) else internal_error()
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in problem.headers}
    kind = media_type(request.headers.get("accept", "").encode("latin-1"), request.scope["path"])
    return Response(problem.render(), problem.status, {**headers, "content-type": kind.decode()})


async def _answer_http(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, in the same words as ours."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status != 405:
        return await _answer_problem(request, _no_route(request))
    allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
    problem = Problem(
        WRONG_METHOD,
        f"{request.method} is not for {request.scope['path']}",
        hint=f"use {allowed}",
        headers=[(b"allow", allowed.encode("latin-1"))],
    )
    return await _answer_problem(request, problem)


async def _answer_gone(request: Request, error: Exception) -> Response:
    return Response(status_code=GONE)


async def _answer_crash(request: Request, error: Exception) -> Response:
    return await _answer_problem(request, internal_error())
