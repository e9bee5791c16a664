"""Proofs in the zone: there while they are needed, gone afterwards, and what a killed run left goes with the next."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from failover.certificates.proofs import LEASE, OWNER, TTL_SECONDS, find_zone, is_over
from failover.simulator.store import Store
from service.errors import Refused, Unavailable
from tests.failover.certificates.conftest import DOMAIN, HOST, Zone
from tests.failover.drill.fakes import Refusing

NAME = f"_acme-challenge.{HOST}"


def values(zone: Zone) -> list[str]:
    return sorted(zone.lookup(NAME, "TXT"))


def test_proofs_are_there_while_they_are_needed(zone: Zone) -> None:
    with zone.proofs.standing([(HOST, "one"), (HOST, "two"), (f"eu.{HOST}", "three")]):
        assert values(zone) == ["one", "two"]
        assert zone.lookup(f"_acme-challenge.eu.{HOST}", "TXT") == ["three"]
        assert {record["TTL"] for record in zone.records()} == {TTL_SECONDS}
    assert zone.records() == []


def test_proofs_go_when_the_renewal_fails(zone: Zone) -> None:
    with pytest.raises(KeyboardInterrupt), zone.proofs.standing([(HOST, "one")]):
        raise KeyboardInterrupt
    assert zone.records() == []


def test_the_next_run_removes_what_a_killed_one_left(zone: Zone) -> None:
    killed = zone.proofs.standing([(HOST, "left")])
    killed.__enter__()  # and nothing more: the process is gone
    with zone.proofs.standing([(HOST, "own")]):
        assert values(zone) == ["left", "own"], "the lease is not over: it may be a run of another machine"
    zone.clock.sleep(LEASE.total_seconds())
    with zone.proofs.standing([(HOST, "own")]):
        assert values(zone) == ["own"]
    assert zone.told == ["removed 1 proof(s) that a run before this one had left in the zone"]


def test_records_of_others_are_left_alone(zone: Zone) -> None:
    other = {
        "Name": f"{NAME}.",
        "Type": "TXT",
        "TTL": 60,
        "SetIdentifier": "certbot",
        "MultiValueAnswer": True,
        "ResourceRecords": [{"Value": '"theirs"'}],
    }
    batch: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": other}]}
    zone.route53.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch=batch)
    zone.clock.sleep(LEASE.total_seconds())
    with zone.proofs.standing([(HOST, "own")]):
        assert values(zone) == ["own", "theirs"]
    assert values(zone) == ["theirs"]


@pytest.mark.parametrize(
    ("identifier", "over"),
    [
        (f"{OWNER} 2026-11-23T12:00:00Z abc", True),
        (f"{OWNER} 2026-11-23T12:00:01Z abc", False),
        (f"{OWNER} yesterday abc", False),
        (OWNER, False),
        ("certbot 2026-11-23T11:00:00Z abc", False),
        ("", False),
    ],
)
def test_a_record_says_whose_it_is_and_until_when(zone: Zone, identifier: str, over: bool) -> None:
    assert is_over({"SetIdentifier": identifier}, zone.clock.utc()) is over


def test_what_cannot_be_removed_is_said_and_hides_no_error(zone: Zone) -> None:
    def change(**given: Any) -> Any:
        if given["ChangeBatch"]["Changes"][0]["Action"] == "DELETE":
            raise Unavailable("no answer", hint="")
        return zone.route53.change_resource_record_sets(**given)

    proofs = Zone(Refusing(zone.route53, change_resource_record_sets=change), zone.id, zone.clock, zone.told).proofs
    with pytest.raises(ZeroDivisionError), proofs.standing([(HOST, "one")]):
        raise ZeroDivisionError
    assert "the next renewal removes it" in zone.told[0]


def test_a_change_that_does_not_reach_all_servers_times_out(zone: Zone) -> None:
    pending = {"ChangeInfo": {"Status": "PENDING"}}
    slow = Zone(Refusing(zone.route53, get_change=lambda **_: pending), zone.id, zone.clock)
    with pytest.raises(Unavailable, match="after 180 s"), slow.proofs.standing([(HOST, "one")]):
        raise AssertionError("must not be reached")
    assert zone.records() == [], "what was written is gone nevertheless"


def test_a_name_that_something_else_has_is_refused(zone: Zone) -> None:
    def change(**given: Any) -> Any:
        error: Any = {"Error": {"Code": "InvalidChangeBatch", "Message": "RRSet of type TXT conflicts with a CNAME"}}
        raise ClientError(error, "ChangeResourceRecordSets")

    taken = Zone(Refusing(zone.route53, change_resource_record_sets=change), zone.id, zone.clock, zone.told)
    with pytest.raises(Refused, match="takes no proof") as refused, taken.proofs.standing([(HOST, "one")]):
        raise AssertionError("must not be reached")
    assert NAME in refused.value.hint


# -- which zone --------------------------------------------------------------------------------------------------------


def test_the_closest_zone_holds_a_name() -> None:
    client = Store().client
    made = {name: client.create_hosted_zone(Name=name, CallerReference=name) for name in ("example", DOMAIN)}
    client.create_hosted_zone(Name="other.example", CallerReference="o")
    assert made[DOMAIN]["HostedZone"]["Id"].endswith(f"/{find_zone(client, HOST)}")
    assert made["example"]["HostedZone"]["Id"].endswith(f"/{find_zone(client, 'outlast2.example')}")


def test_no_zone_or_two_are_told() -> None:
    client = Store().client
    with pytest.raises(Unavailable, match="no public hosted zone"):
        find_zone(client, HOST)
    for reference in ("a", "b"):
        client.create_hosted_zone(Name=DOMAIN, CallerReference=reference)
    with pytest.raises(Refused, match="2 public hosted zones"):
        find_zone(client, HOST)
