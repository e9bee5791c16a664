"""Amazon's own examples of routing, written in by boto3 and read back as a resolver does, by dnspython.

Nothing of this project stands between the two clients and the simulation. Each example names the page that has it;
which records are unhealthy is said there or varied here. Each is asked for often enough that an answer which can come
does come. Every example has a domain of its own in one zone, below the name that the pages use.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dns.edns
import dns.message
import dns.query
import dns.rdatatype
import pytest

from failover.simulator import MovingRoute53

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

GUIDE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
API = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html"
ZONE = "example.com"
WWW = f"www.{ZONE}"
TIMES = 60  # the least likely answer of the tables has a quarter: it is missed once in 30 million times


@dataclass(frozen=True)
class Published:
    """An example's records under a domain of their own, and how to ask for them."""

    client: Route53Client
    domain: str
    zone_id: str
    route53: MovingRoute53

    @property
    def host(self) -> str:
        return WWW.replace(ZONE, self.domain)

    def answers(self, times: int = TIMES) -> Counter[frozenset[str]]:
        """How often each set of addresses came; the first time through a socket."""
        query = dns.message.make_query(self.host, "A")
        ip, port = self.route53.dns_address
        seen = [dns.query.udp(query, ip, port=port, timeout=5)]
        wire = query.to_wire()
        seen += [dns.message.from_wire(self.route53.respond(wire) or b"") for _ in range(times - 1)]
        return Counter(
            frozenset(rdata.address for rrset in one.answer if rrset.rdtype == dns.rdatatype.A for rdata in rrset)
            for one in seen
        )

    def possible(self) -> str:
        """Every last number of an address that was answered, in order."""
        return " ".join(sorted({address.rpartition(".")[2] for found in self.answers() for address in found}))

    def test_dns_answer(self) -> list[str]:
        """What the API says that its name servers answer."""
        return self.client.test_dns_answer(HostedZoneId=self.zone_id, RecordName=self.host, RecordType="A")[
            "RecordData"
        ]


@dataclass(frozen=True)
class Checks:
    """Health checks that need no endpoint: calculated of nothing, so always healthy, or inverted so that never."""

    healthy: list[str]
    unhealthy: list[str]


@pytest.fixture(scope="module")
def checks(route53: MovingRoute53) -> Checks:
    client = route53.client()

    def make(inverted: bool) -> str:
        config: Any = {"Type": "CALCULATED", "HealthThreshold": 0, "Inverted": inverted}
        reference = uuid.uuid4().hex
        return client.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]["Id"]

    return Checks([make(False) for _ in range(3)], [make(True) for _ in range(3)])


Publish = Callable[[list[dict[str, Any]], str], Published]


@pytest.fixture(scope="module")
def publish(route53: MovingRoute53, checks: Checks) -> Publish:
    """Writes an example in; a record's `check` is a name, unhealthy where it is among those that are given."""
    client = route53.client()
    zone_id = client.create_hosted_zone(Name=ZONE, CallerReference=ZONE)["HostedZone"]["Id"]

    def published(records: list[dict[str, Any]], unhealthy: str) -> Published:
        named = {record["check"] for record in records if record.get("check")}
        health = {name: checks.unhealthy[0] if name in unhealthy.split() else checks.healthy[0] for name in named}
        domain = f"e{uuid.uuid4().hex}.{ZONE}"
        changes: Any = [
            {"Action": "CREATE", "ResourceRecordSet": _record_set(record, health, domain, zone_id)}
            for record in records
        ]
        client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
        return Published(client, domain, zone_id, route53)

    return published


def _record_set(record: dict[str, Any], checks: dict[str, str], domain: str, zone_id: str) -> dict[str, Any]:
    given = {"Type": "A", **{key: value for key, value in record.items() if key[0].isupper()}}
    given["Name"] = given["Name"].replace(ZONE, domain)
    if record.get("check"):
        given["HealthCheckId"] = checks[record["check"]]
    if "to" in record:
        target = {"DNSName": record["to"].replace(ZONE, domain), "HostedZoneId": zone_id.rpartition("/")[2]}
        return {**given, "AliasTarget": {**target, "EvaluateTargetHealth": record.get("evaluate", True)}}
    return {**given, "TTL": 60, "ResourceRecords": [{"Value": f"192.0.2.{record['at']}"}]}


def weighted(name: str, *weights: int, first: int = 1, checked: bool = True) -> list[dict[str, Any]]:
    """Records at 192.0.2.<first>, …, each with a check named after its number."""
    return [
        {"Name": name, "SetIdentifier": str(n), "Weight": weight, "at": n, "check": str(n) if checked else None}
        for n, weight in enumerate(weights, start=first)
    ]


def failover(role: str, **more: Any) -> dict[str, Any]:
    return {"Name": WWW, "SetIdentifier": role, "Failover": role, **more}


