"""Building and pushing: each registry takes its own password only, and tags move."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.clouds import functions
from sandbox.clouds.azure.registry import TOKEN_USER, access_token
from sandbox.clouds.docker_build import IMAGE, split_tag
from sandbox.clouds.gcp import registry as gcp_registry
from sandbox.clouds.store import CloudRefused
from sandbox.images import store as images
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made

DOCKERFILE = 'FROM python:3.11\nWORKDIR /app\nCOPY app.py ./\nENTRYPOINT ["python", "app.py"]\n'


@pytest.fixture
def project(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> Clouds:
    context = clouds.world.project_root / "service"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "app.py").write_text("print('one')\n")
    monkeypatch.setattr(images, "make_environment", lambda lock, report: context)
    return clouds


def build(clouds: Clouds, tag: str, login: tuple[str, str] | None, name: str = "image") -> Made:
    registries = [{"address": tag.partition("/")[0], "username": login[0], "password": login[1]}] if login else None
    inputs: dict[str, Any] = {"context": {"location": "service"}, "tags": [tag], "push": True}
    return clouds.make(IMAGE, name, **inputs, **({"registries": registries} if registries else {}))


def registry(clouds: Clouds, cloud: str) -> tuple[str, tuple[str, str]]:
    """A tag in that cloud's registry, and the log-in that it takes."""
    if cloud == "aws":
        url = clouds.make("aws:ecr/repository:Repository", name="site").outputs["repositoryUrl"]
        token = functions.call(clouds.world, "aws:ecr/getAuthorizationToken:getAuthorizationToken", {}, {})
        return f"{url}:current", (token["userName"], token["password"])
    if cloud == "azure":
        server = sites.azure_base(clouds)["registry"].outputs["loginServer"]
        return f"{server}/service:current", (TOKEN_USER, access_token(server, "service"))
    sites.gcp_apis(clouds)
    uri = clouds.make("gcp:artifactregistry/repository:Repository", repositoryId="site", stack="gcp").outputs[
        "registryUri"
    ]
    return f"{uri}/service:current", (gcp_registry.TOKEN_USER, gcp_registry.access_token())


def test_a_new_password_alone_builds_nothing(project: Clouds) -> None:
    assert project.clouds.overlooks("docker-build:index:Image") == {"registries.password"}
    assert project.clouds.overlooks("aws:ecs/cluster:Cluster") == frozenset()


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_a_registry_takes_its_own_password_or_a_logged_in_client(project: Clouds, cloud: str) -> None:
    tag, (user, password) = registry(project, cloud)
    for wrong in ((user, "wrong"), ("somebody", password)):
        with pytest.raises(CloudRefused, match=r"failed to push.*(unauthorized|no basic auth)"):
            build(project, tag, wrong)
    assert project.world.images.digest_of(tag) is None
    made = build(project, tag, (user, password))
    assert project.world.images.digest_of(tag) == made.outputs["digest"]
    assert made.outputs["ref"] == f"{tag}@{made.outputs['digest']}"
    assert build(project, tag, None, "again").outputs["digest"] == made.outputs["digest"]


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("000000000000.dkr.ecr.us-east-1.amazonaws.com/none:a", "repository with name 'none' does not exist"),
        ("none.azurecr.io/service:a", r"no registry answers at none\.azurecr\.io"),
        ("us-central1-docker.pkg.dev/outlast-sandbox/none/service:a", 'Repository "none" not found'),
        ("docker.io/me/service:a", "no registry of the three clouds"),
    ],
)
def test_a_registry_that_does_not_exist_takes_nothing(project: Clouds, tag: str, told: str) -> None:
    with pytest.raises(CloudRefused, match=told):
        build(project, tag, None)


def test_a_tag_moves_to_what_was_pushed_last_and_digests_stay(project: Clouds) -> None:
    tag, login = registry(project, "aws")
    first = build(project, tag, login).outputs["digest"]
    (project.world.project_root / "service" / "app.py").write_text("print('two')\n")
    second = build(project, tag, login, "two").outputs["digest"]
    repository = tag.rpartition(":")[0]
    assert first != second
    assert project.world.images.digest_of(tag) == second
    assert project.world.images.digest_of(f"{repository}@{first}") == first


def test_a_changed_file_is_seen_in_a_preview(project: Clouds) -> None:
    asked = project.request(IMAGE, "image", {"context": {"location": "service"}}, stack="aws", preview=True)
    before = project.clouds.computed(asked)
    (project.world.project_root / "service" / "app.py").write_text("print('two')\n")
    assert project.clouds.computed(asked) != before


def test_models_come_from_a_build_context_of_their_own(project: Clouds) -> None:
    (project.world.project_root / "service" / "Dockerfile").write_text(
        'FROM scratch AS models\nCOPY app.py /\n\nFROM a\nCOPY --from=models / /models/\nCMD ["it"]\n'
    )
    folder = project.world.project_root / "laid-out"
    context = {"location": "service", "named": {"models": {"location": "laid-out"}}}
    inputs: dict[str, Any] = {"context": context, "tags": [], "push": False, "exports": [{"cacheonly": {}}]}
    with pytest.raises(CloudRefused, match=r"context\.named: no folder for models"):
        project.make(IMAGE, "image", **inputs)
    folder.mkdir()
    (folder / "model").write_text("1")
    first = project.make(IMAGE, "image", **inputs).outputs
    (folder / "model").write_text("2")
    second = project.make(IMAGE, "again", **inputs).outputs
    assert first["contextHash"] != second["contextHash"]
    assert first["digest"] != second["digest"]


