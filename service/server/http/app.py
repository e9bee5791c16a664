"""The ASGI application: predictions by the intake, health checks at once, everything else by the routes.

`service.server.http.connection` hands most predictions to the intake without this module; those behind another request
of the same connection, and all of them under another ASGI server, come through here to the same place.

Starlette and the routes over it are loaded in a thread a second after the start, or when somebody asks for one, as no
prediction and no health check needs them.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

from service.server.checkers import USER_AGENT
from service.server.exchange import JSON, Exchange, Header, Target
from service.server.health import Check
from service.server.http.background import run_beside
from service.server.http.budget import Throttle
from service.server.http.intake import NO_ROUTE
from service.server.http.replies import GONE, fixed_headers
from service.server.logs import log
from service.server.models import internal_error
from service.server.protocol.problems import WRONG_METHOD, Problem, media_type, overloaded
from service.server.runtime import Runtime

_LOAD_AFTER_SECONDS = 1.0
# Answers to health checkers, of which there are dozens and not thousands: put off rather than ever refused.
_CHECK_RATE, _CHECK_BURST, _CHECK_SECONDS = 500.0, 200.0, 0.5
_OWN_PACE = ("/feedback",)  # asks for a key itself, which has a rate of its own


class Application:
    """Plain ASGI, over one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._intake = runtime.intake
        self._headers = fixed_headers(runtime.settings.site)
        self._checks = Throttle(_CHECK_RATE, _CHECK_BURST, _CHECK_SECONDS)
        self._loading: asyncio.Future[Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        target = self._intake.find(scope["path"].encode()) if scope["method"] == "POST" else None
        if target is not None:
            await self._predict(target, scope, receive, send)
        else:
            await self._serve(scope, receive, _Answer(self._runtime, scope, send, self._headers))

    async def _predict(self, target: Target, scope: Any, receive: Any, send: Any) -> None:
        exchange = self._intake.open(target, scope["headers"], _caller(scope))
        try:
            while exchange.problem is None:
                message = await receive()
                if message["type"] != "http.request":
                    self._intake.abandon(exchange)
                    return
                self._intake.add(exchange, message.get("body", b""))
                if not message.get("more_body", False):
                    break
        except Problem as problem:
            exchange.fail(problem)
        waiter = _Waiter()
        self._intake.submit(exchange, waiter)
        await waiter.answer
        names = (b"content-type", exchange.reply_type), (b"x-request-id", exchange.request_id.encode())
        headers = [*names, (b"content-length", str(len(exchange.reply)).encode()), *exchange.extra, *self._headers]
        await send({"type": "http.response.start", "status": exchange.status, "headers": headers})
        await send({"type": "http.response.body", "body": exchange.reply})

    async def _serve(self, scope: Any, receive: Any, answer: _Answer) -> None:
        """Anything but a prediction, at the pace that callers without a key are given."""
        path = scope["path"]
        check = self._runtime.checks.get(path)
        try:
            if check is not None:
                self._note_checker(scope["headers"])
                await _take_turn(self._checks)
                await answer.check(check)
            elif self._is_admitted(scope) and (path in _OWN_PACE or await _take_turn(self._intake.unknown)):
                await (await self.load())(scope, receive, answer)
            else:
                raise overloaded("more is asked than is answered without a key")
        except Problem as problem:
            await answer.refuse(problem)
        except Exception as error:
            self._intake.report(error)
            await answer.refuse(internal_error())

    def _is_admitted(self, scope: Any) -> bool:
        """True; raises Problem for an address that asks too often."""
        self._intake.admit_other(scope["headers"], _caller(scope))
        return True

    def _note_checker(self, headers: Any) -> None:
        for name, value in headers:
            if name == b"user-agent" and value.startswith(USER_AGENT):
                self._runtime.checkers.visited(self._runtime.clock(), value)

    async def load(self) -> Any:
        """The routes, loaded once and off the event loop, which answers predictions meanwhile."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(_build_routes, self._runtime))
        return await asyncio.shield(self._loading)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        async with run_beside(self._runtime):
            later = asyncio.create_task(self._load_later())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            later.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _load_later(self) -> None:
        await asyncio.sleep(_LOAD_AFTER_SECONDS)
        try:
            await self.load()
        except Exception as error:
            log(logging.ERROR, "only predictions and health checks are answered: the rest fails", error=str(error))


class _Waiter:
    """Waits for a prediction's answer in an ASGI task."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[None] = self.loop.create_future()

    def reply(self, _exchange: Exchange) -> None:
        if not self.answer.done():  # the client may have gone meanwhile, and its task with it
            self.answer.set_result(None)


class _Answer:
    """An answer that is no prediction on its way out: gets the fixed headers, and is counted once."""

    def __init__(self, runtime: Runtime, scope: Any, send: Any, headers: tuple[Header, ...]) -> None:
        self._runtime = runtime
        self._scope = scope
        self._send = send
        self._headers = headers
        self._arrived = runtime.clock()
        self._started = False

    async def __call__(self, message: Any) -> None:
        """What an application sends."""
        if message["type"] == "http.response.start":
            if message["status"] == 401 and self._scope["path"] in _OWN_PACE:
                await _take_turn(self._runtime.intake.unknown)
            await self._start(message["status"], message["headers"])
        else:
            await self._send(message)

    async def check(self, check: Check) -> None:
        """Answer a health checker."""
        if self._scope["method"] not in ("GET", "HEAD"):
            raise Problem(WRONG_METHOD, "a health check is asked with GET", headers=[(b"allow", b"GET, HEAD")])
        status, body = check()
        await self._whole(status, JSON, body, ())

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem, unless an answer has begun."""
        if not self._started:
            kind = media_type(dict(self._scope["headers"]).get(b"accept", b""), self._scope["path"])
            await self._whole(problem.status, kind, problem.render(), problem.headers)

    async def _whole(self, status: int, kind: bytes, body: bytes, more: Any) -> None:
        await self._start(status, [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more])
        await self._send({"type": "http.response.body", "body": b"" if self._scope["method"] == "HEAD" else body})

    async def _start(self, status: int, headers: Any) -> None:
        self._started = True
        given = {name for name, _ in headers}
        everything = [*headers, *(header for header in self._headers if header[0] not in given)]
        path = self._scope["path"]
        route = path if path in self._runtime.checks else getattr(self._scope.get("route"), "path", NO_ROUTE)
        for listener in self._runtime.listeners if status != GONE else ():
            listener.served(route, status, self._runtime.clock() - self._arrived)
        await self._send({"type": "http.response.start", "status": status, "headers": everything})


async def _take_turn(throttle: Throttle) -> bool:
    """Wait for a turn; False when too many are waiting."""
    delay = throttle.delay(asyncio.get_running_loop().time())
    if delay:
        await asyncio.sleep(delay)
    return delay < throttle.most_seconds


def _caller(scope: Any) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _build_routes(runtime: Runtime) -> Any:
    from service.server.http.routes import build_app

    routes = build_app(runtime)
    gc.freeze()  # what has just been loaded stays: no collection need look at it again
    return routes
