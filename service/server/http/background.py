"""What runs beside the requests: the audit log's thread, the health check, drift scores, the poll of the fault flag."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from service.server.faults import Fault, poll
from service.server.logs import log
from service.server.runtime import Runtime


@contextlib.asynccontextmanager
async def run_beside(runtime: Runtime) -> AsyncIterator[None]:
    """Everything that runs beside the requests, for the length of a block."""
    runtime.start()
    settings = runtime.settings
    tasks = [
        asyncio.create_task(_repeat(settings.health_seconds, runtime.health.refresh)),
        asyncio.create_task(_look_around(runtime)),
    ]
    if runtime.drift is not None:
        tasks.append(asyncio.create_task(_repeat(settings.drift_seconds, runtime.drift.score)))
    if settings.drills:
        flag = poll(runtime.faults, settings.faults, settings.faults_seconds, _log_fault, _log_trouble)
        tasks.append(asyncio.create_task(flag))
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


async def _look_around(runtime: Runtime) -> None:
    """On the event loop, which alone counts answers; looked up once a while, not for each answer."""
    while True:
        await asyncio.sleep(runtime.settings.health_seconds)
        runtime.look_around()


def _log_fault(fault: Fault | None) -> None:
    if fault is None:
        log(logging.WARNING, "the injected fault is over")
    else:
        log(logging.WARNING, "a drill injected a fault", mode=fault.mode, id=fault.id, expires_at=fault.expires_at)


def _log_trouble(error: Exception) -> None:
    log(logging.ERROR, "the fault flag cannot be read, so no fault is injected", error=str(error)[:200])
