"""The answer model against what Amazon documents: each row of the tables cites its source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.routing.answers import (
    OUTSIDE_TTL_SECONDS,
    Alias,
    Answer,
    RecordSet,
    Rrset,
    Zone,
    answer,
    normal_name,
    shares,
)

GUIDE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
API = "https://docs.aws.amazon.com/Route53/latest/APIReference/"
H = "api.outlast.example"
SOA = RecordSet("outlast.example", "SOA", 900, ("ns.example. hostmaster.example. 1 7200 900 1209600 300",))
NS = RecordSet("outlast.example", "NS", 172_800, ("ns-1.example.", "ns-2.example."))


def zone_of(*records: RecordSet, name: str = "outlast.example") -> Zone:
    return Zone(name, (SOA, NS, *records))


def weighted(*weights: int, checked: bool = True, name: str = H) -> tuple[RecordSet, ...]:
    """Records 1, 2, 3… with these weights; values 192.0.2.1, .2, …; health checks named like the records."""
    return tuple(
        RecordSet(
            name,
            "A",
            30,
            (f"192.0.2.{number}",),
            set_identifier=str(number),
            weight=weight,
            health_check_id=str(number) if checked else None,
        )
        for number, weight in enumerate(weights, start=1)
    )


def ask(
    zone: Zone, name: str = H, rdtype: str = "A", *, sick: str = "", pick: Callable[[int], int] = lambda n: 0
) -> Answer:
    return answer([zone], name, rdtype, healthy=lambda check: check not in sick.split(), pick=pick)


def possible(zone: Zone, name: str = H, *, sick: str = "") -> set[str]:
    """Every value that can be answered, over many random choices."""
    draws = (Random(seed).randrange for seed in range(200))
    return {value for draw in draws for value in ask(zone, name, sick=sick, pick=draw).records[-1].values}


# What is answered: all records of the group that can be. Unhealthy ones by number.
WEIGHTED_TABLE = [
    # routing-policy-weighted, table "zero-weighted records include health checks": weights 1, 1, 0
    ((1, 1, 0), "1 2", "3", GUIDE + "routing-policy-weighted.html"),
    ((1, 1, 0), "1 2 3", "1 2", GUIDE + "routing-policy-weighted.html"),
    ((1, 1, 0), "1 3", "2", GUIDE + "routing-policy-weighted.html"),
    ((1, 1, 0), "3", "1 2", GUIDE + "routing-policy-weighted.html"),
    ((1, 1, 0), "", "1 2", GUIDE + "routing-policy-weighted.html"),
    # "if you set Weight to 0 for all …, traffic is routed to all resources with equal probability"
    ((0, 0, 0), "", "1 2 3", API + "API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-Weight"),
    ((0, 0, 0), "2", "1 3", API + "API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-Weight"),
    # "If no record is healthy, all records are considered to be healthy"
    ((1, 1, 1), "1 2 3", "1 2 3", GUIDE + "health-checks-how-route-53-chooses-records.html"),
    ((0, 0, 0), "1 2 3", "1 2 3", GUIDE + "health-checks-how-route-53-chooses-records.html"),
    # "three weighted A records … If the health check for one is unhealthy, Route 53 responds with one of the other two"
    ((1, 1, 1), "2", "1 3", GUIDE + "health-checks-how-route-53-chooses-records.html"),
]


@pytest.mark.parametrize(("weights", "sick", "answered", "source"), WEIGHTED_TABLE)
def test_weighted_records_as_documented(weights: tuple[int, ...], sick: str, answered: str, source: str) -> None:
    expected = {f"192.0.2.{number}" for number in answered.split()}
    assert possible(zone_of(*weighted(*weights)), sick=sick) == expected, source


def test_a_record_without_a_health_check_is_always_healthy() -> None:
    """Guide, health-checks-how-route-53-chooses-records: "Records without a health check are always healthy"."""
    one, two, three = weighted(1, 1, 0)
    assert possible(zone_of(one, two, replace(three, health_check_id=None)), sick="1 2 3") == {"192.0.2.3"}


def test_weights_are_shares_of_their_sum() -> None:
    """Guide, routing-policy-weighted: weights 1 and 255 give 1/256 and 255/256 of the traffic."""
    group = weighted(1, 255)
    drawn = Counter(ask(zone_of(*group), pick=lambda n, c=c: c).chosen[0].set_identifier for c in range(256))  # type: ignore[misc]
    assert drawn == {"1": 1, "2": 255}
    assert shares(group, healthy=lambda _: True) == {"1": 1 / 256, "2": 255 / 256}


def failover(primary_checked: bool = True, secondary_checked: bool = True) -> Zone:
    primary = RecordSet(H, "A", 30, ("192.0.2.1",), set_identifier="p", failover="PRIMARY", health_check_id="1")
    secondary = RecordSet(H, "A", 30, ("192.0.2.2",), set_identifier="s", failover="SECONDARY", health_check_id="2")
    return zone_of(
        replace(secondary, health_check_id="2" if secondary_checked else None),  # the order of the list must not matter
        replace(primary, health_check_id="1" if primary_checked else None),
    )


@pytest.mark.parametrize(
    ("secondary_checked", "sick", "answered"),
    [  # API reference, ResourceRecordSet, Failover: its four sentences
        (True, "", "192.0.2.1"),
        (True, "2", "192.0.2.1"),
        (True, "1", "192.0.2.2"),
        (True, "1 2", "192.0.2.1"),
        (False, "1", "192.0.2.2"),
    ],
)
def test_failover_records_as_documented(secondary_checked: bool, sick: str, answered: str) -> None:
    assert possible(failover(secondary_checked=secondary_checked), sick=sick) == {answered}


def multivalue(count: int) -> Zone:
    return zone_of(
        *(
            RecordSet(H, "A", 60, (f"192.0.2.{n}",), set_identifier=str(n), multivalue=True, health_check_id=str(n))
            for n in range(1, count + 1)
        )
    )


@pytest.mark.parametrize(
    ("count", "sick", "answered"),
    [  # API reference, MultiValueAnswer: up to eight healthy ones; when none is, up to eight unhealthy ones
        (3, "", 3),
        (3, "2", 2),
        (9, "", 8),
        (9, "1 2", 7),
        (9, "1 2 3 4 5 6 7 8 9", 8),
    ],
)
def test_multivalue_answers_as_documented(count: int, sick: str, answered: int) -> None:
    values = ask(multivalue(count), sick=sick, pick=lambda n: n - 1).records[0].values
    assert len(values) == answered
    if answered < count and answered < 8:
        assert not {f"192.0.2.{n}" for n in sick.split()} & set(values)


def test_different_resolvers_get_different_eight_of_nine() -> None:
    """API reference, MultiValueAnswer: more than eight healthy records are answered in different combinations."""
    zone = multivalue(9)
    assert set(ask(zone, pick=lambda n: 0).records[0].values) != set(ask(zone, pick=lambda n: n - 1).records[0].values)


def aliased(evaluate: bool) -> Zone:
    """www: weighted aliases to two groups of two records each; the complex configuration of the guide, in small."""
    return zone_of(
        *(
            RecordSet(
                "www.outlast.example",
                "A",
                alias=Alias(f"{region}.outlast.example", "Z", evaluate),
                set_identifier=region,
                weight=1,
            )
            for region in ("east", "west")
        ),
        *weighted(1, 1, name="east.outlast.example"),
        *(
            replace(
                record, values=(f"198.51.100.{record.set_identifier}",), health_check_id=f"w{record.set_identifier}"
            )
            for record in weighted(1, 1, name="west.outlast.example")
        ),
    )


@pytest.mark.parametrize(
    ("evaluate", "sick", "answered"),
    [  # Guide, dns-failover-complex-configs; API reference, AliasTarget, EvaluateTargetHealth
        (True, "1", {"192.0.2.2", "198.51.100.1", "198.51.100.2"}),  # one healthy record keeps the branch
        (True, "1 2", {"198.51.100.1", "198.51.100.2"}),  # a branch without one is left
        (False, "1 2", {"192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"}),  # not evaluated: not left
        (True, "1 2 w1 w2", {"192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"}),  # fail-open, twice
    ],
)
def test_aliases_take_the_health_of_their_target(evaluate: bool, sick: str, answered: set[str]) -> None:
    assert possible(aliased(evaluate), "www.outlast.example", sick=sick) == answered


def test_an_alias_answers_under_its_own_name_with_the_ttl_of_its_target() -> None:
    """Guide, resource-record-sets-choosing-alias-non-alias: the TTL of the record that it points to."""
    found = ask(aliased(True), "www.outlast.example").records
    assert [(rrset.name, rrset.type, rrset.ttl_seconds) for rrset in found] == [("www.outlast.example", "A", 30)]


def test_an_alias_to_a_load_balancer_has_its_addresses_and_ttl_60() -> None:
    """API reference, ResourceRecordSet, TTL: ELB aliases are answered with 60 seconds."""
    record = RecordSet(H, "A", alias=Alias("lb.elb.amazonaws.com", "Z35", evaluate_target_health=True))
    found = answer(
        [zone_of(record)], H, "A", healthy=lambda _: True, pick=lambda n: 0, outside=lambda name, rdtype: ("192.0.2.9",)
    )
    assert [(rrset.name, rrset.ttl_seconds, rrset.values) for rrset in found.records] == [(H, 60, ("192.0.2.9",))]


def test_an_unhealthy_load_balancer_is_left_for_another_record() -> None:
    """API reference, AliasTarget, EvaluateTargetHealth: "Route 53 routes queries to other resources"."""
    lb = RecordSet(H, "A", alias=Alias("lb.elb.amazonaws.com", "Z35", True), set_identifier="a", weight=255)
    other = RecordSet(H, "A", 30, ("192.0.2.2",), set_identifier="b", weight=1)
    found = answer(
        [zone_of(lb, other)], H, "A", healthy=lambda _: True, pick=lambda n: 0, outside_healthy=lambda alias: False
    )
    assert found.records[0].values == ("192.0.2.2",)


def test_a_chain_of_cnames_is_followed_inside_the_zone() -> None:
    zone = zone_of(
        RecordSet(H, "CNAME", 30, ("aws.api.outlast.example",)),
        RecordSet("aws.api.outlast.example", "CNAME", 60, ("origin.outlast.example.",)),
        RecordSet("origin.outlast.example", "A", 60, ("192.0.2.1",)),
    )
    assert [(r.name, r.type) for r in ask(zone).records] == [
        (H, "CNAME"),
        ("aws.api.outlast.example", "CNAME"),
        ("origin.outlast.example", "A"),
    ]
    assert [r.type for r in ask(zone, rdtype="CNAME").records] == ["CNAME"]


def test_a_cname_that_leaves_the_zone_is_the_end_of_the_answer() -> None:
    zone = zone_of(RecordSet(H, "CNAME", 30, ("elsewhere.example.net",)))
    found = ask(zone)
    assert (found.rcode, [r.type for r in found.records]) == ("NOERROR", ["CNAME"])


def test_a_cname_to_a_name_that_is_missing_is_nxdomain_with_the_cname() -> None:
    """RFC 6604: the code is that of the last name."""
    found = ask(zone_of(RecordSet(H, "CNAME", 30, ("gone.outlast.example",))))
    assert (found.rcode, len(found.records), found.authority[0].type) == ("NXDOMAIN", 1, "SOA")


@pytest.mark.parametrize(
    "records",
    [
        (RecordSet(H, "CNAME", 30, (H,)),),
        (RecordSet(H, "CNAME", 30, ("b.outlast.example",)), RecordSet("b.outlast.example", "CNAME", 30, (H,))),
        (RecordSet(H, "A", alias=Alias(H, "Z", True)),),
    ],
)
def test_a_loop_ends_in_servfail(records: tuple[RecordSet, ...]) -> None:
    assert ask(zone_of(*records)).rcode == "SERVFAIL"


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "records", "authority"),
    [  # RFC 1034, 2308 and 4592, which Route 53 follows as any authoritative server
        (H, "A", "NOERROR", 1, 0),
        (H, "AAAA", "NOERROR", 0, 1),  # the name exists, the type does not
        ("none.outlast.example", "A", "NXDOMAIN", 0, 1),
        ("a.deep.outlast.example", "A", "NOERROR", 1, 0),
        ("deep.outlast.example", "A", "NOERROR", 0, 1),  # an empty non-terminal exists
        ("outlast.example", "SOA", "NOERROR", 1, 0),
        ("outlast.example", "NS", "NOERROR", 1, 0),
        ("other.example", "A", "REFUSED", 0, 0),
        ("notoutlast.example", "A", "REFUSED", 0, 0),  # ends with the same letters, but is not below
        ("OUTLAST.example.", "soa", "NOERROR", 1, 0),
    ],
)
def test_names_that_exist_and_names_that_do_not(
    name: str, rdtype: str, rcode: str, records: int, authority: int
) -> None:
    zone = zone_of(RecordSet(H, "A", 30, ("192.0.2.1",)), RecordSet("a.deep.outlast.example", "A", 30, ("192.0.2.2",)))
    found = ask(zone, name, rdtype)
    assert (found.rcode, len(found.records), len(found.authority)) == (rcode, records, authority)


def test_a_negative_answer_may_be_kept_for_the_smaller_of_the_soas_two_numbers() -> None:
    """RFC 2308, section 5."""
    assert ask(zone_of(), "none.outlast.example").authority[0].ttl_seconds == 300


@pytest.mark.parametrize(
    ("name", "answered"),
    [  # API reference, ResourceRecordSet, Name (wildcards); RFC 4592, section 2.2.1
        ("x.wild.outlast.example", True),
        ("x.y.wild.outlast.example", True),
        ("wild.outlast.example", False),
        ("host.wild.outlast.example", True),  # its own record, not the wildcard's
        ("sub.host.wild.outlast.example", False),  # the closest encloser is host, which has no wildcard
        ("*.wild.outlast.example", True),
    ],
)
def test_wildcards(name: str, answered: bool) -> None:
    zone = zone_of(
        RecordSet(normal_name("\\052.wild.outlast.example."), "A", 30, ("192.0.2.1",)),
        RecordSet("host.wild.outlast.example", "A", 30, ("192.0.2.2",)),
    )
    found = ask(zone, name)
    assert bool(found.records) == answered
    if answered:
        assert found.records[0].name == name
        assert found.records[0].values == (("192.0.2.2",) if name.startswith("host") else ("192.0.2.1",))


def test_a_delegated_name_is_referred() -> None:
    zone = zone_of(RecordSet("sub.outlast.example", "NS", 300, ("ns.elsewhere.example.",)))
    found = ask(zone, "a.sub.outlast.example")
    assert (found.rcode, found.authoritative, found.records) == ("NOERROR", False, ())
    assert found.authority[0].name == "sub.outlast.example"


def test_the_zone_with_the_longest_name_answers() -> None:
    inner = zone_of(RecordSet(H, "A", 30, ("192.0.2.7",)), name=H)
    outer = zone_of(RecordSet(H, "A", 30, ("192.0.2.8",)))
    found = answer([outer, inner], H, "A", healthy=lambda _: True, pick=lambda n: 0)
    assert found.records[0].values == ("192.0.2.7",)


def test_a_deleted_type_at_a_cname_name_is_still_redirected() -> None:
    zone = zone_of(
        RecordSet(H, "CNAME", 30, ("o.outlast.example",)), RecordSet("o.outlast.example", "AAAA", 30, ("::1",))
    )
    assert [r.type for r in ask(zone, rdtype="AAAA").records] == ["CNAME", "AAAA"]
    assert [r.type for r in ask(zone, rdtype="TXT").records] == ["CNAME"]


def test_record_sets_are_read_as_boto3_lists_them() -> None:
    item = {
        "Name": "API.outlast.example.",
        "Type": "CNAME",
        "SetIdentifier": "aws",
        "Weight": 0,
        "TTL": 30,
        "ResourceRecords": [{"Value": "aws.api.outlast.example"}],
        "HealthCheckId": "h",
    }
    assert RecordSet.from_api(item) == RecordSet(
        H, "CNAME", 30, ("aws.api.outlast.example",), set_identifier="aws", weight=0, health_check_id="h"
    )
    nearest = RecordSet.from_api({"Name": "a.", "Type": "A", "Region": "eu-west-1", "SetIdentifier": "x"})
    assert (nearest.policy, nearest.region) == ("latency", "eu-west-1")


# -- properties ------------------------------------------------------------------------------------------------------

groups = st.lists(st.integers(0, 255), min_size=1, max_size=6).map(lambda weights: weighted(*weights))


@given(groups, st.sets(st.integers(1, 6)), st.integers(0, 10_000))
def test_what_is_drawn_has_a_share_and_shares_add_up(group: tuple[RecordSet, ...], sick: set[int], choice: int) -> None:
    found = shares(group, healthy=lambda check: int(check) not in sick)
    drawn = ask(zone_of(*group), sick=" ".join(map(str, sick)), pick=lambda n: choice % n).chosen[0]
    assert found[drawn.set_identifier or ""] > 0
    assert abs(sum(found.values()) - 1) < 1e-9


@given(groups, st.sets(st.integers(1, 6)))
def test_unhealthy_records_answer_only_when_none_is_healthy(group: tuple[RecordSet, ...], sick: set[int]) -> None:
    found = shares(group, healthy=lambda check: int(check) not in sick)
    well = {record.set_identifier for record in group} - {str(number) for number in sick}
    if well:
        assert {identifier for identifier, share in found.items() if share} <= well
    opened = ask(zone_of(*group), sick=" ".join(map(str, sick))).fail_open
    assert opened == (not well)


@given(groups, st.sets(st.integers(1, 6)), st.integers(1, 6))
def test_losing_a_record_takes_nothing_from_the_others(group: tuple[RecordSet, ...], sick: set[int], lost: int) -> None:
    """A record's share never falls because another one became unhealthy, unless it is the fail-open moment."""
    before = shares(group, healthy=lambda check: int(check) not in sick)
    after = shares(group, healthy=lambda check: int(check) not in sick | {lost})
    well = {record.set_identifier for record in group} - {str(number) for number in sick | {lost}}
    for identifier in well:
        assert after[identifier or ""] >= before[identifier or ""] - 1e-9


