"""KMS knows the keys of the account, each in its region."""

from __future__ import annotations

import pytest

from sandbox.clouds import functions
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.harness import Clouds

GET_KEY = "aws:kms/getKey:getKey"
KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def test_a_key_of_the_account_is_there_and_enabled(clouds: Clouds) -> None:
    found = functions.call(clouds.world, GET_KEY, {"keyId": KEY}, {"region": "us-east-1"})
    assert (found["arn"], found["enabled"], found["keyState"]) == (KEY, True, "Enabled")


@pytest.mark.parametrize(
    ("key", "region"),
    [
        (KEY.replace("000000000000", "999999999999"), "us-east-1"),
        (KEY, "eu-west-1"),
        ("11111111", "us-east-1"),
    ],
    ids=["another account", "another region", "no ARN"],
)
def test_another_is_not_found(clouds: Clouds, key: str, region: str) -> None:
    with pytest.raises(CloudRefused, match="NotFoundException") as caught:
        functions.call(clouds.world, GET_KEY, {"keyId": key}, {"region": region})
    assert "its account 000000000000" in caught.value.hint
