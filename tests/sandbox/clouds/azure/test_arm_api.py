"""Resource Manager beside Pulumi: a Container App is stopped and started, and stays so over a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.clouds.azure import arm_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, no_route53, open_clouds


def status(clouds: Clouds, app_id: str) -> str:
    return str(arm_api.answer(clouds.world, "GET", app_id)["properties"]["runningStatus"])


def test_a_stopped_app_has_no_replica_until_it_is_started(clouds: Clouds) -> None:
    app = sites.azure_site(clouds)
    before = clouds.workload("azure")
    assert before is not None and before.max_replicas > 0
    assert status(clouds, app.id) == "Running"
    arm_api.answer(clouds.world, "POST", f"{app.id}/stop")
    stopped = clouds.workload("azure")
    assert stopped is not None and (stopped.min_replicas, stopped.max_replicas) == (0, 0)
    assert status(clouds, app.id) == "Stopped"
    arm_api.answer(clouds.world, "POST", f"{app.id}/start")
    assert clouds.workload("azure") == before


def test_it_is_still_stopped_after_a_restart(clouds: Clouds, tmp_path: Path) -> None:
    app = sites.azure_site(clouds)
    arm_api.answer(clouds.world, "POST", f"{app.id}/stop")
    clouds.world.store.journal.close()
    again = open_clouds(tmp_path, no_route53)
    assert status(again, app.id) == "Stopped"
    again.world.store.journal.close()


@pytest.mark.parametrize(("method", "verb"), [("DELETE", ""), ("GET", "/stop"), ("POST", "")])
def test_what_is_not_simulated_is_refused(clouds: Clouds, method: str, verb: str) -> None:
    app = sites.azure_site(clouds)
    assert arm_api.owner(clouds.world, app.id) == "azure"
    with pytest.raises(CloudRefused, match="MethodNotAllowed"):
        arm_api.answer(clouds.world, method, app.id + verb)


def test_an_app_that_is_not_there_is_said(clouds: Clouds) -> None:
    path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/containerApps/a"
    assert arm_api.owner(clouds.world, path) == ""
    with pytest.raises(CloudRefused, match="ResourceNotFound"):
        arm_api.answer(clouds.world, "GET", path)


def test_the_replicas_of_the_revision_that_serves_are_counted(clouds: Clouds) -> None:
    app = sites.azure_site(clouds)
    clouds.serving["azure"] = 3
    (revision,) = arm_api.answer(clouds.world, "GET", f"{app.id}/revisions")["value"]
    assert (revision["properties"]["active"], revision["properties"]["replicas"]) == (True, 3)
    assert arm_api.owner(clouds.world, f"{app.id}/revisions") == "azure"
    with pytest.raises(CloudRefused, match="MethodNotAllowed"):
        arm_api.answer(clouds.world, "POST", f"{app.id}/revisions")
