"""The ASGI application as uvicorn gets it: what runs beside the requests at once, the routes when they are needed.

Predictions and health checks never come here (`service.server.http.connection` answers them), so nobody has to wait at
the start for Starlette and the routes over it: they are loaded in a thread a second later, or when somebody asks for
one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from service.server.faults import Fault, poll
from service.server.logs import log
from service.server.runtime import Runtime

_LOAD_AFTER_SECONDS = 1.0


class Application:
    """Plain ASGI: the lifespan here, requests by `service.server.http.routes`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._loading: asyncio.Future[Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        routes = await self.load()
        await routes(scope, receive, send)

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


def _build_routes(runtime: Runtime) -> Any:
    from service.server.http.routes import build_app

    routes = build_app(runtime)
    gc.freeze()  # what has just been loaded stays: no collection need look at it again
    return routes


@contextlib.asynccontextmanager
async def run_beside(runtime: Runtime) -> AsyncIterator[None]:
    """Everything that runs beside the requests."""
    runtime.start()
    settings = runtime.settings
    tasks = [asyncio.create_task(_repeat(settings.health_seconds, runtime.health.refresh))]
    if runtime.drift is not None:
        tasks.append(asyncio.create_task(_repeat(settings.drift_seconds, runtime.drift.score)))
    if settings.drills:
        tasks.append(asyncio.create_task(poll(runtime.faults, settings.faults, settings.faults_seconds, _tell_fault)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(runtime.stop)


async def _repeat(interval_seconds: float, work: Callable[[], Any]) -> None:
    """Run `work` in a thread, again and again; a failure is logged and does not end it."""
    while True:
        await asyncio.sleep(interval_seconds)
        try:
            await asyncio.to_thread(work)
        except Exception as error:
            log(logging.ERROR, "work beside the requests failed", work=work.__qualname__, error=str(error))


def _tell_fault(fault: Fault | None) -> None:
    if fault is None:
        log(logging.WARNING, "the injected fault is over")
    else:
        log(logging.WARNING, "a drill injected a fault", mode=fault.mode, id=fault.id, expires_at=fault.expires_at)