ALIAS_ITEM = {
    "Name": "API.Outlast.Example.",
    "Type": "A",
    "AliasTarget": {"DNSName": "LB.aws.example.", "HostedZoneId": "Z2", "EvaluateTargetHealth": True},
    "SetIdentifier": "one",
    "Failover": "PRIMARY",
    "HealthCheckId": "c1",
}


def test_a_failover_alias_is_read_as_boto3_lists_it() -> None:
    assert RecordSet.from_api(ALIAS_ITEM) == RecordSet(
        "api.outlast.example",
        "A",
        alias=Alias("lb.aws.example", "Z2", True),
        set_identifier="one",
        failover="PRIMARY",
        health_check_id="c1",
    )
    unasked = {**ALIAS_ITEM, "AliasTarget": {"DNSName": "x.", "HostedZoneId": "Z2"}}
    assert RecordSet.from_api(unasked).alias == Alias("x", "Z2", False)


@pytest.mark.parametrize(
    ("geo", "location"),
    [
        ({"ContinentCode": "EU"}, "continent EU"),
        ({"CountryCode": "*"}, "*"),
        ({"CountryCode": "US", "SubdivisionCode": "WA"}, "country US WA"),
    ],
)
def test_a_geolocation_record_is_read_with_its_location(geo: dict[str, str], location: str) -> None:
    item = {"Name": H, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}], "GeoLocation": geo}
    found = RecordSet.from_api(item)
    assert (found.policy, found.location) == ("geolocation", location)


