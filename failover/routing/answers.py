"""Pure: what Route 53 answers, given record sets and health. No boto3, no clock; every random choice is handed in.

    zone = Zone.from_api("outlast.example", client.list_resource_record_sets(...)["ResourceRecordSets"])
    answer([zone], "api.outlast.example", "A", healthy=lambda check_id: True, pick=random.randrange)
    shares(zone.group("api.outlast.example", "CNAME"), healthy={"check-aws": False}.get)   # {"azure": 0.6, "gcp": 0.4}

The rules are those of the Amazon Route 53 Developer Guide (pages `routing-policy-weighted`,
`health-checks-how-route-53-chooses-records`, `dns-failover-complex-configs`) and of the API reference of
`ResourceRecordSet` and `AliasTarget`; tests/failover/routing/test_answers.py cites the source of each row of its table.

Geolocation and latency records ask where the client is: `place`, see `failover.routing.places`. To a client that is
nowhere, all latency records are equally near, and of geolocation records the default alone applies.

One file, although long: the rules need each other. What is simplified: geoproximity and IP-based records are answered
with equal probability, as if all were equally near. DNSSEC is not modelled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from failover.routing.places import NOWHERE, Place, distance_km, location_of

Policy = Literal["simple", "weighted", "failover", "multivalue", "latency", "geolocation", "located"]
Rcode = Literal["NOERROR", "NXDOMAIN", "REFUSED", "SERVFAIL"]
Healthy = Callable[[str], bool]
"""Health check id -> whether Route 53 considers it healthy."""
Pick = Callable[[int], int]
"""n -> a whole number in 0..n-1, as `random.randrange`."""

MULTIVALUE_LIMIT = 8
OUTSIDE_TTL_SECONDS = 60  # what answers for ELB aliases carry (API reference, ResourceRecordSet.TTL)
MAX_HOPS = 16  # CNAMEs and aliases followed before the answer is SERVFAIL: a loop, or a mistake


@dataclass(frozen=True)
class Alias:
    """Where an alias record points. `dns_name` is normalised like every name here."""

    dns_name: str
    hosted_zone_id: str
    evaluate_target_health: bool = False


Outside = Callable[[str, str], Sequence[str]]
"""(name, type) -> values of a name that no zone here owns (a load balancer's); empty when nothing is known."""
OutsideHealthy = Callable[[Alias], bool]
"""Whether an alias target outside the zone counts as healthy, for `EvaluateTargetHealth`."""


@dataclass(frozen=True)
class RecordSet:
    """One resource record set. Names are lower case, without the last dot, `*` not escaped; TTL in seconds.

    `region` is that of a latency record, `location` that of a geolocation record as `location_of` writes it; `located`
    marks the other ways of choosing by the client's place.
    """

    name: str
    type: str
    ttl_seconds: int = 0
    values: tuple[str, ...] = ()
    alias: Alias | None = None
    set_identifier: str | None = None
    weight: int | None = None
    failover: Literal["PRIMARY", "SECONDARY"] | None = None
    multivalue: bool = False
    region: str | None = None
    location: str | None = None
    located: bool = False
    health_check_id: str | None = None

    @property
    def policy(self) -> Policy:
        """The routing policy, as its fields imply it."""
        if self.weight is not None:
            return "weighted"
        if self.failover:
            return "failover"
        if self.multivalue:
            return "multivalue"
        if self.region:
            return "latency"
        if self.location:
            return "geolocation"
        return "located" if self.located else "simple"

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> RecordSet:
        """From one item of boto3's `list_resource_record_sets`."""
        alias, geo = item.get("AliasTarget"), item.get("GeoLocation")
        return cls(
            name=normal_name(item["Name"]),
            type=item["Type"],
            ttl_seconds=int(item.get("TTL", 0)),
            values=tuple(record["Value"] for record in item.get("ResourceRecords", ())),
            alias=Alias(normal_name(alias["DNSName"]), alias["HostedZoneId"], bool(alias.get("EvaluateTargetHealth")))
            if alias
            else None,
            set_identifier=item.get("SetIdentifier"),
            weight=item.get("Weight"),
            failover=item.get("Failover"),
            multivalue=bool(item.get("MultiValueAnswer")),
            region=item.get("Region"),
            location=_location(geo) if geo else None,
            located=bool(item.get("CidrRoutingConfig") or item.get("GeoProximityLocation")),
            health_check_id=item.get("HealthCheckId"),
        )


def _location(geo: Mapping[str, str]) -> str:
    return location_of(
        continent=geo.get("ContinentCode", ""),
        country=geo.get("CountryCode", ""),
        subdivision=geo.get("SubdivisionCode", ""),
    )


@dataclass(frozen=True)
class Zone:
    """A public hosted zone: its name and its record sets, found by name and type."""

    name: str
    records: tuple[RecordSet, ...]
    _groups: dict[str, dict[str, tuple[RecordSet, ...]]] = field(init=False, repr=False, compare=False)
    _inner: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups: dict[str, dict[str, tuple[RecordSet, ...]]] = {}
        for record in self.records:
            of_name = groups.setdefault(record.name, {})
            of_name[record.type] = (*of_name.get(record.type, ()), record)
        object.__setattr__(self, "_groups", groups)
        object.__setattr__(self, "_inner", frozenset(parent for name in groups for parent in _parents(name)))

    @classmethod
    def from_api(cls, name: str, items: Iterable[Mapping[str, Any]]) -> Zone:
        """From the zone's name and the items of boto3's `list_resource_record_sets`."""
        return cls(normal_name(name), tuple(RecordSet.from_api(item) for item in items))

    def group(self, name: str, rdtype: str) -> tuple[RecordSet, ...]:
        """The record sets of exactly this name and type."""
        return self._groups.get(normal_name(name), {}).get(rdtype, ())

    def types(self, name: str) -> Mapping[str, tuple[RecordSet, ...]]:
        """The groups at exactly this name, by type."""
        return self._groups.get(name, {})

    def source_of(self, name: str) -> str | None:
        """The owner whose records answer for `name`: itself, a wildcard (RFC 4592), or None (NXDOMAIN)."""
        if name in self._groups or name in self._inner:
            return name
        for parent in _parents(name):
            if parent in self._groups or parent in self._inner:  # the closest encloser: only its wildcard may match
                return f"*.{parent}" if f"*.{parent}" in self._groups else None
        return None

    def delegation_of(self, name: str) -> tuple[RecordSet, ...]:
        """The NS records, below the apex, that hand `name` to other name servers; empty when this zone answers."""
        for owner in (name, *_parents(name)):
            if owner == self.name:
                break
            if delegated := self.group(owner, "NS"):
                return delegated
        return ()

    def owns(self, name: str) -> bool:
        """Whether `name` is the apex or lies below it."""
        return name == self.name or name.endswith(f".{self.name}")


@dataclass(frozen=True)
class Rrset:
    """Records of one name and type in an answer; `ttl_seconds` undivided."""

    name: str
    type: str
    ttl_seconds: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What goes back to the resolver, and why.

    `chosen` are the record sets that answered, in the order of the chain; `fail_open` tells that all of a group were
    unhealthy, so that all were treated as healthy.
    """

    rcode: Rcode
    records: tuple[Rrset, ...] = ()
    authority: tuple[Rrset, ...] = ()
    authoritative: bool = True
    chosen: tuple[RecordSet, ...] = ()
    fail_open: bool = False


def normal_name(name: str) -> str:
    """Lower case, no last dot, `*` as it is, and else what is not plain as the API lists it: three octal digits."""
    name = name.rstrip(".").lower()
    if _PLAIN.fullmatch(name):
        return name
    return _SPECIAL.sub(_written, name)


_PLAIN = re.compile(r"[a-z0-9_.*-]*")
_SPECIAL = re.compile(r"\\[0-7]{3}|\\.|[^a-z0-9_.*-]")


def _written(found: re.Match[str]) -> str:
    text = found[0]
    letter = chr(int(text[1:], 8)) if len(text) == 4 else text[-1]
    if letter == "." or not re.fullmatch(r"[a-z0-9_*-]", letter.lower()):
        return f"\\{ord(letter):03o}"
    return letter.lower()


def answer(
    zones: Sequence[Zone],
    name: str,
    rdtype: str,
    *,
    healthy: Healthy,
    pick: Pick,
    outside: Outside = lambda name, rdtype: (),
    outside_healthy: OutsideHealthy = lambda alias: True,
    place: Place = NOWHERE,
) -> Answer:
    """What the name servers of `zones` answer to the question (`name`, `rdtype`).

    Args:
        zones: the hosted zones; the longest name that encloses the question wins.
        healthy: status by health check id; asked only for records that have one.
        pick: the random choice.
        outside: resolves alias targets, and whole questions, for names that lie in none of the zones.
        outside_healthy: health of such a target.
        place: where the client is.
    """
    return _Question(zones, healthy, pick, outside, outside_healthy, place).answer(normal_name(name), rdtype.upper())


def shares(
    group: Sequence[RecordSet], *, healthy: Callable[[str], bool | None], place: Place = NOWHERE
) -> dict[str, float]:
    """The probability with which each record set of one group answers, by set identifier (`""` for a simple one).

    Probabilities of a multivalue group are those of being among the answers, so they can add up to more than 1.
    `healthy` may return None for "unknown", which counts as healthy. Targets of aliases are taken as healthy:
    `failover.routing.spread` follows them.
    """

    def counts(record: RecordSet) -> bool:
        return not record.health_check_id or healthy(record.health_check_id) is not False

    return odds(group, candidates(group, counts, place)[0])


def odds(group: Sequence[RecordSet], able: Sequence[RecordSet]) -> dict[str, float]:
    """The probability of each record set of a group, where the choice is made among `able`."""
    if able and able[0].policy == "multivalue":
        found = {record.set_identifier: min(1.0, MULTIVALUE_LIMIT / len(able)) for record in able}
    else:
        tickets = _tickets(able)
        found = {record.set_identifier: count / sum(tickets) for record, count in zip(able, tickets, strict=True)}
    return {record.set_identifier or "": found.get(record.set_identifier, 0.0) for record in group}


class _Question:
    """One question's surroundings, so that following CNAMEs and aliases passes only names."""

    def __init__(
        self,
        zones: Sequence[Zone],
        healthy: Healthy,
        pick: Pick,
        outside: Outside,
        outside_healthy: OutsideHealthy,
        place: Place,
    ) -> None:
        self._zones = sorted(zones, key=lambda zone: -len(zone.name))
        self._pick = pick
        self._outside = outside
        self._sight = Sight(self._zones, healthy, outside_healthy)
        self._place = place

    def answer(self, name: str, rdtype: str) -> Answer:
        zone = self._zone_of(name)
        if zone is None:
            values = tuple(self._outside(name, rdtype))
            known = Rrset(name, rdtype, OUTSIDE_TTL_SECONDS, values)
            return Answer("NOERROR", (known,)) if values else Answer("REFUSED", authoritative=False)
        records: list[Rrset] = []
        chosen: list[RecordSet] = []
        fail_open = False
        for _ in range(MAX_HOPS):
            step = self._step(zone, name, rdtype)
            chosen += step.chosen
            fail_open |= step.fail_open
            records += step.records
            redirected = step.records and step.records[-1].type == "CNAME" and rdtype not in ("CNAME", "ANY")
            if not redirected:
                return Answer(step.rcode, tuple(records), step.authority, step.authoritative, tuple(chosen), fail_open)
            name = normal_name(step.records[-1].values[0])
            onward = self._zone_of(name)
            if onward is None:  # an authoritative server stops here: the resolver asks whoever owns that name
                return Answer("NOERROR", tuple(records), chosen=tuple(chosen), fail_open=fail_open)
            zone = onward
        return Answer("SERVFAIL", chosen=tuple(chosen))

    def _step(self, zone: Zone, name: str, rdtype: str) -> Answer:
        """Answer from the records at one name: no CNAME is followed yet."""
        if delegated := zone.delegation_of(name):
            return Answer("NOERROR", authority=(_rrset(delegated[0].name, delegated),), authoritative=False)
        source = zone.source_of(name)
        if source is None:
            return Answer("NXDOMAIN", authority=_soa(zone))
        types = zone.types(source)
        asked = rdtype if rdtype != "ANY" else min(types, default="ANY")  # RFC 8482: one type is answer enough
        group = types.get(asked) or types.get("CNAME", ())
        return self._from_group(zone, name, group, depth=0) if group else Answer("NOERROR", authority=_soa(zone))

    def _from_group(self, zone: Zone, name: str, group: tuple[RecordSet, ...], depth: int) -> Answer:
        able, fail_open = candidates(group, lambda record: is_healthy(record, self._sight), self._place)
        if not able:  # no location of the group is the client's, and there is no default
            return Answer("NOERROR", authority=_soa(zone))
        chosen = self._choose(able)
        alias = chosen[0].alias
        if alias is None:
            return Answer("NOERROR", (_rrset(name, chosen),), chosen=chosen, fail_open=fail_open)
        below = self._from_alias(alias, name, chosen[0].type, depth)
        nothing = not below.records and below.rcode == "NOERROR"
        return Answer(
            below.rcode,
            below.records,
            _soa(zone) if nothing else below.authority,
            chosen=(*chosen, *below.chosen),
            fail_open=fail_open or below.fail_open,
        )

    def _from_alias(self, alias: Alias, name: str, rdtype: str, depth: int) -> Answer:
        """The target's records under the alias's own name; the client never sees the target's name."""
        if depth >= MAX_HOPS:
            return Answer("SERVFAIL")
        zone = self._zone_of(alias.dns_name)
        if zone is None:
            values = tuple(self._outside(alias.dns_name, rdtype))
            return Answer("NOERROR", (Rrset(name, rdtype, OUTSIDE_TTL_SECONDS, values),) if values else ())
        source = zone.source_of(alias.dns_name)
        group = zone.types(source).get(rdtype, ()) if source else ()
        return self._from_group(zone, name, group, depth + 1) if group else Answer("NOERROR")

    def _choose(self, able: Sequence[RecordSet]) -> tuple[RecordSet, ...]:
        if able[0].policy == "multivalue":
            left = list(able)
            return tuple(left.pop(self._pick(len(left))) for _ in range(min(MULTIVALUE_LIMIT, len(able))))
        if len(able) == 1:
            return (able[0],)
        tickets = _tickets(able)
        drawn = self._pick(sum(tickets))
        for record, count in zip(able, tickets, strict=True):
            drawn -= count
            if drawn < 0:
                return (record,)
        raise AssertionError("pick returned a number outside its range")

    def _zone_of(self, name: str) -> Zone | None:
        return next((zone for zone in self._zones if zone.owns(name)), None)


@dataclass(frozen=True)
class Sight:
    """What tells whether a record set counts as healthy: the checks, and the zones that aliases point into."""

    zones: Sequence[Zone]
    healthy: Callable[[str], bool | None]
    outside_healthy: OutsideHealthy = lambda alias: True

    def zone_of(self, name: str) -> Zone | None:
        """The zone that owns `name`, the longest one first."""
        owners = [zone for zone in self.zones if zone.owns(name)]
        return max(owners, key=lambda zone: len(zone.name), default=None)

    def group_of(self, alias: Alias, rdtype: str) -> tuple[RecordSet, ...]:
        """The record sets that an alias inside the zones answers with; empty when there are none."""
        zone = self.zone_of(alias.dns_name)
        source = zone.source_of(alias.dns_name) if zone else None
        return zone.group(source, rdtype) if zone and source else ()


def is_healthy(record: RecordSet, sight: Sight, seen: frozenset[tuple[str, str]] = frozenset()) -> bool:
    """Whether a record set counts as healthy: its check, and where it says so what its alias points to."""
    if record.health_check_id and sight.healthy(record.health_check_id) is False:
        return False
    if record.alias is None or not record.alias.evaluate_target_health:
        return True
    target = (record.alias.dns_name, record.type)
    if sight.zone_of(record.alias.dns_name) is None:
        return sight.outside_healthy(record.alias)
    if target in seen:
        return True
    group = sight.group_of(record.alias, record.type)
    return not group or any(is_healthy(member, sight, seen | {target}) for member in group)


def candidates(
    group: Sequence[RecordSet], counts: Callable[[RecordSet], bool], place: Place = NOWHERE
) -> tuple[list[RecordSet], bool]:
    """Those among which the choice is made, and whether all were unhealthy.

    They are the healthy ones of the best tier; with none healthy Route 53 considers all of them healthy, which leaves
    the best tier whole. Empty where no record applies to a client at this place.
    """
    tiers = _tiers(group, place)
    for tier in tiers:
        if able := [record for record in tier if counts(record)]:
            return able, False
    return (list(tiers[0]), True) if tiers else ([], False)


def _tiers(group: Sequence[RecordSet], place: Place) -> list[list[RecordSet]]:
    """The group in the order in which Route 53 considers it.

    Non-zero before zero weights, primary before secondary, the nearest region first, the most exact location first.
    """
    policy = group[0].policy if group else "simple"
    if policy == "weighted":
        split = [[r for r in group if r.weight], [r for r in group if not r.weight]]
    elif policy == "failover":
        split = [[r for r in group if r.failover == role] for role in ("PRIMARY", "SECONDARY")]
    elif policy == "geolocation":
        split = [[r for r in group if r.location == location] for location in place.locations]
    elif policy == "latency":
        far = {r: distance_km(place, r.region or "") for r in group}
        split = [[r for r in group if far[r] == distance] for distance in sorted(set(far.values()))]
    else:
        split = [list(group)]
    return [tier for tier in split if tier]


def _tickets(able: Sequence[RecordSet]) -> list[int]:
    """How many of the equally likely draws belong to each record set; zero weights among themselves are equal."""
    weights = [record.weight or 0 for record in able]
    return weights if any(weights) else [1] * len(able)


def _rrset(name: str, chosen: Sequence[RecordSet]) -> Rrset:
    values = tuple(dict.fromkeys(value for record in chosen for value in record.values))
    return Rrset(name, chosen[0].type, min(record.ttl_seconds for record in chosen), values)


def _soa(zone: Zone) -> tuple[Rrset, ...]:
    """The SOA for a negative answer, its TTL cut to its last field, the time for which "no" may be kept (RFC 2308)."""
    soa = zone.group(zone.name, "SOA")
    if not soa or not soa[0].values:
        return ()
    minimum = soa[0].values[0].split()[-1]
    keep = min(soa[0].ttl_seconds, int(minimum)) if minimum.isdigit() else soa[0].ttl_seconds
    return (Rrset(zone.name, "SOA", keep, soa[0].values),)


def _parents(name: str) -> Iterable[str]:
    """The names above `name`, closest first."""
    while "." in name:
        name = name.split(".", 1)[1]
        yield name
