"""Behind a drain switch the records follow two checks at once, and without one that of the endpoint."""

from __future__ import annotations

import pulumi
import pytest

from tests.infra.harness import HOST, SWITCHES, run_stack, stores

RECORD, CHECK = "aws:route53/record:Record", "aws:route53/healthCheck:HealthCheck"


def test_a_record_follows_endpoint_and_switch_together() -> None:
    run = run_stack("traffic", stacks=stores(), drainSwitches={"aws": "base-azure"})
    records = {n: r for n, r in run.all(RECORD).items() if r.inputs["name"] == HOST}
    followed = {n: r.inputs["healthCheckId"] for n, r in records.items()}
    assert followed == {"aws": "aws-gate-id", "azure": "azure-id", "gcp": "gcp-id"}
    gate = run.one(CHECK, "aws-gate").inputs
    assert (gate["type"], gate["childHealthThreshold"]) == ("CALCULATED", 2)
    assert sorted(gate["childHealthchecks"]) == ["aws-id", "aws-switch-id"]


def test_a_switch_is_looked_for_in_the_store_of_another_cloud() -> None:
    run = run_stack("traffic", stacks=stores(), drainSwitches=SWITCHES)
    looked = {n: (c.inputs["fqdn"], c.inputs["resourcePath"]) for n, c in run.all(CHECK).items() if "switch" in n}
    assert looked == {
        "aws-switch": ("outlastswitches.blob.core.windows.net", "/flags/aws.drain"),
        "azure-switch": ("storage.googleapis.com", "/outlast-switches/flags/azure.drain"),
        "gcp-switch": ("outlast-switches.s3.us-east-1.amazonaws.com", "/flags/gcp.drain"),
    }
    assert run.outputs["routing"]["drain_switches"]["aws"] == (
        "https://outlastswitches.blob.core.windows.net/flags/aws.drain"
    )


def test_an_up_puts_a_switchs_check_right_but_leaves_the_endpoints_to_drills() -> None:
    run = run_stack("traffic", stacks=stores(), drainSwitches=SWITCHES)
    assert run.one(CHECK, "aws").options["ignoreChanges"] == ["disabled", "invertHealthcheck"]
    assert "ignoreChanges" not in run.one(CHECK, "aws-switch").options
    assert run.one(CHECK, "aws-switch").inputs["invertHealthcheck"] is True


def test_a_switch_in_its_own_cloud_is_refused() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run_stack("traffic", stacks=stores(), drainSwitches={"aws": "base-aws"})
    assert "aws: has its drain switch in a store of aws: when that cloud is down" in str(caught.value)


def test_a_store_that_is_not_up_yet_is_named() -> None:
    with pytest.raises(pulumi.RunError, match="the stack 'base-azure' has no store"):
        run_stack("traffic", stacks=stores() | {"base-azure": {}}, drainSwitches=SWITCHES)
