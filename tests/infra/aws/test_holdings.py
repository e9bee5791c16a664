"""A site's holdings on AWS, registered by the site itself: the images' rules, and secrets that go at once."""

from __future__ import annotations

from collections.abc import Callable

from tests.infra.harness import Run

SECRET = "aws:secretsmanager/secret:Secret"


def test_a_deleted_secret_leaves_its_name_free(run_of: Callable[[str], Run]) -> None:
    assert {one.inputs["recoveryWindowInDays"] for one in run_of("aws").all(SECRET).values()} == {0}


def test_the_newest_images_stay_and_a_tag_is_never_moved(run_of: Callable[[str], Run]) -> None:
    run = run_of("aws")
    assert run.one("aws:ecr/repository:Repository").inputs["imageTagMutability"] == "IMMUTABLE"
    assert '"imageCountMoreThan"' in run.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"]
