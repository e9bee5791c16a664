"""Which digest a reference means in a registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.clouds.registry import ImageRegistry
from sandbox.images.store import Image
from sandbox.journal import Journal

HOST, ONE, OTHER = "registry.example", "sha256:1", "sha256:2"


@pytest.fixture
def registry(tmp_path: Path) -> ImageRegistry:
    return ImageRegistry(Journal(tmp_path / "journal"))


def push(registry: ImageRegistry, digest: str, *tags: str, repository: str = "outlast") -> None:
    registry.push(HOST, repository, Image(digest, Path("/nowhere")), list(tags))


def test_a_tag_means_the_image_that_was_pushed_last_under_it(registry: ImageRegistry) -> None:
    push(registry, ONE, "current", "first")
    push(registry, OTHER, "current")
    assert registry.digest_of(f"{HOST}/outlast:current") == OTHER
    assert registry.digest_of(f"{HOST}/outlast:first") == ONE
    assert registry.digest_of(f"{HOST}/outlast:none") is None


def test_a_digest_counts_only_in_the_repository_that_holds_it(registry: ImageRegistry) -> None:
    push(registry, ONE, "current")
    assert registry.digest_of(f"{HOST}/outlast@{ONE}") == ONE
    assert registry.digest_of(f"{HOST}/outlast:current@{ONE}") == ONE
    assert registry.digest_of(f"{HOST}/other@{ONE}") is None
    assert registry.digest_of(f"{HOST}/outlast@{OTHER}") is None


def test_dropping_a_repository_leaves_its_neighbours(registry: ImageRegistry) -> None:
    push(registry, ONE, "current")
    push(registry, ONE, "current", repository="outlast-two")
    assert registry.held_in(f"{HOST}/outlast") == [f"{HOST}/outlast@{ONE}"]
    registry.drop(f"{HOST}/outlast")
    assert registry.held_in(HOST) == [f"{HOST}/outlast-two@{ONE}"]
