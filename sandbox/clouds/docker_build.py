"""Building and pushing the image: what a Dockerfile copies, addressed by content, in the registry that it names."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from sandbox.clouds.aws import registry as aws_registry
from sandbox.clouds.azure import registry as azure_registry
from sandbox.clouds.gcp import registry as gcp_registry
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import Range, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World
from sandbox.images import store as images
from service.errors import OutlastError

IMAGE = "docker-build:index:Image"

_USUAL = "linux/amd64"
_REMOTE = ("https://", "http://", "git@", "-")
# Host names of registries end so: who decides about a push there.
_REGISTRIES = {
    ".amazonaws.com": aws_registry.why_not_push,
    ".azurecr.io": azure_registry.why_not_push,
    "-docker.pkg.dev": gcp_registry.why_not_push,
}
# Of those that have tags which cannot be moved: why a tag that is there is not taken again, of the same image neither.
_IMMUTABLE = {".amazonaws.com": (aws_registry.why_not_retag,), "-docker.pkg.dev": (gcp_registry.why_not_retag,)}


def _paths(world: World, inputs: Values) -> tuple[Path, Path]:
    """Context and Dockerfile of an image on this machine."""
    location = str(nested(inputs, "context", "location") or ".")
    if location.startswith(_REMOTE):
        raise CloudRefused(f"the sandbox builds from folders of the project, not from {location}")
    named = nested(inputs, "dockerfile", "location")
    try:
        context = (world.project_root / location).resolve()
        if not context.is_dir():
            raise CloudRefused(f"context.location: no folder at {context}")
        dockerfile = (world.project_root / named).resolve() if named else context / "Dockerfile"
        if not dockerfile.is_file():
            raise CloudRefused(f"dockerfile.location: no file at {dockerfile}")
    except OSError as error:  # a name that is too long
        raise CloudRefused(f"context.location or dockerfile.location: {error.strerror}") from error
    return context, dockerfile


def _named(world: World, inputs: Values) -> dict[str, Path]:
    """The build contexts beside the main one, by their names. One whose folder has gone counts as empty."""
    given = nested(inputs, "context", "named") or {}
    return {name: (world.project_root / str(nested(given, name, "location"))).resolve() for name in given}


def _host(address: str) -> str:
    return address.removeprefix("https://").partition("/")[0]


def split_tag(tag: str) -> tuple[str, str, str]:
    """`host/path/name:tag` as (host, path/name, tag); `latest` where no tag is named."""
    host, _, rest = tag.partition("/")
    repository, colon, name = rest.rpartition(":")
    return (host, repository, name) if colon else (host, rest, "latest")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long
        return False


def _build(world: World, r: Resource) -> None:
    context, dockerfile = _paths(world, r.inputs)
    named = _named(world, r.inputs)
    if gone := [f"{name} ({folder})" for name, folder in named.items() if not _is_folder(folder)]:
        raise CloudRefused(f"context.named: no folder for {', '.join(gone)}")
    try:
        image = images.build(context, dockerfile, world.image_store, _arguments(r.inputs), named, _target(r.inputs))
        images.make_environment(str(image.config["lock"]), world.report)
    except OutlastError as error:
        found = [f"{mistake.place}: {mistake.what}" for mistake in getattr(error, "mistakes", ())]
        raise CloudRefused(f"failed to build: {': '.join([error.what, *found])}", hint=error.hint) from error
    _push(world, r, image)
    r.place["digest"] = image.digest


def _target(inputs: Values) -> str:
    """The stage that is built; "" the last one."""
    return str(inputs.get("target") or "")


def _platforms(inputs: Values) -> list[str]:
    """What the image is built for; BuildKit takes the machine's own where nobody says."""
    machine = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "amd64"
    return [str(one) for one in inputs.get("platforms") or [f"linux/{machine}"]]


def _arguments(inputs: Values) -> dict[str, str]:
    """Build arguments: for another platform than the clouds' usual one the image is another, and so is its digest."""
    given = {name: str(value) for name, value in (inputs.get("buildArgs") or {}).items()}
    asked = inputs.get("platforms") or [_USUAL]
    return given if asked == [_USUAL] else {**given, "TARGETPLATFORM": ",".join(map(str, asked))}


