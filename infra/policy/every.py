"""The rules that hold on every cloud, and those of traffic: our own, for no public pack knows these. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from infra.holds import HOLDS
from infra.labels import SETTINGS as LABELS
from infra.policy.base import HELD
from infra.policy.rule import Facts, Resource, Rule
from infra.policy.values import WORKLOADS, containers, dig, variables
from infra.settings.profiles import PRODUCTION

CHECK, RECORD = "aws:route53/healthCheck:HealthCheck", "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"
VAULT = "azure-native:keyvault:Vault"
CAPACITY_TAG = "outlast:capacity-rps"
OF_SITES = (
    "aws:ecr/repository:Repository",
    "aws:cloudwatch/logGroup:LogGroup",
    "azure-native:containerregistry:Registry",
    "azure-native:app:ManagedEnvironment",
    "azure-native:operationalinsights:Workspace",
    "gcp:artifactregistry/repository:Repository",
    "gcp:compute/globalAddress:GlobalAddress",
)
"""What of a site holds data or a name, and is the program's own to protect. Secrets are in the stack's file as well."""

_BY_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_SECRET_NAME = re.compile(r"(^|_)(SECRET|SECRETS|PASSWORD|PASSWD|TOKEN|CREDENTIALS|PRIVATE_KEY|RECEIPT_KEYS?)(_|$)")
# Keys of AWS and Google, tokens of GitHub and of Slack, private keys: as their issuers write them.
_SECRET_VALUE = re.compile(
    r"AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|gh[pousr]_[0-9A-Za-z]{36}|xox[baprs]-|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_EVERYWHERE = ("global",)


def _by_digest(resource: Resource, facts: Facts) -> str:
    named = [str(one.get("image")) for one in containers(resource)]
    wrong = [image for image in named if not _BY_DIGEST.fullmatch(image)]
    return f"it runs {', '.join(wrong)}" if wrong else ""


def _no_secret_in_plain(resource: Resource, facts: Facts) -> str:
    found = [
        name
        for one in containers(resource)
        for name, value in variables(one)
        if value and (_SECRET_NAME.search(name.upper()) or _SECRET_VALUE.search(value))
    ]
    return f"in plain: {', '.join(sorted(found))}" if found else ""


def _where(resource: Resource) -> str:
    found: str = dig(resource.inputs, "location") or dig(resource.inputs, "region") or ""
    return found.lower().replace(" ", "")


def _in_region(resource: Resource, facts: Facts) -> str:
    """Of AWS the provider says where a resource lies, and a zone's provider is not in the site's region."""
    where = _where(resource) if resource.type.startswith(("azure-native:", "gcp:")) else ""
    allowed = not where or where in _EVERYWHERE or not facts.regions or where in facts.regions
    return "" if allowed else f"it lies in {where}, and this stack in {', '.join(facts.regions)}"


def _held_is_protected(resource: Resource, facts: Facts) -> str:
    """A bucket that a site makes for itself goes with the site; those of other stacks hold what outlives it."""
    beside = resource.type in HELD and facts.kind not in ("base", "training")
    return "" if resource.protected or beside else f"a `destroy` takes {HOLDS[resource.type]}"


def _labelled(resource: Resource, facts: Facts) -> str:
    if facts.settings.get("size") != PRODUCTION:
        return ""
    carried = dig(resource.inputs, "labels" if resource.type.startswith("gcp:") else "tags", {})
    missing = [label for label in LABELS.values() if not carried.get(label)]
    return f"it carries no {', '.join(missing)}" if missing else ""


def _own_host_checked(resources: Sequence[Resource], facts: Facts) -> list[str]:
    hosts = {str(dig(one.inputs, "name")).rstrip(".") for one in resources if one.type == RECORD}
    return [
        f"the check '{one.name}' looks up {dig(one.inputs, 'fqdn')}"
        for one in resources
        if one.type == CHECK and not dig(one.inputs, "ipAddress") and dig(one.inputs, "fqdn") in hosts
    ]


def _records_checked(resource: Resource, facts: Facts) -> str:
    """A geolocation record has none on purpose: with one, clients leave their geography when all its sites fail."""
    policies = ("weightedRoutingPolicies", "failoverRoutingPolicies", "latencyRoutingPolicies")
    routed = any(dig(resource.inputs, key) for key in policies)
    checked = dig(resource.inputs, "healthCheckId") or dig(resource.inputs, "aliases.0.evaluateTargetHealth")
    return "" if not routed or checked else "it has no health check"


def _budget(resources: Sequence[Resource], facts: Facts) -> list[str]:
    return [] if facts.settings.get("monthlyBudgetUsd") else ["the stack's file has no outlast:monthlyBudgetUsd"]


def _survivors(resources: Sequence[Resource], facts: Facts) -> list[str]:
    """N-1 by what the checks say of their sites; without a promise there is nothing to hold them to.

    Clients of a geography reach its own sites alone, and nobody says how much of the peak comes from there: all of it
    may.
    """
    if not facts.settings.get("peakRps"):
        return []
    peak = float(facts.settings["peakRps"])
    tagged = {one.name: dig(one.inputs, f"tags.{CAPACITY_TAG}") for one in resources if one.type == CHECK}
    capacity = {name: float(capacity) for name, capacity in tagged.items() if capacity is not None}
    return [
        f"{where}without '{lost}' the others bear {rest:g} requests a second, and the peak is {peak:g}"
        for where, sites in _reached_together(facts, capacity).items()
        for lost in sites
        if (rest := sum(capacity[site] for site in sites) - capacity[lost]) < peak
    ]


def _reached_together(facts: Facts, sites: Iterable[str]) -> dict[str, list[str]]:
    """The sites among which clients move when one is lost: all of them, or those of each geography, by what to say."""
    if facts.settings.get("routing") != "geolocation":
        return {"": list(sites)}
    geographies: dict[str, Any] = json.loads(facts.settings.get("geographies") or "{}")
    allowed = {name: one.get("allowedSites") or () for name, one in geographies.items()}
    return {f"clients of {name}: ": [site for site in sites if site in some] for name, some in allowed.items()}


RULES = (
    Rule(
        "image-by-digest",
        "a tag can be moved, and then nobody knows which model answers",
        "name the image as <repository>@sha256:…",
        WORKLOADS,
        _by_digest,
    ),
    Rule(
        "secrets-not-in-plain",
        "whoever may read the service's settings reads its variables, and so does Pulumi's state",
        "put it into the cloud's secret store, and name that",
        WORKLOADS,
        _no_secret_in_plain,
        public=("ecs_task_definitions_no_environment_secrets",),
    ),
    Rule(
        "residency",
        "data that must not leave a region must not be kept outside of it either",
        "the site's own region",
        (),
        _in_region,
    ),
    Rule(
        "held-is-protected",
        "what holds data or a name is not had back by making it again",
        "outlast:protect: true, which is the default of a site",
        (*OF_SITES, *HELD, VAULT),
        _held_is_protected,
    ),
    Rule(
        "labelled",
        "whoever finds it has to know whose it is, who pays, and how its data may be handled",
        f"{', '.join(f'outlast:{key}' for key in LABELS)} in the stack's file; asked of outlast:size production alone",
        OF_SITES,
        _labelled,
    ),
    Rule(
        "check-not-of-the-public-host",
        "the public host answers with any healthy site: a check of it says nothing of one",
        "check the site by its own address or its own name",
        kinds=("traffic",),
        stack_check=_own_host_checked,
    ),
    Rule(
        "records-checked",
        "a record without a check is answered whatever happens to its site",
        "a health check for each record of the group",
        (RECORD,),
        _records_checked,
    ),
    Rule(
        "budget-present",
        "an estimate that nobody set a limit to refuses nothing",
        "outlast:monthlyBudgetUsd",
        kinds=("traffic",),
        stack_check=_budget,
    ),
    Rule(
        "survivors-can-carry",
        "the loss of one site must not take the others with it",
        "more replicas, or a lower outlast:peakRps",
        kinds=("traffic",),
        stack_check=_survivors,
    ),
)
