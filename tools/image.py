"""`python -m tools.image`: the base image's digest, and the software bill of materials.

The bill (`service/sbom.json`, CycloneDX) is made from what the image is made of: the requirements' lock and the base
image. So it says what a build will hold, and a test holds it to the lock. The released models are not in it: they come
and go with releases, and each has its own manifest. Nor are the base image's packages: only a scan of a built image can
know them.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

import click

from service.command_line import CONTEXT, Group
from service.errors import InvalidInput, Unavailable

SERVICE = Path(__file__).resolve().parents[1] / "service"
DOCKERFILE = SERVICE / "Dockerfile"
LOCK = SERVICE / "requirements.lock"
BILL = SERVICE / "sbom.json"

_BASE = re.compile(r"^ARG BASE=(?P<name>[\w./-]+):(?P<tag>[\w.-]+)(?:@(?P<digest>sha256:[0-9a-f]{64}))?$", re.M)
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_REGISTRY = "https://registry-1.docker.io"
_TOKENS = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:{}:pull"
_INDEX_TYPES = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"


class Base(NamedTuple):
    """The base image: name, tag, and the digest where one was looked up ("" = not)."""

    name: str
    tag: str
    digest: str


class Pin(NamedTuple):
    """One locked requirement, with the SHA-256 (hex) of every file that may be installed for it."""

    name: str
    version: str
    hashes: tuple[str, ...]


def read_base(text: str) -> Base:
    """The base image that a Dockerfile names in `ARG BASE=`. Raises InvalidInput."""
    found = _BASE.search(text)
    if found is None:
        raise InvalidInput("the Dockerfile has no line `ARG BASE=name:tag`", hint="name the base image there")
    return Base(found["name"], found["tag"], found["digest"] or "")


def lock_base(text: str, digest: str) -> str:
    """The Dockerfile with its base image pinned by that digest as well."""
    base = read_base(text)
    pinned = _BASE.sub(f"ARG BASE={base.name}:{base.tag}@{digest}", text, count=1)
    return re.sub(r"^ARG BASE_PINNED_BY=\w+$", "ARG BASE_PINNED_BY=digest", pinned, flags=re.M)


def read_lock(text: str) -> list[Pin]:
    """The requirements of a lock, in its order."""
    pins: list[Pin] = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if found := _PIN.match(block):
            pins.append(Pin(found["name"], found["version"], tuple(_HASH.findall(block))))
    return pins


def write_bill(lock: str, dockerfile: str) -> str:
    """The bill of materials, CycloneDX 1.6 as JSON: the same text for the same input."""
    base = read_base(dockerfile)
    components: list[dict[str, Any]] = [_describe_base(base)]
    components += [_describe_pin(pin) for pin in read_lock(lock)]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "outlast", "bom-ref": "outlast"}},
        "components": components,
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def _describe_base(base: Base) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "container", "name": base.name, "version": base.tag}
    if base.digest:
        component["hashes"] = [{"alg": "SHA-256", "content": base.digest.removeprefix("sha256:")}]
    else:
        component["description"] = "pinned by its tag only: no registry was reached to look its digest up"
    return component


def _describe_pin(pin: Pin) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "name": pin.name,
        "version": pin.version,
        "purl": f"pkg:pypi/{pin.name}@{pin.version}",
    }
    if licence := _licence(pin.name):
        component["licenses"] = [{"license": {"name": licence}}]
    # A version has a file for each platform; any of these may be the one that was installed.
    component["properties"] = [{"name": "outlast:file:sha256", "value": value} for value in pin.hashes]
    return component


def _licence(name: str) -> str:
    """As the installed distribution states it; "" where it is not installed here, or states none."""
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return ""
    expression = "; ".join(stated.get_all("License-Expression", []))
    classifiers = [value for value in stated.get_all("Classifier", []) if value.startswith("License ::")]
    return expression or "; ".join(value.rpartition(" :: ")[2] for value in classifiers)


def fetch_digest(base: Base, fetch: Callable[[str, Mapping[str, str]], tuple[Mapping[str, str], bytes]]) -> str:
    """Ask Docker Hub which digest the tag has now. Raises Unavailable."""
    repository = base.name if "/" in base.name else f"library/{base.name}"
    if repository.partition("/")[0].count("."):
        raise InvalidInput(f"{base.name} is at a registry that this command does not know", hint="pin it by hand")
    try:
        _, body = fetch(_TOKENS.format(repository), {})
        headers = {"authorization": f"Bearer {json.loads(body)['token']}", "accept": _INDEX_TYPES}
        answer, _ = fetch(f"{_REGISTRY}/v2/{repository}/manifests/{base.tag}", headers)
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(
            f"the registry did not say which digest {base.name}:{base.tag} has: {error}",
            hint="run it where the registry can be reached; until then the tag stands, and the build says so",
        ) from error
    digest = {name.lower(): value for name, value in answer.items()}.get("docker-content-digest", "")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise Unavailable(f"the registry gave no digest for {base.name}:{base.tag}")
    return digest


def _fetch(url: str, headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers)), timeout=15) as reply:
        return dict(reply.headers), reply.read()


@click.group(cls=Group, context_settings=CONTEXT)
def main() -> None:
    """The image's base and its bill of materials."""


@main.command("lock")
def lock_command() -> None:
    """Look the base image's digest up and write it into the Dockerfile, and the bill anew."""
    text = DOCKERFILE.read_text()
    digest = fetch_digest(read_base(text), _fetch)
    DOCKERFILE.write_text(lock_base(text, digest))
    BILL.write_text(write_bill(LOCK.read_text(), DOCKERFILE.read_text()))
    click.echo(digest)


@main.command("sbom")
def sbom_command() -> None:
    """Write service/sbom.json, and print it."""
    text = write_bill(LOCK.read_text(), DOCKERFILE.read_text())
    BILL.write_text(text)
    click.echo(text, nl=False)


COMMANDS: Mapping[str, click.Command] = {"image": main}

if __name__ == "__main__":
    main(prog_name="python -m tools.image")
