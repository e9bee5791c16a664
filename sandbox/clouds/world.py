"""What a simulated cloud acts on, handed to every rule and effect of a resource type. The daemon builds it once."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from failover.simulator.clock import ScaledClock
from sandbox.clouds.accounts import Accounts
from sandbox.clouds.addresses import AddressPool
from sandbox.clouds.eventual import Eventual
from sandbox.clouds.object_store import ObjectStore
from sandbox.clouds.registry import ImageRegistry
from sandbox.clouds.store import ResourceStore
from sandbox.journal import Journal
from sandbox.network.certificates import PrivateCA

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client


@dataclass(frozen=True)
class Hooks:
    """How the clouds reach what runs: `sandbox.daemon` hands in the supervisor's and its own functions.

    `reconcile` makes effects follow a change. `wait_workload(key, timeout_seconds, cancelled)` returns once a workload
    serves, and raises Unavailable where it does not. `fate_of(key, revision)` says at once what became of a revision:
    "" where it serves, why it was given up, or None as long as nobody knows. `count_ready(key)` says how many of a
    workload's replicas serve.
    """

    reconcile: Callable[[], None]
    wait_workload: Callable[[str, float, Callable[[], bool]], None]
    fate_of: Callable[[str, str], str | None]
    count_ready: Callable[[str], int] = lambda key: 0


class World:
    """The stores of all three clouds, and what the simulation needs to act on them.

    `lookup(name, type)` asks the sandbox's own DNS, as a certificate authority does.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        clock: ScaledClock,
        ca: PrivateCA,
        image_store: Path,
        project_root: Path,
        route53: Callable[[], Route53Client],
        lookup: Callable[[str, str], list[str]],
        report: Callable[[str], None],
        addresses: Sequence[str],
        hooks: Hooks,
        accounts: Accounts,
        sleep: Callable[[float], None] = time.sleep,
        eventual_seconds: float = 0.0,
        objects: ObjectStore | None = None,
    ) -> None:
        self.store = ResourceStore(journal)
        self.images = ImageRegistry(journal)
        self.objects = objects or ObjectStore(image_store.parent / "objects")
        self.addresses = AddressPool(addresses, self.store)
        self.hooks = hooks
        self.accounts = accounts
        self.clock = clock
        self.ca = ca
        self.image_store = image_store
        self.project_root = project_root
        self.route53 = functools.cache(route53)  # making a boto3 client takes longer than most of its calls
        self.report = report
        self.lookup = lookup
        self._sleep = sleep
        self.eventual = Eventual(clock, self.pause, eventual_seconds)

    def pause(self, seconds: float) -> None:
        """Let `seconds` of the sandbox's clock pass."""
        self._sleep(self.clock.to_wall(seconds))

    def record_values(self, name: str, type_: str) -> list[str]:
        """What an authority finds for a name now, names without their last dot; [] where there is nothing.

        A domain that is not delegated is answered by its zone all the same, but nobody out there gets to it.
        """
        if not self.accounts.is_delegated(name):
            return []
        return [value.rstrip(".") if type_ == "CNAME" else value for value in self.lookup(name, type_)]
