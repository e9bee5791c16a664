"""How often one address may ask, as a load balancer counts it, and how soon it notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from failover.simulator.clock import ScaledClock


@dataclass(frozen=True)
class RateRule:
    """A limit for each address. Seconds are simulated.

    The counts are looked at every `step_seconds`: the steps before the present one that make `window_seconds`, refused
    requests among them, as WAF does. Where the two are the same every request is looked at, against what was let
    through in the present window, as by a throttle of Cloud Armor. `spared` paths are neither counted nor refused.
    """

    name: str
    requests: int
    window_seconds: int
    step_seconds: int
    spared: tuple[str, ...] = ()
    status: int = 403
    headers: str = ""  # of the refusal, whole lines

    @property
    def steps(self) -> int:
        """How many make the window."""
        return self.window_seconds // self.step_seconds

    def __str__(self) -> str:
        return f"over {self.requests} requests in {self.window_seconds} s ({self.name}): {self.status}"


class RateCounter:
    """What each address has asked. One event loop counts; others may read who is over the limit."""

    def __init__(self, rule: RateRule | None, clock: ScaledClock) -> None:
        self.rule = rule
        self._clock = clock
        self._counts: dict[str, Counter[int]] = {}
        self._now = 0

    def refuses(self, address: str, path: str) -> bool:
        """Count a request of that address; whether it is refused."""
        rule = self.rule
        if rule is None or path in rule.spared:
            return False
        step = self._step(rule)
        if step != self._now:
            self._forget(step, rule.steps)
        counts = self._counts.setdefault(address, Counter())
        over = _is_over(rule, counts, step)
        if not over or rule.steps > 1:
            counts[step] += 1
        return over

    def limited(self) -> list[str]:
        """The addresses whose next request is refused."""
        if self.rule is None:
            return []
        step = self._step(self.rule)
        return sorted(address for address, counts in list(self._counts.items()) if _is_over(self.rule, counts, step))

    def _step(self, rule: RateRule) -> int:
        return int(self._clock.simulated_now() // rule.step_seconds)

    def _forget(self, step: int, steps: int) -> None:
        """Who has not asked within the window is nobody in particular."""
        self._now = step
        recent = {a: Counter({s: n for s, n in c.items() if s >= step - steps}) for a, c in self._counts.items()}
        self._counts = {address: counts for address, counts in recent.items() if counts}


def _is_over(rule: RateRule, counts: Mapping[int, int], step: int) -> bool:
    if rule.steps == 1:
        return counts.get(step, 0) >= rule.requests
    return sum(counts.get(earlier, 0) for earlier in range(step - rule.steps, step)) > rule.requests
