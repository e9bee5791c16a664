"""Where a stack on AWS has its images: a repository whose tags cannot be moved, which scans all, keeps the newest."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from infra.applied import apply
from infra.contract import SiteSpec
from infra.image import KEPT_IMAGES, BuiltImage, Login, build_image
from infra.site import held

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


def build_site_image(name: str, spec: SiteSpec, architecture: str) -> tuple[BuiltImage, aws.ecr.Repository]:
    """Register the repository and the image in it."""
    repository, login = make_repository(name, held(spec))
    return build_image(repository.repository_url, login, spec.models, architecture=architecture), repository


def make_repository(name: str, opts: pulumi.ResourceOptions) -> tuple[aws.ecr.Repository, Login]:
    """A repository, and how it is pushed to."""
    repository = aws.ecr.Repository(
        "repository",
        name=name,
        image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
        image_tag_mutability="IMMUTABLE",
        force_delete=True,
        opts=opts,
    )
    aws.ecr.LifecyclePolicy("repository", repository=repository.name, policy=json.dumps(_KEEP_THE_NEWEST))
    token = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id)
    server = apply(repository.repository_url, lambda url: url.partition("/")[0])
    return repository, Login(server, token.user_name, token.password)
