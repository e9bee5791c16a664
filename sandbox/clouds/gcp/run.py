"""Cloud Run: real service processes, and the binding that lets everybody invoke them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from sandbox.clouds import revisions
from sandbox.clouds.accounts import project_number
from sandbox.clouds.counts import kept_count
from sandbox.clouds.effects import environment_pairs
from sandbox.clouds.gcp.common import (
    MADE_AT,
    REGION,
    is_named,
    located_id,
    needs_api,
    own_name,
    place_of,
    project_of,
    tail,
)
from sandbox.clouds.gcp.network import access_rule
from sandbox.clouds.gcp.project import ACCOUNT
from sandbox.clouds.gcp.run_scaling import bounds_of, rule_of
from sandbox.clouds.gcp.run_sizes import CPU, MEMORY, concurrency_of, memory_of, size_combination
from sandbox.clouds.gcp.secrets import read_secrets
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.probes import read_probe
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, PORT, Mistake, Range, Text, because, is_known
from sandbox.clouds.store import CloudRefused, NotReady, Resource
from sandbox.clouds.values import Values, nested, stable_hex
from sandbox.clouds.world import World
from sandbox.replicas.workload import Workload
from service.errors import Unavailable

SERVICE = "gcp:cloudrunv2/service:Service"
INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"

# cloud.google.com/run/docs/container-contract, "Environment variables": set by Cloud Run itself.
_PLATFORM, _LONGEST_VARIABLE = "linux/amd64", 32 * 1024
_RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
# cloud.google.com/run/docs/configuring/services/containers.
_PORT = 8080
# pulumi-gcp 10.2.0, timeouts of the service: "create - Default is 20 minutes".
_READY_SECONDS = 1200.0


# -- rules -----------------------------------------------------------------------------------------------------------


def _image_rules(world: World, r: Resource) -> None:
    """The image is in a registry, and for linux/amd64: cloud.google.com/run/docs/container-contract."""
    container = nested(r.inputs, "template", "containers", 0)
    if container is None:
        raise CloudRefused("Error 400: template.containers: at least one container is required")
    image = str(container["image"])
    digest = world.images.digest_of(image)
    told = f"Error 400: Revision '{own_name(r)}-00001' is not ready and cannot serve traffic. "
    if digest is None:
        raise CloudRefused(
            f"{told}Image '{image}' not found.", hint="deploy the reference that the image resource gives back"
        )
    if not world.images.runs_on(image, _PLATFORM):
        raise CloudRefused(
            f"{told}Cloud Run does not support image '{image}': Container manifest type must support amd64/linux.",
            hint=f"build the image for {_PLATFORM}: `platforms`",
        )
    r.place["digest"] = digest


def _variable_rules(world: World, r: Resource) -> None:
    """Cloud Run sets some variables itself, and takes 32 kB of each: container-contract, and quotas."""
    variables = nested(r.inputs, "template", "containers", 0, "envs") or []
    reserved = [v["name"] for v in variables if v["name"] in _RESERVED]
    if reserved:
        raise CloudRefused(
            "Error 400: template.containers[0].env: The following reserved env names were provided: "
            f"{', '.join(reserved)}. These values are automatically set by the system.",
            hint="leave it out; the port is set by template.containers[0].ports",
        )
    long = [v["name"] for v in variables if len(str(v.get("value") or "").encode()) > _LONGEST_VARIABLE]
    if long:
        raise CloudRefused(
            f"Error 400: template.containers[0].env: the value of {', '.join(long)} is longer than "
            f"{_LONGEST_VARIABLE} bytes"
        )


def _account_rules(world: World, r: Resource) -> None:
    """A service account of the project, where one is named, exists: IAM, iam.serviceaccounts.actAs. One of Google's own
    is taken for granted.
    """
    named = str(nested(r.inputs, "template", "serviceAccount") or "")
    if named and not re.fullmatch(r"[^@\s]+@[^@\s]+\.gserviceaccount\.com", named):
        raise CloudRefused(f"Error 400: template.service_account: '{named}' is not the email address of an account")
    is_own = named.endswith(f"@{project_of(r)}.iam.gserviceaccount.com")
    if is_own and not any(account.outputs.get("email") == named for account in world.store.all(ACCOUNT)):
        raise CloudRefused(
            f"Error 403: Permission 'iam.serviceaccounts.actAs' denied on service account {named} "
            "(or it may not exist).",
            hint="make the account, and take its email from there",
        )


def _secret_rules(world: World, r: Resource) -> None:
    """What the container names of Secret Manager is there, and the revision's account may read it:
    cloud.google.com/run/docs/configuring/services/secrets. A revision goes on with what it was made with.
    """
    container, before = nested(r.inputs, "template", "containers", 0) or {}, None
    found = read_secrets(world, r, container)
    if r.id:
        before = world.store.get(r.type, r.id)
    if before is None or _template(before) != _template(r):
        r.place["secrets"] = found


# -- what runs -------------------------------------------------------------------------------------------------------


def workload(world: World, r: Resource) -> Workload:
    """The service's newest revision, or the last that was ready where that one failed."""
    asked = _asked(r)
    return replace(asked, scaling=rule_of(r), start=kept_count(r)) if asked.max_replicas > asked.min_replicas else asked


