"""What a call of the endpoint may raise. The package stands alone, so these are no part of `service.errors`.

EndpointError             what is wrong and why; `hint` says what to do next
├── NoAddress             DNS named no site, now or before
├── NoAnswer              no site gave an answer within the deadline; `tries` says what each did
├── RequestRefused        a site answered 4xx: the same everywhere, so no other site was asked
└── ReceiptMismatch       the answer's receipt is not about what was sent and received
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class EndpointError(Exception):
    """What is wrong and why; `hint` says what to do next."""

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\nhint: {self.hint}" if self.hint else self.what


class NoAddress(EndpointError):
    """DNS named no site, now or before."""


@dataclass(frozen=True)
class Try:
    """One attempt of a call: at which site and address, for how long, and why it failed; "" where it did not."""

    site: str
    address: str
    seconds: float
    failure: str = ""

    def __str__(self) -> str:
        return f"{self.site} ({self.address}) after {self.seconds:.2f} s: {self.failure or 'answered'}"


class NoAnswer(EndpointError):
    """No site gave an answer within the deadline; `tries` says what each did."""

    def __init__(self, what: str, tries: Sequence[Try], *, hint: str = "") -> None:
        super().__init__("; ".join([what, *map(str, tries)]), hint=hint)
        self.tries = tuple(tries)


class RequestRefused(EndpointError):
    """A site refused the request: `status`, and the problem document that it gave (RFC 9457), {} where it gave none."""

    def __init__(self, status: int, problem: dict[str, Any], site: str) -> None:
        told = problem.get("detail") or problem.get("error") or "without a reason"
        super().__init__(f"{site} refused the request with {status}: {told}", hint=str(problem.get("hint") or ""))
        self.status = status
        self.problem = problem
        self.site = site


class ReceiptMismatch(EndpointError):
    """The receipt is not about what was sent and received: something between model and caller changed one of them."""


class Failed(Exception):
    """An attempt failed. `sent` is False where the site cannot have seen the request: no connection was made."""

    def __init__(self, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
