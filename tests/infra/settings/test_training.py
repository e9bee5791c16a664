"""A training stack's file: what is read, and every mistake with what to write."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings.kinds import TrainingSettings
from infra.stack_file import parse
from service.errors import InvalidInput
from tests.infra.harness import configuration

KEY = "11111111-2222-3333-4444-555555555555"
AWS_KEY = f"arn:aws:kms:us-east-1:000000000000:key/{KEY}"

GOOGLE_KEY = "projects/outlast-sandbox/locations/us-central1/keyRings/ring/cryptoKeys/key"


def mistakes(stack: str, name: str = "", **changed: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        parse(name or stack, configuration(stack, **changed))
    return {m.place.split(": ")[1].removeprefix("outlast:"): f"{m.what}: {m.hint}" for m in caught.value.mistakes}


def test_a_training_stack_is_read_whole() -> None:
    config = configuration("training-aws", dataSources=["warehouse"], checkpointDays=3, kmsKey=AWS_KEY)
    assert parse("training-aws", config) == TrainingSettings(
        kind="training",
        name="training-aws",
        cloud="aws",
        region="us-east-1",
        account="",
        store="outlast-training-aws",
        protect=False,
        checkpoint_days=3,
        data_sources=("warehouse",),
        kms_key=AWS_KEY,
        labels={"stack": "training-aws"},
    )


@pytest.mark.parametrize(
    ("stack", "changed", "key", "told"),
    [
        ("training-aws", {"cloud": "oci"}, "cloud", "write one of aws, azure, gcp"),
        ("training-aws", {"store": "Models"}, "store", "3 to 63 letters a-z"),
        ("training-aws", {"store": None}, "store", "is missing"),
        ("training-aws", {"protect": None}, "protect", "is missing"),
        ("training-aws", {"checkpointDays": 0}, "checkpointDays", "a whole number from 1 to 365"),
        ("training-aws", {"dataSources": ["s3://rows"]}, "dataSources", "the name of a bucket"),
        ("training-aws", {"dataSources": ["outlast-training-aws"]}, "dataSources", "the stack's own store"),
        ("training-aws", {"kmsKey": KEY}, "kmsKey", "the key's ARN, arn:aws:kms:"),
        (
            "training-aws",
            {"kmsKey": "projects/project-1/locations/us-east1/keyRings/ring/cryptoKeys/key"},
            "kmsKey",
            "this one is of Google Cloud",
        ),
        (
            "training-aws",
            {"kmsKey": AWS_KEY.replace("us-east-1", "eu-west-1")},
            "kmsKey",
            "is a key of eu-west-1, and the stack is in us-east-1",
        ),
        ("training-azure", {"store": "a" * 22}, "store", "3 to 21 letters a-z and digits"),
        ("training-azure", {"dataSources": ["warehouse"]}, "dataSources", "the resource id of a storage account"),
        (
            "training-azure",
            {"kmsKey": "https://kv.vault.azure.net/keys/k/1"},
            "kmsKey",
            "resource id of the key's version",
        ),
        ("training-azure", {"kmsKey": AWS_KEY}, "kmsKey", "this one is of AWS"),
        ("training-gcp", {"store": "Models"}, "store", "3 to 63 letters a-z"),
        ("training-gcp", {"dataSources": ["gs://rows"]}, "dataSources", "the name of a bucket"),
        ("training-gcp", {"kmsKey": GOOGLE_KEY.replace("us-central1", "global")}, "kmsKey", "is a key of global, and"),
        (
            "training-gcp",
            {"kmsKey": GOOGLE_KEY.replace("outlast-sandbox", "elsewhere")},
            "kmsKey",
            "is a key of the project elsewhere, and the stack's is outlast-sandbox",
        ),
        ("training-aws", {"subnets": ["subnet-1"]}, "subnets", "ids such as subnet-0a1b2c3d4e5f67890"),
        (
            "training-aws",
            {"subnets": ["subnet-0a1b2c3d"]},
            "securityGroups",
            "is missing, and outlast:subnets is there",
        ),
        ("training-aws", {"securityGroups": ["sg-0a1b2c3d"]}, "subnets", "SageMaker takes both or none"),
        ("training-aws", {"isolated": True}, "isolated", "is not a setting of this kind of stack"),
        ("training-azure", {"isolated": "perhaps"}, "isolated", "true or false"),
        ("training-gcp", {"network": "default"}, "network", "projects/<the project's number>/global/networks/"),
        ("training-aws", {"zone": "zone"}, "zone", "is not a setting of this kind of stack"),
        ("training-aws", {"exceptions": [{"rule": "base-versioned"}]}, "exceptions[1]", "has rule"),
    ],
)
def test_mistakes_are_named(stack: str, changed: dict[str, Any], key: str, told: str) -> None:
    assert told in mistakes(stack, **changed)[key]


def test_a_region_of_another_cloud_is_answered_with_its_neighbour() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("training-aws", configuration("training-aws") | {"aws:region": "westeurope"})
    (mistake,) = caught.value.mistakes
    assert "'westeurope' is one of Azure; near it is" in str(mistake)


@pytest.mark.parametrize(("cloud", "longest"), [("aws", 52), ("azure", 25), ("gcp", 18)])
def test_a_name_that_leaves_no_room_for_what_is_called_after_it_is_named(cloud: str, longest: int) -> None:
    stack = f"training-{cloud}"
    assert f"at most {longest}" in mistakes(stack, "a" * (longest + 1))["kind"]
    assert parse("a" * longest, configuration(stack)).name == "a" * longest
    assert len(f"prod-{stack}") <= longest, "the names that the guide gives fit"
