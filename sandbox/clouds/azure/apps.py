"""Container Apps: real service processes behind their environment's address, for the domains that are bound to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from infra import sizes
from infra.contract import Size
from sandbox.clouds import revisions
from sandbox.clouds.azure.app_probes import probe_combinations
from sandbox.clouds.azure.app_rules import APP_RULES, container_of
from sandbox.clouds.azure.certificates import CERTIFICATE
from sandbox.clouds.azure.common import IN_GROUP, REGION, common_outputs, in_group, subscription_of, tail, unreserved
from sandbox.clouds.azure.environments import environment_of, verification_id
from sandbox.clouds.azure.identity import identity_outputs
from sandbox.clouds.azure.scale_rules import rule_of, scale_combinations
from sandbox.clouds.counts import kept_count
from sandbox.clouds.effects import environment_pairs
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.probes import read_probe
from sandbox.clouds.rules import ID, PORT, Mistake, Text, because, is_given, is_known
from sandbox.clouds.store import CloudRefused, NotReady, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World
from sandbox.network.certificates import KeyPair
from sandbox.network.listeners import Binding, EntryPoint
from sandbox.replicas.workload import Workload
from service.errors import Unavailable

APP = "azure-native:app:ContainerApp"

# learn.microsoft.com/azure/container-apps/scale-app: "Default 0", "Default 10", concurrentRequests "default 10".
_MIN_REPLICAS, _MAX_REPLICAS, _CONCURRENCY = 0, 10, 10
_INGRESS_PORT = 80
_READY_SECONDS = 1800.0


# -- what runs, and what a client meets ------------------------------------------------------------------------------


def apps_in(world: World, environment: Resource) -> list[Resource]:
    """The container apps of an environment."""
    return [app for app in world.store.all(APP) if environment_of(world, app) is environment]


def workload(world: World, r: Resource) -> Workload | None:
    """What the app runs; without a replica where it was stopped. None without its environment."""
    asked = _asked(world, r)
    if asked is None or r.place.get("stopped"):
        return asked and replace(asked, min_replicas=0, max_replicas=0)
    return replace(asked, scaling=rule_of(r), start=kept_count(r))


def running_status(r: Resource) -> str:
    """ContainerApp.properties.runningStatus."""
    return "Stopped" if r.place.get("stopped") else "Running"


def _asked(world: World, r: Resource) -> Workload | None:
    """The app's newest revision, or the last that was ready where that one failed."""
    kept = revisions.fallen_back_to(r)
    if kept is not None or environment_of(world, r) is None:
        return kept
    container, scale = container_of(r), nested(r.inputs, "template", "scale") or {}
    rule: Values = next((each["http"] for each in scale.get("rules") or [] if each.get("http")), {})
    port = int(nested(r.inputs, "configuration", "ingress", "targetPort") or _INGRESS_PORT)
    probes = {str(probe.get("type")).lower(): read_probe(probe, port) for probe in container.get("probes") or []}
    return Workload(
        r.key,
        r.stack,
        r.place["digest"],
        port,
        environment_pairs(
            {e["name"]: e.get("value", "") for e in container.get("env") or []} | r.place.get("secrets", {})
        ),
        int(scale.get("minReplicas") or _MIN_REPLICAS),
        int(scale.get("maxReplicas") or _MAX_REPLICAS),
        int((rule.get("metadata") or {}).get("concurrentRequests", _CONCURRENCY)),
        probe_path="",  # a connection, where no probe is declared and there is an ingress: health-probes, "Default"
        startup=probes.get("startup"),
        readiness=probes.get("readiness"),
        liveness=probes.get("liveness"),
        tells_port=False,
        memory_mib=_mebibytes(nested(container, "resources", "memory")),
    )


def _mebibytes(memory: object) -> int:
    """`1.5Gi` in MiB; 0 where an app leaves it to Azure."""
    return round(float(str(memory).removesuffix("Gi")) * 1024) if memory else 0


