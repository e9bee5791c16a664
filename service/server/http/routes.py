"""The routes, as a Starlette application. Predictions are answered by `Endpoint`.

`service.server.http.connection` answers predictions and health checks without this module when it runs under `python -m
service serve`; under any other ASGI server the same answers come from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.server.audit.chain import Trail
from service.server.audit.feedback import read_feedback, require_trail
from service.server.exchange import Exchange
from service.server.http.lifespan import run_beside
from service.server.http.openapi import describe_api
from service.server.http.replies import fixed_headers
from service.server.models import ServedModel, internal_error
from service.server.protocol.bodies import decompress, too_large
from service.server.protocol.problems import CONTENT_TYPE, NOT_FOUND, UNWELL, WRONG_METHOD, Problem
from service.server.runtime import VERSION, Check, Runtime

SERVER_NAME = "outlast"
Handler = Callable[[Request], Awaitable[Response]]

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
    """The application over a runtime; its lifespan starts and stops it."""
    routes = _Routes(runtime)
    app = Starlette(
        routes=routes.table(),
        lifespan=lambda _: run_beside(runtime),
        exception_handlers={Problem: _answer_problem, HTTPException: _answer_http, Exception: _answer_crash},
    )
    app.add_middleware(_Finish, runtime=runtime)
    return app


class _Finish:
    """Adds the fixed headers, and counts what the endpoint has not counted itself. Plain ASGI: it costs little."""

    def __init__(self, app: Any, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime
        self._headers = list(fixed_headers(runtime.settings.site))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._runtime.clock()

        async def send_finished(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in self._headers if h[0] not in given)]
                self._count(scope, message["status"], started)
            await send(message)

        await self._app(scope, receive, send_finished)

    def _count(self, scope: Any, status: int, started: float) -> None:
        if scope.get("state", {}).get("counted"):
            return
        route = scope.get("route")
        path = getattr(route, "path", "(none)")
        self._runtime.metrics.observe_request(path, status, self._runtime.clock() - started)


class _Routes:
    """The handlers, over one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        settings = runtime.settings
        self._api = describe_api(
            runtime.models,
            runtime.default,
            version=VERSION,
            max_rows=settings.max_rows,
            auth=settings.auth,
            metrics_auth=settings.metrics_auth,
        )

    def table(self) -> list[Route]:
        """Every route, its most asked first."""
        metadata = "/v2/models/{name}"
        version = metadata + "/versions/{version}"
        predictions = [Route(path, self.predict, methods=["POST"], name=path) for path in self._runtime.targets]
        return [
            *(Route(path, _answer_check(check)) for path, check in self._runtime.checks.items()),
            *predictions,
            Route("/v2", self.server_metadata),
            Route(metadata, self.model_metadata),
            Route(version, self.model_metadata),
            Route(metadata + "/ready", self.model_ready),
            Route(version + "/ready", self.model_ready),
            # A wrong name or version of a model gets its own words, not the plain 404 of an unknown path.
            Route(metadata + "/infer", self.predict, methods=["POST"]),
            Route(version + "/infer", self.predict, methods=["POST"]),
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
        failures = [reason for reason in self._runtime.health.reasons() if reason]
        if failures:
            raise Problem(UNWELL, failures[0])
        return _json({"name": model.name, "ready": True})

    async def predict(self, request: Request) -> Response:
        """A prediction, by any of its paths."""
        runtime = self._runtime
        arrived = runtime.clock()
        body = await _read_body(request, runtime.settings.max_body_bytes)
        target = runtime.targets.get(request.url.path)
        if target is None:
            self._find(request)
            raise Problem(NOT_FOUND, f"{request.url.path} leads nowhere")
        exchange = Exchange(target, dict(request.scope["headers"]), body, arrived)
        if delay := runtime.faults.latency_seconds():
            await asyncio.sleep(delay)
        runtime.endpoint.answer([exchange])
        request.scope.setdefault("state", {})["counted"] = True
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in exchange.extra}
        headers |= {"content-type": exchange.reply_type.decode(), "x-request-id": exchange.request_id}
        return Response(exchange.reply, exchange.status, headers)

    async def metrics(self, request: Request) -> Response:
        """Prometheus metrics."""
        self._guard(request)
        text, content_type = self._runtime.metrics.render()
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
        body = decompress(headers, await _read_body(request, limit), limit)
        record = read_feedback(
            headers,
            body,
            receipts=runtime.receipts,
            models=runtime.models,
            now=now,
            max_age_seconds=runtime.settings.receipt_days * 86400,
        )
        require_trail(runtime.trail.accepts(1), isinstance(runtime.trail, Trail))
        runtime.trail.put({**record, "key": key})
        return _json({"feedback_id": record["feedback_id"]}, 202)

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI document of what is served."""
        return _json(self._api)

    async def docs(self, request: Request) -> Response:
        """The page that shows the document and lets it be tried; its files come from this package."""
        name = request.path_params.get("file", "docs.html")
        if name not in _DOCS:
            raise Problem(NOT_FOUND, f"{request.url.path} leads nowhere")
        policy = {"content-security-policy": _DOCS_POLICY, "content-type": _DOCS[name]}
        return Response((_STATIC / name).read_bytes(), headers=policy)

    def _find(self, request: Request) -> ServedModel:
        return self._runtime.models.find(request.path_params["name"], request.path_params.get("version"))

    def _guard(self, request: Request) -> None:
        """The rule of health and metrics: open, or with a key; they never touch a caller's rate limit."""
        if self._runtime.settings.metrics_auth:
            self._runtime.gate.identify(dict(request.scope["headers"]), self._runtime.clock())


def _answer_check(check: Check) -> Handler:
    async def answer(request: Request) -> Response:
        status, body = check()
        return Response(body, status, media_type="application/json")

    return answer


def describe_model(model: ServedModel, versions: Sequence[str]) -> Mapping[str, Any]:
    """Model metadata of the Open Inference Protocol; its `parameters` say what the protocol has no field for."""
    spec = model.manifest.input
    return {
        "name": model.name,
        "versions": list(versions),
        "platform": "onnx_onnxv1",
        "inputs": [{"name": spec.name, "datatype": spec.datatype, "shape": [-1, len(spec.features)]}],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, len(model.classes)]},
        ],
        "parameters": {
            "version": model.version,
            "digest": model.digest,
            "features": list(spec.features),
            "classes": model.classes,
            "threshold": model.threshold,
        },
    }


async def _read_body(request: Request, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise too_large(limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")


async def _answer_problem(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, Problem) else internal_error()
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in problem.headers}
    return Response(problem.render(), problem.status, {**headers, "content-type": CONTENT_TYPE.decode()})


async def _answer_http(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, in the same words as ours."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
        problem = Problem(
            WRONG_METHOD,
            f"{request.method} is not for {request.url.path}",
            hint=f"use {allowed}",
            headers=[(b"allow", allowed.encode("latin-1"))],
        )
    else:
        problem = Problem(NOT_FOUND, f"{request.url.path} leads nowhere", hint="GET /docs lists the addresses")
    return await _answer_problem(request, problem)


async def _answer_crash(request: Request, error: Exception) -> Response:
    return await _answer_problem(request, internal_error())