# A primary and a secondary of one resource each: dns-failover-types, "Active-passive failover".
ONE_AND_ONE = [failover("PRIMARY", at=1, check="1"), failover("SECONDARY", at=2, check="2")]
# The same page, "with multiple primary and secondary resources": failover aliases to weighted groups.
MANY_AND_MANY = [
    failover("PRIMARY", to=f"primary.{ZONE}"),
    failover("SECONDARY", to=f"secondary.{ZONE}"),
    *weighted(f"primary.{ZONE}", 1, 1),
    *weighted(f"secondary.{ZONE}", 1, 1, first=3),
]
# dns-failover-complex-configs: latency aliases of two regions, each to a weighted group of two servers. Both regions
# are as near to whoever asks here, see docs/concepts/routing.md.
REGIONS = ("us-east-2", "us-west-2")


def tree(*, evaluate: bool = True, west_checked: bool = True) -> list[dict[str, Any]]:
    return [
        *(
            {"Name": WWW, "SetIdentifier": region, "Region": region, "to": f"{region}.{ZONE}", "evaluate": evaluate}
            for region in REGIONS
        ),
        *weighted(f"{REGIONS[0]}.{ZONE}", 10, 10),
        *weighted(f"{REGIONS[1]}.{ZONE}", 10, 10, first=3, checked=west_checked),
    ]


EXAMPLES = [
    # -- "three weighted A records … responds with the IP addresses in one of the other two"
    (weighted(WWW, 1, 1, 1), "2", "1 3", "health-checks-how-route-53-chooses-records.html"),
    (weighted(WWW, 1, 1, 1), "1 2 3", "1 2 3", "health-checks-how-route-53-chooses-records.html"),
    # -- non-zero weights first, zero ones only when all of those are unhealthy
    (weighted(WWW, 1, 1, 0), "", "1 2", "routing-policy-weighted.html"),
    (weighted(WWW, 1, 1, 0), "1 2", "3", "routing-policy-weighted.html"),
    (weighted(WWW, 1, 1, 0), "1 2 3", "1 2", "routing-policy-weighted.html"),
    (weighted(WWW, 0, 0, 0), "", "1 2 3", API),
    # -- active-passive
    (ONE_AND_ONE, "", "1", "dns-failover-types.html"),
    (ONE_AND_ONE, "1", "2", "dns-failover-types.html"),
    (ONE_AND_ONE, "1 2", "1", "dns-failover-types.html"),
    (MANY_AND_MANY, "", "1 2", "dns-failover-types.html"),
    (MANY_AND_MANY, "1", "2", "dns-failover-types.html"),
    (MANY_AND_MANY, "1 2", "3 4", "dns-failover-types.html"),
    (MANY_AND_MANY, "1 2 3", "4", "dns-failover-types.html"),
    (weighted(WWW, 100, 0), "1", "2", "dns-failover-types.html"),
    # -- a tree: a branch is left once all below it is unhealthy
    (tree(), "", "1 2 3 4", "dns-failover-complex-configs.html"),
    (tree(), "1", "2 3 4", "dns-failover-complex-configs.html"),
    (tree(), "1 2", "3 4", "dns-failover-complex-configs.html"),
    (tree(), "1 2 3 4", "1 2 3 4", "dns-failover-complex-configs.html"),
    # -- "What happens when you omit health checks": such a record is always healthy, so its branch is never left
    (tree(west_checked=False), "1 2", "3 4", "dns-failover-complex-configs.html"),
    # -- "when you set Evaluate target health to No": the branch is not left, and its dead servers are answered
    (tree(evaluate=False), "1 2", "1 2 3 4", "dns-failover-complex-configs.html"),
]


@pytest.mark.parametrize(("records", "unhealthy", "answered", "page"), EXAMPLES)
def test_an_example_is_answered_as_documented(
    publish: Publish, records: list[dict[str, Any]], unhealthy: str, answered: str, page: str
) -> None:
    published = publish(records, unhealthy)
    assert published.possible() == answered, GUIDE + page
    told = {address.rpartition(".")[2] for address in published.test_dns_answer()}
    assert told <= set(answered.split())


def test_a_weight_is_a_share_of_the_sum_of_weights(publish: Publish) -> None:
    """routing-policy-weighted.html, its formula; test_answers.py has its example of 1 and 255 draw by draw."""
    found = publish(weighted(WWW, 64, 192, checked=False), "").answers(times=400)
    assert abs(found[frozenset({"192.0.2.1"})] - 100) < 52  # six standard deviations


