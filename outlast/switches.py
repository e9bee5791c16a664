"""Where the drain switches of a host are, from the stack files alone: no cloud has to answer for that."""

from __future__ import annotations

from pathlib import Path

from failover.oncall.switch import SwitchedHost
from failover.routing.answers import normal_name
from infra.kinds import BaseSettings, Settings, TrafficSettings, ZoneSettings
from infra.models import STACKS
from infra.settings import parse
from infra.switch import FlagStore, host_of
from sandbox.stack_files import as_text, read_config
from service.errors import InvalidInput, Mistake


def find_switches(host: str, stacks: Path = STACKS) -> SwitchedHost | None:
    """The switches of the traffic stack that answers for `host`; None where no stack file gives it any."""
    host = normal_name(host)
    for path in sorted(stacks.glob("Pulumi.*.yaml")):
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if read_config(stacks.parent, stack).get("outlast:kind") != "traffic":
            continue
        traffic = _read(stacks, stack)
        if isinstance(traffic, TrafficSettings) and traffic.drain_switches and _host_of(stacks, traffic) == host:
            switches = {site: _url(stacks, stack, site, base) for site, base in traffic.drain_switches.items()}
            return SwitchedHost(host, tuple(traffic.weights), switches)
    return None


def _host_of(stacks: Path, traffic: TrafficSettings) -> str:
    zone = _read(stacks, traffic.zone)
    return normal_name(zone.host) if isinstance(zone, ZoneSettings) else ""


def _url(stacks: Path, traffic: str, site: str, stack: str) -> str:
    base = _read(stacks, stack)
    if not isinstance(base, BaseSettings):
        place = f"stacks/Pulumi.{traffic}.yaml: outlast:drainSwitches.{site}"
        mistake = Mistake(place, f"{stack} is a stack of the kind {base.kind}", "name a base stack")
        raise InvalidInput("a drain switch has no store", [mistake])
    host = host_of(base.cloud, base.store, base.region)
    return FlagStore(base.name, base.cloud, base.store, host).url(site)


def _read(stacks: Path, stack: str) -> Settings:
    config = read_config(stacks.parent, stack)
    return parse(stack, {key: as_text(value) for key, value in config.items()})
