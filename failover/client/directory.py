"""Which sites there are and where, by what DNS said: the best first; the last good answer while DNS is silent. Pure.

Weighted DNS names one site a query, and a resolver gives everybody behind it that one until its TTL is over: asking
again finds no other. So the host's own answer says only which site is best, for it knows weights and health. The
others come from where they stand together: an SRV record at `_https._tcp.<host>`, or the names that the caller gives;
and every site that the host's answer has ever named is remembered.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from failover.client.calls import Site
from failover.resolution import Resolution

SERVICE = "_https._tcp."
MOST_SITES = 32  # that are remembered, whatever DNS names
LEAST_TTL_SECONDS = 1.0
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 30.0


@dataclass(frozen=True)
class Question:
    """What to ask DNS."""

    name: str
    rdtype: str = "A"


@dataclass
class _Entry:
    """What is known of one question: the last good answer, until when it holds, and when to ask again after silence."""

    good: Resolution | None = None
    expires: float = 0.0
    retry_at: float = 0.0
    failures: int = 0


class Directory:
    """The sites of a host, and of a second one that is used where the first has none. Thread-safe.

    Ask DNS what `due` lists, and `take` each answer; `sites` is what is known at any moment.
    """

    def __init__(
        self,
        host: str,
        *,
        second_host: str | None = None,
        sites: Sequence[str] = (),
        now: Callable[[], float],
        chance: random.Random,
    ) -> None:
        self._hosts = tuple(_plain(name) for name in (host, second_host) if name)
        self._given = tuple(_plain(name) for name in sites)
        self._now = now
        self._chance = chance
        self._lock = threading.Lock()
        self._entries: dict[Question, _Entry] = {}
        self._seen: dict[str, list[str]] = {name: [] for name in self._hosts}
        self._sites: tuple[Site, ...] = ()
        self._next_due = 0.0
        with self._lock:
            self._settle()

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every site with a known address, the best first, those of the second host last."""
        return self._sites

    def due(self) -> tuple[Question, ...]:
        """What to ask now, the most important first; empty most of the time, and quick to find so."""
        if self._now() < self._next_due:
            return ()
        with self._lock:
            now = self._now()
            return tuple(q for q, e in self._entries.items() if now >= e.expires and now >= e.retry_at)

    def must_wait(self) -> bool:
        """Whether a call should wait for DNS: no site is known, or the host's answer is older than twice its TTL."""
        entry = self._entries[Question(self._hosts[0])]
        if not self._sites:
            return True
        if entry.good is None or entry.failures:
            return False
        return self._now() >= entry.expires + max(LEAST_TTL_SECONDS, entry.good.ttl_seconds)

    def take(self, question: Question, answer: Resolution | None) -> None:
        """What DNS said; None where it did not answer."""
        with self._lock:
            entry = self._entries.setdefault(question, _Entry())
            if answer is None or not self._is_good(question, answer):
                pause = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0**entry.failures)
                entry.failures += 1
                entry.retry_at = self._now() + pause * (0.5 + self._chance.random() / 2)
            else:
                ttl = max(LEAST_TTL_SECONDS, answer.ttl_seconds)
                # A tenth earlier at most: many clients that were started together ask at different moments.
                entry.good, entry.failures = answer, 0
                entry.expires = self._now() + ttl * (1.0 - self._chance.random() / 10)
                self._remember(question, answer)
            self._settle()

    def _is_good(self, question: Question, answer: Resolution) -> bool:
        """A host that suddenly has no address is not believed; a site or a list that is gone, is gone."""
        if answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return False
        return question.name not in self._hosts or bool(answer.addresses or answer.cname_chain)

    def _remember(self, question: Question, answer: Resolution) -> None:
        seen = self._seen.get(question.name)
        name = _origin(answer)
        if seen is not None and answer.cname_chain and name not in seen and len(seen) < MOST_SITES:
            seen.append(name)

    def _settle(self) -> None:
        """Find anew which questions there are, which sites, and when the next question is due."""
        wanted = [question for host in self._hosts for question in self._questions(host)]
        self._entries = {question: self._entries.get(question, _Entry()) for question in dict.fromkeys(wanted)}
        self._sites = tuple(self._find_sites())
        self._next_due = min(max(entry.expires, entry.retry_at) for entry in self._entries.values())

    def _questions(self, host: str) -> Iterable[Question]:
        yield Question(host)
        if not self._given or host != self._hosts[0]:
            yield Question(SERVICE + host, "SRV")
        for name in self._names(host):
            if name != host:
                yield Question(name)

    def _names(self, host: str) -> list[str]:
        """The names of the host's sites: its best, those that are listed, those that it ever named."""
        best = self._best(host)
        listed = self._given if self._given and host == self._hosts[0] else self._listed(host)
        return list(dict.fromkeys([*([best] if best else ()), *listed, *self._seen[host]]))[:MOST_SITES]

    def _best(self, host: str) -> str:
        good = self._good(Question(host))
        return "" if good is None else _origin(good)

    def _listed(self, host: str) -> list[str]:
        """The targets of the SRV record, lowest priority first, drawn by weight within one (RFC 2782)."""
        good = self._good(Question(SERVICE + host, "SRV"))
        targets = [_read_target(text) for text in good.addresses] if good else []
        drawn = sorted((priority, -self._draw(weight), name) for priority, weight, name in targets if name)
        return [name for _, _, name in drawn]

    def _draw(self, weight: int) -> float:
        """A number by which sorting picks in proportion to the weights (Efraimidis and Spirakis); zero comes last."""
        return self._chance.random() ** (1.0 / weight) if weight else 0.0

    def _find_sites(self) -> Iterable[Site]:
        taken: set[str] = set()
        for host in self._hosts:
            for name in self._names(host):
                addresses = tuple(a for a in self._addresses(host, name) if a not in taken)
                if addresses:
                    taken.update(addresses)
                    yield Site(name, host, addresses)

    def _addresses(self, host: str, name: str) -> tuple[str, ...]:
        """Those of the host's own answer where it named this site, else those of the site's own name."""
        good = self._good(Question(host))
        if good is not None and name == self._best(host) and good.addresses:
            return good.addresses
        own = self._good(Question(name))
        return own.addresses if own else ()

    def _good(self, question: Question) -> Resolution | None:
        entry = self._entries.get(question)
        return entry.good if entry else None


def _origin(answer: Resolution) -> str:
    """The site's own name in a host's answer: the last of its chain below the host, for a group may come before it.

    Where the chain leaves the host at once it is the first one; without a chain the host itself.
    """
    own = [name for name in answer.cname_chain if name.endswith(f".{_plain(answer.host)}")]
    return (own[-1:] or list(answer.cname_chain[:1]) or [_plain(answer.host)])[0]


def _read_target(text: str) -> tuple[int, int, str]:
    """Priority, weight and name of one SRV record's text; the name is empty where it says that there is no service."""
    priority, weight, _, name = text.split(" ", 3)
    return int(priority), int(weight), _plain(name)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
