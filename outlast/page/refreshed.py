"""A value that is made anew in the background, and only while somebody asks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from service.errors import OutlastError, Unavailable

T = TypeVar("T")


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="page-refresh", daemon=True).start()


class Refreshed(Generic[T]):
    """The first `get` waits for the value; a later one has the last, and makes the next where that one is old.

    With `first` none waits: that is the value until one was made.
    """

    def __init__(
        self,
        make: Callable[[], T],
        every_seconds: float,
        *,
        now: Callable[[], float] = time.monotonic,
        begin: Callable[[Callable[[], None]], None] = _in_background,
        first: T | None = None,
    ) -> None:
        self._make = make
        self._every = every_seconds
        self._now = now
        self._begin = begin
        self._lock = threading.Lock()
        self._made = float("-inf")
        self._value = first
        self._error: OutlastError | None = None

    def get(self) -> T:
        """The value. Raises what the latest attempt raised, until one goes well again."""
        if self._value is None and self._error is None:
            self._refresh()
        elif self._now() - self._made > self._every and not self._lock.locked():
            self._begin(self._refresh)
        if self._error is not None:
            raise self._error
        if self._value is None:
            raise Unavailable("not read yet", hint="an attempt failed; the next one is made in its turn")
        return self._value

    def _refresh(self) -> None:
        with self._lock:
            if self._now() - self._made <= self._every:  # another has just done it
                return
            try:
                self._value, self._error = self._make(), None
            except OutlastError as error:
                self._error = error
            except RuntimeError as error:
                # This process ends, and its pools of threads take no more work: nobody waits for the value.
                if "interpreter shutdown" not in str(error):
                    raise
            finally:  # whatever went wrong, the next attempt is a turn away: a cloud's API is paid by the call
                self._made = self._now()
