"""What each resource type needs on Google Cloud, and the custom roles made of that. Pure.

Permissions are named as in cloud.google.com/iam/docs/permissions-reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.permissions.in_use import IMAGE, RECORD, types_of, words


def _of(resource: str, *verbs: str) -> str:
    return " ".join(f"{resource}.{verb}" for verb in verbs)


_CHANGE = ("create", "get", "update", "delete")

PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "gcp:projects/service:Service": words(
        "resourcemanager.projects.get serviceusage.operations.get "
        + _of("serviceusage.services", "enable", "get", "list")
    ),
    "gcp:artifactregistry/repository:Repository": words(_of("artifactregistry.repositories", *_CHANGE)),
    IMAGE: words(
        _of("artifactregistry.repositories", "uploadArtifacts", "downloadArtifacts")
        + " "
        + _of("artifactregistry.tags", "create", "get", "list", "update")
    ),
    "gcp:serviceaccount/account:Account": words(_of("iam.serviceAccounts", *_CHANGE)),
    # Switching the invoker check off asks for setIamPolicy: it lets anybody call.
    "gcp:cloudrunv2/service:Service": words(
        _of("run.services", *_CHANGE, "setIamPolicy") + " run.operations.get iam.serviceAccounts.actAs"
    ),
    "gcp:certificatemanager/certificate:Certificate": words(
        _of("certificatemanager.certs", *_CHANGE) + " certificatemanager.operations.get"
    ),
    "gcp:certificatemanager/certificateMap:CertificateMap": words(_of("certificatemanager.certmaps", *_CHANGE, "use")),
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": words(
        _of("certificatemanager.certmapentries", *_CHANGE) + " certificatemanager.certs.use"
    ),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": words(
        _of("certificatemanager.dnsauthorizations", *_CHANGE, "use")
    ),
    "gcp:compute/backendService:BackendService": words(
        _of("compute.backendServices", *_CHANGE, "use", "setSecurityPolicy") + " compute.globalOperations.get"
    ),
    "gcp:compute/securityPolicy:SecurityPolicy": words(_of("compute.securityPolicies", *_CHANGE, "use", "setLabels")),
    "gcp:compute/globalAddress:GlobalAddress": words(
        _of("compute.globalAddresses", "create", "get", "delete", "use", "setLabels")
    ),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": words(
        _of("compute.globalForwardingRules", "create", "get", "delete", "setTarget", "setLabels")
    ),
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": words(
        _of("compute.regionNetworkEndpointGroups", "create", "get", "delete", "use") + " compute.regionOperations.get"
    ),
    # terraform-provider-google, resource_compute_network.go: without default routes means that they are deleted again.
    "gcp:compute/network:Network": words(
        f"{_of('compute.networks', *_CHANGE, 'updatePolicy')} {_of('compute.routes', 'list', 'delete')}"
    ),
    "gcp:compute/subnetwork:Subnetwork": words(_of("compute.subnetworks", *_CHANGE, "use")),
    "gcp:compute/sSLPolicy:SSLPolicy": words(_of("compute.sslPolicies", *_CHANGE, "use")),
    "gcp:compute/targetHttpProxy:TargetHttpProxy": words(
        _of("compute.targetHttpProxies", "create", "get", "delete", "setUrlMap", "use")
    ),
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": words(
        _of(
            "compute.targetHttpsProxies",
            *_CHANGE,
            "setUrlMap",
            "setSslPolicy",
            "setCertificateMap",
            "use",
        )
    ),
    # Objects are deleted by `force_destroy` alone, which empties the store of switches.
    "gcp:storage/bucket:Bucket": words(
        _of("storage.buckets", *_CHANGE) + " storage.objects.list storage.objects.delete"
    ),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": words(_of("logging.buckets", *_CHANGE)),
    "gcp:logging/projectSink:ProjectSink": words(_of("logging.sinks", *_CHANGE)),
    "gcp:storage/bucketIAMMember:BucketIAMMember": words(_of("storage.buckets", "getIamPolicy", "setIamPolicy")),
    "gcp:projects/serviceIdentity:ServiceIdentity": words("serviceusage.services.use storage.buckets.list"),
    # On the key, which may lie where a role of the project does not reach.
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": words(_of("cloudkms.cryptoKeys", "getIamPolicy", "setIamPolicy")),
    "gcp:monitoring/notificationChannel:NotificationChannel": words(_of("monitoring.notificationChannels", *_CHANGE)),
    "gcp:monitoring/dashboard:Dashboard": words(_of("monitoring.dashboards", *_CHANGE)),
    # Of the billing account: see `ON_THE_BILLING_ACCOUNT`.
    "gcp:billing/budget:Budget": words(_of("billing.budgets", *_CHANGE)),
    "gcp:monitoring/alertPolicy:AlertPolicy": words(_of("monitoring.alertPolicies", *_CHANGE)),
    "gcp:secretmanager/secret:Secret": words(_of("secretmanager.secrets", *_CHANGE)),
    "gcp:secretmanager/secretVersion:SecretVersion": words(
        _of("secretmanager.versions", "add", "access", "get", "enable", "disable", "destroy")
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": words(
        _of("secretmanager.secrets", "getIamPolicy", "setIamPolicy")
    ),
    "gcp:compute/uRLMap:URLMap": words(_of("compute.urlMaps", *_CHANGE, "use")),
}

ON_THE_BILLING_ACCOUNT = "roles/billing.costsManager"
"""Has what a budget needs. IAM takes no permission that begins with `billing.` in a project's own role ("Permission
billing.budgets.create is not valid"; cloud.google.com/billing/docs/how-to/custom-roles)."""

DRILL = words("run.services.get run.services.update iam.serviceAccounts.actAs monitoring.timeSeries.list")
"""A drill of level 3 closes the service's ingress and opens it again; the others count its instances alone, by
`monitoring.timeSeries.list`."""

TRAINER = words(
    _of("aiplatform.customJobs", "create", "get", "list", "cancel")
    + " iam.serviceAccounts.actAs logging.logEntries.list "
    + _of("storage.objects", "create", "get", "list")
    + " storage.buckets.get"
)
"""Whoever runs `outlast model train --on gcp`: uploads data, starts jobs, looks at them, fetches what they made."""


def deployer_role(kinds: Sequence[str] = ("gcp",)) -> dict[str, Any]:
    """What whoever runs `pulumi up` of these kinds of stack on Google Cloud has to be allowed to in the project."""
    permissions = {p for kind in kinds for type_ in types_of(kind) if type_ != RECORD for p in PERMISSIONS[type_]}
    of_the_project = {p for p in permissions if not p.startswith("billing.")}
    return _role("Outlast deployer", "Deploys a site of Outlast.", of_the_project)


def drill_role() -> dict[str, Any]:
    """What whoever runs `outlast drill` at level 3 has to be allowed to."""
    return _role("Outlast drill runner", "Closes a site of Outlast and opens it again.", set(DRILL))


def trainer_role() -> dict[str, Any]:
    """What whoever runs `outlast model train --on gcp` has to be allowed to."""
    return _role("Outlast trainer", "Trains models with Outlast.", set(TRAINER))


def _role(title: str, description: str, permissions: set[str]) -> dict[str, Any]:
    return {
        "title": title,
        "description": description,
        "stage": "GA",
        "includedPermissions": sorted(permissions),
    }
