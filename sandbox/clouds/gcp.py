"""Google Cloud: a registry, Cloud Run, Certificate Manager and a global load balancer in front.

The front serves only what the whole chain gives: forwarding rule, proxy, certificate map with an active certificate,
URL map, backend service, network endpoint group, Cloud Run service, and the binding that lets everybody invoke it.
"""

from __future__ import annotations

from collections.abc import Callable

from failover.errors import OutlastError, Unavailable
from sandbox.certificates import KeyPair
from sandbox.clouds.effects import Effects, environment_pairs
from sandbox.clouds.kinds import Depth, declare
from sandbox.clouds.world import (
    PROJECT,
    PROJECT_NUMBER,
    CloudRefused,
    NotReady,
    Resource,
    Values,
    World,
    hex_id,
    nested,
    stable_hex,
)
from sandbox.engine.outputs import output_names
from sandbox.fronts import Binding, Front
from sandbox.replicas import Workload

_FORCE_NEW = "pulumi-gcp 10.2.0: the field's documentation, or the API has no way to patch it"
_COMPUTE = "https://www.googleapis.com/compute/v1/"
# A proxy names its map by this and the map's id: pulumi-gcp 10.2.0, TargetHttpsProxy.certificate_map.
_MANAGER = "//certificatemanager.googleapis.com/"


def _project(r: Resource) -> str:
    return str(r.inputs.get("project") or r.config.get("project") or PROJECT)


def _place_of(r: Resource) -> str:
    return str(r.inputs.get("location") or r.inputs.get("region") or r.config.get("region") or "us-central1")


def _name(r: Resource, *inputs: str) -> str:
    given = next((r.inputs[i] for i in inputs if r.inputs.get(i)), None)
    return str(given or f"{r.name}-{hex_id(7)}")


def _global(collection: str) -> Callable[[World, Resource], str]:
    return lambda world, r: f"projects/{_project(r)}/global/{collection}/{_name(r, 'name')}"


def _located(collection: str, *inputs: str, place: str | None = None) -> Callable[[World, Resource], str]:
    return lambda world, r: (
        f"projects/{_project(r)}/locations/{place or _place_of(r)}/{collection}/{_name(r, *(inputs or ('name',)))}"
    )


def _tail(r: Resource) -> str:
    return r.id.rpartition("/")[2]


def _compute(world: World, r: Resource) -> Values:
    """What every compute resource gives back, as far as its type has it."""
    found = {
        "name": _tail(r),
        "selfLink": _COMPUTE + r.id,
        "project": _project(r),
        "creationTimestamp": "2026-01-01T00:00:00.000-00:00",
        "fingerprint": stable_hex(r.id, length=12),
        "generatedId": int(stable_hex(r.id, length=8), 16),
    }
    return {name: value for name, value in found.items() if name in output_names(r.type)}


def _needs_api(api: str) -> Callable[[World, Resource], None]:
    """What a project may do once the API is enabled in it, and not before."""

    def rule(world: World, r: Resource) -> None:
        if not any(s.inputs.get("service") == api for s in world.all("gcp:projects/service:Service")):
            raise CloudRefused(
                f"Error 403: {api} has not been used in project {PROJECT_NUMBER} before or it is disabled., accessNotConfigured",
                hint=f"enable it with gcp.projects.Service(service={api!r}) and depend on that",
            )

    return rule


declare(
    "gcp:projects/service:Service",
    depth=Depth.SIMULATED,
    effect="enables the API; resources of an API that is not enabled are refused",
    id_of=lambda w, r: f"{_project(r)}/{r.inputs['service']}",
    outputs=lambda w, r: {"project": _project(r)},
    replaces={"service": _FORCE_NEW, "project": _FORCE_NEW},
)
declare(
    "gcp:artifactregistry/repository:Repository",
    depth=Depth.SIMULATED,
    effect="images can be pushed to it and pulled from it",
    not_simulated="cleanup policies, scanning",
    rules=_needs_api("artifactregistry.googleapis.com"),
    id_of=_located("repositories", "repositoryId"),
    outputs=lambda w, r: {
        "name": _tail(r),
        "project": _project(r),
        "location": _place_of(r),
        "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z",
        "registryUri": f"{_place_of(r)}-docker.pkg.dev/{_project(r)}/{_tail(r)}",
    },
    replaces={"repositoryId": _FORCE_NEW, "location": _FORCE_NEW, "format": _FORCE_NEW, "project": _FORCE_NEW},
)
declare(
    "gcp:serviceaccount/account:Account",
    not_simulated="what the service may do: it needs nothing",
    id_of=lambda w, r: f"projects/{_project(r)}/serviceAccounts/{_email(r)}",
    outputs=lambda w, r: {
        "email": _email(r),
        "member": f"serviceAccount:{_email(r)}",
        "name": r.id,
        "uniqueId": str(int(stable_hex(r.id, length=16), 16)),
        "project": _project(r),
    },
    replaces={"accountId": _FORCE_NEW, "project": _FORCE_NEW},
)


