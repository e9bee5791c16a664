"""Under eventual consistency what forgot to wait meets the cloud's refusal, and what waits does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from failover.simulator.clock import ScaledClock
from sandbox.clouds.eventual import ACM, MANAGED, RECORD, Eventual, Takes
from sandbox.clouds.gcp.common import API
from sandbox.clouds.kinds import KINDS
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import HOST, Clouds, Wall

SECONDS = 60
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [sites.MAY_LOG]})


@pytest.fixture
def slow(clouds: Clouds) -> Clouds:
    clouds.world.eventual.seconds = SECONDS
    return clouds


def meanwhile(clouds: Clouds, act: Callable[[], object]) -> list[str]:
    """Let `act` happen once, in the middle of the next wait. What it was refused for."""
    refusals: list[str] = []

    def sleep(seconds: float) -> None:
        clouds.wall.sleep(seconds)
        clouds.world._sleep = clouds.wall.sleep
        try:
            act()
        except CloudRefused as refused:
            refusals.append(refused.what)

    clouds.world._sleep = sleep
    return refusals


def lasted(clouds: Clouds, act: Callable[[], object]) -> float:
    """The simulated seconds that `act` took."""
    began = clouds.wall.now
    act()
    return clouds.wall.now - began


# -- what forgets to wait --------------------------------------------------------------------------------------------


def test_a_certificate_of_azure_that_does_not_wait_for_its_role_is_forbidden(slow: Clouds) -> None:
    base = sites.azure_base(slow, may_read=False)
    refused = meanwhile(slow, lambda: sites.azure_certificate(slow, base))
    sites.azure_grant(slow, base, "may-read")
    assert len(refused) == 1 and "Caller is not authorized" in refused[0]
    sites.azure_certificate(slow, base)


def test_an_app_that_does_not_wait_for_its_role_cannot_pull(slow: Clouds) -> None:
    base = sites.azure_base(slow, may_pull=False)
    slow.answer(f"asuid.{HOST}", "TXT", sites.verification_id())
    certificate, image = sites.azure_certificate(slow, base), sites.azure_image(slow, base)
    refused = meanwhile(slow, lambda: sites.azure_app(slow, base, certificate, image))
    sites.azure_grant(slow, base, "may-pull")
    assert len(refused) == 1 and "Unable to pull image" in refused[0]
    sites.azure_app(slow, base, certificate, image)


def test_a_task_that_does_not_wait_for_its_right_cannot_read_its_secret(slow: Clouds) -> None:
    service = sites.aws_site(slow)
    secret = slow.make("aws:secretsmanager/secret:Secret", name="site-api-keys")
    refused = meanwhile(slow, lambda: sites.aws_write(slow, service, secret, "[]"))
    sites.aws_permit_keys(slow, secret.outputs["arn"])
    assert len(refused) == 1 and "secretsmanager:GetSecretValue" in refused[0]
    sites.aws_write(slow, service, secret, "[]", "two")


def test_an_app_that_does_not_wait_for_its_role_cannot_read_its_secret(slow: Clouds) -> None:
    app = sites.azure_site(slow)
    secret = sites.azure_secret(slow)
    url = secret.outputs["properties"]["secretUriWithVersion"]
    refused = meanwhile(slow, lambda: sites.azure_take(slow, app, url))
    sites.azure_permit_keys(slow, secret)
    assert len(refused) == 1 and "Unable to get value" in refused[0]
    sites.azure_take(slow, app, url)


def test_a_service_that_does_not_wait_for_its_grant_cannot_read_its_secret(slow: Clouds) -> None:
    service = sites.gcp_site(slow)
    secret = sites.gcp_secret(slow)
    version = sites.gcp_write(slow, secret, "[]").outputs["version"]
    refused = meanwhile(slow, lambda: sites.gcp_take(slow, service, version))
    sites.gcp_permit_keys(slow, secret)
    assert len(refused) == 1 and "Permission denied on secret" in refused[0]
    sites.gcp_take(slow, service, version)


def test_a_balancer_that_does_not_wait_for_the_gateway_is_refused(slow: Clouds) -> None:
    vpc = slow.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    on = {"vpcId": vpc.id}
    places = {"a": "10.0.0.0/24", "b": "10.0.1.0/24"}
    subnets = [
        slow.make("aws:ec2/subnet:Subnet", zone, cidrBlock=cidr, availabilityZone=f"us-east-1{zone}", **on).id
        for zone, cidr in places.items()
    ]
    group = slow.make("aws:ec2/securityGroup:SecurityGroup", **on)

    def balancer() -> object:
        return slow.make("aws:lb/loadBalancer:LoadBalancer", securityGroups=[group.id], subnets=subnets)

    refused = meanwhile(slow, balancer)
    slow.make("aws:ec2/internetGateway:InternetGateway", **on)
    assert len(refused) == 1 and "has no internet gateway" in refused[0]
    balancer()


def test_a_service_that_does_not_wait_for_the_policy_cannot_pull(slow: Clouds) -> None:
    network = sites.aws_network(slow)
    group = sites.aws_front(slow, network, sites.aws_certificate(slow))
    task = sites.aws_task(slow, sites.aws_image(slow), may_pull=False)
    refused = meanwhile(slow, lambda: sites.aws_service(slow, network, group, task))
    sites.aws_permit(slow, "task")
    assert len(refused) == 1 and "is not authorized to perform: ecr:" in refused[0]


@pytest.mark.parametrize(
    ("api", "type_", "inputs"),
    [
        ("compute", "gcp:compute/globalAddress:GlobalAddress", {"name": "front"}),
        ("iam", "gcp:serviceaccount/account:Account", {"accountId": "outlast-gcp"}),
        (
            "artifactregistry",
            "gcp:artifactregistry/repository:Repository",
            {"repositoryId": "site", "location": "us-central1", "format": "DOCKER"},
        ),
        (
            "certificatemanager",
            "gcp:certificatemanager/certificateMap:CertificateMap",
            {"name": "site"},
        ),
    ],
)
def test_what_does_not_wait_for_its_api_is_told_to_wait_a_few_minutes(
    slow: Clouds, api: str, type_: str, inputs: dict[str, Any]
) -> None:
    refused = meanwhile(slow, lambda: slow.make(type_, stack="gcp", **inputs))
    slow.make(API, api, stack="gcp", service=f"{api}.googleapis.com")
    assert len(refused) == 1 and "wait a few minutes for the action to propagate" in refused[0]
    slow.make(type_, stack="gcp", **inputs)


# -- what waits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", [sites.aws_site, sites.azure_site, sites.gcp_site])
def test_a_site_that_waits_comes_up_later(clouds: Clouds, site: Callable[[Clouds], object]) -> None:
    clouds.world.eventual.seconds = SECONDS
    assert lasted(clouds, lambda: site(clouds)) >= SECONDS
    assert clouds.effects().workloads


def test_nothing_takes_time_where_nobody_asked_for_it(clouds: Clouds) -> None:
    assert lasted(clouds, lambda: sites.azure_site(clouds)) == 0


def test_a_change_counts_as_late_as_a_creation(slow: Clouds) -> None:
    role = slow.make("aws:iam/role:Role", assumeRolePolicy=sites.trust())
    policy = slow.make("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=POLICY)
    assert lasted(slow, lambda: slow.change(policy, policy=POLICY)) == SECONDS


def test_an_api_that_is_on_already_takes_no_time(slow: Clouds) -> None:
    on = {"service": "run.googleapis.com", "stack": "gcp"}
    assert lasted(slow, lambda: slow.make(API, "one", **on)) == SECONDS
    assert lasted(slow, lambda: slow.make(API, "two", **on)) == 0


def test_what_is_refused_is_refused_at_once(slow: Clouds) -> None:
    def refused() -> None:
        with pytest.raises(CloudRefused, match="NoSuchEntity"):
            slow.make("aws:iam/rolePolicy:RolePolicy", role="nobody", policy=POLICY)

    assert lasted(slow, refused) == 0


def test_what_is_cancelled_before_it_counts_was_never_made(slow: Clouds) -> None:
    request = slow.request(API, "one", {"service": "run.googleapis.com"}, stack="gcp", cancelled=lambda: True)
    with pytest.raises(CloudRefused, match="cancelled before it counted"):
        slow.clouds.create(request)
    assert slow.world.store.all(API) == []


# -- certificates ----------------------------------------------------------------------------------------------------


def test_acm_issues_some_time_after_it_saw_the_record_and_begins_anew_when_that_goes(slow: Clouds) -> None:
    certificate = sites.aws_certificate(slow, proven=False)
    sites.publish(slow, certificate.outputs["domainValidationOptions"])

    def status() -> object:
        slow.effects()
        return slow.only("aws:acm/certificate:Certificate").outputs["status"]

    assert status() == "PENDING_VALIDATION"
    slow.wall.sleep(SECONDS - 1)
    records = dict(slow.records)
    slow.records.clear()
    assert status() == "PENDING_VALIDATION"
    slow.records.update(records)
    slow.wall.sleep(1)
    assert status() == "PENDING_VALIDATION", "it was away in between"
    slow.wall.sleep(SECONDS)
    assert status() == "ISSUED"


def test_the_validation_waits_for_that(slow: Clouds) -> None:
    assert lasted(slow, lambda: sites.aws_certificate(slow)) >= SECONDS


def test_googles_front_speaks_no_tls_until_its_certificate_is_active(slow: Clouds) -> None:
    sites.gcp_site(slow)
    before = slow.entry_point("gcp")
    assert before is not None and before.bindings == ()
    slow.wall.sleep(SECONDS)
    after = slow.entry_point("gcp")
    assert after is not None and [binding.host for binding in after.bindings] == [HOST]


# -- how long --------------------------------------------------------------------------------------------------------


def test_nothing_takes_longer_than_documented_nor_than_asked_for() -> None:
    wall = Wall()
    eventual = Eventual(ScaledClock(1, wall=wall), wall.sleep, 90)
    assert [eventual.limit(takes) for takes in (None, RECORD, ACM)] == [0, 60, 90]
    assert eventual.wait(Takes(2.5, "test"), lambda: False) and wall.now == 2.5


def test_every_cloud_has_something_that_takes_time_with_its_source() -> None:
    found = {kind.type: kind.takes for kind in KINDS.values() if kind.takes}
    assert {type_.partition(":")[0] for type_ in found} == {"aws", "azure-native", "gcp"}
    assert all(len(takes.source) > 20 for takes in (*found.values(), ACM, MANAGED))