@pytest.mark.parametrize("key", ["CidrRoutingConfig", "GeoProximityLocation"])
def test_every_way_of_choosing_by_place_is_read_as_one(key: str) -> None:
    item = {"Name": H, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}], key: "somewhere"}
    assert RecordSet.from_api(item).policy == "located"
    assert RecordSet.from_api({**item, key: None}).policy == "simple"


def test_a_multivalue_record_is_read_as_one() -> None:
    item = {"Name": H, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}], "MultiValueAnswer": True}
    assert RecordSet.from_api(item).policy == "multivalue"
    assert RecordSet.from_api({**item, "MultiValueAnswer": False}).policy == "simple"


def test_a_zone_is_read_with_its_name_and_all_its_items() -> None:
    zone = Zone.from_api("Outlast.Example.", [ALIAS_ITEM])
    assert zone.name == "outlast.example"
    assert zone.group("API.outlast.example.", "A") == (RecordSet.from_api(ALIAS_ITEM),)
    assert zone.group(H, "TXT") == zone.group("nobody.outlast.example", "A") == ()


@pytest.mark.parametrize(("count", "share"), [(1, 1.0), (8, 1.0), (9, 8 / 9), (16, 0.5)])
def test_a_multivalue_record_is_among_the_answers_as_often_as_eight_have_room(count: int, share: float) -> None:
    group = tuple(
        RecordSet(H, "A", 60, (f"192.0.2.{n}",), set_identifier=f"{n}", multivalue=True) for n in range(count)
    )
    assert shares(group, healthy=lambda check: True) == pytest.approx({f"{n}": share for n in range(count)})


