"""The images: the service's, built once for each site, and the one that training jobs run, both of one Dockerfile.

Each is pushed to its cloud's own registry, and used by its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker_build as docker

from infra.models import lay_out

CONTEXT = "service"
"""All of the build context but the models: editing a stack file, or anything else outside it, changes no image."""

MODELS = "models"
"""The other build context, and the stage of the Dockerfile whose place it takes."""

SERVE, TRAIN = "serve", "train"
"""The stages of the Dockerfile that are built: what a site runs, and what a training job runs."""

KEPT_IMAGES = 20
"""How many of a site's images a registry keeps at least: as many releases can be gone back to without a build."""

# BuildKit stamps every layer with this time, so that one commit gives one digest wherever it is built.
BUILD_ARGUMENTS = {"SOURCE_DATE_EPOCH": "0"}


PLATFORMS = {"x86_64": docker.Platform.LINUX_AMD64, "arm64": docker.Platform.LINUX_ARM64}
"""`outlast:architecture` -> the platform of the image."""


@dataclass(frozen=True)
class Login:
    """How a registry lets us push: `password` is short-lived and kept secret in the state."""

    server: pulumi.Input[str]
    username: pulumi.Input[str]
    password: pulumi.Input[str]


@dataclass(frozen=True)
class BuiltImage:
    """What was pushed. `reference` is `<repository>@<digest>`, the only way in which a site names its image."""

    reference: pulumi.Output[str]
    digest: pulumi.Output[str]


def build_image(
    repository: pulumi.Input[str],
    login: Login | None,
    models: Mapping[str, str],
    opts: pulumi.ResourceOptions | None = None,
    *,
    architecture: str = "x86_64",
) -> BuiltImage:
    """Build the service with these models (name -> digest) and no other, for one processor, and push it.

    It gets no tag: nothing is deployed by one, and a registry whose tags cannot be moved refuses a tag that is pushed
    again, of the very same image as well (github.com/moby/buildkit/issues/3776).

    Without `login` the docker client's own credentials are used (`docker login`, or a credential helper).
    """
    models_laid_out = docker.ContextArgs(location=lay_out(models))
    return _build(repository, login, SERVE, {MODELS: models_laid_out}, PLATFORMS[architecture], opts)


def build_training_image(repository: pulumi.Input[str], login: Login) -> BuiltImage:
    """Build what a training job runs, from the same Dockerfile, and push it; none of its models is in it."""
    return _build(repository, login, TRAIN, None, docker.Platform.LINUX_AMD64, None)


def _build(
    repository: pulumi.Input[str],
    login: Login | None,
    target: str,
    named: Mapping[str, docker.ContextArgs] | None,
    platform: docker.Platform,
    opts: pulumi.ResourceOptions | None,
) -> BuiltImage:
    by_digest = docker.ExportRegistryArgs(names=[repository], push_by_digest=True)
    image = docker.Image(
        "image",
        context=docker.BuildContextArgs(location=CONTEXT, named=named),
        dockerfile=docker.DockerfileArgs(location=f"{CONTEXT}/Dockerfile"),
        # Said for both: what a Dockerfile ends with is no promise of what is deployed.
        target=target,
        build_args=BUILD_ARGUMENTS,
        platforms=[platform],
        # Empty and not left out: so it is what a refresh puts into the state, and no change after one.
        tags=[],
        push=False,
        exports=[docker.ExportArgs(registry=by_digest)],
        build_on_preview=False,
        registries=[_registry(login)] if login else None,
        opts=opts,
    )
    return BuiltImage(pulumi.Output.concat(repository, "@", image.digest), image.digest)


def _registry(login: Login) -> docker.RegistryArgs:
    return docker.RegistryArgs(
        address=login.server, username=login.username, password=pulumi.Output.secret(login.password)
    )
