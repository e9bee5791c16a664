"""Eventual consistency: how long the clouds take until a change counts everywhere, where the sandbox was asked for it.

Off, everything counts at once, and what forgot a `depends_on` comes up all the same: each race is won. On, what has a
`Takes` takes that long, and whoever does not wait for it meets what he would meet in the real cloud.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from failover.simulator.clock import ScaledClock

_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Takes:
    """How long something takes at most, in simulated seconds, and where that is written."""

    seconds: float
    source: str


# botocore's documentation of ChangeResourceRecordSets: "generally propagate … within 60 seconds". The provider waits
# until the change is INSYNC: hashicorp/terraform-provider-aws, internal/service/route53/record.go.
RECORD = Takes(60, "Route 53 API, ChangeResourceRecordSets: to all name servers within 60 s")
# docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
EC2 = Takes(300, "EC2 Developer Guide, eventual consistency: from a couple of seconds up to five minutes")
# docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html names no figure.
IAM = Takes(120, "IAM User Guide, eventual consistency, which names no figure; pulumi-aws allows two minutes for it")
ACM = Takes(1800, "ACM names no figure: half an hour is assumed, of the 75 minutes that pulumi-aws waits")
ROLE = Takes(600, "learn.microsoft.com/azure/role-based-access-control/troubleshooting: up to 10 minutes")
API = Takes(120, "Google Cloud APIs, error 403: 'wait a few minutes for the action to propagate'; two are assumed")
# cloud.google.com/iam/docs/access-change-propagation
GRANT = Takes(420, "IAM of Google Cloud, access change propagation: typically 2 minutes, potentially 7 or more")
MANAGED = Takes(3600, "cloud.google.com/certificate-manager/docs/troubleshooting: up to 60 minutes")


class Eventual:
    """What takes time, and how much of it. `seconds` is the most that anything takes; 0: nothing takes any."""

    def __init__(self, clock: ScaledClock, pause: Callable[[float], None], seconds: float = 0.0) -> None:
        self._clock = clock
        self._pause = pause
        self._since: dict[str, float] = {}
        self.seconds = seconds

    def limit(self, takes: Takes | None) -> float:
        """How long it takes here: as documented, and never longer than was asked for."""
        return min(takes.seconds, self.seconds) if takes else 0.0

    def wait(self, takes: Takes | None, cancelled: Callable[[], bool]) -> bool:
        """Let that time pass. False where somebody cancelled it."""
        end = self._clock.simulated_now() + self.limit(takes)
        while (rest := end - self._clock.simulated_now()) > 0:
            if cancelled():
                return False
            self._pause(min(rest, _LOOK_SECONDS))
        return True

    def has_passed(self, key: str, takes: Takes) -> bool:
        """Whether that time has passed since `key` was first asked for. A restart begins anew."""
        now = self._clock.simulated_now()
        return now - self._since.setdefault(key, now) >= self.limit(takes)

    def begin_again(self, key: str) -> None:
        """What `key` waited for has gone: the next time that it is asked for is the first."""
        self._since.pop(key, None)
