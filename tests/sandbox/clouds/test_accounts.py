"""Several accounts: each resource is of the one that its provider names, and what that one lacks is refused there."""

from __future__ import annotations

import json

import pytest

from sandbox.clouds.accounts import Accounts, Vault, committed, project_number
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import ACCOUNT, PROJECT, PROJECT_NUMBER, SUBSCRIPTION
from tests.sandbox.clouds.harness import HOST, Clouds

OTHER = "11111111-2222-3333-4444-555555555555"
FULL = Accounts(
    "1" * 12,
    (OTHER, SUBSCRIPTION),
    ("one-project",),
    (Vault("/v/KV", {"a": ("b", "c")}),),
    {"one-project": ("x",)},
    {OTHER: {"q": 0.5}},
    ("example.org",),
)


@pytest.mark.parametrize("accounts", [FULL, committed(HOST), Accounts()])
def test_what_was_written_is_read_again(accounts: Accounts) -> None:
    assert Accounts.of_document(json.loads(json.dumps(accounts.document()))) == accounts


def test_each_project_has_a_number_of_its_own() -> None:
    assert project_number(PROJECT) == PROJECT_NUMBER
    one, other = project_number("one-project"), project_number("other-project")
    assert one != other and one == project_number("one-project") and len(one) == len(PROJECT_NUMBER)


@pytest.mark.parametrize(
    ("package", "config", "told"),
    [
        ("aws", {"allowedAccountIds": [ACCOUNT]}, "AWS account ID not allowed: 111111111111"),
        ("azure-native", {"subscriptionId": OTHER.replace("1", "9")}, "SubscriptionNotFound"),
        ("gcp", {"project": PROJECT}, f"Permission denied on resource project {PROJECT}"),
    ],
)
def test_other_accounts_than_the_stack_files_name_are_refused(
    clouds: Clouds, package: str, config: dict[str, object], told: str
) -> None:
    clouds.world.accounts = FULL
    with pytest.raises(CloudRefused, match=told):
        clouds.clouds.configure(package, config)
    clouds.clouds.configure("aws", {"allowedAccountIds": ["1" * 12, ACCOUNT]})
    clouds.clouds.configure("azure-native", {"subscriptionId": OTHER})
    clouds.clouds.configure("gcp", {"project": "one-project"})


def test_ids_name_the_account_of_the_provider(clouds: Clouds) -> None:
    clouds.world.accounts = FULL
    cluster = clouds.make("aws:ecs/cluster:Cluster", name="a")
    assert cluster.outputs["arn"] == f"arn:aws:ecs:us-east-1:{'1' * 12}:cluster/a"
    group = "azure-native:resources:ResourceGroup"
    request = clouds.request(
        group, "g", {"resourceGroupName": "g", "location": "eastus"}, stack="azure", config={"subscriptionId": OTHER}
    )
    assert clouds.clouds.create(request)[0] == f"/subscriptions/{OTHER}/resourceGroups/g"


def test_an_api_is_enabled_in_one_project(clouds: Clouds) -> None:
    service = "gcp:projects/service:Service"
    enabled = clouds.request(service, "api", {"service": "iam.googleapis.com"}, stack="gcp", config={"project": "one"})
    clouds.clouds.create(enabled)
    account = "gcp:serviceaccount/account:Account"
    inputs = {"accountId": "identity"}
    clouds.clouds.create(clouds.request(account, "a", inputs, stack="gcp", config={"project": "one"}))
    number = project_number("two")
    with pytest.raises(CloudRefused, match=f"has not been used in project {number}"):
        clouds.clouds.create(clouds.request(account, "a", inputs, stack="south", config={"project": "two"}))


@pytest.mark.parametrize("missing", ["Cloud Resource Manager", "Service Usage"])
def test_the_apis_that_enable_others_are_on_beforehand(clouds: Clouds, missing: str) -> None:
    left = {"Cloud Resource Manager": "serviceusage", "Service Usage": "cloudresourcemanager"}[missing]
    clouds.world.accounts = Accounts(apis={PROJECT: (f"{left}.googleapis.com",)})
    with pytest.raises(CloudRefused, match=f"{missing} API has not been used in project {PROJECT_NUMBER}") as caught:
        clouds.make("gcp:projects/service:Service", stack="gcp", service="run.googleapis.com")
    assert "gcloud services enable" in caught.value.hint


def test_an_api_that_was_on_beforehand_need_not_be_enabled(clouds: Clouds) -> None:
    clouds.world.accounts = Accounts(apis={PROJECT: ("iam.googleapis.com",)})
    assert clouds.make("gcp:serviceaccount/account:Account", stack="gcp", accountId="identity").id


def test_of_a_zone_that_is_not_delegated_no_authority_sees_a_record(clouds: Clouds) -> None:
    clouds.answer(f"_proof.{HOST}", "CNAME", "there.")
    assert clouds.world.record_values(f"_proof.{HOST}", "CNAME") == ["there"]
    clouds.world.accounts = Accounts(undelegated=("outlast.example",))
    assert clouds.world.record_values(f"_proof.{HOST}", "CNAME") == []