def _pushed_as(inputs: Values) -> Iterator[tuple[str, str, list[str]]]:
    """Registry, repository and tags of each push: an export that pushes by digest alone gives none."""
    tags = inputs.get("tags") or []
    for tag in tags if inputs.get("push") else ():
        host, repository, name = split_tag(tag)
        yield host, repository, [name]
    for export in inputs.get("exports") or []:
        to = export.get("registry") or {}
        if to and to.get("push", True) and not export.get("disabled"):
            for named in tags or to.get("names") or []:
                host, repository, name = split_tag(named)
                yield host, repository, [] if to.get("pushByDigest") else [name]


def _push(world: World, r: Resource, image: images.Image) -> None:
    # A log-in is for a registry; an address that goes on into a repository means its host.
    logins = {_host(str(login.get("address"))): login for login in r.inputs.get("registries") or []}
    for host, repository, tags in _pushed_as(r.inputs):
        refusal = _refusal(world, host, repository, tags, logins.get(host))
        if refusal:
            raise CloudRefused(f"failed to push {':'.join([f'{host}/{repository}', *tags])}: {refusal}")
        world.images.push(host, repository, image, tags, _platforms(r.inputs))


def _refusal(world: World, host: str, repository: str, tags: list[str], login: Values | None) -> str | None:
    """Why that registry does not take the push; without a log-in the sandbox is a docker client that has logged in."""
    given = (str(login.get("username", "")), str(login.get("password", ""))) if login else None
    for domain, why_not_push in _REGISTRIES.items():
        if host.endswith(domain):
            taken = (tag for tag in tags if world.images.digest_of(f"{host}/{repository}:{tag}"))
            refusals = (why(world, host, repository, tag) for why in _IMMUTABLE.get(domain, ()) for tag in taken)
            return why_not_push(world, host, repository, given) or next(filter(None, refusals), None)
    return f"{host} is no registry of the three clouds"


def _context_hash(world: World, r: Resource) -> Values:
    """Known in a preview already: the engine compares it, and so sees a changed file as a changed image."""
    named, arguments = _named(world, r.inputs), _arguments(r.inputs)
    hashed = images.hash_context(*_paths(world, r.inputs), named, arguments, _target(r.inputs))
    return {"contextHash": hashed}


def _outputs(world: World, r: Resource) -> Values:
    exported = r.inputs.get("push") or r.inputs.get("exports")
    digest = r.place["digest"] if exported else ""
    tag = next(iter(r.inputs.get("tags") or []), "")
    return _context_hash(world, r) | {"digest": digest, "ref": f"{tag}@{digest}" if tag and digest else tag}


def _id(world: World, r: Resource) -> str:
    """Name and digest; two resources may build the same, so the one in the program is told apart at the end."""
    pushed = next(_pushed_as(r.inputs), None)
    name = next(iter(r.inputs.get("tags") or (["/".join(pushed[:2])] if pushed else ["image"])))
    return f"{name}@{r.place['digest']}#{r.name}"


# github.com/distribution/reference: what a tag may be, with the registry's host before it.
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?"
_TAG = Text(512, rf"{_HOST}(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:\w[\w.-]{{0,127}})?", "distribution/reference")
_ADDRESS = Text(255, rf"(https?://)?{_HOST}(/.*)?", "a registry's host")
_LEVEL = Range(0, 22, "pulumi-docker-build, ExportRegistryArgs.compression_level")

declare(
    IMAGE,
    limits={
        "tags[]": _TAG,
        "registries[].address": _ADDRESS,
        "exports[].registry.names[]": _TAG,
        "exports[].registry.compressionLevel": _LEVEL,
    },
    fidelity=Fidelity.SIMULATED,
    effect="copies what the Dockerfile copies and makes a virtual environment with its lock; pushed by content digest",
    not_simulated="layers, base images, RUN lines other than pip install; what another platform would run",
    id_of=_id,
    create=_build,
    update=_build,
    outputs=_outputs,
    known_early=_context_hash,
    replacement_unknown=("builder", "platforms"),
    # Tokens are short-lived: with a new one alone there is nothing to build.
    overlooked=because("pulumi/pulumi-docker-build, provider/internal/image.go, Diff", "registries.password"),
)