def entry_point(world: World, app: Resource) -> EntryPoint:
    """What listens for an app. Raises CloudRefused, with the reason in words, where nobody would reach it."""
    ingress: Values = nested(app.inputs, "configuration", "ingress") or {}
    if not ingress.get("external"):
        raise CloudRefused("its ingress is not external")
    environment = environment_of(world, app)
    if environment is None:
        raise CloudRefused("its environment is gone")
    bindings = []
    for domain in ingress.get("customDomains") or []:
        certificate = world.store.find(CERTIFICATE, domain.get("certificateId"))
        if certificate is not None and domain.get("bindingType") != "Disabled":
            bindings.append(Binding(domain["name"].lower(), KeyPair.of(certificate.place)))
    if not bindings:
        raise CloudRefused("no custom domain with a certificate is bound to it")
    where = (f"{environment.key}/443", app.stack, environment.place["address"], 443)
    # learn.microsoft.com/azure/container-apps/ingress-overview, "HTTP headers"
    return EntryPoint(*where, tuple(bindings), app.key, forwards=True, cloud="azure")


def redirect(entry: EntryPoint, app: Resource) -> EntryPoint | None:
    """Port 80, which leads to 443; None where plain HTTP is let in, which nothing here answers.

    learn.microsoft.com/azure/container-apps/ingress-overview: "By default, HTTP requests to port 80 are automatically
    redirected to HTTPS on 443", and allowInsecure switches that off.
    """
    if nested(app.inputs, "configuration", "ingress", "allowInsecure"):
        return None
    return EntryPoint(entry.key.replace("/443", "/80"), entry.stack, entry.address, 80, redirect=True, cloud="azure")


def _wait(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    try:
        world.hooks.wait_workload(r.key, timeout_seconds or _READY_SECONDS, cancelled)
    except Unavailable as error:
        revisions.fall_back(r)
        raise NotReady(
            f'Code="ContainerAppOperationError" Message="Failed to provision revision for container app '
            f"'{tail(r)}'. Error details: {error.what}\""
        ) from error
    revisions.keep_ready(r, workload(world, r))


# -- the type --------------------------------------------------------------------------------------------------------


def _template(r: Resource) -> object:
    """A change of the template makes a revision, one of `configuration` does not: docs/container-apps/revisions."""
    return r.inputs.get("template")


def _outputs(world: World, r: Resource) -> Values:
    environment = environment_of(world, r)
    domain = environment.outputs["defaultDomain"] if environment else ""
    configuration = dict(r.inputs.get("configuration") or {})
    if configuration.get("ingress"):
        configuration["ingress"] = {**configuration["ingress"], "fqdn": f"{tail(r)}.{domain}"}
    latest = f"{tail(r)}--{revisions.newest(r):07d}"
    own = {
        "provisioningState": "Succeeded",
        "runningStatus": running_status(r),
        "customDomainVerificationId": verification_id(subscription_of(r)),
        "latestRevisionName": latest,
        "latestReadyRevisionName": f"{tail(r)}--{revisions.newest_ready(r):07d}",
        "latestRevisionFqdn": f"{latest}.{domain}",
        "outboundIpAddresses": [],
        "eventStreamEndpoint": "",
        "configuration": configuration,
    }
    return common_outputs(r, "Microsoft.App/containerApps") | identity_outputs(world, r) | own


# learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules: #microsoftresources,
# #microsoftcontainerregistry, #microsoftmanagedidentity, #microsoftapp.
_AZURE = "Azure resource name rules"
_AZURE_APP = Text(32, r"[a-z]([a-z0-9]|-(?!-))*[a-z0-9]", _AZURE, shortest=2)


def _app_combinations(inputs: Values) -> Iterator[Mistake]:
    """learn.microsoft.com/azure/container-apps: containers ("Allocations"), scale-app ("Scale definition")."""
    scale = nested(inputs, "template", "scale") or {}
    least, most = scale.get("minReplicas", 0), scale.get("maxReplicas", 10)
    if is_known(least, most) and not 0 <= least <= most <= 1000:
        yield "template.scale", f"{least:g} to {most:g} replicas: the least is at most the most, and that at most 1000"
    if is_given(inputs, "environmentId") and is_given(inputs, "managedEnvironmentId"):
        yield "environmentId", "is the same as `managedEnvironmentId`, which is deprecated: give one"
    asked = nested(inputs, "template", "containers", 0, "resources") or {}
    cpu, memory = asked.get("cpu"), asked.get("memory")
    if is_known(cpu, memory) and str(memory).endswith("Gi"):
        bad = sizes.explain_bad_size("azure", Size(float(str(cpu)), _mebibytes(memory)))
        if bad:
            yield "template.containers[0].resources", f"no such allocation: {bad[0]} {bad[1]}"


# hashicorp/terraform-provider-azurerm, internal/services/containerapps/validate, ContainerAppContainerName.
_CONTAINER_NAME = Text(256, r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9.])?", "terraform-provider-azurerm, validate")
_CONCURRENT = Text(None, r"[1-9]\d*", "Container Apps, scaling: HTTP")
_MEMORY = Text(None, r"\d+(\.\d+)?Gi", "Container Apps, allocations")


