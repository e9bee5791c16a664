"""What of a training stack on Google Cloud is encrypted by a key of one's own: the bucket, and a job's disks.

A bucket uses the key as the service agent of Cloud Storage, a job as that of Vertex AI: both are let use it
(cloud.google.com/storage/docs/encryption/using-customer-managed-keys, cloud.google.com/vertex-ai/docs/general/cmek).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.applied import apply
from infra.settings.kinds import TrainingSettings

APIS = ("cloudkms",)
USE_KEY = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def of_bucket(settings: TrainingSettings, apis: Sequence[pulumi.Resource]) -> dict[str, Any]:
    """The bucket's further arguments: its default key, and that it is made once the agents may use that."""
    if not settings.kms_key:
        return {"opts": pulumi.ResourceOptions(protect=settings.protect, depends_on=apis)}
    encryption = gcp.storage.BucketEncryptionArgs(default_kms_key_name=settings.kms_key)
    before = [*apis, *_let_agents(settings, apis)]
    return {"encryption": encryption, "opts": pulumi.ResourceOptions(protect=settings.protect, depends_on=before)}


def _let_agents(settings: TrainingSettings, apis: Sequence[pulumi.Resource]) -> list[pulumi.CustomResource]:
    """Each agent is made by asking for it: nobody can be let use a key who is not there."""
    ready = pulumi.ResourceOptions(depends_on=apis)
    storage = gcp.storage.get_project_service_account_output(
        project=settings.account, opts=pulumi.InvokeOutputOptions(depends_on=[*apis])
    )
    vertex = gcp.projects.ServiceIdentity(
        "vertex", project=settings.account, service="aiplatform.googleapis.com", opts=ready
    )
    members = {"storage": apply(storage.member, str), "vertex": vertex.member}
    return [
        gcp.kms.CryptoKeyIAMMember(
            f"{agent}-may-use-key", crypto_key_id=settings.kms_key, role=USE_KEY, member=member, opts=ready
        )
        for agent, member in members.items()
    ]
