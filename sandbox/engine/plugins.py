"""The private PULUMI_HOME of the sandbox: provider plugins that lead the real engine to servers in the sandbox.

The engine looks for `plugins/resource-<name>-v<version>/pulumi-resource-<name>`, of exactly the version that the SDK
asks for, and starts one for each provider of each command. Here that is a script which names the port of a server that
runs already (`announce.py`); the ports are in `ports.json` beside.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sandbox.engine import announce, sdk
from sandbox.engine.cloud import Cloud
from sandbox.engine.provider import Server, serve
from service.bundle.writing import write_whole

PACKAGES = ("aws", "azure-native", "gcp", "docker-build")
PORTS_FILE = "ports.json"
_ANNOUNCE = Path(announce.__file__).resolve()


def make_home(home: Path, packages: Sequence[str] = PACKAGES) -> None:
    """Fill a PULUMI_HOME, anew at each start: interpreter, clone and SDK versions may have changed since.

    Logs of former commands go: the CLI writes a file for each.
    """
    for stale in ("plugins", "logs"):
        shutil.rmtree(home / stale, ignore_errors=True)
    for package in packages:
        folder = home / "plugins" / f"resource-{package}-v{sdk.version_of(package)}"
        folder.mkdir(parents=True)
        script = folder / f"pulumi-resource-{package}"
        command = [sys.executable, "-I", "-S", str(_ANNOUNCE), str((home / PORTS_FILE).resolve()), package]
        script.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n")
        script.chmod(0o755)


def write_ports(home: Path, ports: Mapping[str, int]) -> None:
    """Tell the plugin scripts where the servers are; atomically, since a command may start at any time."""
    write_whole(home / PORTS_FILE, json.dumps(dict(ports), indent=1) + "\n")


@contextlib.contextmanager
def running(cloud: Cloud, home: Path, packages: Sequence[str] = PACKAGES) -> Iterator[dict[str, Server]]:
    """Serve all packages, and let the scripts in `home` know; both end with the block.

    One server for each package and all its commands; threads and memory come with use.
    """
    with contextlib.ExitStack() as stack:
        servers = {}
        for package in packages:
            server = serve(cloud, package, sdk.version_of(package))
            stack.callback(server.stop)
            servers[package] = server
        write_ports(home, {package: server.port for package, server in servers.items()})
        stack.callback((home / PORTS_FILE).unlink, missing_ok=True)
        yield servers
