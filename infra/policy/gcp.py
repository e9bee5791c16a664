"""The rules for resources on Google Cloud. Pure. Ids: checkov (CKV_…), prowler (lower case)."""

from __future__ import annotations

from collections.abc import Sequence

from infra.policy.rule import Facts, Resource, Rule
from infra.policy.values import RUN, containers, dig

BACKEND = "gcp:compute/backendService:BackendService"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
HTTP_PROXY = "gcp:compute/targetHttpProxy:TargetHttpProxy"
ADDRESS = "gcp:compute/globalAddress:GlobalAddress"
BEHIND = ("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "INGRESS_TRAFFIC_INTERNAL_ONLY")


def _modern_tls(resource: Resource, facts: Facts) -> str:
    version, profile = dig(resource.inputs, "minTlsVersion", "TLS_1_0"), dig(resource.inputs, "profile", "COMPATIBLE")
    modern = version in ("TLS_1_2", "TLS_1_3") and profile in ("MODERN", "RESTRICTED", "FIPS_202205")
    return "" if modern else f"it speaks {version} with the profile {profile}"


def _behind_balancer(resource: Resource, facts: Facts) -> str:
    """Everybody may call it, by design: so everybody has to come through the load balancer."""
    if dig(resource.inputs, "ingress") not in BEHIND:
        return "it can be called past the load balancer"
    return "" if dig(resource.inputs, "defaultUriDisabled") else "its run.app address answers as well"


def _own_account(resource: Resource, facts: Facts) -> str:
    account = str(dig(resource.inputs, "template.serviceAccount", ""))
    if not account:
        return "it runs as the default account, which may edit the project"
    return "" if "-compute@developer" not in account else f"it runs as the default account {account}"


def _instances(resource: Resource, facts: Facts) -> str:
    minimum = dig(resource.inputs, "template.scaling.minInstanceCount", 0)
    return "" if minimum >= 1 else "no instance always runs, and a health checker's request waits for one to start"


def _probed(resource: Resource, facts: Facts) -> str:
    for one in containers(resource):
        missing = [probe for probe in ("startupProbe", "livenessProbe") if not one.get(probe)]
        if missing:
            return f"'{one.get('name')}' has no {' and no '.join(missing)}"
    return ""


def _deletion_spelt_out(resource: Resource, facts: Facts) -> str:
    key = "deletionProtection" if resource.type == RUN else "deletionPolicy"
    return "" if key in resource.inputs else f"{key} is left to the provider's default"


def _rate_limited(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "securityPolicy") else "it has no security policy"


def _logged(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "logConfig.enable") else "it keeps no log of requests"


def _immutable(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "dockerConfig.immutableTags") else "a tag of it can be moved to another image"


def _expires(resource: Resource, facts: Facts) -> str:
    if dig(resource.inputs, "cleanupPolicyDryRun"):
        return "its cleanup policies only say what they would delete"
    deletes = any(policy.get("action") == "DELETE" for policy in dig(resource.inputs, "cleanupPolicies", ()))
    return "" if deletes else "it keeps every image"


def _redirects(resources: Sequence[Resource], facts: Facts) -> list[str]:
    plain = [resource.name for resource in resources if resource.type == HTTP_PROXY]
    maps = [resource for resource in resources if resource.type == "gcp:compute/uRLMap:URLMap"]
    redirects = sum(bool(dig(one.inputs, "defaultUrlRedirect.httpsRedirect")) for one in maps)
    # In a preview nobody knows yet which map a proxy names: a map that redirects for each proxy is asked for.
    return [f"the proxy '{name}' answers without TLS" for name in plain] if redirects < len(plain) else []


RULES = (
    Rule(
        "gcp-registry-immutable",
        "who may push must not be able to put another image under a name that somebody trusts",
        "docker_config immutable_tags=True, and images pushed by digest",
        (REPOSITORY,),
        _immutable,
    ),
    Rule(
        "gcp-registry-expires",
        "images that nobody goes back to are paid for, and go on being scanned",
        "cleanup_policies that delete what is old and keep the newest",
        (REPOSITORY,),
        _expires,
    ),
    Rule(
        "gcp-modern-tls",
        "older versions and ciphers are broken",
        "min_tls_version TLS_1_2, profile MODERN",
        ("gcp:compute/sSLPolicy:SSLPolicy",),
        _modern_tls,
        public=("CKV_GCP_4",),
    ),
    Rule(
        "gcp-plain-redirects",
        "an API key, or a row of data, must not cross the network in plain",
        "a URL map with https_redirect for each TargetHttpProxy, or none of these",
        kinds=("gcp",),
        stack_check=_redirects,
    ),
    Rule(
        "gcp-run-behind-balancer",
        "only the load balancer has the host's certificate and its limits",
        "ingress INTERNAL_LOAD_BALANCER and default_uri_disabled=True",
        (RUN,),
        _behind_balancer,
        public=("CKV_GCP_102",),
    ),
    Rule(
        "gcp-run-own-account",
        "the default account may change everything in the project",
        "a service account of its own, without a role",
        (RUN,),
        _own_account,
        public=("CKV_GCP_46",),
    ),
    Rule(
        "gcp-run-instances",
        "a first request that waits for a start is a failed health check",
        "outlast:minReplicas of at least 1",
        (RUN,),
        _instances,
    ),
    Rule(
        "gcp-run-probed",
        "an instance that does not answer would go on getting its share of requests",
        "a startup_probe and a liveness_probe",
        (RUN,),
        _probed,
    ),
    Rule(
        "gcp-deletion-spelt-out",
        "the provider's default changed once already; what a `destroy` does should be read in the program",
        "deletion_policy (of Cloud Run deletion_protection), said",
        (RUN, REPOSITORY, ADDRESS),
        _deletion_spelt_out,
    ),
    Rule(
        "gcp-rate-limited",
        "one caller without a key can keep every instance busy",
        "a security policy with a throttle for each address",
        (BACKEND,),
        _rate_limited,
    ),
    Rule(
        "gcp-balancer-logged",
        "what was refused before it reached the service is in no other log",
        "log_config with enable=True",
        (BACKEND,),
        _logged,
        public=("compute_loadbalancer_logging_enabled",),
    ),
)
