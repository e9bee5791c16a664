"""How the public host is answered: the policy that a traffic stack asks for, and the records that follow from it. Pure.

Four policies, in Route 53's own terms:

* `weighted`: one group, each site by its weight.
* `active-passive`: failover records in the order of `outlast:sites`; the second of a pair is an alias to the next pair.
* `latency`: each site stands for an AWS region, the nearest healthy one answers.
* `geolocation`: each location leads to a group of its own, `<geography>.<host>`, that holds the allowed sites alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from failover.routing.answers import Alias, RecordSet
from failover.routing.places import EVERYWHERE

POLICIES = ("weighted", "active-passive", "latency", "geolocation")
STANDBY = "standby"
"""How the names of the pairs after the first begin: no geography may be called so."""

SITES_RECORD = "sites"
"""What the stack calls the record that lists every site, so no site may be called so."""

ZONE_ITSELF = ""
"""The zone id in an alias that is planned: the zone's own, which only the engine knows."""


@dataclass(frozen=True)
class Geography:
    """Where clients are, and the only sites that may answer them; `regions` are the clouds' regions that may be used.

    `locations` are written as `failover.routing.places.location_of` does it. Without `regions` any is good enough.
    """

    name: str
    locations: tuple[str, ...]
    allowed: tuple[str, ...]
    regions: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoutingPolicy:
    """One of POLICIES, and what only it needs: site -> AWS region, or the geographies."""

    name: str = "weighted"
    regions: Mapping[str, str] = field(default_factory=dict)
    geographies: tuple[Geography, ...] = ()


@dataclass(frozen=True)
class Member:
    """A site that may take traffic: the name that it is reached by alone, its weight and the id of its check."""

    site: str
    origin_host: str
    weight: int
    check_id: str


def group_host(geography: str, host: str) -> str:
    """The name under which the sites of one geography answer."""
    return f"{geography}.{host}"


def plan_records(
    policy: RoutingPolicy, host: str, members: Sequence[Member], ttl_seconds: int
) -> tuple[RecordSet, ...]:
    """Every record set of the host and of the groups that it leads to; what an alias points to comes before it."""
    plans = {
        "weighted": _plan_weighted,
        "active-passive": _plan_failover,
        "latency": _plan_latency,
        "geolocation": _plan_geolocation,
    }
    return tuple(plans[policy.name](policy, host, members, ttl_seconds))


def name_record(record: RecordSet, host: str) -> str:
    """What the stack calls a record: by its site, and where it is not the host's own by its group as well."""
    group = record.name.removesuffix(host).rstrip(".")
    return "-".join(filter(None, [group, record.set_identifier]))


def _plan_weighted(
    policy: RoutingPolicy, host: str, members: Sequence[Member], ttl_seconds: int
) -> Iterator[RecordSet]:
    for member in members:
        yield _leaf(host, member, ttl_seconds, weight=member.weight)


def _plan_latency(policy: RoutingPolicy, host: str, members: Sequence[Member], ttl_seconds: int) -> Iterator[RecordSet]:
    for member in members:
        yield _leaf(host, member, ttl_seconds, region=policy.regions[member.site])


def _plan_failover(
    policy: RoutingPolicy, host: str, members: Sequence[Member], ttl_seconds: int
) -> Iterator[RecordSet]:
    """Route 53 knows a first and a second alone, so the second of a pair stands for all that come after it."""
    names = [host, *(f"{STANDBY}{number}.{host}" for number in range(1, max(1, len(members) - 1)))]
    for number in reversed(range(len(names))):
        name, first, rest = names[number], members[number], members[number + 1 :]
        if len(rest) == 1:
            yield _leaf(name, rest[0], ttl_seconds, failover="SECONDARY")
        elif rest:
            yield _alias(name, STANDBY, names[number + 1], evaluate=True, failover="SECONDARY")
        yield _leaf(name, first, ttl_seconds, failover="PRIMARY")


def _plan_geolocation(
    policy: RoutingPolicy, host: str, members: Sequence[Member], ttl_seconds: int
) -> Iterator[RecordSet]:
    """A location's record has no health: an unhealthy one would let Route 53 go on to a wider location's sites.

    Where no allowed site takes traffic, the location leads to a name without records, and so to no answer.
    """
    for geography in policy.geographies:
        group = group_host(geography.name, host)
        allowed = [member for member in members if member.site in geography.allowed]
        for member in allowed:
            yield _leaf(group, member, ttl_seconds, weight=member.weight)
        for location in geography.locations:
            identifier = "default" if location == EVERYWHERE else location.replace(" ", "-")
            if allowed:
                yield _alias(host, identifier, group, evaluate=False, location=location)
            else:
                yield RecordSet(host, "CNAME", ttl_seconds, (group,), set_identifier=identifier, location=location)


def _leaf(name: str, member: Member, ttl_seconds: int, **policy: Any) -> RecordSet:
    return RecordSet(
        name,
        "CNAME",
        ttl_seconds,
        (member.origin_host,),
        # From the site's name and never renamed: Route 53 tells the records of a group apart by this alone.
        set_identifier=member.site,
        health_check_id=member.check_id,
        **policy,
    )


def _alias(name: str, identifier: str, target: str, *, evaluate: bool, **policy: Any) -> RecordSet:
    return RecordSet(
        name,
        "CNAME",
        alias=Alias(target, ZONE_ITSELF, evaluate),
        set_identifier=identifier,
        **policy,
    )
