"""Where each cloud trains: what its training stack made, asked of Pulumi; and the service there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from failover.levers.clouds import Clouds
from infra.models import ROOT
from jobs import azure_ml_service, vertex_service
from jobs.azure_ml_service import AzureMlService
from jobs.place import AwsPlace, AzurePlace, GooglePlace, Place, from_outputs
from jobs.sagemaker_service import SageMakerService
from jobs.service import TrainingService
from jobs.spec import SCHEMES
from jobs.vertex_service import VertexService
from sandbox.command.environment import load_cli, sandbox_environment
from sandbox.layout import Layout
from service.errors import InvalidInput, Unavailable

CLOUDS = tuple(SCHEMES)
ALL = "all"
_SECONDS = 60.0
_IN_SANDBOX = "OUTLAST_SANDBOX_ENDPOINT"


def name_clouds(on: str) -> tuple[str, ...]:
    """The clouds that `--on` names."""
    return CLOUDS if on == ALL else (on,)


def in_sandbox(environ: Mapping[str, str]) -> bool:
    """Whether a command runs in a sandbox's environment."""
    return bool(environ.get(_IN_SANDBOX))


def enter_sandbox(stacks: str | None, environ: Mapping[str, str] = os.environ) -> None:
    """Go on as the same command in the sandbox's environment, unless stacks of real accounts are named.

    Returns where this is that environment already. Raises Unavailable where this folder has no sandbox.
    """
    if stacks or in_sandbox(environ):
        return
    layout = Layout.of(ROOT)
    instance = layout.load_instance()
    if instance is None:
        what = "this folder has no sandbox, and no stacks of real accounts are named"
        raise Unavailable(what, hint="outlast up; or --stacks SET for the stack files stacks/Pulumi.SET-*.yaml")
    environment = sandbox_environment(layout, instance, load_cli(layout))
    os.execve(sys.executable, [sys.executable, "-m", "outlast", *sys.argv[1:]], environment)


def name_stack(cloud: str, stacks: str | None) -> str:
    """The training stack of a cloud in a set of stack files; among the committed ones without a set."""
    return f"{stacks}-training-{cloud}" if stacks else f"training-{cloud}"


def read_place(cloud: str, stacks: str | None, *, root: Path = ROOT) -> Place:
    """What the training stack of a cloud made. Raises Unavailable where it is not up, with how to bring it up."""
    stack = name_stack(cloud, stacks)
    outputs = _ask_pulumi(stack, ["pulumi", "stack", "output", "--json", "--stack", stack], root)
    if not outputs:
        raise Unavailable(f"stack {stack} has no outputs: it is not up", hint=f"pulumi up -s {stack}")
    place = from_outputs(outputs)
    if place.cloud != cloud:
        raise InvalidInput(f"stack {stack} is of {place.cloud}, not of {cloud}", hint="rename its file")
    return place


def open_service(place: Place, clouds: Clouds) -> TrainingService:
    """The service of a place, reached as drills reach their clouds: by the same addresses and tokens."""
    if isinstance(place, AwsPlace):
        return SageMakerService(clouds.aws("sagemaker", place.region), clouds.aws("logs", place.region), place)
    if isinstance(place, AzurePlace):
        history = clouds.azure(azure_ml_service.HISTORY_SCOPE, azure_ml_service.history_endpoint(place.region))
        return AzureMlService(clouds.azure(), history, httpx.Client(trust_env=False), place)
    assert isinstance(place, GooglePlace)
    vertex = clouds.google(vertex_service.vertex_endpoint(place.region))
    return VertexService(vertex, clouds.google(vertex_service.LOGGING), place)


def _ask_pulumi(stack: str, command: Sequence[str], root: Path) -> Mapping[str, object]:
    """The outputs; secrets among them stay hidden, as none is asked for."""
    try:
        run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=True)
        return dict(json.loads(run.stdout))
    except FileNotFoundError:
        raise Unavailable("Pulumi is not installed, and its stacks say where to train", hint="outlast doctor") from None
    except subprocess.TimeoutExpired:
        what = f"Pulumi did not say within {_SECONDS:g} s what {stack} made"
        raise Unavailable(what, hint="is its backend reachable? pulumi whoami -v") from None
    except subprocess.CalledProcessError as error:
        said = next(iter(error.stderr.strip().splitlines()[-1:]), "it said nothing")
        hint = f"bring the stack up: pulumi stack init {stack}; pulumi up -s {stack}"
        raise Unavailable(f"Pulumi does not know what {stack} made: {said}", hint=hint) from None