def _email(r: Resource) -> str:
    return f"{r.inputs['accountId']}@{_project(r)}.iam.gserviceaccount.com"


def access_token() -> str:
    """What getClientConfig hands out; Artifact Registry takes it as the password of `oauth2accesstoken`."""
    return "ya29." + stable_hex("gcp-token", PROJECT, length=60)


def may_push(world: World, address: str, repository: str, username: str, password: str) -> str | None:
    """Why a push to `<location>-docker.pkg.dev/<project>/<repository>/<image>` is refused, or None."""
    for r in world.all("gcp:artifactregistry/repository:Repository"):
        if address == f"{_place_of(r)}-docker.pkg.dev" and repository.startswith(f"{_project(r)}/{_tail(r)}/"):
            right = username == "oauth2accesstoken" and password == access_token()
            return None if right else "unauthorized: authentication failed"
    return f'name unknown: Repository "{repository.split("/")[1] if "/" in repository else repository}" not found'


# -- Cloud Run ----------------------------------------------------------------------------------------------


def _run_rules(world: World, r: Resource) -> None:
    _needs_api("run.googleapis.com")(world, r)
    container = nested(r.inputs, "template", "containers", 0)
    if container is None:
        raise CloudRefused("Error 400: template.containers: at least one container is required")
    if world.digest_of(container["image"]) is None:
        raise CloudRefused(
            f"Error 400: Revision '{_name(r, 'name')}-00001' is not ready and cannot serve traffic. Image '{container['image']}' not found.",
            hint="deploy the reference that the image resource gives back",
        )
    for variable in container.get("envs") or []:
        if variable["name"] in ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"):
            raise CloudRefused(
                f"Error 400: template.containers[0].env: The following reserved env names were provided: {variable['name']}. "
                "These values are automatically set by the system.",
                hint="leave it out; the port is set by template.containers[0].ports",
            )


def _run_outputs(world: World, r: Resource) -> Values:
    name = _tail(r)
    uri = f"https://{name}-{PROJECT_NUMBER}.{_place_of(r)}.run.app"
    revision = r.place["revision"] = int(r.place.get("revision", 0)) + 1
    return {
        "name": name,
        "uri": uri,
        "urls": [uri],
        "project": _project(r),
        "location": _place_of(r),
        "reconciling": False,
        "latestCreatedRevision": f"{r.id}/revisions/{name}-{revision:05d}",
        "latestReadyRevision": f"{r.id}/revisions/{name}-{revision:05d}",
        "uid": stable_hex(r.id),
        "etag": stable_hex(r.id, str(revision), length=12),
        "generation": str(revision),
        "observedGeneration": str(revision),
        "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z",
    }


def _run_workload(world: World, r: Resource) -> Workload | None:
    template = r.inputs.get("template") or {}
    container = nested(template, "containers", 0) or {}
    digest = world.digest_of(container.get("image", ""))
    if digest is None:
        return None
    variables = {e["name"]: e.get("value", "") for e in container.get("envs") or []}
    # Defaults: 0 to 100 instances, 80 requests at once, port 8080 (cloud.google.com/run/docs/configuring/…).
    scaling = template.get("scaling") or {}
    low, high = int(scaling.get("minInstanceCount") or 0), int(scaling.get("maxInstanceCount") or 100)
    if nested(r.inputs, "scaling", "scalingMode") == "MANUAL":
        low = high = int(nested(r.inputs, "scaling", "manualInstanceCount") or 0)
    ports = container.get("ports") or {}
    port = int((ports[0] if isinstance(ports, list) and ports else ports or {}).get("containerPort") or 8080)
    probe = (
        nested(container, "startupProbe", "httpGet", "path")
        or nested(container, "livenessProbe", "httpGet", "path")
        or "/"
    )
    return Workload(
        r.key,
        r.stack,
        digest,
        port,
        environment_pairs(variables),
        low,
        high,
        int(template.get("maxInstanceRequestConcurrency") or 80),
        probe,
    )


