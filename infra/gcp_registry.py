"""Where a stack on Google Cloud has its images: a repository whose tags cannot be moved, cleaned of what is old."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.contract import SiteSpec
from infra.image import KEPT_IMAGES, BuiltImage, Login, build_image
from infra.site import held

IMAGE = "service"
KEPT_SECONDS = 30 * 86_400
"""How old an image becomes at least."""
TOKEN_USER = "oauth2accesstoken"
"""With an access token as its password: cloud.google.com/artifact-registry/docs/docker/authentication"""


def build_site_image(name: str, spec: SiteSpec, ready: pulumi.ResourceOptions) -> BuiltImage:
    """Register the repository and the image in it."""
    repository, login = make_repository(name, spec.region, held(spec, ready))
    return build_image(pulumi.Output.concat(repository.registry_uri, "/", IMAGE), login, spec.models)


def make_repository(
    name: str, region: str, opts: pulumi.ResourceOptions
) -> tuple[gcp.artifactregistry.Repository, Login]:
    """A repository, and how it is pushed to."""
    repository = gcp.artifactregistry.Repository(
        "repository",
        repository_id=name,
        location=region,
        format="DOCKER",
        docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
        cleanup_policies=_cleanup_policies(),
        cleanup_policy_dry_run=False,
        deletion_policy="DELETE",
        opts=opts,
    )
    token = gcp.organizations.get_client_config_output().access_token
    return repository, Login(f"{region}-docker.pkg.dev", TOKEN_USER, token)


def _cleanup_policies() -> list[gcp.artifactregistry.RepositoryCleanupPolicyArgs]:
    """What is old goes, but never one of the newest: of both policies Google follows the one that keeps."""
    newest = gcp.artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(keep_count=KEPT_IMAGES)
    old = gcp.artifactregistry.RepositoryCleanupPolicyConditionArgs(tag_state="ANY", older_than=f"{KEPT_SECONDS}s")
    return [
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(id="keep-newest", action="KEEP", most_recent_versions=newest),
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(id="delete-old", action="DELETE", condition=old),
    ]
