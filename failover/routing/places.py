"""Pure: where whoever asks DNS is, as geolocation and latency records look at it.

    place_of_address("198.18.4.5")      # Germany: D is the 4th letter of the alphabet, E the 5th
    country("US", "WA").locations       # ("country US WA", "country US", "continent NA", "*"), the most exact first
    distance_km(country("DE"), "eu-central-1")

Route 53 looks an address up in a database of its own. Here the addresses of the benchmarking range (RFC 2544), which
nobody on the internet has, stand for places: 198.18.x.y for the country whose two letters are number x and y of the
alphabet, 198.19.x.y for the continent. Every other address is nowhere, as one that Route 53 cannot place.

What is simplified: latency is the distance over the ground between the middle of a country and a region. Route 53
measures it, and the measurements change with time (Developer Guide, `routing-policy-latency`).
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass

EVERYWHERE = "*"
"""The location of the default record: it answers whoever is in no other location, or nowhere."""

_LETTERS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COUNTRIES, _CONTINENTS = ipaddress.IPv4Network("198.18.0.0/16"), ipaddress.IPv4Network("198.19.0.0/16")

# Continent: its middle, and its countries (ISO 3166-1, as Route 53's ListGeoLocations groups them).
_CONTINENT_TABLE: Mapping[str, tuple[tuple[float, float], str]] = {
    "AF": (
        (2, 21),
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA "
        "NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
    ),
    "AN": ((-80, 0), "AQ BV GS HM TF"),
    "AS": (
        (34, 95),
        "AE AF AM AZ BD BH BN BT CC CN CX GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP "
        "OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
    ),
    "EU": (
        (50, 10),
        "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME "
        "MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    ),
    "NA": (
        (43, -97),
        "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC "
        "TT US VC VG VI",
    ),
    "OC": ((-25, 140), "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS"),
    "SA": ((-15, -58), "AR BO BR CL CO EC FK GF GY PE PY SR UY VE"),
}
CONTINENTS = tuple(_CONTINENT_TABLE)
_CONTINENT_OF = {code: name for name, (_, codes) in _CONTINENT_TABLE.items() for code in codes.split()}
COUNTRIES = tuple(sorted(_CONTINENT_OF))
WITH_SUBDIVISIONS = ("US", "UA")
"""API reference, GeoLocation, SubdivisionCode: states of the United States, oblasts of Ukraine."""


def _read_positions(table: str) -> Mapping[str, tuple[float, float]]:
    """`name north east` in degrees, separated by commas."""
    rows = [row.split() for row in table.split(",")]
    return {name: (float(north), float(east)) for name, north, east in rows}


# Where most of a country's people are, in degrees north and east; any other is taken to be in its continent's middle.
_POSITIONS = _read_positions("""
AE 25 55, AR -35 -58, AT 48 16, AU -34 151, BE 51 4, BR -23 -46, CA 45 -75, CH 47 8, CL -33 -71, CN 35 115,
CO 5 -74, CZ 50 14, DE 51 9, DK 56 12, EG 30 31, ES 40 -4, FI 60 25, FR 48 3, GB 52 -1, GR 38 24, HK 22 114,
HU 47 19, ID -6 107, IE 53 -6, IL 32 35, IN 22 78, IT 43 12, JP 36 139, KE -1 37, KR 37 127, MX 20 -99, MY 3 102,
NG 7 4, NL 52 5, NO 60 11, NZ -37 175, PH 15 121, PL 52 20, PT 39 -9, RO 45 26, RU 56 38, SA 24 46, SE 59 18,
SG 1 104, TH 14 101, TR 40 32, TW 25 121, UA 50 31, US 39 -90, VN 16 107, ZA -28 27
""")
# The regions that a latency record may name (enum ResourceRecordSetRegion), by the city that each is named after.
_REGIONS = _read_positions("""
us-east-1 39 -77, us-east-2 40 -83, us-west-1 37 -122, us-west-2 46 -120, us-gov-east-1 40 -83,
us-gov-west-1 46 -120, ca-central-1 45 -74, ca-west-1 51 -114, mx-central-1 21 -100, sa-east-1 -23 -47,
eu-west-1 53 -6, eu-west-2 51.5 0, eu-west-3 49 2, eu-central-1 50 9, eu-central-2 47 8, eu-north-1 59 18,
eu-south-1 45 9, eu-south-2 42 -1, eusc-de-east-1 52 13, ap-east-1 22 114, ap-east-2 25 121, ap-south-1 19 73,
ap-south-2 17 78, ap-northeast-1 36 140, ap-northeast-2 38 127, ap-northeast-3 35 135, ap-southeast-1 1 104,
ap-southeast-2 -34 151, ap-southeast-3 -6 107, ap-southeast-4 -38 145, ap-southeast-5 3 102,
ap-southeast-6 -37 175, ap-southeast-7 14 100, me-south-1 26 51, me-central-1 24 54, il-central-1 32 35,
af-south-1 -34 18, cn-north-1 40 116, cn-northwest-1 37 105
""")
REGIONS = tuple(sorted(_REGIONS))
_FARTHEST_KM = 20_015.0
"""Half way round the earth."""


@dataclass(frozen=True)
class Place:
    """Where a client is, by the codes that GeoLocation has; "" for what is not known."""

    continent: str = ""
    country: str = ""
    subdivision: str = ""

    @property
    def locations(self) -> tuple[str, ...]:
        """The locations of records that apply, the most exact first; the default record's is the last."""
        found = (
            location_of(country=self.country, subdivision=self.subdivision) if self.subdivision else "",
            location_of(country=self.country) if self.country else "",
            location_of(continent=self.continent) if self.continent else "",
        )
        return (*filter(None, found), EVERYWHERE)

    def __str__(self) -> str:
        return self.locations[0] if self.continent else "nowhere that is known"


