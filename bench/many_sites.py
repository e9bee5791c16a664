"""`python -m bench.many_sites`: what nine sites take of memory beside three, as proportional set sizes (Linux).

Both are sets of stack files of one's own (`outlast up --stacks`), the sites spread over the clouds' regions, in a copy
of the project that is gone afterwards. What is compared is the sandbox itself: each replica is a service process, there
is one for each site, and it costs what it costs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import psutil
import yaml

from bench.environments import ROOT
from bench.report import MIB, Verdict, at_most
from service.command_line import CONTEXT, Command, json_option, say
from service.errors import OutlastError

FEW, MANY = 3, 9
RATIO_TARGET = 2.0
MISSED = 5
_SET = "many"
_COPIED = ("service", "infra", "failover", "sandbox", "stacks", "tools", "__main__.py", "Pulumi.yaml")
_REGIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "aws": ("aws:region", ("us-east-1", "eu-west-1", "ap-southeast-2")),
    "azure": ("azure-native:location", ("eastus", "westeurope", "australiaeast")),
    "gcp": ("gcp:region", ("us-central1", "europe-west1", "australia-southeast1")),
}

Files = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Memory:
    """Bytes of one sandbox with that many sites, everything healthy: its own processes, and those of the services."""

    sites: int
    replicas: int
    sandbox: int
    services: int


def measure(sites: int) -> Memory:
    """Bring up that many sites with one replica each, look, and take everything down."""
    with _project(sites) as (root, environment):
        try:
            _outlast(root, environment, "up", "--stacks", _SET, "--speed", "10")
            return _look(sites, json.loads(_outlast(root, environment, "status", "--json")))
        finally:
            _outlast(root, environment, "down")


def _look(sites: int, status: Mapping[str, Any]) -> Memory:
    replicas = {replica["pid"] for workload in status["workloads"] for replica in workload["replicas"]}
    services = {pid for root in replicas for pid in _family(root)}
    memory = {pid: int(psutil.Process(pid).memory_full_info().pss) for pid in _family(status["pid"])}
    own = sum(size for pid, size in memory.items() if pid not in services)
    return Memory(sites, len(replicas), own, sum(memory.values()) - own)


def _family(pid: int) -> list[int]:
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


@contextmanager
def _project(sites: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of what the sandbox runs, with a set of that many sites, and the environment to run it in."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, root / name)
        (root / ".venv").symlink_to(Path(sys.prefix))
        for stack, config in stack_files(sites).items():
            (root / "stacks" / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
        yield root, {**os.environ, "OUTLAST_STATE": str(root / ".sandbox"), "PYTHONPATH": str(root)}


def stack_files(sites: int) -> Files:
    """A set of that many sites, from the committed stack files: the clouds in turn, each in its regions."""
    kinds = tuple(_REGIONS)
    found = {f"{_SET}-{kinds[n % 3]}-{n // 3}": _site(kinds[n % 3], n // 3) for n in range(sites)}
    traffic = _committed("traffic") | {"outlast:sites": [*found], "outlast:weights": dict.fromkeys(found, 10)}
    files = {f"{_SET}-zone": _committed("zone"), **found, f"{_SET}-traffic": traffic}
    for config in (*found.values(), traffic):
        config["outlast:zone"] = f"{_SET}-zone"
    return files


def _site(kind: str, n: int) -> dict[str, Any]:
    key, regions = _REGIONS[kind]
    config = _committed(kind) | {key: regions[n], "outlast:minReplicas": 1, "outlast:maxReplicas": 1}
    if kind == "aws":
        config["outlast:availabilityZones"] = [f"{regions[n]}{letter}" for letter in "ab"]
    return config


def _committed(stack: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    return found


def _outlast(root: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """A `python -m sandbox …` command's stdout. Raises OutlastError with what it said when it fails."""
    command = [sys.executable, "-m", "sandbox", *arguments]
    done = subprocess.run(command, cwd=root, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OutlastError(f"`{' '.join(command[1:])}` left with {done.returncode}:\n{done.stderr[-1500:]}")
    return done.stdout


def judge(few: Memory, many: Memory) -> Verdict:
    """The sandbox itself, with many sites beside few."""
    return at_most(f"the sandbox with {many.sites} sites beside {few.sites}", many.sandbox / few.sandbox, RATIO_TARGET)


def render(few: Memory, many: Memory) -> str:
    """A table, as Markdown."""
    lines = ["| sites | the sandbox itself | the services | together |", "|---|---|---|---|"]
    for each in (few, many):
        own, services = each.sandbox / MIB, each.services / MIB
        lines.append(f"| {each.sites} | {own:.0f} MiB | {services:.0f} MiB | {own + services:.0f} MiB |")
    return "\n".join([*lines, "", "| what | measured | to reach | |", "|---|---|---|---|", str(judge(few, many))])


@click.command(cls=Command, context_settings=CONTEXT)
@json_option
def main(as_json: bool) -> None:
    """Measure nine sites beside three; leaves with 5 where the target was missed."""
    found = []
    for sites in (FEW, MANY):
        say(f"• {sites} sites")
        found.append(measure(sites))
    few, many = found
    click.echo(json.dumps([asdict(each) for each in found]) if as_json else render(few, many))
    if not judge(few, many).met:
        sys.exit(MISSED)


if __name__ == "__main__":
    main()