def test_the_stage_that_is_named_is_built(project: Clouds) -> None:
    context = project.world.project_root / "service"
    (context / "Dockerfile").write_text('FROM a AS train\nCOPY app.py /train.py\nCMD ["python"]\n' + DOCKERFILE)
    tag, _ = registry(project, "aws")
    inputs: dict[str, Any] = {"context": {"location": "service"}, "tags": [tag], "push": True}
    digest = project.make(IMAGE, "training", target="train", **inputs).outputs["digest"]
    image = images.load(project.world.image_store, digest)
    assert [path.name for path in image.root.rglob("*") if path.is_file()] == ["train.py"]
    assert project.make(IMAGE, "serving", **inputs).outputs["digest"] != digest
    with pytest.raises(CloudRefused, match='target stage "none" could not be found'):
        project.make(IMAGE, "other", target="none", **inputs)


def test_tags_are_taken_apart_at_the_last_colon() -> None:
    assert split_tag("host/a/b:c") == ("host", "a/b", "c")
    assert split_tag("host/a") == ("host", "a", "latest")


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"context": {"location": "servic"}}, "no folder at"),
        ({"dockerfile": {"location": "service/Dockerfil"}}, "no file at"),
    ],
)
def test_what_is_to_be_built_and_is_not_there_is_named(project: Clouds, inputs: dict[str, Any], told: str) -> None:
    with pytest.raises(CloudRefused, match=told):
        project.make(IMAGE, "image", **{"context": {"location": "service"}, "tags": [], "push": False} | inputs)


BY_DIGEST = {"pushByDigest": True, "push": True}


def export(clouds: Clouds, tag: str, name: str = "image", **registry: Any) -> Made:
    """An image that is pushed by an export instead of by `push`."""
    exports = [{"registry": {"names": [tag.rpartition(":")[0]], **registry}}]
    return clouds.make(IMAGE, name, context={"location": "service"}, tags=[], push=False, exports=exports)


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_an_image_that_is_pushed_by_digest_has_no_tag(project: Clouds, cloud: str) -> None:
    tag, _ = registry(project, cloud)
    place = tag.rpartition(":")[0]
    made = export(project, tag, **BY_DIGEST)
    digest = made.outputs["digest"]
    assert project.world.images.held_in(place) == [f"{place}@{digest}"]
    assert project.world.images.digest_of(f"{place}:latest") is None
    assert export(project, tag, "again", **BY_DIGEST).outputs["digest"] == digest


def test_an_export_that_names_no_digest_pushes_a_tag_and_one_that_is_off_nothing(project: Clouds) -> None:
    tag, _ = registry(project, "aws")
    place = tag.rpartition(":")[0]
    export(project, tag, push=False)
    assert project.world.images.held_in(place) == []
    digest = export(project, tag, "tagged").outputs["digest"]
    assert project.world.images.digest_of(f"{place}:latest") == digest


def immutable(clouds: Clouds, cloud: str) -> str:
    """A tag in a repository of that cloud whose tags cannot be moved."""
    if cloud == "aws":
        made = clouds.make("aws:ecr/repository:Repository", name="site", imageTagMutability="IMMUTABLE")
        return f"{made.outputs['repositoryUrl']}:v1"
    sites.gcp_apis(clouds)
    docker = {"immutableTags": True}
    made = clouds.make(
        "gcp:artifactregistry/repository:Repository", repositoryId="site", dockerConfig=docker, stack="gcp"
    )
    return f"{made.outputs['registryUri']}/service:v1"


@pytest.mark.parametrize(("cloud", "told"), [("aws", "the repository is immutable"), ("gcp", "tag immutability")])
def test_a_tag_that_cannot_be_moved_is_not_pushed_twice(project: Clouds, cloud: str, told: str) -> None:
    tag = immutable(project, cloud)
    build(project, tag, None)
    with pytest.raises(CloudRefused, match=told):
        build(project, tag, None, "the same image")
    assert export(project, tag, "by digest", **BY_DIGEST).outputs["digest"]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("no JSON", "not a lifecycle policy"),
        ('{"rules": [{"rulePriority": 1}]}', "not a lifecycle policy"),
        ([("all", "imageCountMoreThan", 1)], "all"),
        ([("any", "imageCountMoreThan", 0)], "at least 1"),
        ([("any", "imageCountMoreThan", 5), ("untagged", "sinceImagePushed", 1)], "not the last"),
    ],
)
def test_a_lifecycle_policy_is_read_as_ecr_reads_it(project: Clouds, policy: Any, told: str) -> None:
    kind = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    asked = {"repository": "site", "policy": policy if isinstance(policy, str) else lifecycle(*policy)}
    ((path, why),) = project.clouds.check(project.request(kind, "one", asked, stack="aws"))
    assert path == "policy" and told in why


def lifecycle(*rules: tuple[str, str, int]) -> str:
    """A policy of these rules, in this order."""
    selections = [{"tagStatus": s, "countType": c, "countNumber": n} for s, c, n in rules]
    return json.dumps({"rules": [{"rulePriority": n, "selection": s} for n, s in enumerate(selections, 1)]})


def test_a_lifecycle_policy_is_of_a_repository(project: Clouds) -> None:
    kind, policy = "aws:ecr/lifecyclePolicy:LifecyclePolicy", lifecycle(("any", "imageCountMoreThan", 20))
    with pytest.raises(CloudRefused, match="RepositoryNotFoundException"):
        project.make(kind, repository="site", policy=policy)
    project.make("aws:ecr/repository:Repository", name="site")
    assert project.make(kind, repository="site", policy=policy).id == "site"
    assert project.clouds.replaces(kind) == {"repository", "policy"}
