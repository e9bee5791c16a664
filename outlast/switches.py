"""Where the drain switches of a host are, from the stack files alone: no cloud has to answer for that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from failover.oncall.switch import SwitchedHost
from failover.routing.answers import normal_name
from infra.models import STACKS
from infra.settings.kinds import BaseSettings, Settings, TrafficSettings
from infra.settings.reader import as_text
from infra.stack_file import parse
from infra.switch import FlagStore, host_of
from sandbox.stack_files import path_of, read_config
from service.errors import InvalidInput, Mistake


def find_switches(host: str, stacks: Path = STACKS) -> SwitchedHost | None:
    """The switches of the traffic stack that answers for `host`; None where no stack file gives it any."""
    host = normal_name(host)
    for path in sorted(stacks.glob("Pulumi.*.yaml")):
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        # What is wrong in the files of another host is no reason to leave a site of this one in DNS.
        if not _may_switch(stacks, read_config(stacks.parent, stack), host):
            continue
        traffic = _read(stacks, stack)
        if isinstance(traffic, TrafficSettings):
            switches = {site: _url(stacks, stack, site, base) for site, base in traffic.drain_switches.items()}
            return SwitchedHost(host, tuple(traffic.weights), switches)
    return None


def _may_switch(stacks: Path, config: Mapping[str, Any], host: str) -> bool:
    """Whether a file is that of a traffic stack with drain switches for `host`."""
    if config.get("outlast:kind") != "traffic" or not config.get("outlast:drainSwitches"):
        return False
    zone = str(config.get("outlast:zone", ""))
    return path_of(stacks.parent, zone).exists() and normal_name(_name_host(stacks, zone)) == host


def _name_host(stacks: Path, zone: str) -> str:
    return str(read_config(stacks.parent, zone).get("outlast:host", ""))


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
