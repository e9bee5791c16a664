"""What logs cost: taken in, a line for each request beside it, and kept for longer than that price has. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from infra.cost.beside import DAYS_A_MONTH, Factor, Rows
from infra.cost.prices import SECONDS

ACCESS_LOG_BYTES = {"aws": 100, "azure": 800, "gcp": 1200}
"""Of one request in the log of what lets it in: assumed. AWS's is text of about 500 bytes, delivered compressed."""

DAYS_PAID = {"aws": 0, "azure": 31, "gcp": 30}
"""For how many days a line is kept for the price of taking it in (the pages of those prices)."""

KEPT_PART = {"aws": 0.2, "azure": 1.0, "gcp": 1.0}
"""What is paid for of a line that is kept: CloudWatch compresses it, to a fifth (assumed)."""

_GB = 1e9


@dataclass(frozen=True)
class Logged:
    """What a site logs: bytes a second of its own log, requests a second that each may have a line in another."""

    cloud: str
    days: int
    bytes_a_second: float
    requests_a_second: float
    each_request: bool


def rows_of(logged: Logged) -> Rows:
    """What requests cause of it."""
    lines = logged.requests_a_second * ACCESS_LOG_BYTES[logged.cloud]
    # Cloud Run writes a line for each request by itself; what is asked for is the load balancer's beside it.
    taken = logged.bytes_a_second + (lines if logged.cloud == "gcp" else 0)
    rows = {"logs, less what is free": (f"{logged.cloud}-logs", _amount(taken))}
    if logged.each_request:
        rows["a line for each request"] = _each_request(logged, lines)
        taken += lines if logged.cloud != "aws" else 0  # there it is a file in a bucket
    months = max(logged.days - DAYS_PAID[logged.cloud], 0) / DAYS_A_MONTH
    if months:
        kept = _amount(taken, (round(months, 1), "months"), (KEPT_PART[logged.cloud], "of it"))
        rows["logs, kept for longer"] = (f"{logged.cloud}-logs-kept", kept)
    return rows


def _each_request(logged: Logged, lines: float) -> tuple[str, tuple[Factor, ...]]:
    """On AWS kept in a bucket; elsewhere taken in as the log is, which used what is free."""
    if logged.cloud != "aws":
        return f"{logged.cloud}-logs-more", _amount(lines, (1, "months"))
    return "aws-access-log", _amount(lines, (max(1.0, round(logged.days / DAYS_A_MONTH, 1)), "months"))


def _amount(bytes_a_second: float, *factors: Factor) -> tuple[Factor, ...]:
    return ((bytes_a_second * SECONDS / _GB, "GB"), *factors)
