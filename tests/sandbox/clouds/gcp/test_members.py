"""Who may use a key: accounts that are there, and the agents that Google keeps."""

from __future__ import annotations

import pytest

from sandbox.clouds import functions
from sandbox.clouds.accounts import project_number
from sandbox.clouds.gcp.members import AGENT, KEY_MEMBER
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import PROJECT
from tests.sandbox.clouds.harness import Clouds

KEY = {
    "cryptoKeyId": f"projects/{PROJECT}/locations/us-central1/keyRings/r/cryptoKeys/k",
    "role": "roles/cloudkms.viewer",
}
API = "gcp:projects/service:Service"


def test_an_agent_has_the_projects_number_and_two_stacks_may_ask_for_it(clouds: Clouds) -> None:
    first = clouds.make(AGENT, stack="training-gcp", service="aiplatform.googleapis.com")
    number = project_number(PROJECT)
    assert first.outputs["email"] == f"service-{number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    assert clouds.make(AGENT, stack="other", service="aiplatform.googleapis.com").id == first.id


def test_the_agent_of_cloud_storage_has_a_domain_of_its_own(clouds: Clouds) -> None:
    token = "gcp:storage/getProjectServiceAccount:getProjectServiceAccount"
    found = functions.call(clouds.world, token, {"project": PROJECT}, {})
    assert found["member"] == f"serviceAccount:{found['emailAddress']}"
    assert found["emailAddress"].endswith("@gs-project-accounts.iam.gserviceaccount.com")


def test_agents_may_use_a_key_and_an_account_that_is_not_there_may_not(clouds: Clouds) -> None:
    clouds.make(API, stack="training-gcp", service="cloudkms.googleapis.com")
    agent = clouds.make(AGENT, stack="training-gcp", service="aiplatform.googleapis.com").outputs["member"]
    assert clouds.make(KEY_MEMBER, stack="training-gcp", **KEY, member=agent).id.endswith(agent)
    nobody = f"serviceAccount:nobody@{PROJECT}.iam.gserviceaccount.com"
    with pytest.raises(CloudRefused, match=r"Service account nobody@.* does not exist"):
        clouds.make(KEY_MEMBER, "nobody", stack="training-gcp", **KEY, member=nobody)


def test_a_key_is_let_use_once_its_api_is_on(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match=r"cloudkms\.googleapis\.com has not been used"):
        clouds.make(KEY_MEMBER, stack="training-gcp", **KEY, member="user:somebody@example.com")