NOWHERE = Place()


def location_of(*, continent: str = "", country: str = "", subdivision: str = "") -> str:
    """How a record's location is written here: `continent EU`, `country DE`, `country US WA`, or `*`.

    Continents and countries share codes: NA is North America and Namibia.
    """
    if continent:
        return f"continent {continent}"
    if country == EVERYWHERE:
        return EVERYWHERE
    return f"country {country} {subdivision}".rstrip()


def country(code: str, subdivision: str = "") -> Place:
    """The place of a country, by its ISO code. KeyError for a code that is none."""
    return Place(_CONTINENT_OF[code], code, subdivision)


def place_of_address(address: str | None) -> Place:
    """Where the client with this address is; NOWHERE for every address that stands for no place."""
    try:
        found = ipaddress.IPv4Address(address or "")
    except ValueError:
        return NOWHERE
    first, second = found.packed[2:]
    code = f"{_letter(first)}{_letter(second)}"
    if found in _COUNTRIES and code in _CONTINENT_OF:
        return country(code)
    return Place(code) if found in _CONTINENTS and code in _CONTINENT_TABLE else NOWHERE


def distance_km(place: Place, region: str) -> float:
    """Over the ground from a place to an AWS region; from nowhere, and to an unknown region, all are equally far."""
    if not place.continent or region not in _REGIONS:
        return _FARTHEST_KM
    north, east = map(math.radians, _POSITIONS.get(place.country) or _CONTINENT_TABLE[place.continent][0])
    north_there, east_there = map(math.radians, _REGIONS[region])
    cosine = math.sin(north) * math.sin(north_there)
    cosine += math.cos(north) * math.cos(north_there) * math.cos(east - east_there)
    return _FARTHEST_KM / math.pi * math.acos(max(-1.0, min(1.0, cosine)))


def _letter(number: int) -> str:
    return _LETTERS[number] if 0 < number < len(_LETTERS) else "?"
