"""The page's data of real accounts, read as anybody on call reads it: Route 53's API, DNS, each site's own answers, and
what its cloud measures and alarms of.

Nothing here changes anything: of a cloud only calls that read are made, and a button answers with the command to type.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from failover.dial import Dial
from failover.drill.options import DEFAULT_DRILLS
from failover.drill.route53 import build_client
from failover.levers.clouds import Clouds
from failover.metrics.command import asker_of
from failover.metrics.gather import Ask
from failover.oncall.alarms import Alarms
from failover.oncall.look import read_standing
from failover.oncall.notes import find_notes
from failover.oncall.standing import HostStanding
from infra.models import ROOT
from outlast.metrics import read_declared
from outlast.page.account_view import Bar, Known, Looked, bar_of, list_troubles, pair, show_account
from outlast.page.asking import Asking
from outlast.page.cloud_view import list_cloud_alarms
from outlast.page.cloud_watching import EVERY_SECONDS, CloudWatching, Watched, find_watched
from outlast.page.elsewhere import SharedLock, tell_tagged
from outlast.page.journals import find_drill
from outlast.page.prices import usd_per_hour
from outlast.page.refreshed import Refreshed
from outlast.page.row import RowBox
from outlast.page.sent import SentRows
from outlast.page.traffic import Traffic
from outlast.page.view import BUCKETS
from outlast.page.zone import ZoneAnswer
from sandbox import stack_files
from sandbox.layout import Layout
from service.bundle.folder import choose_released, load_golden
from service.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

LOOK_SECONDS = 10.0
"""A look is a dozen calls; Route 53 takes five a second of a whole account."""
TO_TYPE: Mapping[str, str] = {
    "lose": "outlast drill now --lose {site} --level 3 --host {host}",
    "give-back": "outlast drill restore",
    "drain": "outlast drain {site} --host {host}",
    "undrain": "outlast undrain {site} --host {host}",
    "drill": "outlast drill now --lose {site} --host {host}",
}


@dataclass(frozen=True)
class Reached:
    """By what the accounts and their sites are asked."""

    route53: Route53Client
    dial: Dial
    ask_metrics: Ask
    drills: Path
    clouds: CloudWatching
    lock: SharedLock
    sent: SentRows


class Account:
    """One public host of real accounts. Raises InvalidInput where no zone of the account has it."""

    def __init__(self, host: str, reached: Reached, box: RowBox, known: Known) -> None:
        self._host = host
        self._reached = reached
        self._box = box
        self._known = replace(known, speed=reached.dial.speed)
        self._alarms = Alarms()
        self._looks = Refreshed(self._look, LOOK_SECONDS / reached.dial.speed)
        self._zone = ZoneAnswer(reached.dial, host)
        self._asking = Asking(reached.ask_metrics, self._sites)
        self._bars: deque[tuple[int, Bar]] = deque(maxlen=BUCKETS)
        self.traffic = Traffic(lambda _: {})  # nobody is asked for the page's sake

    @property
    def is_used(self) -> bool:
        """Whether somebody looks."""
        return self.traffic.is_watched

    def view(self) -> dict[str, Any]:
        """The page's data now. Raises Unavailable where Route 53's API does not answer."""
        standing, measured, now = self._looks.get(), self._asking.measured(), time.monotonic()
        readings = self._reached.clouds.readings()
        troubles = list_troubles(find_notes(standing), list(self._alarms.standing.values()), self._asking.why_not)
        troubles += list_cloud_alarms(readings, self._known.clouds)
        drill = find_drill(self._reached.drills, time.time())
        bars = self._add_bar(pair(measured, readings, [site.name for site in standing.sites]), int(now))
        shown = show_account(standing, self._known, measured, readings, self._zone.ask(), bars, troubles, drill, now)
        held, why_not = self._reached.lock.tell()
        shown["unread"] += [why_not] if why_not else []
        elsewhere = "" if drill else held or tell_tagged(standing)
        return shown | {"elsewhere": elsewhere, "action": {"what": "", "site": "", "running": False, "said": ""}}

    def _look(self) -> HostStanding:
        reached, now = self._reached, datetime.now(UTC)
        deadline = reached.dial.deadline_seconds
        standing = read_standing(
            reached.route53, reached.dial, self._host, now=now, deadline_seconds=deadline, drills=reached.drills
        )
        self._alarms.look(standing)
        return standing

    def _sites(self) -> list[str]:
        return [site.name for site in self._looks.get().sites]

    def _add_bar(self, looked: Mapping[str, Looked], second: int) -> list[Bar]:
        """A bar for each second in which somebody looked; the last minute of them."""
        if not self._bars or self._bars[-1][0] != second:
            self._bars.append((second, bar_of(looked)))
        return [bar for at, bar in self._bars.copy() if second - at < BUCKETS]

    def act(self, what: str, site: str) -> str:
        """The command that does it. Raises InvalidInput for what no button says."""
        if what not in TO_TYPE or site not in self._sites():
            raise InvalidInput(f"no button does {what!r} to {site!r}", hint=f"outlast status --host {self._host}")
        return f"type: {TO_TYPE[what].format(site=site, host=self._host)}"

    def example(self) -> dict[str, Any]:
        """A row of the model's own features."""
        return self._box.example()

    def predict(self, row: list[Any]) -> dict[str, Any]:
        """Send one row, where that is allowed: it is an answer that somebody pays for, and in the audit log."""
        if not self._known.may_predict:
            hint = f"outlast watch --page --allow-predict --host {self._host}"
            raise Refused("no row is sent to real accounts unless that is allowed", hint=hint)
        answer = self._box.predict(row)
        looked_for = self._reached.sent.note(answer["site"], answer["request"])
        return {**answer, "record": None, "looked_for": looked_for}

    def find_record(self, _: str, request: str) -> dict[str, Any] | None:
        """The audit record of a row that was sent, once the log of the site that answered has it."""
        return self._reached.sent.find(request)


