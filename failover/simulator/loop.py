"""One event loop in one thread: health checkers and the DNS server live on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from service.errors import Unavailable

T = TypeVar("T")


class LoopThread:
    """An asyncio loop that runs in a thread of its own between `start` and `stop`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, once started."""
        if self._loop is None:
            raise RuntimeError(f"the loop {self._name} does not run")
        return self._loop

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name=self._name, daemon=True)
        self._thread.start()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_forever()
        if self._failure is not None:
            raise self._failure

    def must_live(self, task: asyncio.Task[Any]) -> None:
        """Let the failure of a task that nobody awaits be the thread's own, where it is seen. Called on the loop."""
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
            task.get_loop().stop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for its result. Raises Unavailable once its thread has died."""
        if not self.is_alive:
            work.close()
            raise Unavailable(f"the thread {self._name} has died: {self._failure!r}", hint="start it anew")
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def call(self, work: Callable[[], T]) -> T:
        """Call a function on the loop and wait for its result."""

        async def called() -> T:
            return work()

        return self.run(called())

    def stop(self) -> None:
        """Cancel what still runs, end the thread, close the loop."""
        if self._loop is None or self._thread is None:
            return
        if self.is_alive:
            self.run(_cancel_others())
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None


async def _cancel_others() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