def _wait_run(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    try:
        world.wait_workload(r.key, timeout_seconds or 1200.0, cancelled)
    except Unavailable as error:
        raise NotReady(
            f"Error waiting for {_tail(r)}: Revision '{_tail(r)}-{r.place['revision']:05d}' is not ready and cannot serve traffic. "
            f"The user-provided container failed to start and listen on the port: {error.what}"
        ) from error


declare(
    "gcp:cloudrunv2/service:Service",
    depth=Depth.SIMULATED,
    effect="real service processes, a new revision serving once it is ready",
    not_simulated="CPU and memory limits, volumes, secrets, its run.app address, scale from zero on a request",
    id_of=_located("services"),
    rules=_run_rules,
    outputs=_run_outputs,
    wait=_wait_run,
    replaces={"name": _FORCE_NEW, "location": _FORCE_NEW, "project": _FORCE_NEW},
)
declare(
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    depth=Depth.SIMULATED,
    effect="lets everybody invoke the service",
    not_simulated="members other than allUsers",
    id_of=lambda w, r: (
        f"projects/{_project(r)}/locations/{_place_of(r)}/services/{str(r.inputs['name']).rpartition('/')[2]}/{r.inputs['role']}/{r.inputs['member']}"
    ),
    outputs=lambda w, r: {"etag": stable_hex(r.urn, length=12), "project": _project(r), "location": _place_of(r)},
    replaces=dict.fromkeys(("name", "role", "member", "location", "project"), _FORCE_NEW),
)


# -- certificates -------------------------------------------------------------------------------------------


def _authorization_outputs(world: World, r: Resource) -> Values:
    domain, per_project = r.inputs["domain"], r.inputs.get("type") == "PER_PROJECT_RECORD"
    label = f"_acme-challenge_{stable_hex(_project(r), domain, length=16)}" if per_project else "_acme-challenge"
    data = f"{stable_hex(r.id, domain)}.{7 if per_project else 1}.authorize.certificatemanager.goog."
    return {
        "name": _tail(r),
        "project": _project(r),
        "dnsResourceRecords": [{"name": f"{label}.{domain}.", "type": "CNAME", "data": data}],
    }


def settle(world: World) -> None:
    """Make each managed certificate active whose authorizations' records have come to be answered."""
    for r in world.all("gcp:certificatemanager/certificate:Certificate"):
        if r.place.get("state") == "ACTIVE" or missing_authorization(world, r):
            continue
        pair = world.ca.issue(f"gcp-{stable_hex(r.id, length=12)}", nested(r.inputs, "managed", "domains") or [])
        r.place |= {"state": "ACTIVE", "certificate": str(pair.certificate), "key": str(pair.key)}
        world.put(r)


def missing_authorization(world: World, r: Resource) -> list[str]:
    """What keeps a managed certificate from being issued: authorizations or records that are not there."""
    authorizations = nested(r.inputs, "managed", "dnsAuthorizations") or []
    if not authorizations:
        return ["managed.dnsAuthorizations is empty"]
    missing = []
    for reference in authorizations:
        found = world.find("gcp:certificatemanager/dnsAuthorization:DnsAuthorization", reference)
        if found is None:
            missing.append(f"DNS authorization {reference}")
            continue
        record = found.outputs["dnsResourceRecords"][0]
        name, data = record["name"].rstrip("."), record["data"].rstrip(".")
        if data not in world.record_values(name, "CNAME"):
            missing.append(f"{name} CNAME {data}")
    return missing


declare(
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization",
    depth=Depth.SIMULATED,
    effect="names the record that proves the domain",
    id_of=_located("dnsAuthorizations", place="global"),
    outputs=_authorization_outputs,
    rules=_needs_api("certificatemanager.googleapis.com"),
    replaces={"name": _FORCE_NEW, "domain": _FORCE_NEW, "location": _FORCE_NEW, "type": _FORCE_NEW},
)
declare(
    "gcp:certificatemanager/certificate:Certificate",
    depth=Depth.SIMULATED,
    effect="issued by the private CA once its authorization's record is answered; creation does not wait for that",
    not_simulated="renewal, self-managed certificates",
    id_of=_located("certificates", place="global"),
    rules=_needs_api("certificatemanager.googleapis.com"),
    outputs=lambda w, r: {
        "name": _tail(r),
        "project": _project(r),
        "sanDnsnames": nested(r.inputs, "managed", "domains") or [],
    },
    replaces={"name": _FORCE_NEW, "managed": _FORCE_NEW, "location": _FORCE_NEW, "scope": _FORCE_NEW},
)
declare(
    "gcp:certificatemanager/certificateMap:CertificateMap",
    depth=Depth.SIMULATED,
    effect="joins a proxy to its certificates",
    id_of=_located("certificateMaps", place="global"),
    rules=_needs_api("certificatemanager.googleapis.com"),
    outputs=lambda w, r: {
        "name": _tail(r),
        "project": _project(r),
        "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z",
        "gclbTargets": [],
    },
    replaces={"name": _FORCE_NEW},
)
declare(
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry",
    depth=Depth.SIMULATED,
    effect="the front presents its certificate for this host name, and none for others",
    id_of=lambda w, r: (
        f"projects/{_project(r)}/locations/global/certificateMaps/{str(r.inputs['map']).rpartition('/')[2]}/certificateMapEntries/{_name(r, 'name')}"
    ),
    outputs=lambda w, r: {
        "name": _tail(r),
        "project": _project(r),
        "state": "ACTIVE",
        "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z",
    },
    replaces={"name": _FORCE_NEW, "map": _FORCE_NEW, "hostname": _FORCE_NEW, "matcher": _FORCE_NEW},
)


# -- load balancer -------------------------------------------------------------------------------------------


def _lease(world: World, r: Resource) -> None:
    r.place["address"] = world.lease_address()


def _backend_rules(world: World, r: Resource) -> None:
    _needs_api("compute.googleapis.com")(world, r)
    for backend in r.inputs.get("backends") or []:
        group = world.find("gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup", backend.get("group"))
        if group is None:
            raise CloudRefused(f"Error 404: The resource '{backend.get('group')}' was not found")
        if r.inputs.get("healthChecks") and group.inputs.get("networkEndpointType") == "SERVERLESS":
            raise CloudRefused(
                "Error 400: Invalid value for field 'resource.healthChecks': a backend service with serverless network "
                "endpoint group backends cannot have health checks",
                hint="leave health_checks out: the DNS health check watches the site",
            )


def _proxy_rules(world: World, r: Resource) -> None:
    _needs_api("compute.googleapis.com")(world, r)
    reference = str(r.inputs.get("certificateMap") or "")
    if reference and not reference.startswith(_MANAGER):
        raise CloudRefused(
            f"Error 400: Invalid value for field 'resource.certificateMap': '{reference}'. The certificate map must be "
            "given as //certificatemanager.googleapis.com/projects/{project}/locations/{location}/certificateMaps/{name}",
            hint="put //certificatemanager.googleapis.com/ before the map's id",
        )


for _token, _collection, _effect in (
    (
        "regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        "networkEndpointGroups",
        "joins the backend to the Cloud Run service",
    ),
    ("uRLMap:URLMap", "urlMaps", "joins the proxy to its backend service, or redirects to HTTPS"),
    (
        "targetHttpsProxy:TargetHttpsProxy",
        "targetHttpsProxies",
        "joins a forwarding rule to the URL map and the certificates",
    ),
    ("targetHttpProxy:TargetHttpProxy", "targetHttpProxies", "joins a forwarding rule to the URL map"),
):
    declare(
        f"gcp:compute/{_token}",
        depth=Depth.SIMULATED,
        effect=_effect,
        outputs=_compute,
        rules=_proxy_rules if _collection == "targetHttpsProxies" else _needs_api("compute.googleapis.com"),
        not_simulated="host and path rules" if "urlMap" in _collection else "",
        id_of=(lambda w, r, c=_collection: f"projects/{_project(r)}/regions/{_place_of(r)}/{c}/{_name(r, 'name')}")
        if _collection == "networkEndpointGroups"
        else _global(_collection),
        replaces={
            "name": _FORCE_NEW,
            **({"cloudRun": _FORCE_NEW, "region": _FORCE_NEW} if _collection == "networkEndpointGroups" else {}),
        },
    )
declare(
    "gcp:compute/backendService:BackendService",
    depth=Depth.SIMULATED,
    effect="joins the URL map to the endpoint group",
    not_simulated="Cloud Armor, CDN, logging",
    id_of=_global("backendServices"),
    outputs=_compute,
    rules=_backend_rules,
    replaces={"name": _FORCE_NEW, "loadBalancingScheme": _FORCE_NEW},
)
declare(
    "gcp:compute/sSLPolicy:SSLPolicy",
    not_simulated="every front takes TLS 1.2 and 1.3",
    id_of=_global("sslPolicies"),
    outputs=_compute,
    replaces={"name": _FORCE_NEW},
)
declare(
    "gcp:compute/globalAddress:GlobalAddress",
    depth=Depth.SIMULATED,
    effect="a loopback address of the site's own",
    id_of=_global("addresses"),
    create=_lease,
    rules=_needs_api("compute.googleapis.com"),
    outputs=lambda w, r: _compute(w, r) | {"address": r.place["address"]},
    replaces={"name": _FORCE_NEW, "ipVersion": _FORCE_NEW},
)
declare(
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    depth=Depth.SIMULATED,
    effect="a real listener on the address",
    id_of=_global("forwardingRules"),
    rules=_needs_api("compute.googleapis.com"),
    outputs=lambda w, r: (
        _compute(w, r) | {"baseForwardingRule": "", "forwardingRuleId": int(stable_hex(r.id, length=8), 16)}
    ),
    replaces={"name": _FORCE_NEW, "ipAddress": _FORCE_NEW, "portRange": _FORCE_NEW, "loadBalancingScheme": _FORCE_NEW},
)


def derive(world: World) -> Effects:
    """Workloads of Cloud Run services, and a front for each forwarding rule whose chain is whole."""
    effects = Effects()
    for service in world.all("gcp:cloudrunv2/service:Service"):
        workload = _run_workload(world, service)
        if workload is not None:
            effects.workloads.append(workload)
    for rule in world.all("gcp:compute/globalForwardingRule:GlobalForwardingRule"):
        try:
            effects.fronts.append(_front(world, rule))
        except OutlastError as reason:
            effects.why_not[rule.key] = reason.what
    return effects


def _front(world: World, rule: Resource) -> Front:
    address = world.require(
        "gcp:compute/globalAddress:GlobalAddress", rule.inputs.get("ipAddress"), "its address is gone"
    )
    port = int(str(rule.inputs.get("portRange") or "443").partition("-")[0])
    where = (rule.key, rule.stack, address.place["address"], port)
    plain = world.find("gcp:compute/targetHttpProxy:TargetHttpProxy", rule.inputs.get("target"))
    if plain is not None:
        urls = world.require("gcp:compute/uRLMap:URLMap", plain.inputs.get("urlMap"), "its URL map is gone")
        redirect = bool(nested(urls.inputs, "defaultUrlRedirect", "httpsRedirect"))
        return Front(*where, redirect=redirect, answer=404)
    proxy = world.require(
        "gcp:compute/targetHttpsProxy:TargetHttpsProxy", rule.inputs.get("target"), "its proxy is gone"
    )
    bindings = _bindings(world, proxy)
    urls = world.require("gcp:compute/uRLMap:URLMap", proxy.inputs.get("urlMap"), "its URL map is gone")
    service = _service_behind(world, urls)
    if not _everybody_may_invoke(world, service):
        return Front(*where, bindings, answer=403)
    return Front(*where, bindings, service.key)


def _bindings(world: World, proxy: Resource) -> tuple[Binding, ...]:
    reference = str(proxy.inputs.get("certificateMap") or "").removeprefix(_MANAGER)
    certificates = world.require(
        "gcp:certificatemanager/certificateMap:CertificateMap", reference, "its certificate map is gone"
    )
    bindings = []
    for entry in world.all("gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"):
        if str(entry.inputs["map"]).rpartition("/")[2] != _tail(certificates):
            continue
        for wanted in entry.inputs.get("certificates") or []:
            found = world.find("gcp:certificatemanager/certificate:Certificate", wanted)
            if found is not None and found.place.get("state") == "ACTIVE":
                host = str(entry.inputs.get("hostname") or "*").lower()
                bindings.append(Binding(host, KeyPair.of(found.place)))
    # Without an active certificate the front is there and ends every handshake: an empty tuple, not an absent front.
    return tuple(bindings)


def _service_behind(world: World, urls: Resource) -> Resource:
    backend = world.require(
        "gcp:compute/backendService:BackendService", urls.inputs.get("defaultService"), "its backend service is gone"
    )
    group = world.require(
        "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        nested(backend.inputs, "backends", 0, "group"),
        "its endpoint group is gone",
    )
    return world.require(
        "gcp:cloudrunv2/service:Service", nested(group.inputs, "cloudRun", "service"), "its Cloud Run service is gone"
    )


def _everybody_may_invoke(world: World, service: Resource) -> bool:
    if service.inputs.get("invokerIamDisabled"):
        return True
    return any(
        str(member.inputs["name"]).rpartition("/")[2] == _tail(service)
        and member.inputs["role"] == "roles/run.invoker"
        and member.inputs["member"] == "allUsers"
        for member in world.all("gcp:cloudrunv2/serviceIamMember:ServiceIamMember")
    )
