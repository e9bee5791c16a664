"""Azure refuses a policy of no container and a diagnostic setting that sends from nowhere or to nowhere."""

from __future__ import annotations

import pytest

from sandbox.clouds.azure.audit import SETTING
from sandbox.clouds.retention import IMMUTABLE
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.audits import ACCOUNT, make_azure
from tests.sandbox.clouds.harness import Clouds


def test_a_policy_is_of_a_container_that_exists(clouds: Clouds) -> None:
    make_azure(clouds)
    where = {"resourceGroupName": "records", "accountName": ACCOUNT, "immutabilityPolicyName": "default"}
    with pytest.raises(CloudRefused, match="ContainerNotFound"):
        clouds.make(IMMUTABLE, "late", **where, containerName="nowhere", immutabilityPeriodSinceCreationInDays=1)


def test_a_policy_is_made_unlocked(clouds: Clouds) -> None:
    make_azure(clouds)
    assert clouds.only(IMMUTABLE).outputs["state"] == "Unlocked"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"storageAccountId": None}, "At least one data sink needs to be specified"),
        ({"storageAccountId": "/subscriptions/x/nowhere"}, "The storage account '/subscriptions/x/nowhere' was not"),
        ({"resourceUri": "/subscriptions/x/nobody"}, "The Resource '/subscriptions/x/nobody' was not found"),
    ],
)
def test_a_setting_sends_from_somewhere_to_somewhere(clouds: Clouds, changed: dict[str, str], told: str) -> None:
    made = make_azure(clouds)
    inputs = {key: value for key, value in {**made.request.inputs, **changed}.items() if value is not None}
    with pytest.raises(CloudRefused, match=told):
        clouds.make(SETTING, "late", stack="azure", **inputs)
