"""Where one sandbox keeps its things and which addresses and ports are its own.

Two sandboxes on one machine do not meet: each folder has a block of 256 loopback addresses of its own, and every
listener of a sandbox is on an address of its block.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import socket
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from failover.errors import InvalidInput, Unavailable

OFFSET_WHERE_LOW_PORTS_ARE_CLOSED = 20000
HTTPS_PORT, HTTP_PORT, DNS_PORT = 443, 80, 53
# On the block's own address, so they collide with nobody's.
API_PORT, CONTROL_PORT = 4566, 4567

# The host part of the addresses in a block.
API, DNS = 1, 53
FRONTS = range(11, 51)
REPLICAS = range(100, 250)


@dataclass(frozen=True)
class Instance:
    """What makes one sandbox itself; written once, so that `down` and `up` find everything as it was."""

    block: str  # the first three octets of its addresses, "127.x.y"
    port_offset: int  # added to 443, 80 and 53 where low ports may not be bound
    dns_port: int  # on 127.0.0.1, for people's `dig`; ordinary listeners are on the block
    speed: int
    token: str  # what the control interface asks for: other users of this machine share the loopback

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
    def processes(self) -> Path:
        return self.state / "processes.json"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def released(self) -> Path:
        return self.root / "service" / "released"

    def load_instance(self) -> Instance | None:
        """The sandbox's identity, or None where it was never brought up."""
        path = self.state / "instance.json"
        try:
            return Instance(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise InvalidInput(f"{path} is damaged: {error}", hint="`make clean`, then `make up`") from error

    def save_instance(self, instance: Instance) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        path = self.state / "instance.json"
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(asdict(instance), indent=1) + "\n")
        new.replace(path)


def choose_instance(
    layout: Layout, *, speed: int | None = None, port_offset: int | None = None, dns_port: int | None = None
) -> Instance:
    """The remembered identity with what was asked for now, or a new one on addresses that nobody uses."""
    known = layout.load_instance()
    if known is None:
        known = _new_instance(layout.state, port_offset, dns_port)
    return replace(
        known,
        speed=known.speed if speed is None else speed,
        port_offset=known.port_offset if port_offset is None else port_offset,
        dns_port=known.dns_port if dns_port is None else dns_port,
    )


def replace_speed(instance: Instance, speed: int) -> Instance:
    """The same sandbox at another speed."""
    return replace(instance, speed=speed)


def require_loopback(address: str) -> None:
    """Raise Unavailable, with the command that helps, where `address` does not exist on this machine."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            block = address.rpartition(".")[0]
            raise Unavailable(
                f"the loopback address {address} does not exist on this machine ({sys.platform})",
                hint=f"for i in 1 53 $(seq 11 50) $(seq 100 249); do sudo ifconfig lo0 alias {block}.$i up; done",
            ) from error


def _new_instance(state: Path, port_offset: int | None, dns_port: int | None) -> Instance:
    seed = hashlib.sha256(str(state).encode()).digest()
    for attempt in range(64):
        # 127.0.x.y is where everybody else's services are; stay clear of it.
        block = f"127.{64 + (seed[attempt % 32] + attempt) % 128}.{seed[(attempt + 1) % 32]}"
        require_loopback(f"{block}.{API}")
        offset = _usable_offset(f"{block}.{DNS}") if port_offset is None else port_offset
        if _is_free(f"{block}.{DNS}", DNS_PORT + offset) and _is_free(f"{block}.{FRONTS[0]}", HTTPS_PORT + offset):
            return Instance(
                block, offset, dns_port or _free_port("127.0.0.1"), speed=1, token=secrets.token_urlsafe(24)
            )
    raise Unavailable("no free block of loopback addresses was found", hint="stop other sandboxes with `make down`")


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


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _free_port(address: str) -> int:
    """A port that is free for UDP and TCP alike, below the range that the kernel hands to clients."""
    for port in range(15353, 16353):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
        if _is_free(address, port):
            return port
    raise Unavailable(f"no free port for DNS on {address}", hint="name one: `make up DNS_PORT=5300`")