def test_the_only_record_of_a_name_without_an_identifier_answers_always() -> None:
    assert shares((RecordSet(H, "A", 60, ("192.0.2.1",)),), healthy=lambda check: True) == {"": 1.0}


def test_a_name_of_nobodys_is_answered_from_outside_or_refused() -> None:
    asked: list[tuple[str, str]] = []

    def outside(name: str, rdtype: str) -> tuple[str, ...]:
        asked.append((name, rdtype))
        return ("203.0.113.9",) if name == "lb.aws.example" else ()

    def resolve(name: str) -> Answer:
        return answer([zone_of()], name, "a", healthy=lambda check: True, pick=lambda n: 0, outside=outside)

    found = resolve("LB.aws.example.")
    assert found == Answer("NOERROR", (Rrset("lb.aws.example", "A", OUTSIDE_TTL_SECONDS, ("203.0.113.9",)),))
    assert found.authoritative
    refused = resolve("else.example")
    assert (refused.rcode, refused.records, refused.authoritative) == ("REFUSED", (), False)
    assert asked == [("lb.aws.example", "A"), ("else.example", "A")]


def test_each_weight_has_as_many_tickets_as_it_is_worth() -> None:
    """The draw at the edge between two records belongs to the second, the last ticket to the last."""
    drawn = []
    for ticket in range(5):
        found = ask(zone_of(*weighted(2, 0, 3)), pick=partial(_draw, ticket))
        drawn.append(found.chosen[0].set_identifier)
    assert drawn == ["1", "1", "3", "3", "3"]


