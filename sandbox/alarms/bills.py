"""The bills that budgets look at: what each stack costs grows with the sandbox's clock, from a table of list prices.

The month begins with the first budget and ends after 730 hours of the clock. What is spent is kept over a restart.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from sandbox.alarms.counts import Counts
from service.bundle.writing import write_whole

MONTH_SECONDS = 730 * 3600.0
_PRICED_EVERY = 600.0
"""Simulated seconds after which prices are asked again: they follow from files and from the load."""

Prices = Callable[[Collection[str]], Mapping[str, float]]
"""Stacks -> USD a month of each that has a price."""


class Bills:
    """Notes for each budget what was spent of the month, and what is expected of the whole of it.

    Args:
        now: simulated seconds.
        billed: budget -> the stacks that it looks at.
        file: where what was spent is kept.
    """

    def __init__(
        self,
        counts: Counts,
        now: Callable[[], float],
        billed: Callable[[], Mapping[str, Collection[str]]],
        prices: Prices,
        file: Path,
    ) -> None:
        self._counts = counts
        self._now = now
        self._billed = billed
        self._prices = prices
        self._file = file
        self._monthly: Mapping[str, float] = {}
        self._priced: tuple[float, frozenset[str]] = (-_PRICED_EVERY, frozenset())
        self._elapsed, self._spent = self._load()
        self._noted = now()

    def note(self) -> None:
        """Let the bills grow until now. Without a budget nobody asks for any."""
        budgets, now = self._billed(), self._now()
        passed, self._noted = now - self._noted, now
        if not budgets:
            return
        self._grow(passed, frozenset(stack for stacks in budgets.values() for stack in stacks), now)
        left = MONTH_SECONDS - self._elapsed
        for budget, stacks in budgets.items():
            spent = sum(self._spent.get(stack, 0.0) for stack in stacks)
            rate = sum(self._monthly.get(stack, 0.0) for stack in stacks) / MONTH_SECONDS
            self._counts.note("spent", budget, spent)
            self._counts.note("expected", budget, spent + rate * left)
        write_whole(self._file, json.dumps({"elapsed": self._elapsed, "spent": self._spent}))

    def _grow(self, passed: float, stacks: frozenset[str], now: float) -> None:
        self._elapsed += passed
        if self._elapsed >= MONTH_SECONDS:
            self._elapsed, self._spent = self._elapsed % MONTH_SECONDS, {}
        if now - self._priced[0] >= _PRICED_EVERY or stacks != self._priced[1]:
            self._monthly, self._priced = self._prices(stacks), (now, stacks)
        for stack, usd in self._monthly.items():
            self._spent[stack] = self._spent.get(stack, 0.0) + usd * passed / MONTH_SECONDS

    def _load(self) -> tuple[float, dict[str, float]]:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._file.read_text())
            return float(kept["elapsed"]), {str(stack): float(usd) for stack, usd in dict(kept["spent"]).items()}
        return 0.0, {}
