"""Every action and its undo: exact calls by Stubber, what is written by moto, versions by the fake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from failover.drill.actions import apply_change, undo_change
from failover.drill.changes import MARK, SWITCH_OFF, Change, describe_change, plan_mark, plan_switch_off
from failover.drill.discover import read_checks
from failover.drill.fleet import HealthCheck
from service.errors import Deviated, Refused
from tests.failover.drill.fake_route53 import FakeRoute53, refuse
from tests.failover.drill.fakes import Refusing, tag

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHECK = HealthCheck("12345678-aaaa", 7, 10, 3)
OFF = {"Disabled": True, "Inverted": True}
ON = {"Disabled": False, "Inverted": False}


def state(route53: Any, check_id: str) -> tuple[bool, bool, str | None]:
    check = read_checks(route53, [check_id])[check_id]
    return check.disabled, check.inverted, check.drill_id


def stub_read(stub: Stubber, *, version: int, drill_id: str, **config: bool) -> None:
    """The two calls with which the state of the check is read."""
    tags = [{"Key": "drill:id", "Value": drill_id}]
    stub.add_response("get_health_check", health_check(version, **config), {"HealthCheckId": CHECK.id})
    stub.add_response(
        "list_tags_for_resources",
        {"ResourceTagSets": [{"ResourceType": "healthcheck", "ResourceId": CHECK.id, "Tags": tags}]},
        {"ResourceType": "healthcheck", "ResourceIds": [CHECK.id]},
    )


def health_check(version: int, **config: bool) -> dict[str, Any]:
    whole = {"Type": "HTTPS_STR_MATCH", "RequestInterval": 10, "FailureThreshold": 3, **config}
    check = {"Id": CHECK.id, "CallerReference": "c", "HealthCheckConfig": whole, "HealthCheckVersion": version}
    return {"HealthCheck": check}


@pytest.fixture
def client() -> Route53Client:
    return boto3.client("route53", region_name="us-east-1")  # its own: a Stubber stays with its client


def test_sends_the_version_and_only_the_two_fields(client: Route53Client) -> None:
    with Stubber(client) as stub:
        wanted = {"HealthCheckId": CHECK.id, "HealthCheckVersion": 7, **OFF}
        stub.add_response("update_health_check", health_check(8, **OFF), wanted)
        apply_change(client, plan_switch_off(CHECK))
        stub.assert_no_pending_responses()


def test_undoes_with_the_version_of_this_moment_and_verifies(client: Route53Client) -> None:
    with Stubber(client) as stub:
        stub_read(stub, version=9, drill_id="d", **OFF)
        wanted = {"HealthCheckId": CHECK.id, "HealthCheckVersion": 9, **ON}
        stub.add_response("update_health_check", health_check(10, **ON), wanted)
        stub_read(stub, version=10, drill_id="d", **ON)
        assert undo_change(client, plan_switch_off(CHECK), "d") == "restored"
        stub.assert_no_pending_responses()


def test_reads_again_when_its_undo_meets_a_newer_version(client: Route53Client) -> None:
    with Stubber(client) as stub:
        stub_read(stub, version=8, drill_id="d", **OFF)
        stub.add_client_error("update_health_check", "HealthCheckVersionMismatch")
        stub_read(stub, version=9, drill_id="d", **OFF)
        stub.add_response(
            "update_health_check", health_check(10), {"HealthCheckId": CHECK.id, "HealthCheckVersion": 9, **ON}
        )
        stub_read(stub, version=10, drill_id="d", **ON)
        assert undo_change(client, plan_switch_off(CHECK), "d") == "restored"


def test_a_stale_version_stops(client: Route53Client) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("update_health_check", "HealthCheckVersionMismatch")
        with pytest.raises(Refused, match="changed by someone else meanwhile"):
            apply_change(client, plan_switch_off(CHECK))


def test_on_moto_it_is_written_and_taken_back(route53: Route53Client, check_ids: dict[str, str]) -> None:
    check = read_checks(route53, [check_ids["aws"]])[check_ids["aws"]]
    mark, switch = plan_mark(check, "d", NOON), plan_switch_off(check)
    apply_change(route53, mark)
    apply_change(route53, switch)
    assert state(route53, check.id) == (True, True, "d")
    assert undo_change(route53, switch, "d") == "restored"
    assert undo_change(route53, mark, "d") == "tags removed"
    assert read_checks(route53, [check.id])[check.id] == check, "its other tags and settings are as they were"


def test_undoing_again_changes_nothing(fake_route53: FakeRoute53) -> None:
    check = read_checks(fake_route53, ["check-aws"])["check-aws"]  # type: ignore[arg-type]
    mark, switch = plan_mark(check, "d", NOON), plan_switch_off(check)
    for change in (switch, mark):
        found = undo_change(fake_route53, change, "d")  # type: ignore[arg-type]
        assert "already" in found
    assert fake_route53.checks["check-aws"]["version"] == 1


def test_undoes_its_own_write_even_when_its_tags_are_gone(fake_route53: FakeRoute53) -> None:
    # A refresh of the stack may remove tags that it does not know; the version still tells whose write was last.
    fake: Any = fake_route53
    switch = plan_switch_off(read_checks(fake, ["check-aws"])["check-aws"])
    apply_change(fake, switch)
    assert undo_change(fake, switch, "d") == "restored"


def test_leaves_somebody_elses_emergency_alone(fake_route53: FakeRoute53) -> None:
    fake: Any = fake_route53
    switch = plan_switch_off(read_checks(fake, ["check-aws"])["check-aws"])
    apply_change(fake, switch)
    fake.update_health_check(HealthCheckId="check-aws", **ON)
    fake.update_health_check(HealthCheckId="check-aws", **OFF)
    with pytest.raises(Deviated, match="which this drill did not leave") as caught:
        undo_change(fake, switch, "d")
    assert "update-health-check --health-check-id check-aws --no-disabled --no-inverted" in caught.value.hint
    assert fake.checks["check-aws"]["Disabled"]


def test_leaves_a_half_changed_check_alone(fake_route53: FakeRoute53) -> None:
    fake: Any = fake_route53
    tag(fake, "check-aws", id="d")
    switch = plan_switch_off(read_checks(fake, ["check-aws"])["check-aws"])
    fake.update_health_check(HealthCheckId="check-aws", Disabled=True)
    with pytest.raises(Deviated, match="Disabled=True, Inverted=False at version 2"):
        undo_change(fake, switch, "d")


@pytest.mark.parametrize("action", [MARK, SWITCH_OFF])
def test_leaves_another_drills_check_alone(fake_route53: FakeRoute53, action: str) -> None:
    fake: Any = fake_route53
    check = read_checks(fake, ["check-aws"])["check-aws"]
    switch = plan_switch_off(check)
    apply_change(fake, switch)
    tag(fake, "check-aws", id="other")
    change = switch if action == SWITCH_OFF else plan_mark(check, "d", NOON)
    assert undo_change(fake, change, "d") == "left alone: drill other holds it now"
    assert state(fake, "check-aws") == (True, True, "other")


def test_gives_up_when_the_check_keeps_changing(fake_route53: FakeRoute53) -> None:
    def never(**_: Any) -> Any:
        raise refuse("HealthCheckVersionMismatch", "UpdateHealthCheck")

    fake: Any = fake_route53
    switch = plan_switch_off(read_checks(fake, ["check-aws"])["check-aws"])
    apply_change(fake, switch)
    with pytest.raises(Deviated, match="kept changing: not restored after 5 tries"):
        undo_change(Refusing(fake, update_health_check=never), switch, "d")  # type: ignore[arg-type]


def test_a_change_survives_the_journal() -> None:
    for change in (plan_switch_off(CHECK), plan_mark(CHECK, "d", NOON)):
        assert Change.from_entry(change.to_entry()) == change
        assert CHECK.id in describe_change(change)
