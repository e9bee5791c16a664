"""Asks each cloud for its own figures and alarms once a minute at most, and only while somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import shorten

from failover.levers.clouds import Clouds
from failover.logs.clouds import LogPlace
from infra.alerts import ADDRESS
from outlast.cloud_metrics import aws, azure, gcp
from outlast.cloud_metrics.figures import CloudAlarm, Figures, Reading, choose_minute
from outlast.logs import place_of
from outlast.page.refreshed import Refreshed
from sandbox import stack_files
from sandbox.stack_files import StackSet
from service.errors import InvalidInput, OutlastError

EVERY_SECONDS = 60.0
_LONGEST = 160
_NOBODY = f"no alarm is made: outlast:{ADDRESS} is not set"


@dataclass(frozen=True)
class Watched:
    """What is asked: the sites on clouds, those whose stacks make alarms, and the traffic stack if it makes some."""

    places: tuple[LogPlace, ...] = ()
    alarmed: frozenset[str] = frozenset()
    traffic: str = ""
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> dict[str, str]:
        """The cloud of each site, and of the traffic stack, that is asked."""
        return {place.site: place.cloud for place in self.places} | ({self.traffic: "aws"} if self.traffic else {})


def find_watched(root: Path, stacks: StackSet) -> Watched:
    """What a set of stack files says."""
    places, elsewhere, alarmed = [], {}, set()
    for site in stacks.sites:
        config = stack_files.read_config(root, site)
        try:
            places.append(place_of(site, config))
        except InvalidInput:
            elsewhere[site] = "its machine is its owner's: no cloud measures it"
        if config.get(f"outlast:{ADDRESS}"):
            alarmed.add(site)
    has_alarms = bool(stack_files.read_config(root, stacks.traffic).get(f"outlast:{ADDRESS}"))
    return Watched(tuple(places), frozenset(alarmed), stacks.traffic if has_alarms else "", elsewhere)


class CloudWatching:
    """The latest reading of each site, and of the traffic stack."""

    def __init__(
        self,
        watched: Watched,
        clouds: Clouds,
        *,
        every_seconds: float = EVERY_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._watched = watched
        self._clouds = clouds
        self._now = now
        by_cloud: dict[str, list[LogPlace]] = {}
        for place in watched.places:
            by_cloud.setdefault(place.cloud, []).append(place)
        rounds: list[Callable[[], dict[str, Reading]]] = [partial(self._round, places) for places in by_cloud.values()]
        if watched.traffic:
            rounds.append(self._read_traffic)
        nothing: dict[str, Reading] = {}
        self._rounds = [Refreshed(round_, every_seconds, first=nothing) for round_ in rounds]

    def readings(self) -> dict[str, Reading]:
        """By site, and under the traffic stack's name its alarms; without what was not read yet. Waits for nobody."""
        found = {site: Reading(why_not=why) for site, why in self._watched.elsewhere.items()}
        for round_ in self._rounds:
            found |= round_.get()
        return found

    def _round(self, places: Sequence[LogPlace]) -> dict[str, Reading]:
        minute = choose_minute(self._now())
        return {place.site: self._read(place, minute) for place in places}

    def _read(self, place: LogPlace, minute: datetime) -> Reading:
        """A cloud that refuses one of the two may give the other."""
        try:
            found = Reading(_FIGURES[place.cloud](place, minute, self._clouds))
        except OutlastError as error:
            found = Reading(why_not=_say(error))
        if place.site not in self._watched.alarmed:
            return replace(found, why_no_alarms=_NOBODY)
        try:
            return replace(found, alarms=_ALARMS[place.cloud](place, self._clouds))
        except OutlastError as error:
            return replace(found, why_no_alarms=_say(error))

    def _read_traffic(self) -> dict[str, Reading]:
        watched = self._watched
        sites = [*(place.site for place in watched.places), *watched.elsewhere]
        try:
            return {watched.traffic: Reading(alarms=aws.read_traffic_alarms(watched.traffic, sites, self._clouds))}
        except OutlastError as error:
            return {watched.traffic: Reading(why_no_alarms=_say(error))}


_FIGURES: Mapping[str, Callable[[LogPlace, datetime, Clouds], Figures]] = {
    "aws": aws.read_figures,
    "azure": azure.read_figures,
    "gcp": gcp.read_figures,
}
_ALARMS: Mapping[str, Callable[[LogPlace, Clouds], tuple[CloudAlarm, ...]]] = {
    "aws": aws.read_alarms,
    "azure": azure.read_alarms,
    "gcp": gcp.read_alarms,
}


def _say(error: OutlastError) -> str:
    """On one line, and of what a cloud wrote no more than its beginning."""
    said = shorten(error.what, _LONGEST, placeholder=" …")
    return f"{said} ({error.hint})" if error.hint else said
