"""What a client meets behind a forwarding rule: the chain from the address to the Cloud Run service."""

from __future__ import annotations

from dataclasses import replace

from infra.plan import is_kept_by_cloud_run
from sandbox.clouds.gcp import armor, balancer, certificates, run, run_api
from sandbox.clouds.gcp.common import is_named, place_of
from sandbox.clouds.store import Resource
from sandbox.clouds.values import nested
from sandbox.clouds.world import World
from sandbox.network.certificates import KeyPair
from sandbox.network.listeners import Binding, EntryPoint


def entry_point(world: World, rule: Resource) -> EntryPoint:
    """What listens for a forwarding rule. Raises CloudRefused, with the reason in words, where the chain is broken."""
    address = world.store.require(balancer.ADDRESS, rule.inputs.get("ipAddress"), "its address is gone")
    port = int(str(rule.inputs.get("portRange") or "443").partition("-")[0])
    where = (rule.key, rule.stack, address.place["address"], port)
    plain = world.store.find(balancer.HTTP_PROXY, rule.inputs.get("target"))
    if plain is not None:
        redirect = nested(url_map(world, plain).inputs, "defaultUrlRedirect", "httpsRedirect")
        return EntryPoint(*where, redirect=bool(redirect), answer=404, cloud="gcp")
    proxy = world.store.require(balancer.HTTPS_PROXY, rule.inputs.get("target"), "its proxy is gone")
    named = url_map(world, proxy).inputs.get("defaultService")
    backend = world.store.require(balancer.BACKEND, named, "its backend service is gone")
    service = service_behind(world, backend)
    entry = EntryPoint(*where, _bindings(world, proxy), answer=404, tls13_only=_tls13_only(world, proxy), cloud="gcp")
    entry = replace(entry, rate=armor.rate_rule(world, backend))
    if service is None or not run_api.lets_balancers_in(service):
        return entry
    if not run.everybody_may_invoke(world, service):
        return replace(entry, answer=403)
    return replace(entry, workload=service.key, hides=is_kept_by_cloud_run, answer=503)


def _tls13_only(world: World, proxy: Resource) -> bool:
    """What the proxy's SSL policy says, where it names one."""
    named = proxy.inputs.get("sslPolicy")
    if not named:
        return False
    policy = world.store.require(balancer.SSL_POLICY, named, "its SSL policy is gone")
    return bool(policy.inputs.get("minTlsVersion") == "TLS_1_3")


def url_map(world: World, proxy: Resource) -> Resource:
    """The URL map of a proxy. Raises CloudRefused where it is gone."""
    return world.store.require(balancer.URL_MAP, proxy.inputs.get("urlMap"), "its URL map is gone")


def _bindings(world: World, proxy: Resource) -> tuple[Binding, ...]:
    """Without an active certificate the listener ends every handshake: it is there, and has no binding."""
    reference = str(proxy.inputs.get("certificateMap") or "").removeprefix(balancer.MAP_PREFIX)
    entries = world.store.require(certificates.MAP, reference, "its certificate map is gone")
    bindings = []
    for entry in world.store.all(certificates.ENTRY):
        if not is_named(entries, entry.inputs["map"]):
            continue
        for wanted in entry.inputs.get("certificates") or []:
            found = world.store.find(certificates.CERTIFICATE, wanted)
            if found is not None and certificates.is_active(found):
                host = str(entry.inputs.get("hostname") or "*").lower()
                bindings.append(Binding(host, KeyPair.of(found.place)))
    return tuple(bindings)


def service_behind(world: World, backend: Resource) -> Resource | None:
    """The Cloud Run service that the endpoint group names, in the group's own region; None where it is in another."""
    reference = nested(backend.inputs, "backends", 0, "group")
    group = world.store.require(balancer.GROUP, reference, "its endpoint group is gone")
    named = nested(group.inputs, "cloudRun", "service")
    world.store.require(run.SERVICE, named, "its Cloud Run service is gone")
    of_the_name = [service for service in world.store.all(run.SERVICE) if is_named(service, named)]
    return next((service for service in of_the_name if place_of(service) == place_of(group)), None)
