"""Asking DNS for a client by dnspython, blocking or not: no cache, no search list, a time limit for each question."""

from __future__ import annotations

from dataclasses import dataclass, field

import dns.asyncresolver
import dns.exception
import dns.resolver

from failover.client.directory import Question
from failover.resolution import Resolution, read_response

NEGATIVE_SECONDS = 30  # how long a name that does not exist is not asked for again


@dataclass(frozen=True)
class Names:
    """Whom to ask: `nameserver`, else those that the system is configured with."""

    nameserver: str | None = None
    port: int = 53
    _blocking: dns.resolver.Resolver = field(init=False, repr=False, compare=False)
    _waiting: dns.asyncresolver.Resolver = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, kind in (("_blocking", dns.resolver.Resolver), ("_waiting", dns.asyncresolver.Resolver)):
            resolver = kind(configure=self.nameserver is None)
            if self.nameserver is not None:
                resolver.nameservers, resolver.port = [self.nameserver], self.port
            object.__setattr__(self, name, resolver)

    def ask(self, question: Question, seconds: float) -> Resolution | None:
        """What DNS says; None where it does not answer in time, or answers with an error."""
        try:
            return _read(
                question,
                self._blocking.resolve(
                    question.name, question.rdtype, raise_on_no_answer=False, lifetime=seconds, search=False
                ),
            )
        except dns.resolver.NXDOMAIN:
            return _absent(question)
        except (dns.exception.DNSException, OSError):
            return None

    async def ask_async(self, question: Question, seconds: float) -> Resolution | None:
        """The same, for an event loop."""
        try:
            return _read(
                question,
                await self._waiting.resolve(
                    question.name, question.rdtype, raise_on_no_answer=False, lifetime=seconds, search=False
                ),
            )
        except dns.resolver.NXDOMAIN:
            return _absent(question)
        except (dns.exception.DNSException, OSError):
            return None


def _read(question: Question, answer: dns.resolver.Answer) -> Resolution:
    return read_response(answer.response, question.name, question.rdtype)


def _absent(question: Question) -> Resolution:
    return Resolution(question.name, question.rdtype, (), (), NEGATIVE_SECONDS, "NXDOMAIN", False, 0.0)
