"""Who hears what happens to requests: metrics, audit log, health, drift, the log of requests, traces.

`Endpoint` and `Intake` tell each of a list. A listener is called on the event loop: it must not block, and must not
raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.bundle.rows import Rows
    from service.server.exchange import Exchange
    from service.server.models import Answers, ServedModel
    from service.server.protocol.problems import Problem


class Listener:
    """Hears nothing; a listener overrides what it wants to hear."""

    def inferred(self, model: ServedModel, rows: Rows, answers: Answers, seconds: float) -> None:
        """A model was called once, for the rows of one or several requests."""

    def answered(self, exchanges: Sequence[Exchange], finished: float) -> None:
        """Predictions were given, refused or shed; `finished` is Unix time in seconds."""

    def refused(self, route: str, problem: Problem, caller: str) -> None:
        """What a caller sent was refused before it was known to ask for a prediction: no HTTP, too slow, too large."""

    def served(self, route: str, status: int, seconds: float) -> None:
        """Anything else was answered: health, metadata, metrics, feedback."""

    def failed(self, error: BaseException) -> None:
        """The server failed at a request, which was answered 500."""


class AnswerListener(Listener):
    """A function that hears of every answered prediction."""

    def __init__(self, hear: Callable[[Exchange, float], None]) -> None:
        self._hear = hear

    def answered(self, exchanges: Sequence[Exchange], finished: float) -> None:
        """One call for each."""
        for exchange in exchanges:
            self._hear(exchange, finished)