def _traffic_combinations(inputs: Values) -> Iterator[Mistake]:
    """learn.microsoft.com/azure/container-apps/traffic-splitting: weights of 0 to 100 make 100, each for a revision."""
    traffic = nested(inputs, "configuration", "ingress", "traffic") or []
    if not isinstance(traffic, list) or not all(isinstance(one, dict) for one in traffic):
        return
    weights = [one.get("weight", 0) for one in traffic]
    if traffic and is_known(*weights) and (min(weights) < 0 or sum(weights) != 100):
        yield (
            "configuration.ingress.traffic",
            f"the weights are {', '.join(f'{w:g}' for w in weights)}, which is not 100",
        )
    for position, one in enumerate(traffic):
        if not one.get("latestRevision") and not one.get("revisionName") and not one.get("label"):
            yield f"configuration.ingress.traffic[{position}]", "names no revision: `latestRevision` or `revisionName`"


declare(
    APP,
    fidelity=Fidelity.SIMULATED,
    illness=(
        "a target port that the process does not listen on: the revision never gets ready, the one before goes on",
        "an ingress that is not external, or without a bound domain: no connection (`make status` says why)",
        "a startup or readiness probe that goes unanswered: the revision never gets ready, the one before goes on",
        "a liveness probe that goes unanswered: the replicas are killed and replaced for as long as it stays so",
    ),
    not_known=(
        "the code under which a wrong location or workload profile is refused",
        "what the name of a scale rule may hold",
    ),
    effect="real service processes behind the environment's address, for the custom domains that are bound to it",
    not_simulated="readiness after its first answer, Dapr, several containers, traffic splitting between "
    "revisions, its own host name's TLS",
    rules=APP_RULES,
    create=revisions.begin,
    update=revisions.begin_when(_template),
    outputs=_outputs,
    id_of=in_group("Microsoft.App/containerApps", "containerAppName"),
    wait=_wait,
    limits={
        "containerAppName": _AZURE_APP,
        "location": REGION,
        "template.containers[].name": _CONTAINER_NAME,
        "template.containers[].resources.memory": _MEMORY,
        "template.scale.rules[].http.metadata.concurrentRequests": _CONCURRENT,
        "template.containers[].probes[].httpGet.port": PORT,
        "configuration.ingress.targetPort": PORT,
    },
    combinations=(
        _app_combinations,
        scale_combinations,
        _traffic_combinations,
        probe_combinations,
        unreserved("containerAppName"),
    ),
    forces_new=because(ID, "containerAppName") | IN_GROUP,
    replacement_unknown=("environmentId", "managedEnvironmentId"),
)
