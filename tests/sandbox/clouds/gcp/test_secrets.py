"""Secret Manager: what a revision is made with, and what Cloud Run says where it cannot read that."""

from __future__ import annotations

import pytest

from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made

SECRET, VERSION = "gcp:secretmanager/secret:Secret", "gcp:secretmanager/secretVersion:SecretVersion"
MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"


def value_at(clouds: Clouds) -> str | None:
    """What the container has as its keys."""
    workload = clouds.workload("gcp")
    assert workload is not None
    return dict(workload.environment).get(sites.KEYS)


def secret_of(clouds: Clouds) -> Made:
    found = clouds.only(SECRET)
    return Made(found.type, found.id, found.outputs, clouds.request(found.type, "one", found.inputs, stack="gcp"))


def test_a_container_has_the_version_that_it_names(clouds: Clouds) -> None:
    service = sites.gcp_keys(clouds)
    assert value_at(clouds) == sites.HASHES
    version = sites.gcp_write(clouds, secret_of(clouds), "[]", "two").outputs["version"]
    assert version == "2" and value_at(clouds) == sites.HASHES
    sites.gcp_take(clouds, service, version)
    assert value_at(clouds) == "[]"


def test_latest_is_read_when_a_revision_is_made_and_not_after(clouds: Clouds) -> None:
    service = sites.gcp_keys(clouds)
    sites.gcp_take(clouds, service, "latest")
    sites.gcp_write(clouds, secret_of(clouds), "[]", "two")
    sites.gcp_take(clouds, service, "latest")
    assert value_at(clouds) == sites.HASHES, "the same template is no new revision"


def test_numbers_are_not_given_again(clouds: Clouds) -> None:
    sites.gcp_keys(clouds)
    clouds.delete(clouds.only(VERSION))
    assert sites.gcp_write(clouds, secret_of(clouds), "[]", "two").outputs["version"] == "2"


def test_an_account_without_the_role_is_denied(clouds: Clouds) -> None:
    service = sites.gcp_keys(clouds)
    clouds.delete(clouds.only(MEMBER))
    with pytest.raises(CloudRefused) as caught:
        sites.gcp_take(clouds, service, "1")
    assert (
        "Permission denied on secret: projects/100000000000/secrets/site-api-keys/versions/1 for" in caught.value.what
    )
    assert "(roles/secretmanager.secretAccessor)" in caught.value.what and sites.HASHES not in caught.value.what


@pytest.mark.parametrize(("secret", "version"), [("site-api-keys", "9"), ("no-such-secret", "1")])
def test_what_is_not_there_is_not_found(clouds: Clouds, secret: str, version: str) -> None:
    service = sites.gcp_keys(clouds)
    with pytest.raises(CloudRefused, match=f"Secret projects/100000000000/secrets/{secret}/versions/{version} was not"):
        sites.gcp_take(clouds, service, version, secret)


def test_nothing_is_made_before_its_api_is_on(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match=r"secretmanager\.googleapis\.com has not been used in project"):
        clouds.make(SECRET, secretId="keys", replication={"auto": {}}, stack="gcp")


@pytest.mark.parametrize("replication", [{}, {"auto": {}, "userManaged": {"replicas": []}}])
def test_a_secret_lies_either_where_google_chooses_or_where_it_is_told(
    clouds: Clouds, replication: dict[str, object]
) -> None:
    inputs = {"secretId": "keys", "replication": replication}
    found = clouds.clouds.check(clouds.request(SECRET, "one", inputs, stack="gcp"))
    assert [path for path, _ in found] == ["replication"]
