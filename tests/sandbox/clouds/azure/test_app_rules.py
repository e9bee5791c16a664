"""What Container Apps refuses of an app by its environment and its image, and the right one beside each."""

from __future__ import annotations

import pytest

from sandbox.clouds.azure.app_rules import APP_RULES
from sandbox.clouds.store import CloudRefused
from sandbox.images.store import Image
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, Clouds, Made

ENVIRONMENT = "azure-native:app:ManagedEnvironment"


@pytest.fixture
def app(clouds: Clouds) -> Made:
    return sites.azure_site(clouds)


def test_every_rule_says_what_it_asks_and_where_that_is_written() -> None:
    assert all(rule.__doc__ and ":" in rule.__doc__ for rule in APP_RULES)


@pytest.mark.parametrize(
    ("profiles", "wanted", "right"),
    [
        (["Consumption"], "Consumption", True),
        (["Consumption"], "consumption", True),
        (["Consumption"], "D4", False),
        (["Consumption", "D4"], "D4", True),
        ([], "Consumption", False),
        ([], None, True),
    ],
)
def test_the_workload_profile_is_one_of_the_environments(
    clouds: Clouds, app: Made, profiles: list[str], wanted: str | None, right: bool
) -> None:
    clouds.only(ENVIRONMENT).inputs["workloadProfiles"] = [{"name": name} for name in profiles]
    asked = {"workloadProfileName": wanted} if wanted else {}
    if right:
        assert clouds.change(app, **asked)
    else:
        with pytest.raises(CloudRefused, match=f"The workload profile {wanted} is none of the environment's"):
            clouds.change(app, **asked)


def test_an_app_is_where_its_environment_is(clouds: Clouds, app: Made) -> None:
    assert clouds.change(app, location="East US")
    with pytest.raises(CloudRefused, match="The location westeurope of the container app is not that of its env"):
        clouds.change(app, location="westeurope")


def test_the_image_is_for_the_processor_that_container_apps_has(clouds: Clouds, app: Made) -> None:
    server = clouds.only("azure-native:containerregistry:Registry").outputs["loginServer"]
    clouds.world.images.push(server, "service", Image(DIGEST, clouds.world.project_root), [], ["linux/arm64"])
    with pytest.raises(CloudRefused, match="image OS/Arc must be linux/amd64"):
        clouds.change(app)
