"""The parts of a global external Application Load Balancer, each refused where Google refuses it."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.gcp import armor
from sandbox.clouds.gcp.common import DELETION, PROVIDER, REGION, compute_outputs, global_id, needs_api, regional_id
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, Mistake, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup"
BACKEND = "gcp:compute/backendService:BackendService"
URL_MAP = "gcp:compute/uRLMap:URLMap"
HTTPS_PROXY = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
HTTP_PROXY = "gcp:compute/targetHttpProxy:TargetHttpProxy"
ADDRESS = "gcp:compute/globalAddress:GlobalAddress"
FORWARDING_RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
SSL_POLICY = "gcp:compute/sSLPolicy:SSLPolicy"

# A proxy names its map by this and the map's id: pulumi-gcp 10.2.0, TargetHttpsProxy.certificate_map.
MAP_PREFIX = "//certificatemanager.googleapis.com/"

_needs_compute = needs_api("compute")


def _backend_rules(world: World, r: Resource) -> None:
    """Its endpoint groups exist, and serverless ones have no health checks: Compute Engine API, backendServices."""
    for backend in r.inputs.get("backends") or []:
        told = f"Error 404: The resource '{backend.get('group')}' was not found"
        group = world.store.require(GROUP, backend.get("group"), told)
        # "Default value is `SERVERLESS`": pulumi-gcp 10.2.0, RegionNetworkEndpointGroup.network_endpoint_type.
        if r.inputs.get("healthChecks") and group.inputs.get("networkEndpointType", "SERVERLESS") == "SERVERLESS":
            raise CloudRefused(
                "Error 400: Invalid value for field 'resource.healthChecks': a backend service with serverless network "
                "endpoint group backends cannot have health checks",
                hint="leave health_checks out: the DNS health check watches the site",
            )


def _proxy_rules(world: World, r: Resource) -> None:
    """The certificate map is given by its full name, the SSL policy exists: pulumi-gcp, TargetHttpsProxy."""
    reference = str(r.inputs.get("certificateMap") or "")
    if reference and not reference.startswith(MAP_PREFIX):
        raise CloudRefused(
            f"Error 400: Invalid value for field 'resource.certificateMap': '{reference}'. The certificate map must be "
            f"given as {MAP_PREFIX}projects/{{project}}/locations/{{location}}/certificateMaps/{{name}}",
            hint=f"put {MAP_PREFIX} before the map's id",
        )
    policy = r.inputs.get("sslPolicy")
    if policy:
        world.store.require(SSL_POLICY, policy, f"Error 404: The resource '{policy}' was not found")


def _lease(world: World, r: Resource) -> None:
    r.place["address"] = world.addresses.lease()


def _address_outputs(world: World, r: Resource) -> Values:
    return compute_outputs(world, r) | {"address": r.place["address"]}


def _rule_outputs(world: World, r: Resource) -> Values:
    own = {"baseForwardingRule": "", "forwardingRuleId": int(stable_hex(r.id, length=8), 16)}
    return compute_outputs(world, r) | own


# "The name must be 1-63 characters long, and comply with RFC1035": pulumi-gcp 10.2.0, the name of every compute type.
_GCE = Text(63, r"[a-z]([-a-z0-9]*[a-z0-9])?", "RFC 1035, as Compute Engine asks")


def _ssl_policy_combinations(inputs: Values) -> Iterator[Mistake]:
    """pulumi-gcp 10.2.0, SSLPolicy.min_tls_version: "When set to `TLS_1_3`, the profile … must be … `RESTRICTED`"."""
    if inputs.get("minTlsVersion") == "TLS_1_3" and inputs.get("profile", "COMPATIBLE") != "RESTRICTED":
        yield "profile", "must be RESTRICTED where `minTlsVersion` is TLS_1_3"


_COMPUTE = "Compute Engine API, notFound"
_NOT_FOUND = "Error 404: The resource '{}' was not found"
_url_map_exists = exists("urlMap", URL_MAP, _NOT_FOUND, _COMPUTE)


declare(
    GROUP,
    fidelity=Fidelity.SIMULATED,
    effect="joins the backend to the Cloud Run service",
    illness=("a service of another region: the load balancer answers 404 (cloud.google.com, serverless NEG overview)",),
    id_of=regional_id("networkEndpointGroups"),
    rules=(_needs_compute,),
    outputs=compute_outputs,
    limits={"name": _GCE, "region": REGION},
    forces_new=because(
        f"{PROVIDER}/compute",
        "name",
        "region",
        "appEngine",
        "cloudFunction",
        "cloudRun",
        "description",
        "network",
        "networkEndpointType",
        "pscTargetService",
        "subnetwork",
        "project",
    ),
)
declare(
    BACKEND,
    fidelity=Fidelity.SIMULATED,
    effect="joins the URL map to the endpoint group; with `logConfig` its requests are in Cloud Logging",
    not_simulated="CDN, a sample rate of the log, further backends",
    id_of=global_id("backendServices"),
    rules=(_needs_compute, _backend_rules, exists("securityPolicy", armor.POLICY, _NOT_FOUND, _COMPUTE)),
    outputs=compute_outputs,
    limits={"name": _GCE},
    forces_new=because(ID, "name", "project"),
    replacement_unknown=("loadBalancingScheme",),
)
declare(
    URL_MAP,
    fidelity=Fidelity.SIMULATED,
    effect="joins the proxy to its backend service, or redirects to HTTPS",
    not_simulated="host and path rules",
    id_of=global_id("urlMaps"),
    rules=(
        _needs_compute,
        exists("defaultService", BACKEND, _NOT_FOUND, _COMPUTE),
    ),
    outputs=compute_outputs,
    limits={"name": _GCE},
    forces_new=because(ID, "name", "project"),
)
declare(
    HTTPS_PROXY,
    fidelity=Fidelity.SIMULATED,
    effect="joins a forwarding rule to the URL map and the certificates",
    id_of=global_id("targetHttpsProxies"),
    rules=(
        _needs_compute,
        _proxy_rules,
        _url_map_exists,
    ),
    outputs=compute_outputs,
    limits={"name": _GCE},
    forces_new=because(ID, "name", "project"),
)
declare(
    HTTP_PROXY,
    fidelity=Fidelity.SIMULATED,
    effect="joins a forwarding rule to the URL map",
    id_of=global_id("targetHttpProxies"),
    rules=(
        _needs_compute,
        _url_map_exists,
    ),
    outputs=compute_outputs,
    limits={"name": _GCE},
    forces_new=because(ID, "name", "project"),
)
declare(
    SSL_POLICY,
    fidelity=Fidelity.SIMULATED,
    effect="the proxy that names it needs it; of TLS 1.3 alone, it shuts Route 53's checkers out",
    not_simulated="ciphers, and versions before 1.2",
    id_of=global_id("sslPolicies"),
    rules=(_needs_compute,),
    outputs=compute_outputs,
    limits={"name": _GCE},
    combinations=(_ssl_policy_combinations,),
    forces_new=because(ID, "name", "project"),
)
declare(
    ADDRESS,
    fidelity=Fidelity.SIMULATED,
    effect="a loopback address of the site's own",
    id_of=global_id("addresses"),
    create=_lease,
    rules=(_needs_compute,),
    outputs=_address_outputs,
    limits={"name": _GCE, "deletionPolicy": DELETION},
    forces_new=because(ID, "name", "project"),
    replacement_unknown=("ipVersion", "addressType", "address"),
)
# Compute Engine API, forwardingRules.portRange: with a target proxy one port.
_PORTS = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]"
_PORT_RANGE = Text(11, rf"({_PORTS})(-({_PORTS}))?", "Compute Engine API, forwardingRules.portRange")

declare(
    FORWARDING_RULE,
    fidelity=Fidelity.SIMULATED,
    effect="a real listener on the address",
    id_of=global_id("forwardingRules"),
    rules=(
        _needs_compute,
        exists("target", (HTTPS_PROXY, HTTP_PROXY), _NOT_FOUND, _COMPUTE),
        exists("ipAddress", ADDRESS, _NOT_FOUND, _COMPUTE),
    ),
    outputs=_rule_outputs,
    limits={"name": _GCE, "portRange": _PORT_RANGE},
    forces_new=because(
        f"{PROVIDER}/compute",
        "name",
        "ipAddress",
        "ipProtocol",
        "ipVersion",
        "description",
        "loadBalancingScheme",
        "metadataFilters",
        "network",
        "noAutomateDnsZone",
        "portRange",
        "sourceIpRanges",
        "subnetwork",
        "project",
    ),
)
