"""What a change batch is refused for, with the sentence of the real API in substance; and right ones beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.simulator.record_rules import apply_changes, identity
from failover.simulator.wire import ApiError

ZONE, ZONE_ID = "outlast.example.", "Z1"
CHECKS = {"check-1", "check-2"}
SOA_TEXT = "ns. hostmaster. 1 7200 900 1209600 86400"


def plain(name: str = "www", kind: str = "A", *values: str, ttl: int = 60, **more: Any) -> dict[str, Any]:
    texts = values or ("192.0.2.1",)
    full = f"{name}.outlast.example" if name else "outlast.example"
    return {"Name": full, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": text} for text in texts], **more}


def weighted(identifier: str, weight: int = 1, **more: Any) -> dict[str, Any]:
    return plain("api", "CNAME", f"{identifier}.example.net", SetIdentifier=identifier, Weight=weight, **more)


def alias(target: str, zone_id: str = ZONE_ID) -> dict[str, Any]:
    pointer = {"DNSName": target, "HostedZoneId": zone_id, "EvaluateTargetHealth": False}
    return {"Name": "alias.outlast.example", "Type": "A", "AliasTarget": pointer}


def do(action: str, record: dict[str, Any]) -> dict[str, Any]:
    return {"Action": action, "ResourceRecordSet": record}


def apply(*changes: dict[str, Any], on: tuple[dict[str, Any], ...] = ()) -> list[dict[str, Any]]:
    apex = [plain("", "SOA", SOA_TEXT), plain("", "NS", "ns.example.")]
    return apply_changes(ZONE, ZONE_ID, [*apex, *on], list(changes), CHECKS)


def refused(*changes: dict[str, Any], on: tuple[dict[str, Any], ...] = ()) -> ApiError:
    with pytest.raises(ApiError) as caught:
        apply(*changes, on=on)
    return caught.value


def names(records: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [identity(record) for record in records][2:]


def test_create_upsert_and_delete() -> None:
    created = apply(do("CREATE", plain()))
    assert names(created) == [("www.outlast.example", "A", "")]
    changed = apply(do("UPSERT", plain("www", "A", "192.0.2.9")), on=(plain(),))
    assert changed[-1]["ResourceRecords"] == [{"Value": "192.0.2.9"}]
    assert names(apply(do("DELETE", plain()), on=(plain(),))) == []


def test_create_of_a_record_that_exists() -> None:
    error = refused(do("CREATE", plain()), on=(plain(),))
    told = "[Tried to create resource record set [name='www.outlast.example.', type='A'] but it already exists]"
    assert (error.code, error.message) == ("InvalidChangeBatch", told)
    assert "set-identifier='aws'" in refused(do("CREATE", weighted("aws")), on=(weighted("aws"),)).message


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (plain("www", ttl=61), "the values provided do not match the current values"),
        (plain("www", "A", "192.0.2.2"), "the values provided do not match the current values"),
        (plain("www", Weight=1, SetIdentifier="x"), "it was not found"),
        (plain("gone"), "it was not found"),
        (plain("www", "AAAA", "::1"), "it was not found"),
    ],
)
def test_delete_of_what_is_not_there(record: dict[str, Any], told: str) -> None:
    assert told in refused(do("DELETE", record), on=(plain(),)).message


def test_delete_takes_only_the_record_with_its_set_identifier() -> None:
    twin = {**weighted("aws"), "Name": "twin.outlast.example"}
    left = apply(do("DELETE", weighted("aws")), on=(weighted("aws"), weighted("azure"), twin))
    assert names(left) == [("api.outlast.example", "CNAME", "azure"), ("twin.outlast.example", "CNAME", "aws")]


def test_delete_may_name_values_in_another_order_and_leave_out_what_is_not_a_value() -> None:
    kept = plain("many", "A", "192.0.2.1", "192.0.2.2", SetIdentifier="m", MultiValueAnswer=True)
    given_record = plain("many", "A", "192.0.2.2", "192.0.2.1", SetIdentifier="m", MultiValueAnswer=True)
    assert names(apply(do("DELETE", given_record), on=(kept,))) == []


@pytest.mark.parametrize(
    ("record", "on", "told"),
    [
        (plain("", "CNAME", "a.example"), (), "is not permitted at apex in zone outlast.example."),
        (plain("www", "CNAME", "a.example"), (plain(),), "as it conflicts with other records with the same DNS name"),
        (plain(), (plain("www", "CNAME", "a.example"),), "a conflicting RRSet of type CNAME with the same DNS name"),
        (plain("api", "CNAME", "a.example"), (weighted("aws"),), "cannot be created as other RRSets exist"),
        (weighted("aws"), (plain("api", "CNAME", "a.example"),), "a non-weighted set exists with the same name"),
        (
            plain("api", "CNAME", "a.example", SetIdentifier="p", Failover="PRIMARY"),
            (weighted("aws"),),
            "a non-failover set exists with the same name and type",
        ),
        (weighted("azure", ttl=10), (weighted("aws"),), "weighted sets must contain the same TTL"),
        (
            plain("f", SetIdentifier="b", Failover="PRIMARY"),
            (plain("f", SetIdentifier="a", Failover="PRIMARY"),),
            "a failover set with Failover=PRIMARY exists",
        ),
        ({**plain(), "Name": "www.other.example"}, (), "is not permitted in zone outlast.example."),
        (alias("gone.outlast.example"), (), "Tried to create an alias that targets gone.outlast.example"),
    ],
)
def test_records_that_cannot_live_together(record: dict[str, Any], on: tuple[dict[str, Any], ...], told: str) -> None:
    error = refused(do("UPSERT", record), on=on)
    assert (error.code, error.status) == ("InvalidChangeBatch", 400)
    assert told in error.message


@pytest.mark.parametrize(
    "changes",
    [
        (do("CREATE", weighted("aws")), do("CREATE", weighted("azure", 0))),
        (do("CREATE", plain("target")), do("CREATE", alias("target.outlast.example"))),
        (do("CREATE", alias("lb.elb.amazonaws.com", "Z35SXDOTRQ7X7K")),),
        (do("CREATE", plain("www", "TXT", '"asuid"')), do("CREATE", plain("www", "A"))),
        (do("CREATE", plain("*.wild")), do("CREATE", plain("", "CAA", '0 issue "amazon.com"'))),
        (do("CREATE", plain("www", HealthCheckId="check-1")),),
    ],
)
def test_records_that_can(changes: tuple[dict[str, Any], ...]) -> None:
    assert len(apply(*changes)) == 2 + len(changes)


def test_the_ttl_of_a_whole_weighted_group_can_change_in_one_batch() -> None:
    group = (weighted("aws"), weighted("azure"))
    changed = apply(*(do("UPSERT", {**record, "TTL": 10}) for record in group), on=group)
    assert [record["TTL"] for record in changed[2:]] == [10, 10]


def test_a_name_can_change_its_type_in_one_batch() -> None:
    moved = apply(do("DELETE", plain()), do("CREATE", plain("www", "CNAME", "a.example")), on=(plain(),))
    assert names(moved) == [("www.outlast.example", "CNAME", "")]


def test_a_batch_is_applied_whole_or_not_at_all_and_tells_every_problem() -> None:
    on = (plain(),)
    error = refused(do("CREATE", plain("new")), do("CREATE", plain()), do("DELETE", plain("gone")), on=on)
    assert "already exists" in error.message
    assert "was not found" in error.message


def test_the_apex_keeps_its_soa_and_ns() -> None:
    assert "exactly one SOA record" in refused(do("DELETE", plain("", "SOA", SOA_TEXT))).message
    assert "at least one NS record" in refused(do("DELETE", plain("", "NS", "ns.example."))).message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Action": "REPLACE", "ResourceRecordSet": plain()}, "not one of [CREATE, DELETE, UPSERT]"),
        (do("CREATE", plain(kind="BOGUS")), "Value 'BOGUS' at 'type'"),
        (do("CREATE", weighted("aws", -1)), "Value '-1' at 'weight'"),
        (do("CREATE", weighted("aws", 256)), "Value '256' at 'weight'"),
        (do("CREATE", plain(ttl=2**31)), "at 'tTL'"),
        (do("CREATE", {"Name": "a.outlast.example", "Type": "A"}), "but found none in Change with [Action=CREATE"),
        (do("CREATE", {**plain(), **alias("x.outlast.example")}), "but found more than one"),
        (do("CREATE", plain(Weight=1)), "Missing field 'SetIdentifier'"),
        (do("CREATE", plain(SetIdentifier="x")), "Expected exactly one of [Weight"),
        (do("CREATE", plain(SetIdentifier="x", Weight=1, Failover="PRIMARY")), "but found more than one"),
    ],
)
def test_malformed_changes(change: dict[str, Any], told: str) -> None:
    error = refused(change)
    assert (error.code, error.status) == ("InvalidInput", 400)
    assert told in error.message


def test_an_empty_batch_is_refused() -> None:
    assert refused().code == "InvalidInput"


def test_an_unknown_health_check_is_refused() -> None:
    error = refused(do("UPSERT", plain(HealthCheckId="gone")))
    assert (error.code, error.status) == ("NoSuchHealthCheck", 404)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a" * 64, "DomainLabelTooLong"),
        (".".join(["a" * 60] * 5), "DomainNameTooLong"),
        ("a..b", "DomainLabelEmpty"),
        ("sp ace", "UnsupportedCharacter"),
        ("ünï", "UnsupportedCharacter"),
    ],
)
def test_names_that_are_none(name: str, told: str) -> None:
    assert told in refused(do("CREATE", plain(name))).message


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("A", ("192.0.2.256",), "ARRDATAIllegalIPv4Address"),
        ("AAAA", ("192.0.2.1",), "AAAARRDATAIllegalIPv6Address"),
        ("TXT", ("bare",), "Value should be enclosed in quotation marks"),
        ("MX", ("mail.example.",), "MXRRDATANotValid"),
        ("CNAME", ("a.example", "b.example"), "only one value"),
        ("A", ("192.0.2.1", "192.0.2.1"), "Duplicate Resource Record: '192.0.2.1'"),
    ],
)
def test_values_that_do_not_fit_their_type(kind: str, values: tuple[str, ...], told: str) -> None:
    assert told in refused(do("CREATE", plain("v", kind, *values))).message


@given(st.lists(st.tuples(st.sampled_from(["CREATE", "UPSERT", "DELETE"]), st.sampled_from("abc")), max_size=8))
def test_a_zone_never_holds_a_record_twice(steps: list[tuple[str, str]]) -> None:
    zone = [plain("", "SOA", SOA_TEXT)]
    for action, name in steps:
        try:
            zone = apply_changes(ZONE, ZONE_ID, zone, [do(action, plain(name))], CHECKS)
        except ApiError:
            continue
        keys = [identity(record) for record in zone]
        assert len(keys) == len(set(keys))
        assert ((f"{name}.outlast.example", "A", "") in keys) == (action != "DELETE")


# -- limits and escapes ----------------------------------------------------------------------------------------------


def txt(*strings: str) -> str:
    return " ".join(f'"{string}"' for string in strings)


@pytest.mark.parametrize("value", [txt("a" * 255), txt(r"\041" * 255), txt(*["x" * 250] * 16), txt(r"caf\351")])
def test_texts_up_to_the_limit_are_taken(value: str) -> None:
    assert apply(do("CREATE", plain("t", "TXT", value)))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (txt("a" * 256), "CharacterStringTooLong (Value is too long) encountered with"),
        (txt(*["x" * 250] * 17), "CharacterStringTooLong (Value is too long) encountered with"),
        (txt(r"\400"), "TXTRRDATANotValid"),
        (txt(r"\189"), "TXTRRDATANotValid"),
    ],
)
def test_texts_beyond_it_are_told_by_name(value: str, told: str) -> None:
    assert told in refused(do("CREATE", plain("t", "TXT", value))).message


def many(number: int) -> dict[str, Any]:
    return plain("many", "A", *(f"192.0.{n // 250}.{n % 250}" for n in range(number)))


def test_a_record_has_at_most_400_values() -> None:
    assert apply(do("CREATE", many(400)))
    assert refused(do("CREATE", many(401))).message == "[Cannot have more than 400 records in a RRSet.]"


@pytest.mark.parametrize(("action", "most"), [("CREATE", 1000), ("UPSERT", 500)])
def test_a_request_holds_at_most_1000_elements_and_an_upsert_counts_twice(action: str, most: int) -> None:
    changes = [do(action, plain(f"n{n}")) for n in range(most)]
    assert apply(*changes)
    told = refused(*changes, do(action, plain("more")))
    assert (told.code, told.message) == ("InvalidChangeBatch", "[Number of records limit of 1000 exceeded.]")


def test_a_request_holds_at_most_32000_characters_of_values() -> None:
    changes = [do("UPSERT", plain(f"n{n}", "TXT", txt("x" * 250))) for n in range(64)]
    assert "RDATA character limit of 32000 exceeded" in refused(*changes).message
    assert apply(*changes[:63])


def test_names_are_listed_escaped_whatever_they_were_written_in() -> None:
    for name in ("user@home", r"user\100home", "USER@home"):
        created = apply(do("CREATE", plain(name)))
        assert created[-1]["Name"] == r"user\100home.outlast.example."
    assert refused(do("CREATE", plain(r"a\999"))).message.startswith("[FATAL problem: UnsupportedCharacter")


def test_an_alias_is_listed_as_route_53_writes_names() -> None:
    created = apply(do("CREATE", alias("Front-1.US-East-1.ELB.amazonaws.com", "Z35SXDOTRQ7X7K")))
    assert created[-1]["AliasTarget"]["DNSName"] == "front-1.us-east-1.elb.amazonaws.com."
