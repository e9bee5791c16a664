"""Pure: which places of geolocation and latency records Route 53 refuses.

Sources: botocore's service model (the regions of latency records, members of GeoLocation) and the API reference of
`GeoLocation`. The sentences are ours in substance: nobody quotes the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from failover.routing.places import CONTINENTS, COUNTRIES, EVERYWHERE, REGIONS, WITH_SUBDIVISIONS

Record = Mapping[str, Any]


def find_place_problem(record: Record) -> str | None:
    """What is wrong with the place of one record set; None where nothing is, or where it has none."""
    region = record.get("Region")
    if region and region not in REGIONS:
        return f"'{region}' is not a region that a latency record can have: {', '.join(REGIONS)}"
    return next(_find_geo_problems(record["GeoLocation"]), None) if record.get("GeoLocation") else None


def _find_geo_problems(geo: Mapping[str, str]) -> Iterator[str]:
    continent, country, subdivision = (geo.get(f"{part}Code") for part in ("Continent", "Country", "Subdivision"))
    if bool(continent) == bool(country):
        yield "GeoLocation has either a ContinentCode or a CountryCode"
    if continent and continent not in CONTINENTS:
        yield f"GeoLocation.ContinentCode '{continent}' is none of {', '.join(CONTINENTS)}"
    if country and country not in (EVERYWHERE, *COUNTRIES):
        yield f"GeoLocation.CountryCode '{country}' is no country that Route 53 knows"
    if subdivision and country not in WITH_SUBDIVISIONS:
        yield f"GeoLocation.SubdivisionCode is for the countries {' and '.join(WITH_SUBDIVISIONS)} alone"


def find_same_place(group: Sequence[Record]) -> str | None:
    """What two record sets of one name and type have in common that only one may have; None where nothing."""
    for key, told in (("Region", "latency set exists with the same region"), ("GeoLocation", "geolocation set exists")):
        places = [record[key] for record in group if record.get(key)]
        if any(place in places[:number] for number, place in enumerate(places)):
            return f"a {told}" if key == "Region" else f"a {told} with the same location"
    return None