@pytest.mark.parametrize(("count", "unhealthy", "size"), [(3, "", 3), (3, "2", 2), (9, "", 8), (9, "1 2", 7)])
def test_multivalue_answers_hold_up_to_eight_healthy_records(
    publish: Publish, count: int, unhealthy: str, size: int
) -> None:
    """routing-policy-multivalue.html."""
    records = [
        {"Name": WWW, "SetIdentifier": str(n), "MultiValueAnswer": True, "at": n, "check": str(n)}
        for n in range(1, count + 1)
    ]
    found = publish(records, unhealthy).answers()
    assert {len(one) for one in found} == {size}
    assert not {f"192.0.2.{n}" for n in unhealthy.split()} & {address for one in found for address in one}


@pytest.mark.parametrize(("healthy", "threshold", "answered"), [(3, 2, "1"), (2, 2, "1"), (1, 2, "2"), (0, 0, "1")])
def test_a_calculated_check_counts_its_healthy_children(
    publish: Publish, checks: Checks, healthy: int, threshold: int, answered: str
) -> None:
    """health-checks-creating-values.html, "Report healthy when at least x of y selected health checks are healthy"."""
    published = publish(ONE_AND_ONE, "")
    client, children = published.client, checks.healthy[:healthy] + checks.unhealthy[healthy:]
    config: Any = {"Type": "CALCULATED", "ChildHealthChecks": children, "HealthThreshold": threshold}
    parent = client.create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)["HealthCheck"]
    primary = _record_set(failover("PRIMARY", at=1, check="parent"), {"parent": parent["Id"]}, published.domain, "")
    batch: Any = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": primary}]}
    client.change_resource_record_sets(HostedZoneId=published.zone_id, ChangeBatch=batch)
    assert published.possible() == answered


# routing-policy-geo: records for North America and for Canada, of which the most specific is used, and a default for
# everybody else.
GEO = [
    {"Name": WWW, "SetIdentifier": "na", "GeoLocation": {"ContinentCode": "NA"}, "at": 1, "check": "na"},
    {"Name": WWW, "SetIdentifier": "ca", "GeoLocation": {"CountryCode": "CA"}, "at": 2, "check": "ca"},
    {"Name": WWW, "SetIdentifier": "all", "GeoLocation": {"CountryCode": "*"}, "at": 3, "check": "all"},
]
CANADA, MEXICO, FRANCE = "198.18.3.1", "198.18.13.24", "198.18.6.18"


def ask_from(published: Published, client: str) -> str:
    """The last number of the address that a client with this subnet is answered with."""
    subnet = dns.edns.ECSOption(client, 32)
    query = dns.message.make_query(published.host, "A", use_edns=0, options=[subnet])
    answered = dns.message.from_wire(published.route53.respond(query.to_wire()) or b"")
    return " ".join(rdata.address.rpartition(".")[2] for rrset in answered.answer for rdata in rrset)


@pytest.mark.parametrize(
    ("client", "unhealthy", "answered"),
    [
        (CANADA, "", "2"),
        (MEXICO, "", "1"),
        (FRANCE, "", "3"),
        ("127.0.0.1", "", "3"),  # "IP addresses that aren't mapped to geographic locations" get the default
        # dns-failover-complex-configs: an unhealthy location's clients get the larger region's, and then the default
        (CANADA, "ca", "1"),
        (CANADA, "ca na", "3"),
        (CANADA, "ca na all", "2"),
    ],
)
def test_geolocation_goes_from_the_most_specific_location_to_the_default(
    publish: Publish, client: str, unhealthy: str, answered: str
) -> None:
    assert ask_from(publish(GEO, unhealthy), client) == answered


def test_without_a_default_a_client_elsewhere_gets_no_answer(publish: Publish) -> None:
    """routing-policy-geo: "if you don't create a default record, Route 53 returns a "no answer" response"."""
    published = publish(GEO[:2], "")
    assert ask_from(published, FRANCE) == ""
    assert ask_from(published, CANADA) == "2"


def test_the_api_answers_for_a_client_as_the_name_server_does(publish: Publish) -> None:
    """API reference, TestDNSAnswer: EDNS0ClientSubnetIP, and else ResolverIP."""
    published = publish(GEO, "")
    asked = {"HostedZoneId": published.zone_id, "RecordName": published.host, "RecordType": "A"}
    for place in ({"EDNS0ClientSubnetIP": MEXICO}, {"ResolverIP": MEXICO}):
        assert published.client.test_dns_answer(**asked, **place)["RecordData"] == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("client", "unhealthy", "answered"), [(CANADA, "", "1"), (FRANCE, "", "2"), (FRANCE, "eu", "1")]
)
def test_latency_takes_the_nearest_healthy_region(publish: Publish, client: str, unhealthy: str, answered: str) -> None:
    records = [
        {"Name": WWW, "SetIdentifier": "us", "Region": "us-east-1", "at": 1, "check": "us"},
        {"Name": WWW, "SetIdentifier": "eu", "Region": "eu-west-3", "at": 2, "check": "eu"},
    ]
    assert ask_from(publish(records, unhealthy), client) == answered
