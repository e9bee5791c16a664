"""The faults of `make chaos`: how each is made, and who is expected to notice it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from failover.levers.change import FAULT, FLAG
from failover.levers.levels import HEALTH, SANDBOX, Way
from service.errors import InvalidInput, Mistake

CHECKS, PROBE, NOBODY = "health checks", "pinned probe", "nobody"
_BLIND_REGION = "us-east-1"


@dataclass(frozen=True)
class ChaosFault:
    """One fault: `kind` as its lever takes it, `noticed_by` the first of health checks, pinned probe and nobody.

    A fault that is `of_provider` breaks DNS's provider, not a site: no site may leave for it. One that `needs_spot` is
    made where a site has tasks on Spot. `fails_at_most` is the share of requests that may fail; None where any may.
    """

    name: str
    title: str
    kind: str
    noticed_by: str = CHECKS
    by_flag: bool = False
    of_provider: bool = False
    needs_spot: bool = False
    fails_at_most: float | None = None

    def way(self, site: str, flag: str) -> Way:
        """How it is made at a site, whose replicas read their fault flag at `flag`."""
        if self.by_flag:
            return Way(HEALTH, FLAG, flag, self.kind)
        return Way(SANDBOX, FAULT, self.kind if self.of_provider else f"{site} {self.kind}", self.kind)


FAULTS: Sequence[ChaosFault] = (
    ChaosFault("process-killed", "one service process is killed", "kill=1", NOBODY),
    ChaosFault("all-killed", "all replicas are killed", "kill"),
    ChaosFault("refusing", "connections are refused", "refuse"),
    ChaosFault("black-hole", "packets are swallowed", "blackhole"),
    ChaosFault("resets", "every connection is reset", "reset"),
    ChaosFault("late", "every connection is 2 s late", "delay=2000", PROBE),
    ChaosFault("half-5xx", "half of all answers are 500", "errors:0.5", by_flag=True),
    ChaosFault("wrong-answers", "the model answers wrongly", "wrong-answers", by_flag=True),
    ChaosFault("nan-answers", "the model answers NaN", "nan-answers", by_flag=True),
    ChaosFault("stale-model", "another model is served than released", "stale-model", by_flag=True),
    ChaosFault("expired-certificate", "the certificate ended yesterday", "expired-certificate", PROBE),
    ChaosFault("wrong-certificate", "the certificate is of another name", "wrong-certificate", PROBE),
    ChaosFault(
        "spot",
        "AWS takes the tasks on Spot back, with two minutes' notice",
        "spot",
        NOBODY,
        needs_spot=True,
        fails_at_most=0.01,
    ),
    ChaosFault("dark", "the whole cloud is gone, its API with it", "dark"),
    ChaosFault("control-plane", "Route 53 answers DNS and refuses changes", "control-plane", NOBODY, of_provider=True),
    ChaosFault(
        "blind-region", "the checkers of one region see nothing", f"blind={_BLIND_REGION}", NOBODY, of_provider=True
    ),
)


def choose_faults(names: str) -> list[ChaosFault]:
    """Those that are named, apart by commas or spaces; all of them for none. Raises InvalidInput for unknown ones."""
    known = {fault.name: fault for fault in FAULTS}
    asked = names.replace(",", " ").split() or list(known)
    if unknown := [name for name in asked if name not in known]:
        mistakes = [Mistake("FAULTS", f"{name!r} is no fault of make chaos") for name in unknown]
        raise InvalidInput("these faults cannot be made", mistakes, hint=f"one of: {', '.join(known)}")
    return [known[name] for name in asked]
