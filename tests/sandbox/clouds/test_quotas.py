"""What goes beyond a quota is refused in the cloud's words, or not placed."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds import quotas
from sandbox.clouds.accounts import Accounts, committed
from sandbox.clouds.quotas import QUOTAS, Quota
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import ACCOUNT, PROJECT, SUBSCRIPTION
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import HOST, Clouds

HOLDERS = {"aws": ACCOUNT, "azure": SUBSCRIPTION, "gcp": PROJECT}


def limited(clouds: Clouds, **limits: float) -> None:
    """The accounts have that much of a quota, each of the one that knows it."""
    names = {name.replace("-", "_"): (quota.cloud, name) for quota in QUOTAS for name in (quota.name,)}
    names["L_3032A538"] = ("aws", quotas.FARGATE_CPUS)
    found: dict[str, dict[str, float]] = {holder: {} for holder in HOLDERS.values()}
    for key, value in limits.items():
        cloud, name = names[key]
        found[HOLDERS[cloud]][name] = value
    clouds.world.accounts = Accounts(vaults=committed(HOST).vaults, limits=found)


def resource(quota: Quota, name: str, region: str = "one", **inputs: Any) -> Resource:
    urn = f"urn:pulumi:{name}::outlast::{quota.type}::{name}"
    return Resource(quota.type, name, urn, {"region": region, "location": region, **inputs}, {}, id=f"{region}-{name}")


@pytest.mark.parametrize("quota", [q for q in QUOTAS if q.name != "CpuAllocPerProjectRegion"], ids=lambda q: q.name)
def test_one_more_than_there_may_be_is_refused(clouds: Clouds, quota: Quota) -> None:
    clouds.world.store.put(resource(quota, "a"))
    quotas.refuse(clouds.world, resource(quota, "b"))  # nobody said how many there may be
    clouds.world.accounts = Accounts(limits={HOLDERS[quota.cloud]: {quota.name: 1}})
    with pytest.raises(CloudRefused, match=quota.words.split()[1].strip("'").partition("{")[0]) as caught:
        quotas.refuse(clouds.world, resource(quota, "b"))
    assert "{" not in caught.value.what and caught.value.hint
    quotas.refuse(clouds.world, resource(quota, "a"))  # it counts itself once
    elsewhere = resource(quota, "b", "two")
    if quota.region:
        quotas.refuse(clouds.world, elsewhere)


@pytest.mark.parametrize(
    ("cpu", "instances", "told"),
    [("1", 4, None), ("2", 2, None), ("2000m", 3, "requested: 6000 allowed: 4000"), ("2", None, "requested: 200000")],
)
def test_cloud_run_counts_the_cpus_of_all_instances(
    clouds: Clouds, cpu: str, instances: int | None, told: str | None
) -> None:
    limited(clouds, CpuAllocPerProjectRegion=4)
    (quota,) = [q for q in QUOTAS if q.name == "CpuAllocPerProjectRegion"]
    template = {
        "containers": [{"resources": {"limits": {"cpu": cpu}}}],
        "scaling": {"maxInstanceCount": instances} if instances else {},
    }
    service = resource(quota, "a", template=template)
    if told is None:
        quotas.refuse(clouds.world, service)
        return
    with pytest.raises(CloudRefused, match=told):
        quotas.refuse(clouds.world, service)


def test_a_quota_of_zero_stops_a_site(clouds: Clouds) -> None:
    limited(clouds, L_F678F1CE=0)
    with pytest.raises(CloudRefused, match="VpcLimitExceeded"):
        sites.aws_site(clouds)


def test_tasks_without_vcpus_are_not_placed(clouds: Clouds) -> None:
    limited(clouds, L_3032A538=0)
    with pytest.raises(Exception, match="reached the limit on the number of vCPUs"):
        sites.aws_site(clouds)
    effects = clouds.effects()
    assert [workload.min_replicas for workload in effects.workloads] == [0]
    assert any("unable to place a task" in why for why in effects.why_not.values())
    limited(clouds)
    assert clouds.effects().workloads[0].min_replicas > 0