@dataclass(frozen=True)
class Options:
    """What of the page is asked for: the stack files, where drills are looked for, and the lock that they share."""

    stacks: str | None = None
    may_predict: bool = False
    drills: Path = DEFAULT_DRILLS
    lock: str = ""


def open_account(host: str, environ: Mapping[str, str], options: Options) -> Account:
    """The host in the account of the environment's AWS credentials; prices only of stack files that are named."""
    stacks = options.stacks
    key, dial = environ.get("OUTLAST_API_KEY", ""), Dial.from_environment(environ)
    released = choose_released(environ.get("OUTLAST_DEFAULT_MODEL") or None)
    watched = _find_watched(environ, stacks)
    known = Known(
        model=released.name,
        may_predict=options.may_predict,
        usd_per_hour=usd_per_hour(stacks) if stacks else {},
        declared=read_declared(stacks, ROOT) if stacks else {},
        clouds=watched.asked,
    )
    clouds = Clouds(environ)
    watching = CloudWatching(watched, clouds, every_seconds=EVERY_SECONDS / dial.speed)
    lock = SharedLock(options.lock or environ.get("OUTLAST_DRILL_LOCK", ""), clouds)
    reached = Reached(
        build_client(), dial, asker_of(host, environ), options.drills, watching, lock, SentRows(watched.places, clouds)
    )
    return Account(host, reached, RowBox(dial, host, load_golden(released), key), known)


def _find_watched(environ: Mapping[str, str], stacks: str | None) -> Watched:
    """Of the set that is named; without one of the sandbox's, where the environment is a sandbox's."""
    if stacks:
        return find_watched(ROOT, stack_files.find(ROOT, stacks))
    if environ.get("OUTLAST_SANDBOX_ENDPOINT"):
        return find_watched(ROOT, stack_files.load(Layout.of(ROOT)))
    return Watched()
