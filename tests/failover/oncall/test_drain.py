"""Draining: what is written to Route 53, and every reason to refuse."""

from __future__ import annotations

from typing import Any

import pytest

from failover.drill.discover import read_checks
from failover.oncall.drain import (
    HealthCheckWay,
    Reason,
    check_drain,
    check_undrain,
    describe_shares,
    find_site,
    is_out,
    refuse_switched,
)
from service.errors import InvalidInput, Refused
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import EPOCH
from tests.failover.oncall.standings import BY_ANN, DEAD, UNHEALTHY, gated, host, off, site

FUTURE = "2026-11-23T13:00:00+00:00"
REASON = Reason("ann@laptop", "2026-11-23T12:00:00+00:00", "disk is full; see #12")


def test_switches_and_tags_and_takes_both_back(fake_route53: FakeRoute53) -> None:
    client: Any = fake_route53
    before = read_checks(client, ["check-aws"])["check-aws"]
    assert "disabled and inverted" in HealthCheckWay(client).drain(site("aws"), REASON)
    check = read_checks(client, ["check-aws"])["check-aws"]
    assert (check.disabled, check.inverted) == (True, True)
    assert check.tags["drain:by"] == "ann@laptop"
    assert check.tags["drain:since"] == REASON.since
    assert check.tags["drain:why"] == "disk is full_ see _12", "Route 53 takes few characters in a tag"
    HealthCheckWay(client).undrain(site("aws", version=2, **off()))
    after = read_checks(client, ["check-aws"])["check-aws"]
    assert (after.disabled, after.inverted, after.tags) == (False, False, before.tags)


def test_a_check_that_somebody_changed_meanwhile_is_not_written_over(fake_route53: FakeRoute53) -> None:
    client: Any = fake_route53
    client.update_health_check(HealthCheckId="check-aws", FailureThreshold=5)
    with pytest.raises(Refused, match="changed by someone else"):
        HealthCheckWay(client).drain(site("aws"), REASON)
    assert fake_route53.checks["check-aws"]["Disabled"] is False


def test_tags_alone_are_removed_without_a_switch(fake_route53: FakeRoute53) -> None:
    client: Any = fake_route53
    fake_route53.tags["check-aws"] |= BY_ANN
    HealthCheckWay(client).undrain(site("aws", tags=BY_ANN))
    assert fake_route53.checks["check-aws"]["version"] == 1
    assert "drain:by" not in fake_route53.tags["check-aws"]


def test_a_record_without_a_check_cannot_be_drained(fake_route53: FakeRoute53) -> None:
    client: Any = fake_route53
    unchecked = host().sites[0].__class__("aws", site("aws").record, "aws.example")
    with pytest.raises(Refused, match="no health check"):
        HealthCheckWay(client).drain(unchecked, REASON)


def test_the_last_healthy_site_only_when_named() -> None:
    standing = host(site("azure", DEAD), site("gcp", view=UNHEALTHY))
    aws = find_site(standing, "aws")
    with pytest.raises(Refused) as refused:
        check_drain(standing, aws)
    assert "azure: asked directly, it does not answer" in str(refused.value)
    assert "gcp: is unhealthy to Route 53" in str(refused.value)
    assert refused.value.hint.endswith("outlast drain aws --last aws")
    check_drain(standing, aws, last="aws")
    with pytest.raises(InvalidInput, match="do not fit"):
        check_drain(standing, aws, last="gcp")


def test_says_who_took_the_others_out() -> None:
    standing = host(site("azure", disabled=True, inverted=True, tags=BY_ANN), site("gcp", weight=0))
    with pytest.raises(Refused) as refused:
        check_drain(standing, find_site(standing, "aws"))
    assert "azure: is taken out by ann@laptop" in str(refused.value)
    assert "gcp: has weight 0" in str(refused.value)


def test_a_site_that_a_drill_holds_is_the_drills() -> None:
    held = site("aws", tags={"drill:id": "d", "drill:expires-at": FUTURE})
    with pytest.raises(Refused, match="drill d holds aws"):
        check_drain(host(held), held)
    with pytest.raises(Refused, match="drill d took aws out"):
        check_undrain(held, EPOCH)


def test_a_dead_site_is_given_back_only_by_name() -> None:
    dead = site("aws", DEAD, **off())
    with pytest.raises(Refused, match="asked directly it does not answer"):
        check_undrain(dead, EPOCH)
    check_undrain(dead, EPOCH, anyway=True)
    check_undrain(site("aws", **off()), EPOCH)


def test_an_unknown_site_is_told_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"'asw' is no site behind(.|\n)*aws, azure, gcp"):
        find_site(host(), "asw")


def test_what_counts_as_out() -> None:
    assert is_out(site("aws", **off()))
    assert is_out(site("aws", tags=BY_ANN))
    assert is_out(site("aws", disabled=True))
    assert not is_out(site("aws"))


def test_what_a_switch_holds_out_its_check_cannot_give_back() -> None:
    refuse_switched(site("aws"))
    refuse_switched(gated("aws"))
    with pytest.raises(Refused, match="drained by its drain switch"):
        refuse_switched(gated("aws", thrown=True))


def test_shares_in_words() -> None:
    assert describe_shares({"aws": 0.0, "azure": 0.6, "gcp": 0.4}) == "azure 60%, gcp 40%"
