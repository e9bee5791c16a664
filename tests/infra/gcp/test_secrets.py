"""Secrets on Google Cloud: in Secret Manager, in the site's region, read by its service account by their number."""

from __future__ import annotations

from infra.gcp.secrets import READ_SECRETS
from infra.secrets import API_KEYS, RECEIPT_KEYS
from tests.infra.harness import KEYS, run_stack

SECRET, VERSION = "gcp:secretmanager/secret:Secret", "gcp:secretmanager/secretVersion:SecretVersion"
MEMBER, SERVICE = "gcp:secretmanager/secretIamMember:SecretIamMember", "gcp:cloudrunv2/service:Service"


def test_each_secret_lies_in_the_sites_region_and_in_no_other() -> None:
    secrets = run_stack("gcp").all(SECRET)
    assert {r.inputs["secretId"] for r in secrets.values()} == {"outlast-gcp-api-keys", "outlast-gcp-receipt-keys"}
    for secret in secrets.values():
        assert secret.inputs["replication"] == {"userManaged": {"replicas": [{"location": "us-central1"}]}}


def test_the_container_reads_versions_by_their_number() -> None:
    run = run_stack("gcp")
    assert run.one(VERSION, "receipt-keys").inputs["secretData"] == KEYS["outlast:receiptKeys"]
    (container,) = run.one(SERVICE).inputs["template"]["containers"]
    found = {v["name"]: v["valueSource"]["secretKeyRef"] for v in container["envs"] if "valueSource" in v}
    assert found == {
        API_KEYS: {"secret": "outlast-gcp-api-keys", "version": "7"},
        RECEIPT_KEYS: {"secret": "outlast-gcp-receipt-keys", "version": "7"},
    }
    assert KEYS["outlast:receiptKeys"] not in str(container)


def test_the_service_account_may_read_them_before_the_service_is_made() -> None:
    run = run_stack("gcp")
    members = run.all(MEMBER)
    assert {m.inputs["secretId"] for m in members.values()} == {"api-keys-id", "receipt-keys-id"}
    assert {(m.inputs["role"], m.inputs["member"]) for m in members.values()} == {
        (READ_SECRETS, "serviceAccount:outlast-gcp@project.iam")
    }
    waited = str(run.one(SERVICE).options["dependsOn"])
    assert all(name in waited for name in members)
