"""Where one sandbox keeps its things and which addresses and ports are its own.

Two sandboxes on one machine do not meet: each folder has a block of 256 loopback addresses of its own, and every
listener of a sandbox is on an address of its block.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import secrets
import socket
import sys
from dataclasses import MISSING, asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from service.bundle.reading import Reader
from service.bundle.writing import write_whole
from service.errors import InvalidInput, Mistake, Unavailable

OFFSET_WHERE_LOW_PORTS_ARE_CLOSED = 20000
HTTPS_PORT, HTTP_PORT, DNS_PORT = 443, 80, 53
# As long as the slowest thing takes, a certificate of Google's: `sandbox.clouds.eventual`.
MOST_EVENTUAL_SECONDS = 3600
# On the block's own address, so they collide with nobody's.
API_PORT, CONTROL_PORT = 4566, 4567
AUTHORITY_PREFIX = "/acme/"  # of the certificate authority, on the control interface's port

# The host part of the addresses in a block.
API, DNS, RESOLVER, REGISTRIES, STORES = 1, 53, 54, 60, 61
ENTRY_POINTS = range(11, 51)
REPLICAS = range(100, 250)
MACHINES = range(62, 100)  # for sites of the kind `private`, whose machines a person runs

# Where people's `dig` reaches the sandbox, on 127.0.0.1: below the ports that kernels hand to clients (Linux from
# 32768, macOS from 49152), and above those of the usual services.
_DNS_PORTS = range(15353, 16353)
_INSTANCE = "`make clean`, then `make up`"


@dataclass(frozen=True)
class Instance:
    """What makes one sandbox itself; written once, so that `down` and `up` find everything as it was."""

    block: str  # the first three octets of its addresses, "127.x.y"
    port_offset: int  # added to 443, 80 and 53 where low ports may not be bound
    dns_port: int  # on 127.0.0.1, for people's `dig`; ordinary listeners are on the block
    speed: int
    token: str  # what the control interface asks for: other users of this machine share the loopback
    eventual: int = 0  # simulated seconds that a change in the clouds takes at most until it counts everywhere

    @property
    def access_key_id(self) -> str:
        """What requests to the clouds' APIs are signed with, in the form that AWS gives it. Drawn with the token."""
        return "AKIA" + base64.b32encode(hashlib.sha256(f"key {self.token}".encode()).digest()).decode()[:16]

    @property
    def secret_access_key(self) -> str:
        """The other half; signatures are not checked, but SDKs need one."""
        return base64.b64encode(hashlib.sha256(f"secret {self.token}".encode()).digest()).decode()[:40]

    def address(self, host: int) -> str:
        return f"{self.block}.{host}"

    def port(self, low: int) -> int:
        return low + self.port_offset


