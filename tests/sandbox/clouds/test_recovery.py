"""What a kill leaves between the journal and Pulumi's state, and what is remembered over a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.clouds.store import CloudRefused
from sandbox.engine.cloud import NotReady
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, OTHER_DIGEST, Clouds, fake_dns, no_route53, open_clouds


def known(clouds: Clouds) -> set[tuple[str, str]]:
    """As if Pulumi's state held all that there is now."""
    return {(r.type, r.id) for r in clouds.world.store.all()}


def opened_again(clouds: Clouds) -> Clouds:
    clouds.world.store.journal.close()
    after = open_clouds(clouds.world.project_root, no_route53)
    after.world.lookup = fake_dns(after)
    after.records.update(clouds.records)
    return after


def test_a_restart_finds_the_same_ids_addresses_and_effects(clouds: Clouds) -> None:
    for build in (sites.aws_site, sites.azure_site, sites.gcp_site):
        build(clouds)
    before, documents = clouds.effects(), [r.document() for r in clouds.world.store.all()]
    after = opened_again(clouds)
    assert [r.document() for r in after.world.store.all()] == json.loads(json.dumps(documents))
    assert after.effects() == before
    after.world.store.journal.close()


def test_a_rollback_survives_a_restart(clouds: Clouds) -> None:
    service = sites.gcp_site(clouds)
    clouds.failing[OTHER_DIGEST] = "exit code 1"
    with pytest.raises(NotReady):
        clouds.change(service, template=sites.gcp_template(sites.gcp_image(clouds, OTHER_DIGEST)))
    before = clouds.workload("gcp")
    after = opened_again(clouds)
    assert before is not None and before.image == DIGEST
    assert after.workload("gcp") == before
    after.world.store.journal.close()


def test_what_served_before_is_known_after_a_restart_also_where_nobody_waited(clouds: Clouds) -> None:
    network = sites.aws_network(clouds)
    group = sites.aws_front(clouds, network, sites.aws_certificate(clouds))
    task = sites.aws_task(clouds, sites.aws_image(clouds))
    service = sites.aws_service(clouds, network, group, task, waitForSteadyState=False)
    clouds.effects()
    clouds.failing[OTHER_DIGEST] = "exit code 1"
    bad = sites.aws_task(clouds, sites.aws_image(clouds, OTHER_DIGEST), "bad")
    clouds.change(service, taskDefinition=bad.id)
    before = clouds.effects()
    after = opened_again(clouds)
    workload = after.workload("aws")
    assert workload is not None and workload.image == DIGEST
    assert after.effects().proven == before.proven == {workload.key: workload}
    after.world.store.journal.close()


def test_what_pulumi_never_learned_of_is_undone_newest_first(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    sites.azure_site(clouds)
    state = known(clouds)
    vpc = clouds.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    subnet = clouds.make("aws:ec2/subnet:Subnet", vpcId=vpc.id, cidrBlock="10.0.0.0/24")
    gone = clouds.clouds.forget_orphans("aws", state)
    assert gone == [f"aws:ec2/subnet:Subnet|{subnet.id}", f"aws:ec2/vpc:Vpc|{vpc.id}"]
    assert known(clouds) == state
    assert clouds.clouds.forget_orphans("aws", state) == []


def test_what_moved_into_another_stacks_state_is_handed_over_and_goes_with_that(clouds: Clouds) -> None:
    """`pulumi state move` asks no cloud: the other stack's state alone says whose it is."""
    secret = clouds.make("aws:secretsmanager/secret:Secret", name="api-keys")
    key, urn = (secret.type, secret.id), secret.request.urn.replace(":aws::", ":base::", 1)
    assert clouds.clouds.forget_orphans("aws", set(), {key: urn}) == []
    found = clouds.world.store.get(*key)
    assert found is not None and (found.stack, found.urn) == ("base", urn)
    assert clouds.clouds.forget_orphans("aws", set()) == []
    assert clouds.clouds.forget_orphans("base", set()) == [found.key]


def test_what_moved_is_changed_by_its_new_stack_and_is_no_longer_the_old_ones(clouds: Clouds) -> None:
    secret = clouds.make("aws:secretsmanager/secret:Secret", name="api-keys")
    tagged = {**secret.request.inputs, "tags": {"stack": "base"}}
    clouds.clouds.update(clouds.request(secret.type, "prod-api-keys", tagged, stack="base", id=secret.id))
    assert clouds.clouds.forget_orphans("aws", set()) == []
    found = clouds.world.store.get(secret.type, secret.id)
    assert found is not None and found.stack == "base" and found.inputs["tags"] == {"stack": "base"}
    clouds.delete(found)
    assert clouds.world.store.get(secret.type, secret.id) is None


def test_other_stacks_are_left_alone(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    state = known(clouds)
    assert clouds.clouds.forget_orphans("aws", set()) == []
    assert known(clouds) == state


def test_a_create_that_is_repeated_after_the_undoing_leases_an_address_again(clouds: Clouds) -> None:
    sites.azure_base(clouds)
    first = clouds.only("azure-native:app:ManagedEnvironment").place["address"]
    clouds.clouds.forget_orphans("azure", set())
    sites.azure_base(clouds)
    assert clouds.only("azure-native:app:ManagedEnvironment").place["address"] == first


def test_two_that_are_made_at_once_never_share_an_address(clouds: Clouds) -> None:
    one, other = clouds.world.addresses.lease(), clouds.world.addresses.lease()
    assert one != other


def test_a_refused_create_gives_its_address_back(clouds: Clouds) -> None:
    free = clouds.world.addresses.lease()
    clouds.world.addresses._leased.clear()
    network = sites.aws_network(clouds)
    subnets = [network["a"].id, network["b"].id]
    clouds.make("aws:lb/loadBalancer:LoadBalancer", "one", name="one", subnets=subnets)
    with pytest.raises(CloudRefused):
        clouds.make("azure-native:app:ManagedEnvironment", "two", stack="azure", environmentName="two", **sites.GROUP)
    assert clouds.world.addresses._leased == set()
    assert clouds.only("aws:lb/loadBalancer:LoadBalancer").place["address"] == free


def test_twins_are_refused_and_named(clouds: Clouds) -> None:
    clouds.make("aws:ecr/repository:Repository", "one", name="site")
    with pytest.raises(CloudRefused, match=r"AlreadyExists.*::one"):
        clouds.make("aws:ecr/repository:Repository", "two", name="site")


def test_a_delete_of_what_is_gone_is_no_error(clouds: Clouds, tmp_path: Path) -> None:
    made = clouds.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    clouds.delete(made)
    asked = clouds.request(made.type, "one", {}, stack="aws", id=made.id)
    clouds.clouds.delete(asked)
    assert clouds.clouds.read("aws", made.type, made.id) is None
    with pytest.raises(CloudRefused, match="does not exist"):
        clouds.clouds.update(asked)


def test_a_dark_cloud_takes_its_api_with_it_but_not_route_53(clouds: Clouds) -> None:
    clouds.clouds._refuses = lambda stack: "connection timed out" if stack == "gcp" else None
    with pytest.raises(CloudRefused, match="timed out"):
        sites.gcp_apis(clouds)
    clouds.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
