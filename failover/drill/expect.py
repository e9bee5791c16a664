"""What a level 1 drill should take, in life seconds, term by term. Pure."""

from __future__ import annotations

from failover.drill.plan import Term

PROPAGATION_SECONDS = 60.0
REQUEST_WALL_SECONDS = 0.25
ALLOWED_LAG_SECONDS = 1.0


def expect_failover(ttl_seconds: int, *, client_hz: float, speed: int) -> tuple[Term, Term]:
    """From the change to the last client: level 1 has no detection, the health check is told."""
    return _switch("the name servers no longer name the site"), _caches(ttl_seconds, client_hz, speed)


def expect_failback(ttl_seconds: int, *, client_hz: float, speed: int) -> tuple[Term, Term]:
    """From the undo to the first client: the check counts as healthy at once, until its checkers say otherwise."""
    return _switch("the name servers name the site again"), _caches(ttl_seconds, client_hz, speed)


def _switch(what: str) -> Term:
    return Term("switch", 0.0, PROPAGATION_SECONDS, f"until {what}: Route 53 promises 60 s for a change")


def _caches(ttl_seconds: int, client_hz: float, speed: int) -> Term:
    """A client uses an answer for its TTL; its next request comes a beat later, and has to be answered."""
    beat = speed * (1 / client_hz + REQUEST_WALL_SECONDS) + ALLOWED_LAG_SECONDS
    return Term("caches", 0.0, ttl_seconds + beat, f"until a client's cached answer (TTL {ttl_seconds} s) has run out")
