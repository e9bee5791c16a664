"""What a site's Pulumi program costs beside a bare one: its imports, and `pulumi preview` of as many typed resources.

The part `programs` of the benchmark. The bare program is written from the state of the deployed site: the same
resources of the same SDK, each with the values that the site's program gave it, one after the other, and nothing else.
Both are previewed against an empty stack, by the same engine and simulated clouds, turn by turn.
"""

from __future__ import annotations

import inspect
import json
import os
import pprint
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from bench.report import QUICK_WARNING, Verdict, at_most, describe_machine
from bench.sandbox import ROOT, run_sandbox
from service.errors import OutlastError

SITES = ("aws", "azure", "gcp")
ROUNDS, QUICK_ROUNDS = 7, 2
# What the product promises of a preview, as a ratio to the bare program's.
PREVIEW_TARGET = 1.5
_CREATED = re.compile(r"^ *\+ (\d+) to create", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """One site's program and the bare one: medians of real seconds (preview) and processor seconds (imports)."""

    name: str
    resources: int
    bare_resources: int
    preview: float
    bare_preview: float
    imports: float
    bare_imports: float


@dataclass(frozen=True)
class ProgramFigures:
    """One run."""

    machine: str
    rounds: int
    sites: tuple[Site, ...]


def measure(*, quick: bool, say: Callable[[str], None] = lambda line: None) -> ProgramFigures:
    """Bring a sandbox up, take its sites down again, and preview each site beside the bare program of its resources."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OUTLAST_STATE": str(Path(folder, "state"))}
        try:
            say("make up")
            run_sandbox(environment, "up", "--json")
            inside = _environment_inside(environment)
            exported = {site: _export(inside, site) for site in SITES}
            for stack in ("traffic", *SITES):
                say(f"pulumi destroy -s {stack}")
                _pulumi(inside, ROOT, "destroy", "-s", stack, "--yes", "--skip-preview")
            sites = tuple(_measure_site(inside, Path(folder), site, exported[site], rounds, say) for site in SITES)
        finally:
            run_sandbox(environment, "down")
    return ProgramFigures(describe_machine(), rounds, sites)


def _measure_site(
    inside: Mapping[str, str],
    folder: Path,
    site: str,
    resources: list[dict[str, Any]],
    rounds: int,
    say: Callable[[str], None],
) -> Site:
    bare = folder / f"bare-{site}"
    write_bare_program(bare, site, resources, (ROOT / "stacks" / f"Pulumi.{site}.yaml").read_text())
    _pulumi(inside, bare, "stack", "init", bare.name)
    ways = {"ours": (ROOT, site), "bare": (bare, bare.name)}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    created: dict[str, int] = {}
    for turn in range(rounds + 1):  # the first fills caches, and does not count
        say(f"{site}: preview {turn} of {rounds}")
        for way, (where, stack) in ways.items():
            began = time.monotonic()
            said = _pulumi(inside, where, "preview", "-s", stack)
            seconds[way] += [time.monotonic() - began] if turn else []
            created[way] = _count(said)
    sdk = sorted({_module_of(resource["type"])[0] for resource in resources})
    statements = {"ours": f"import infra.{site}.site", "bare": "; ".join(f"import {name}" for name in sdk)}
    imports = {way: [_import_seconds(line) for _ in range(rounds)] for way, line in statements.items()}
    return Site(
        site,
        created["ours"],
        created["bare"],
        statistics.median(seconds["ours"]),
        statistics.median(seconds["bare"]),
        statistics.median(imports["ours"]),
        statistics.median(imports["bare"]),
    )


# -- the bare program -------------------------------------------------------------------------------------------------


def write_bare_program(folder: Path, site: str, resources: list[dict[str, Any]], stack_file: str) -> None:
    """A project whose program registers these resources of a state, and knows nothing but their values."""
    folder.mkdir()
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    project |= {"name": folder.name, "description": "as many typed resources, and nothing else"}
    project["runtime"]["options"]["virtualenv"] = str(ROOT / ".venv")
    project.pop("stackConfigDir", None)
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    written = yaml.safe_load(stack_file)
    written["config"] = {key: value for key, value in written["config"].items() if not key.startswith("outlast:")}
    (folder / f"Pulumi.{folder.name}.yaml").write_text(yaml.safe_dump(written))
    modules = sorted({_module_of(resource["type"])[0] for resource in resources})
    lines = [f"import {module}" for module in modules] + [_statement(resource) for resource in resources]
    (folder / "__main__.py").write_text("\n".join(lines) + "\n")


def _statement(resource: Mapping[str, Any]) -> str:
    module, name = _module_of(resource["type"])
    arguments = _arguments(getattr(import_module(module), name), resource["inputs"])
    given = "".join(f", {key}={pprint.pformat(value, width=110)}" for key, value in arguments.items())
    return f"{module}.{name}({resource['urn'].rpartition('::')[2]!r}{given})"


def _module_of(type_: str) -> tuple[str, str]:
    """The Python module and the class of a resource type: `aws:ecs/service:Service` -> `pulumi_aws.ecs`, `Service`."""
    package, module, name = type_.split(":")
    parts = [f"pulumi_{package.replace('-', '_')}", module.partition("/")[0]]
    return ".".join(part for part in parts if part != "index"), name


def _arguments(kind: type, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's inputs under the names that its class has for them."""
    names = {name.replace("_", ""): name for name in inspect.signature(vars(kind)["_internal_init"]).parameters}
    return {
        names[key.lower()]: _plain(value) for key, value in inputs.items() if key != "__defaults" and value is not None
    }


def _plain(value: Any) -> Any:
    """A value of the state as the program would write it: without the engine's marks of secrets and defaults."""
    if isinstance(value, dict):
        if "plaintext" in value:
            return json.loads(value["plaintext"])
        return {key: _plain(inner) for key, inner in value.items() if key != "__defaults"}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


# -- running ----------------------------------------------------------------------------------------------------------


def _environment_inside(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of `make shell`."""
    told = run_sandbox(
        environment, "exec", "--", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"
    )
    found: dict[str, str] = json.loads(told)
    return found


def _export(inside: Mapping[str, str], stack: str) -> list[dict[str, Any]]:
    """The cloud's resources of a stack, as its state has them."""
    state = json.loads(_pulumi(inside, ROOT, "stack", "export", "-s", stack, "--show-secrets"))
    return [r for r in state["deployment"]["resources"] if r.get("custom") and not r["type"].startswith("pulumi:")]


def _pulumi(inside: Mapping[str, str], where: Path, *arguments: str) -> str:
    """A plain `pulumi` command's output. Raises OutlastError with what it said when it fails."""
    command = ["pulumi", *arguments, "--non-interactive", "--color=never"]
    done = subprocess.run(command, cwd=where, env=dict(inside), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OutlastError(f"`{' '.join(command)}` left with {done.returncode}:\n{(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def _count(said: str) -> int:
    found = _CREATED.search(said)
    if found is None:
        raise OutlastError(f"the preview creates nothing:\n{said[-1500:]}")
    return int(found[1])


def _import_seconds(statement: str) -> float:
    """Processor seconds of a Python that only imports, as the language host runs one: it collects no garbage."""
    program = (
        f"import gc; gc.disable(); {statement}; import os, time; print(time.process_time(), flush=True); os._exit(0)"
    )
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


# -- telling ----------------------------------------------------------------------------------------------------------


def judge(figures: ProgramFigures) -> tuple[Verdict, ...]:
    """What the product promises of its programs, against the figures of one run."""
    return tuple(
        at_most(
            f"`pulumi preview` of {site.name}: ours to a bare program", site.preview / site.bare_preview, PREVIEW_TARGET
        )
        for site in figures.sites
    )


def render(figures: ProgramFigures, *, quick: bool = False) -> str:
    """A section of the page, as Markdown."""
    lines = [
        "## The programs",
        "",
        *([QUICK_WARNING, ""] if quick else []),
        f"{figures.machine}. A site's program beside a bare one, which registers the same typed resources with the",
        f"values of the deployed site. Medians of {figures.rounds}, turn by turn; previews against an empty stack.",
        "",
        "| what | measured | to reach | |",
        "|---|---|---|---|",
        *map(str, judge(figures)),
        "",
        "| site | resources | bare | preview | bare | imports | the SDK's alone |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {s.name} | {s.resources} | {s.bare_resources} | {s.preview:.1f} s | {s.bare_preview:.1f} s "
            f"| {s.imports:.2f} s | {s.bare_imports:.2f} s |"
            for s in figures.sites
        ),
        "",
        "Imports are in seconds of a processor.",
    ]
    return "\n".join(lines) + "\n"


def to_document(figures: ProgramFigures) -> dict[str, Any]:
    """The run as plain data."""
    return asdict(figures)
