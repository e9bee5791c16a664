"""Reads from a traffic stack's file how the public host is to be answered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from failover.routing.places import CONTINENTS, COUNTRIES, EVERYWHERE, REGIONS, location_of
from infra import plan
from infra.routing import POLICIES, SITES_RECORD, STANDBY, Geography, RoutingPolicy
from infra.settings.reader import Reader, like, one_of

_OF_POLICY = {"latencyRegions": "latency", "geographies": "geolocation"}
_FIELDS = ("continents", "countries", "default", "allowedSites", "allowedRegions")


def read_policy(reader: Reader, sites: Sequence[str]) -> RoutingPolicy:
    """`outlast:routing` and what belongs to it. Notes what belongs to another policy."""
    name = reader.choice("routing", POLICIES, "weighted")
    given = {key: reader.mapping(key, {}) for key in _OF_POLICY}
    for key, policy in _OF_POLICY.items():
        if policy != name and reader.is_given(key):
            reader.wrong(key, f"is for the routing {policy}, and this is {name}", f"leave it out, or write {policy}")
        elif policy == name and not reader.is_given(key):
            reader.wrong(key, f"is missing: the routing {name} needs it", "see docs/concepts/routing.md")
    _check_sites(reader, name, sites)
    regions = _read_regions(reader, given["latencyRegions"], sites) if name == "latency" else {}
    geographies = _read_geographies(reader, given["geographies"], sites) if name == "geolocation" else ()
    return RoutingPolicy(name, regions, geographies)


def _check_sites(reader: Reader, policy: str, sites: Sequence[str]) -> None:
    """A site has a host name, and its record a name in the stack: neither may be one that routing itself takes."""
    pairs = [f"{STANDBY}{number}" for number in range(1, len(sites) - 1)] if policy == "active-passive" else []
    for site in sites:
        if site in (SITES_RECORD, *pairs):
            reader.wrong("sites", f"'{site}' is a name that the host's other records have", "call the stack otherwise")


def read_weights(reader: Reader, policy: str, sites: Sequence[str]) -> Mapping[str, int]:
    """Site -> weight, for exactly the sites listed; 1 each where the policy has no use for weights."""
    if policy in ("active-passive", "latency"):
        if reader.is_given("weights"):
            what = f"is not used by the routing {policy}"
            reader.wrong("weights", what, "leave it out; the order of outlast:sites is that of failover")
        reader.mapping("weights", {})
        return dict.fromkeys(sites, 1)
    given = reader.mapping("weights")
    weights: dict[str, int] = {}
    for site, weight in given.items():
        if site not in sites and not reader.is_wrong("sites"):
            reader.wrong(f"weights.{site}", "is not among outlast:sites", f"sites are {', '.join(sites) or 'none'}")
        elif type(weight) is not int or not 0 <= weight <= 255:
            reader.wrong(f"weights.{site}", f"is {weight!r}", "write a whole number from 0 to 255 (Route 53)")
        else:
            weights[site] = weight
    for site in (s for s in sites if s not in given and given):
        reader.wrong(f"weights.{site}", "is missing", "write a whole number from 0 to 255; 0 keeps the site in reserve")
    if weights and not any(weights.values()) and len(weights) == len(sites):
        reader.wrong("weights", "all are 0: then Route 53 answers with every site alike", "give one at least 1")
    return {site: weights[site] for site in sites if site in weights}


def _read_regions(reader: Reader, given: Mapping[str, Any], sites: Sequence[str]) -> Mapping[str, str]:
    """The AWS region that each site stands for: Route 53 knows the latency to no others."""
    known, found = one_of(REGIONS), dict[str, str]()
    for site in (*sites, *(extra for extra in given if extra not in sites)):
        place, region = f"latencyRegions.{site}", str(given.get(site, ""))
        if site not in sites:
            reader.wrong(place, "is not among outlast:sites", f"sites are {', '.join(sites)}")
        elif instead := known(region):
            reader.wrong(place, f"is {region!r}" if region else "is missing", f"the AWS region next to it: {instead}")
        elif region in found.values():
            reader.wrong(place, f"is {region}, as another site's", "Route 53 takes each region once: take the next one")
        found[site] = region
    return found


def _read_geographies(reader: Reader, given: Mapping[str, Any], sites: Sequence[str]) -> tuple[Geography, ...]:
    found = [_read_geography(reader, name, entry, sites) for name, entry in given.items()]
    owner: dict[str, str] = {}
    for geography in found:
        shared = {location: owner.setdefault(location, geography.name) for location in geography.locations}
        for first in dict.fromkeys(name for name in shared.values() if name != geography.name):
            held = ", ".join(location for location, name in shared.items() if name == first)
            what = f"holds {held}, as {first} does"
            reader.wrong(f"geographies.{geography.name}", what, "each location leads to one geography")
    return tuple(found)


def _read_geography(reader: Reader, name: str, entry: Any, sites: Sequence[str]) -> Geography:
    place = f"geographies.{name}"
    _check_name(reader, place, name, sites)
    if not isinstance(entry, dict):
        reader.wrong(place, f"is {entry!r}", f"write a map with some of {', '.join(_FIELDS)}")
        return Geography(name, (), ())
    for key in entry.keys() - set(_FIELDS):
        reader.wrong(f"{place}.{key}", "is not a setting of a geography", f"those are {', '.join(_FIELDS)}")
    continents = _texts(reader, f"{place}.continents", entry.get("continents", []), CONTINENTS)
    countries = _texts(reader, f"{place}.countries", entry.get("countries", []), COUNTRIES)
    allowed = _texts(reader, f"{place}.allowedSites", entry.get("allowedSites", []), sites)
    if not allowed:
        reader.wrong(f"{place}.allowedSites", "names no site", f"write some of {', '.join(sites)}")
    locations = [location_of(continent=code) for code in continents]
    locations += [location_of(country=code) for code in countries]
    default = entry.get("default", False)
    if not isinstance(default, bool):
        reader.wrong(f"{place}.default", f"is {default!r}", "write true, without quotes, or leave it out")
    locations += [EVERYWHERE] if default is True else []
    if not locations:
        reader.wrong(place, "has no location", "write continents: [EU], countries: [DE], or default: true")
    regions = _texts(reader, f"{place}.allowedRegions", entry.get("allowedRegions", []), None)
    return Geography(name, tuple(locations), allowed, regions)


def _check_name(reader: Reader, place: str, name: str, sites: Sequence[str]) -> None:
    """The name becomes part of a host name, beside those of the sites."""
    if not plan.LABEL.fullmatch(name):
        reader.wrong(place, "cannot be part of a host name", "use a-z, 0-9 and hyphens")
    elif name in sites or name.startswith(STANDBY):
        reader.wrong(place, "is a name that the host's other records have", "call it otherwise, such as eu or world")


def _texts(reader: Reader, place: str, value: Any, among: Collection[str] | None) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        reader.wrong(place, f"is {value!r}", "write a list of texts (NO in quotes: YAML reads it as false)")
        return ()
    check = one_of(among) if among is not None else None
    for one in value:
        if check and (instead := check(one)):
            reader.wrong(place, f"holds {one!r}", f"write {instead}" if len(instead) < 200 else "write ISO 3166 codes")
    return tuple(dict.fromkeys(value))


def read_own_geographies(reader: Reader, stack: str) -> tuple[str, ...]:
    """The geographies that a site answers for: each is part of a host name and of a resource's, beside its own."""
    names = reader.texts("geographies", (), check=like(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", "1 to 20 of a-z, 0-9, -"))
    if stack in names:
        reader.wrong("geographies", f"{stack} is the site's own name", "leave it out: its own name leads to it anyway")
    return tuple(dict.fromkeys(names))
