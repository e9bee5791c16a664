"""What a training job is: the same few facts for every service, and the names that follow from them. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from service.errors import InvalidInput, Mistake

SCHEMES: Mapping[str, str] = MappingProxyType({"aws": "s3", "azure": "az", "gcp": "gs"})
"""Cloud -> how the addresses of its stores begin."""

MOST_DATA = 20
"""Addresses of data: SageMaker takes at most 20 channels (botocore's model, InputDataConfig)."""
LONGEST_ARGUMENT = 256
"""Characters that SageMaker takes in one argument of the container."""
LONGEST_SECONDS = 7 * 24 * 3600
"""Vertex AI's own limit for a job that says nothing; nobody trains such a table for longer by intent."""

_IMAGE = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
_ADDRESS = re.compile(r"(?P<scheme>s3|gs)://[^/\s]+/\S*|(?P<azure>az)://[^/\s]+/[^/\s]+/\S*")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_NAME = re.compile(r"outlast-(?P<digest>[0-9a-f]{16})-(?P<attempt>[1-9][0-9]{0,3})")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class TrainingSpec:
    """What is to be trained, where its data lie and what it may take.

    `data` are addresses in the order in which they are joined: one that ends in `/` is a folder, another one file. Each
    becomes one `--data` of the container's command. Below `output` every job has a folder of its own; in `checkpoints`
    lie finished fits, whose names say what each depends on, so that jobs may share it. `identity` is what the job runs
    as: a role's ARN, a managed identity's resource id or a service account's address. Where `spot`, the service may
    take the machine away.
    """

    image: str
    data: tuple[str, ...]
    output: str
    checkpoints: str
    arguments: tuple[str, ...]
    cpu: int
    memory_gib: float
    max_seconds: int
    identity: str
    spot: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def check(spec: TrainingSpec, cloud: str) -> None:
    """Raise InvalidInput with everything that no service of this cloud could take, before anything is asked of it."""
    mistakes = [*_mistakes_of_image(spec), *_mistakes_of_addresses(spec, cloud), *_mistakes_of_size(spec)]
    mistakes += _mistakes_of_names(spec)
    if mistakes:
        raise InvalidInput(f"this training job cannot run on {cloud}", mistakes)


def digest(spec: TrainingSpec) -> str:
    """SHA-256 of the whole spec: two starts of the same spec are the same job."""
    return _sha256(vars(spec))


def job_name(spec: TrainingSpec, attempt: int) -> str:
    """The job's name at the service: the same for the same spec and attempt, so that nothing is started twice."""
    return f"outlast-{digest(spec)[:16]}-{attempt}"


def parse_name(name: str) -> tuple[str, int] | None:
    """The beginning of the spec's digest, and the attempt; None for a name that is not one of ours."""
    found = _NAME.fullmatch(name)
    return (found["digest"], int(found["attempt"])) if found else None


def output_of(spec: TrainingSpec, attempt: int) -> str:
    """The folder that is this job's own; SageMaker appends the job's name to `spec.output` by itself."""
    return f"{spec.output.rstrip('/')}/{job_name(spec, attempt)}/"


def checkpoints_of(spec: TrainingSpec) -> str:
    """The folder of finished fits: another attempt, limit, image or released model finds them there."""
    return f"{spec.checkpoints.rstrip('/')}/"


def marks(spec: TrainingSpec, attempt: int) -> dict[str, str]:
    """Tags or labels by which a job is found again, and known to be of this spec and of no other."""
    return {
        **spec.labels,
        "outlast-job": job_name(spec, attempt),
        "outlast-spec": digest(spec)[:40],
        "outlast-attempt": str(attempt),
    }


def _sha256(document: object) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.sha256(text.encode()).hexdigest()


def _mistakes_of_image(spec: TrainingSpec) -> Iterator[Mistake]:
    if not _IMAGE.fullmatch(spec.image):
        hint = "repository@sha256:…; `trainingImage` of the training stack's outputs is one"
        yield Mistake("image", f"{spec.image or 'nothing'} does not name an image by its digest", hint)


def _mistakes_of_addresses(spec: TrainingSpec, cloud: str) -> Iterator[Mistake]:
    scheme = SCHEMES[cloud]
    places = [(f"data {number}", address) for number, address in enumerate(spec.data, 1)]
    for place, address in [*places, ("output", spec.output), ("checkpoints", spec.checkpoints)]:
        found = _ADDRESS.fullmatch(address)
        if not found:
            yield Mistake(place, f"{address or 'nothing'} is no address", f"{scheme}://…")
        elif (found["scheme"] or found["azure"]) != scheme:
            yield Mistake(place, f"{address} is an address of another cloud than {cloud}", f"copy it to {scheme}://…")
    if not spec.data:
        yield Mistake("data", "no address is given", f"--data {scheme}://…")
    if len(spec.data) > MOST_DATA:
        hint = "put the files into one folder and give its address, ending in /"
        yield Mistake("data", f"{len(spec.data)} addresses, at most {MOST_DATA}", hint)


def _mistakes_of_size(spec: TrainingSpec) -> Iterator[Mistake]:
    if spec.cpu < 1:
        yield Mistake("cpu", f"{spec.cpu} is below 1")
    if not (math.isfinite(spec.memory_gib) and spec.memory_gib > 0):
        yield Mistake("memory_gib", f"{spec.memory_gib} is not above 0")
    if not 60 <= spec.max_seconds <= LONGEST_SECONDS:
        what = f"{spec.max_seconds} s is no limit of time from 60 s to {LONGEST_SECONDS} s"
        yield Mistake("max_seconds", what, "a job without a limit may cost without one: --time-limit MINUTES")


def _mistakes_of_names(spec: TrainingSpec) -> Iterator[Mistake]:
    if not spec.identity:
        yield Mistake("identity", "the job has nobody to run as", "`identity` of the training stack's outputs")
    for argument in spec.arguments:
        if len(argument) > LONGEST_ARGUMENT:
            yield Mistake("arguments", f"{argument[:20]}… has more than {LONGEST_ARGUMENT} characters")
    for name in spec.environment:
        if not _VARIABLE.fullmatch(name):
            yield Mistake(f"environment {name}", "is no name of a variable")
    for name, value in spec.labels.items():  # Google's rule, the narrowest of the three
        if not (_LABEL.fullmatch(name) and re.fullmatch(r"[a-z0-9_-]{0,63}", value)):
            yield Mistake(f"label {name}", f"{value!r}: a label and its value are of a-z, 0-9, _ and -, at most 63")