def _asked(r: Resource) -> Workload:
    kept = revisions.fallen_back_to(r)
    if kept is not None:
        return kept
    template: Values = r.inputs.get("template") or {}
    container: Values = nested(template, "containers", 0) or {}
    low, high = bounds_of(r)
    port = _port(container)
    return Workload(
        r.key,
        r.stack,
        r.place["digest"],
        port,
        environment_pairs(
            {e["name"]: e.get("value", "") for e in container.get("envs") or []} | r.place.get("secrets", {})
        ),
        low,
        high,
        concurrency_of(template),
        probe_path="",  # an instance that started is ready: Cloud Run's default startup probe is a connection
        startup=read_probe(container.get("startupProbe"), port),
        liveness=read_probe(container.get("livenessProbe"), port),
        memory_mib=memory_of(template),
    )


def _port(container: Values) -> int:
    """pulumi-gcp takes `ports` as one object or as a list of one."""
    ports = container.get("ports") or {}
    first = ports[0] if isinstance(ports, list) else ports
    return int(first.get("containerPort") or _PORT)


def everybody_may_invoke(world: World, service: Resource) -> bool:
    """Whether a request that nobody signed reaches the service."""
    if service.inputs.get("invokerIamDisabled"):
        return True
    return any(
        is_named(service, member.inputs["name"])
        and member.inputs["role"] == "roles/run.invoker"
        and member.inputs["member"] == "allUsers"
        for member in world.store.all(INVOKER)
    )


