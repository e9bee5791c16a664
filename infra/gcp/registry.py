"""Where a stack on Google Cloud has its images: a repository whose tags cannot be moved, cleaned of what is old."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp

from infra.contract import SiteSpec
from infra.image import KEPT_IMAGES, BuiltImage, Login, build_image

if TYPE_CHECKING:
    from infra.gcp.holdings import Holdings

IMAGE = "service"
KEPT_SECONDS = 30 * 86_400
"""How old an image becomes at least."""
TOKEN_USER = "oauth2accesstoken"
"""With an access token as its password: cloud.google.com/artifact-registry/docs/docker/authentication"""


def build_site_image(holdings: Holdings, spec: SiteSpec) -> BuiltImage:
    """Register the image, pushed to the repository that the site or its base stack holds."""
    repository = pulumi.Output.concat(holdings.registry_uri, "/", IMAGE)
    return build_image(repository, log_in(spec.region), spec.models)


def make_repository(
    name: str, region: str, opts: pulumi.ResourceOptions
) -> tuple[gcp.artifactregistry.Repository, Login]:
    """A repository, and how it is pushed to."""
    return register_repository("repository", name, region, opts), log_in(region)


def register_repository(
    title: str, name: str, region: str, opts: pulumi.ResourceOptions
) -> gcp.artifactregistry.Repository:
    """A repository, which has `title` in the program."""
    return gcp.artifactregistry.Repository(
        title,
        repository_id=name,
        location=region,
        format="DOCKER",
        docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
        cleanup_policies=_cleanup_policies(),
        cleanup_policy_dry_run=False,
        deletion_policy="DELETE",
        opts=opts,
    )


def log_in(region: str) -> Login:
    """How a region's registry is pushed to."""
    token = gcp.organizations.get_client_config_output().access_token
    return Login(f"{region}-docker.pkg.dev", TOKEN_USER, token)


def _cleanup_policies() -> list[gcp.artifactregistry.RepositoryCleanupPolicyArgs]:
    """What is old goes, but never one of the newest: of both policies Google follows the one that keeps."""
    newest = gcp.artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(keep_count=KEPT_IMAGES)
    old = gcp.artifactregistry.RepositoryCleanupPolicyConditionArgs(tag_state="ANY", older_than=f"{KEPT_SECONDS}s")
    return [
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(id="keep-newest", action="KEEP", most_recent_versions=newest),
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(id="delete-old", action="DELETE", condition=old),
    ]