@dataclass(frozen=True)
class Layout:
    """The folders of one sandbox. `root` is the project, `state` what the sandbox may delete."""

    root: Path
    state: Path

    @classmethod
    def of(cls, root: Path) -> Layout:
        return cls(root.resolve(), Path(os.environ.get("OUTLAST_STATE", "") or root / ".sandbox").resolve())

    @property
    def journal(self) -> Path:
        return self.state / "journal.jsonl"

    @property
    def route53(self) -> Path:
        return self.state / "route53.json"

    @property
    def images(self) -> Path:
        return self.state / "images"

    @property
    def certificates(self) -> Path:
        return self.state / "certificates"

    @property
    def ca(self) -> Path:
        return self.certificates / "ca.pem"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def pulumi_home(self) -> Path:
        return self.state / "pulumi" / "home"

    @property
    def pulumi_state(self) -> Path:
        return self.state / "pulumi" / "state"

    @property
    def cli(self) -> Path:
        """Which Pulumi the last `up` used."""
        return self.state / "pulumi" / "cli.json"

    @property
    def passphrase(self) -> Path:
        """The public passphrase, for Pulumi where no variable says it."""
        return self.state / "pulumi" / "passphrase"

    @property
    def processes(self) -> Path:
        return self.state / "processes.json"

    @property
    def died(self) -> Path:
        """Why the last daemon left by itself, where it did."""
        return self.state / "died"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def instance_file(self) -> Path:
        return self.state / "instance.json"

    def load_instance(self) -> Instance | None:
        """The sandbox's identity, or None where it was never brought up. Raises InvalidInput where it is damaged."""
        try:
            kept = json.loads(self.instance_file.read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise InvalidInput(f"{self.instance_file} is damaged: {error}", hint=_INSTANCE) from error
        mistakes = _instance_mistakes(kept)
        if mistakes:
            raise InvalidInput(f"{self.instance_file} is damaged", mistakes, hint=_INSTANCE)
        return Instance(**kept)

    def save_instance(self, instance: Instance) -> None:
        """Write the identity, for its owner's eyes only: it holds the token."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.instance_file, json.dumps(asdict(instance), indent=1) + "\n", mode=0o600)


def choose_instance(layout: Layout, **asked: int | None) -> Instance:
    """The remembered identity with what was asked for now, or a new one on addresses that nobody uses.

    Raises:
        InvalidInput: something asked for cannot be, all of it named; or the remembered identity is damaged.
        Unavailable: the loopback addresses do not exist, or all are in use.
    """
    wanted = {name: value for name, value in asked.items() if value is not None}
    mistakes = _asked_mistakes(wanted)
    if mistakes:
        raise InvalidInput("the sandbox cannot be brought up so", mistakes)
    known = layout.load_instance()
    if known is not None:
        require_loopback(known.block)  # aliases of macOS are gone after a restart of the machine
        return replace(
            known,
            speed=wanted.get("speed", known.speed),
            port_offset=wanted.get("port_offset", known.port_offset),
            dns_port=wanted.get("dns_port", known.dns_port),
            eventual=wanted.get("eventual", known.eventual),
        )
    return _new_instance(layout.state, wanted)


def _asked_mistakes(wanted: dict[str, int]) -> list[Mistake]:
    mistakes = []
    if "speed" in wanted:
        from failover.simulator.clock import SPEEDS  # brings moto with it: only where a speed is asked for

        if wanted["speed"] not in SPEEDS:
            allowed = ", ".join(map(str, SPEEDS))
            mistakes.append(
                Mistake("SPEED", f"the clock cannot run {wanted['speed']} times as fast", f"one of {allowed}")
            )
    highest = 65535 - HTTPS_PORT
    if not 0 <= wanted.get("port_offset", 0) <= highest:
        mistakes.append(Mistake("port offset", f"{wanted['port_offset']} leaves no port", f"from 0 to {highest}"))
    if not 1 <= wanted.get("dns_port", 1) <= 65535:
        mistakes.append(Mistake("DNS_PORT", f"{wanted['dns_port']} is not a port", "from 1 to 65535"))
    if not 0 <= wanted.get("eventual", 0) <= MOST_EVENTUAL_SECONDS:
        what = f"the clouds cannot take {wanted['eventual']} s"
        mistakes.append(Mistake("EVENTUAL", what, f"from 0 (all counts at once) to {MOST_EVENTUAL_SECONDS}"))
    return mistakes


def _instance_mistakes(kept: Any) -> list[Mistake]:
    """What is wrong with the content of an instance file."""
    reader, types = Reader(kept), {"int": int, "str": str}
    for field in fields(Instance) if isinstance(kept, dict) else ():
        expected = types[str(field.type)]
        absent = () if field.default is MISSING else (field.default,)  # a file of an earlier release has fewer
        value = reader.take(field.name, partial(_is_of, expected), f"must be of type {expected.__name__}", *absent)
        if field.name == "block" and value is not None and not re.fullmatch(r"127(\.\d{1,3}){2}", value):
            reader.add("block", f"is {value!r}, not the first three octets of a loopback address")
    reader.refuse_unknown("an instance")
    return sorted(reader.mistakes, key=lambda mistake: mistake.place)


def _is_of(expected: type, value: object) -> bool:
    return type(value) is expected  # true is an int to isinstance


def require_loopback(block: str) -> None:
    """Raise Unavailable, with the one command that helps, where addresses of the block do not exist on this machine.

    Linux has all of 127.0.0.0/8; macOS only those that were added to lo0, until it is started anew.
    """
    hosts = [API, DNS, RESOLVER, *ENTRY_POINTS, *REPLICAS]
    missing = [f"{block}.{host}" for host in hosts if not _exists(f"{block}.{host}")]
    if missing:
        ranges = " ".join(f"$(seq {r[0]} {r[-1]})" for r in (ENTRY_POINTS, REPLICAS))
        command = f"for i in {API} {DNS} {RESOLVER} {ranges}; do sudo ifconfig lo0 alias {block}.$i up; done"
        raise Unavailable(
            f"{len(missing)} of the sandbox's {len(hosts)} loopback addresses do not exist on this machine "
            f"({sys.platform}), the first is {missing[0]}",
            hint=command,
        )


def _exists(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return False
            raise
    return True


def _new_instance(state: Path, wanted: dict[str, int]) -> Instance:
    seed = hashlib.sha256(str(state).encode()).digest()
    for attempt in range(64):
        # 127.0.x.y is where everybody else's services are; stay clear of it.
        block = f"127.{64 + (seed[attempt % 32] + attempt) % 128}.{seed[(attempt + 1) % 32]}"
        require_loopback(block)
        offset = wanted.get("port_offset", _usable_offset(f"{block}.{DNS}"))
        if all(_is_free(f"{block}.{h}", p + offset) for h, p in ((DNS, DNS_PORT), (ENTRY_POINTS[0], HTTPS_PORT))):
            break
    else:
        raise Unavailable("no free block of loopback addresses was found", hint="stop other sandboxes with `make down`")
    # The folder says where to begin: a sandbox that is down now finds its port free later.
    dns_port = wanted.get("dns_port") or _free_dns_port(seed[0] * 256 + seed[1])
    speed, eventual = wanted.get("speed", 1), wanted.get("eventual", 0)
    return Instance(block, offset, dns_port, speed=speed, token=secrets.token_urlsafe(24), eventual=eventual)


def _usable_offset(address: str) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, DNS_PORT))
        except PermissionError:
            return OFFSET_WHERE_LOW_PORTS_ARE_CLOSED
        except OSError:
            return 0  # taken, not forbidden: the caller looks at another block
    return 0


def _is_free(address: str, port: int, kind: int = socket.SOCK_STREAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:  # for UDP it would allow two to have the same port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _free_dns_port(start: int) -> int:
    """A port of 127.0.0.1 that is free for UDP and TCP alike."""
    for step in range(len(_DNS_PORTS)):
        port = _DNS_PORTS[(start + step) % len(_DNS_PORTS)]
        if all(_is_free("127.0.0.1", port, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            return port
    raise Unavailable("no free port for DNS on 127.0.0.1", hint="name one: `make up DNS_PORT=5300`")