def _draw(ticket: int, among: int) -> int:
    assert among == 5
    return ticket


def test_a_choice_outside_its_range_is_no_answer() -> None:
    with pytest.raises(AssertionError, match="outside its range"):
        answer([zone_of(*weighted(1, 1))], H, "A", healthy=lambda check: True, pick=lambda n: n)


def test_an_alias_to_nothing_of_that_type_is_answered_with_nothing_and_the_soa() -> None:
    soa = RecordSet("outlast.example", "SOA", 900, ("ns. host. 1 7200 900 1209600 86400",))
    alias = RecordSet(H, "A", alias=Alias("other.outlast.example", "Z", False))
    text = RecordSet("other.outlast.example", "TXT", 60, ('"x"',))
    found = answer([zone_of(soa, alias, text)], H, "A", healthy=lambda check: True, pick=lambda n: 0)
    assert (found.rcode, found.records) == ("NOERROR", ())
    assert [each.type for each in found.authority] == ["SOA"]
    assert found.chosen == (alias,)
    assert not found.fail_open


def test_an_answer_given_since_nobody_is_healthy_says_so_through_an_alias_too() -> None:
    target = RecordSet("lb.outlast.example", "A", 60, ("192.0.2.1",), set_identifier="x", weight=1, health_check_id="c")
    alias = RecordSet(H, "A", alias=Alias("lb.outlast.example", "Z", False))
    for sick in ("c", ""):
        found = ask(zone_of(alias, target), sick=sick)
        assert found.fail_open is bool(sick)
        assert found.chosen == (alias, target)
