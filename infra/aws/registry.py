"""Where a stack on AWS has its images: a repository whose tags cannot be moved, which scans all, keeps the newest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.applied import apply
from infra.contract import SiteSpec
from infra.image import KEPT_IMAGES, BuiltImage, Login, build_image

if TYPE_CHECKING:
    from infra.aws.holdings import Holdings

_KEEP_THE_NEWEST = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"Keep {KEPT_IMAGES} images",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
            "action": {"type": "expire"},
        }
    ]
}


def build_site_image(holdings: Holdings, spec: SiteSpec, architecture: str) -> BuiltImage:
    """Register the image, pushed to the repository that the site or its base stack holds."""
    login = log_in(holdings.repository_url, holdings.registry_id)
    return build_image(holdings.repository_url, login, spec.models, architecture=architecture)


def make_repository(name: str, opts: pulumi.ResourceOptions) -> tuple[aws.ecr.Repository, Login]:
    """A repository, and how it is pushed to."""
    repository = register_repository("repository", name, opts)
    return repository, log_in(repository.repository_url, repository.registry_id)


def register_repository(
    title: str, name: str, opts: pulumi.ResourceOptions, rule_opts: pulumi.ResourceOptions | None = None
) -> aws.ecr.Repository:
    """A repository and the rule that expires old images, which have `title` in the program."""
    repository = aws.ecr.Repository(
        title,
        name=name,
        image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
        image_tag_mutability="IMMUTABLE",
        force_delete=True,
        opts=opts,
    )
    aws.ecr.LifecyclePolicy(title, repository=repository.name, policy=json.dumps(_KEEP_THE_NEWEST), opts=rule_opts)
    return repository


def log_in(repository_url: pulumi.Output[str], registry_id: pulumi.Output[str]) -> Login:
    """How a registry is pushed to."""
    token = aws.ecr.get_authorization_token_output(registry_id=registry_id)
    server = apply(repository_url, lambda url: url.partition("/")[0])
    return Login(server, token.user_name, token.password)
