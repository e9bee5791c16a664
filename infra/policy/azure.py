"""The rules for resources on Azure. Pure. Ids: checkov (CKV_…), PSRule.Rules.Azure (Azure.…)."""

from __future__ import annotations

from infra.edge import VARIABLE
from infra.policy.rule import Facts, Resource, Rule
from infra.policy.values import APP, containers, dig, variables
from infra.settings.profiles import PRODUCTION

REGISTRY = "azure-native:containerregistry:Registry"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
PROBES = {"Startup", "Liveness", "Readiness"}
# The two roles that let their holder give itself any other, and the one that may change everything else: the same ids
# in every tenant. learn.microsoft.com/azure/role-based-access-control/built-in-roles
WIDE = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
}


def _no_admin(resource: Resource, facts: Facts) -> str:
    return "its admin user has a password that never ends" if dig(resource.inputs, "adminUserEnabled") else ""


def _no_anonymous(resource: Resource, facts: Facts) -> str:
    return "anybody may pull its images" if dig(resource.inputs, "anonymousPullEnabled") else ""


def _https_only(resource: Resource, facts: Facts) -> str:
    insecure = dig(resource.inputs, "configuration.ingress.allowInsecure")
    return "it answers over plain HTTP instead of redirecting" if insecure else ""


def _identity(resource: Resource, facts: Facts) -> str:
    kind = str(dig(resource.inputs, "identity.type", "None"))
    return "" if "Assigned" in kind else "it has no identity of its own"


def _registry_by_identity(resource: Resource, facts: Facts) -> str:
    for registry in dig(resource.inputs, "configuration.registries", ()):
        if not registry.get("identity"):
            return f"it pulls from {registry.get('server')} with a password"
    return ""


def _replicas(resource: Resource, facts: Facts) -> str:
    minimum = dig(resource.inputs, "template.scale.minReplicas", 0)
    wanted = 2 if facts.settings.get("size") == PRODUCTION else 1
    return "" if minimum >= wanted else f"{minimum} replicas always run, and at least {wanted} should"


def _probed(resource: Resource, facts: Facts) -> str:
    for one in containers(resource):
        missing = PROBES - {probe.get("type") for probe in one.get("probes") or ()}
        if missing:
            return f"'{one.get('name')}' has no probe of {', '.join(sorted(missing))}"
    return ""


def _zones(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "zoneRedundant") else "all replicas may lie in one zone"


def _logs(resource: Resource, facts: Facts) -> str:
    kept = dig(resource.inputs, "appLogsConfiguration.destination", "none")
    return "" if kept != "none" else "what its containers print is kept nowhere, the audit log either"


def _retention(resource: Resource, facts: Facts) -> str:
    days = dig(resource.inputs, "retentionInDays")
    return "" if days else "how long it keeps logs is left to Azure"


def _narrow_role(resource: Resource, facts: Facts) -> str:
    role = str(dig(resource.inputs, "roleDefinitionId", "")).rpartition("/")[2]
    return f"it gives away {WIDE[role]}" if role in WIDE else ""


def _rate_limited(resource: Resource, facts: Facts) -> str:
    if facts.settings.get("size") != PRODUCTION:
        return ""
    for one in containers(resource):
        if dict(variables(one)).get(VARIABLE, "0") == "0":
            return f"'{one.get('name')}' counts nobody's requests, and nothing does so before it"
    return ""


RULES = (
    Rule(
        "azure-registry-no-admin",
        "one password for everyone, that no log tells apart",
        "admin_user_enabled=False; identities pull",
        (REGISTRY,),
        _no_admin,
        public=("CKV_AZURE_137",),
    ),
    Rule(
        "azure-registry-no-anonymous",
        "the image holds the model",
        "leave anonymous_pull_enabled out",
        (REGISTRY,),
        _no_anonymous,
        public=("CKV_AZURE_138",),
    ),
    Rule(
        "azure-ingress-encrypted",
        "an API key, or a row of data, must not cross the network in plain",
        "allow_insecure=False",
        (APP,),
        _https_only,
        public=("Azure.ContainerApp.Insecure",),
    ),
    Rule(
        "azure-app-identity",
        "without one, secrets and images are read with passwords",
        "a user-assigned identity",
        (APP, ENVIRONMENT),
        _identity,
        public=("Azure.ContainerApp.ManagedIdentity",),
    ),
    Rule(
        "azure-app-pulls-by-identity",
        "a registry's password in an app's settings is read by whoever may read the app",
        "identity instead of username and password",
        (APP,),
        _registry_by_identity,
    ),
    Rule(
        "azure-app-replicas",
        "none is a site that a health checker waits for, and one is none while it is replaced",
        "outlast:minReplicas of at least 2 where outlast:size is production, 1 otherwise",
        (APP,),
        _replicas,
        public=("Azure.ContainerApp.MinReplicas",),
    ),
    Rule(
        "azure-app-probed",
        "a replica that does not answer would go on getting its share of requests",
        "probes of Startup, Liveness and Readiness",
        (APP,),
        _probed,
    ),
    Rule(
        "azure-rate-limited",
        "one caller without a key can keep every replica busy, and the ingress counts nothing",
        "outlast:requestsPerMinutePerAddress, or Front Door before the app",
        (APP,),
        _rate_limited,
    ),
    Rule(
        "azure-environment-zones",
        "one zone that fails takes the site",
        "zone_redundant=True, which needs a subnet of its own, from the first day on",
        (ENVIRONMENT,),
        _zones,
        public=("Azure.ContainerApp.AvailabilityZone",),
    ),
    Rule(
        "azure-logs-kept",
        "predictions without a record that lasts cannot be accounted for",
        "destination azure-monitor with a diagnostic setting",
        (ENVIRONMENT,),
        _logs,
    ),
    Rule(
        "azure-logs-retention",
        "logs that are kept longer than anybody promised are a risk, and shorter ones are missed",
        "outlast:logRetentionDays",
        ("azure-native:operationalinsights:Workspace",),
        _retention,
    ),
    Rule(
        "azure-role-narrow",
        "who gets into the container should find nothing worth having",
        "the role that can do just what is needed, on the one resource",
        ("azure-native:authorization:RoleAssignment",),
        _narrow_role,
    ),
)
