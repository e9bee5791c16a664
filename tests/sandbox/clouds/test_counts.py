"""How many replicas a resource has is kept on disk: the next sandbox begins with it."""

from __future__ import annotations

from pathlib import Path

from sandbox.clouds.counts import keep_count, kept_count
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, no_route53, open_clouds

APP, RUN = "azure-native:app:ContainerApp", "gcp:cloudrunv2/service:Service"


def test_the_next_sandbox_begins_with_as_many(clouds: Clouds, tmp_path: Path) -> None:
    service = sites.aws_scaled(clouds)
    key = f"{service.type}|{service.id}"
    keep_count(clouds.world, key, 3)
    again = open_clouds(tmp_path, no_route53)
    assert kept_count(again.world.store.by_key(key)) == 3
    workload = again.workload("aws")
    assert workload is not None and workload.start == 3
    again.world.store.journal.close()


def test_each_cloud_starts_with_what_it_had(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    sites.gcp_site(clouds)
    for stack, type_ in (("azure", APP), ("gcp", RUN)):
        resource = clouds.only(type_)
        before = clouds.workload(stack)
        assert before is not None and before.start is None and before.scaling is not None
        keep_count(clouds.world, resource.key, 2)
        after = clouds.workload(stack)
        assert after is not None and after.start == 2


def test_a_resource_that_is_gone_has_none(clouds: Clouds) -> None:
    keep_count(clouds.world, "aws:ecs/service:Service|gone", 3)
    assert clouds.world.store.all() == []