def _wait(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    try:
        world.hooks.wait_workload(r.key, timeout_seconds or _READY_SECONDS, cancelled)
    except Unavailable as error:
        failed = _revision_name(r, revisions.newest(r))
        revisions.fall_back(r)
        raise NotReady(
            f"Error waiting for {tail(r)}: Revision '{failed}' is not ready and cannot serve traffic. The "
            f"user-provided container failed to start and listen on the port: {error.what}"
        ) from error
    revisions.keep_ready(r, workload(world, r))


# -- types -----------------------------------------------------------------------------------------------------------


def _template(r: Resource) -> object:
    """A change of the template makes a revision: cloud.google.com/run/docs/managing/revisions."""
    return r.inputs.get("template")


def _revision_name(r: Resource, number: int) -> str:
    return f"{tail(r)}-{number:05d}"


def _outputs(world: World, r: Resource) -> Values:
    number = str(revisions.newest(r))
    uri = f"https://{tail(r)}-{project_number(project_of(r))}.{place_of(r)}.run.app"
    return {
        "name": tail(r),
        "uri": uri,
        "urls": [uri],
        "project": project_of(r),
        "location": place_of(r),
        "reconciling": False,
        "latestCreatedRevision": f"{r.id}/revisions/{_revision_name(r, revisions.newest(r))}",
        "latestReadyRevision": f"{r.id}/revisions/{_revision_name(r, revisions.newest_ready(r))}",
        "uid": stable_hex(r.id),
        "etag": stable_hex(r.id, number, length=12),
        "generation": number,
        "observedGeneration": number,
        "createTime": MADE_AT,
        "updateTime": MADE_AT,
    }


def _invoker_id(world: World, r: Resource) -> str:
    service = str(r.inputs["name"]).rpartition("/")[2]
    path = f"projects/{project_of(r)}/locations/{place_of(r)}/services/{service}"
    return f"{path}/{r.inputs['role']}/{r.inputs['member']}"


def _invoker_outputs(world: World, r: Resource) -> Values:
    return {"etag": stable_hex(r.urn, length=12), "project": project_of(r), "location": place_of(r)}


# cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/create, serviceId.
# pulumi-gcp 10.2.0, ServiceTemplateContainer.name: "specified as a DNS_LABEL (RFC 1123)".
_CONTAINER_NAME = Text(63, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", "Cloud Run API, Container.name")
_CLOUD_RUN = Text(49, r"[a-z]([a-z0-9-]*[a-z0-9])?", "Cloud Run API, serviceId")
# cloud.google.com/run/docs/about-concurrency: "up to 1000".
_CONCURRENCY_RANGE = Range(1, 1000, "Cloud Run, maximum concurrent requests")


def _run_combinations(inputs: Values) -> Iterator[Mistake]:
    """cloud.google.com/run/docs/configuring/max-instances: the maximum is at least the minimum."""
    scaling = nested(inputs, "template", "scaling") or {}
    least, most = scaling.get("minInstanceCount", 0), scaling.get("maxInstanceCount", 100)
    if is_known(least, most) and least > most:
        yield "template.scaling", f"minInstanceCount {least:g} is more than maxInstanceCount {most:g}"


def _probe_combinations(inputs: Values) -> Iterator[Mistake]:
    """Cloud Run API v2, Probe: timeoutSeconds is smaller than periodSeconds; by default they are 1 and 10."""
    for name in ("startupProbe", "livenessProbe"):
        probe = nested(inputs, "template", "containers", 0, name) or {}
        timeout, period = probe.get("timeoutSeconds", 1), probe.get("periodSeconds", 10)
        if is_known(timeout, period) and timeout >= period:
            where = f"template.containers[0].{name}.timeoutSeconds"
            yield where, f"{timeout:g} s is not less than periodSeconds, {period:g}"


declare(
    SERVICE,
    fidelity=Fidelity.SIMULATED,
    illness=(
        "nobody may invoke it, neither by a member nor by `invokerIamDisabled`: 403 from the load balancer",
        "a startup probe that goes unanswered: the revision never gets ready, the one before goes on",
        "a liveness probe that goes unanswered: the instances are killed and replaced for as long as it stays so",
        "paths that end in z: 404 from Google, and never a request to the container (Cloud Run, known issues)",
    ),
    effect="real service processes, a new revision serving once it is ready",
    not_simulated="CPU and memory limits, volumes, probes by gRPC, its run.app address",
    id_of=located_id("services"),
    rules=(needs_api("run"), _image_rules, _account_rules, _variable_rules, _secret_rules, access_rule),
    create=revisions.begin,
    update=revisions.begin_when(_template),
    outputs=_outputs,
    wait=_wait,
    limits={
        "name": _CLOUD_RUN,
        "template.maxInstanceRequestConcurrency": _CONCURRENCY_RANGE,
        "location": REGION,
        "template.containers[].name": _CONTAINER_NAME,
        "template.containers[].startupProbe.httpGet.port": PORT,
        "template.containers[].livenessProbe.httpGet.port": PORT,
        "template.containers[].resources.limits.memory": MEMORY,
        "template.containers[].resources.limits.cpu": CPU,
    },
    combinations=(_run_combinations, size_combination, _probe_combinations),
    forces_new=because(ID, "name", "location", "project"),
)
declare(
    INVOKER,
    fidelity=Fidelity.SIMULATED,
    rules=(
        exists(
            "name", SERVICE, "Error 404: Resource '{}' of kind 'SERVICE' does not exist", "Cloud Run API, setIamPolicy"
        ),
    ),
    effect="lets everybody invoke the service",
    not_simulated="members other than allUsers",
    id_of=_invoker_id,
    outputs=_invoker_outputs,
    forces_new=because(ID, "name", "role", "member", "location", "project"),
)
