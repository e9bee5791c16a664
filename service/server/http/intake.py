"""The one way in for predictions, whatever server read the request: key, limits, queue, and the count of the answer.

A server calls `find` with the target, `open` when the headers are complete, `add` for each part of the body, and
`submit` at its end; the answer comes to the waiter that it handed in. `abandon` is for a client that has gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from service.server.endpoint import Endpoint
from service.server.exchange import SHED, Exchange, Header, Target
from service.server.http.addresses import AddressLimit
from service.server.http.budget import Budget, Throttle
from service.server.http.queue import RequestQueue, Waiter
from service.server.listeners import Listener
from service.server.protocol.bodies import too_large
from service.server.protocol.problems import ADDRESS_OVER_LIMIT, Problem, overloaded

# Answers a second to callers without a key, from all connections together. A person, a scraper and a client that reads
# the metadata ask for a handful; at this rate they cost the event loop a few per cent.
_UNKNOWN_RATE = 200.0
_UNKNOWN_BURST = 100.0
_UNKNOWN_SECONDS = 5.0
NO_ROUTE = "(none)"  # the route under which an address that is none of ours is counted


class Intake:
    """Takes requests for predictions in. `clock` gives Unix seconds."""

    def __init__(
        self,
        *,
        targets: Mapping[str, Target],
        endpoint: Endpoint,
        queue: RequestQueue,
        listeners: Sequence[Listener],
        budget: Budget,
        max_body_bytes: int,
        clock: Callable[[], float],
        addresses: AddressLimit | None = None,
    ) -> None:
        self.queue = queue
        self.budget = budget
        self.listeners = tuple(listeners)
        self.max_body_bytes = max_body_bytes
        self.leaving = False  # clients should go to another site: their connections end sooner
        self.unknown = Throttle(_UNKNOWN_RATE, _UNKNOWN_BURST, _UNKNOWN_SECONDS)
        self._targets = {path.encode(): target for path, target in targets.items()}
        self._addresses = addresses or AddressLimit(0)
        self._endpoint = endpoint
        self._clock = clock

    def find(self, target: bytes) -> Target | None:
        """What a request target asks for, its query left out; None where that is no prediction."""
        found = self._targets.get(target)
        if found is None and b"?" in target:
            found = self._targets.get(target.partition(b"?")[0])
        return found

    def open(self, target: Target, headers: Iterable[Header], caller: str) -> Exchange:
        """A request whose headers are complete: refused already where its key or its length says so."""
        given, now = dict(headers), self._clock()
        exchange = Exchange(target, given, b"", now, self._addresses.caller(given, caller))
        try:
            self._addresses.admit(exchange.caller, now)
            self._endpoint.admit(exchange)
            self._check_length(exchange.headers.get(b"content-length"))
        except Problem as problem:
            exchange.fail(problem)
        return exchange

    def admit_other(self, headers: Iterable[Header], caller: str) -> None:
        """Count a request for neither a prediction nor health. Raises Problem where its address asks too often."""
        self._addresses.admit(self._addresses.caller(dict(headers), caller), self._clock())

    def _check_length(self, said: bytes | None) -> None:
        if said is None or not said.isdigit():
            return
        length = int(said) if len(said) < 20 else self.max_body_bytes + 1
        if length > self.max_body_bytes:
            raise too_large(self.max_body_bytes)
        if self.budget.used_bytes + length > self.budget.limit_bytes:
            raise over_budget()

    def add(self, exchange: Exchange, part: bytes) -> None:
        """A part of the body. Raises Problem where it is too large, or the process holds too much already."""
        if exchange.problem is not None:
            return
        if len(exchange.body) + len(part) > self.max_body_bytes:
            raise too_large(self.max_body_bytes)
        if not self.budget.take(len(part)):
            raise over_budget()
        if not exchange.body:
            exchange.body = part
        elif type(exchange.body) is bytearray:
            exchange.body += part
        else:
            exchange.body = bytearray(exchange.body) + part

    def submit(self, exchange: Exchange, waiter: Waiter) -> None:
        """The request is whole: queue it, or answer it at once where it is refused."""
        exchange.arrived = self._clock()
        if exchange.problem is None:
            if self.queue.take(waiter, exchange):
                return
            exchange.fail(SHED)
        self.close(exchange)
        delay = self.unknown.delay(waiter.loop.time()) if _costs_nothing(exchange) else 0.0
        if delay:
            waiter.loop.call_later(delay, waiter.reply, exchange)
        else:
            waiter.reply(exchange)

    def refuse(self, exchange: Exchange, problem: Problem) -> None:
        """Count a request that will not be read to its end; its server writes the answer."""
        if exchange.problem is None:
            exchange.fail(problem)
        self.close(exchange)

    def refuse_bytes(self, problem: Problem, caller: str) -> None:
        """Count what was refused before it was a request for a prediction."""
        for listener in self.listeners:
            listener.refused(NO_ROUTE, problem, caller)

    def report(self, error: BaseException) -> None:
        """Tell of a mistake of our own."""
        for listener in self.listeners:
            listener.failed(error)

    def close(self, exchange: Exchange) -> None:
        """Count an exchange that `answer` will not see, and give back what it held."""
        self.abandon(exchange)
        self._endpoint.close([exchange])

    def abandon(self, exchange: Exchange) -> None:
        """Give back what an exchange held that will not be answered."""
        self.budget.give(len(exchange.body))
        exchange.body = b""


def _costs_nothing(exchange: Exchange) -> bool:
    """Whether whoever asks in a loop would be refused for nothing: those are put off, and so kept from asking again."""
    limited = exchange.problem is not None and exchange.problem.kind is ADDRESS_OVER_LIMIT
    return limited or exchange.status == 401


def over_budget() -> Problem:
    """503: this process holds as many bytes for requests as it may."""
    return overloaded("the bodies of other requests fill the memory that this replica has for them")
