"""What a run moves, how long that takes and what it costs, before and after it. Pure.

The cost is what the clouds ask for bytes that leave them, as if the command ran outside all of them and nothing were
free: the most that it can be. What a store asks for requests and for keeping the bytes is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.cost.prices import CHECKED, PRICES

_OUT: Mapping[str, str] = {"s3": "aws-out", "az": "azure-out", "gs": "gcp-out"}
ASSUMED_BYTES_PER_SECOND = 12_500_000.0
"""Of a line of 100 Mbit/s: until a run has measured it."""


@dataclass(frozen=True)
class Leg:
    """One store's part: bytes that go in, and bytes that come out."""

    address: str
    into: int = 0
    out: int = 0

    @property
    def usd(self) -> float:
        """What its cloud asks for the bytes that leave it; a folder asks nothing."""
        price = PRICES.get(_OUT.get(self.address.partition("://")[0], ""))
        return self.out / 1e9 * price.usd if price else 0.0


def sum_usd(legs: Iterable[Leg]) -> float:
    """The egress of all of them."""
    return sum(leg.usd for leg in legs)


def sum_bytes(legs: Iterable[Leg]) -> int:
    """Everything that passes this machine's line."""
    return sum(leg.into + leg.out for leg in legs if "://" in leg.address)


def predict_seconds(legs: Iterable[Leg], bytes_per_second: float | None) -> float:
    """By the last run's rate, or the assumed one."""
    return sum_bytes(legs) / (bytes_per_second or ASSUMED_BYTES_PER_SECOND)


def describe_bytes(size: float) -> str:
    """In the unit that reads best: 999 B, 1.2 kB, 3.4 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def describe_usd(usd: float) -> str:
    """Dollars, with as many digits as a small sum needs."""
    if usd and usd < 0.01:
        return "under 0.01 USD"
    return f"{usd:.2f} USD"


def describe_prices() -> str:
    """Where the prices are from, and what they leave out."""
    return f"list prices of {CHECKED.isoformat()}, as from outside the clouds, nothing free; requests not counted"
