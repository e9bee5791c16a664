"""One cache of image environments and one tiny image for all tests of the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.images import store as images
from tests.sandbox.tiny import build_image


@pytest.fixture(scope="session")
def tiny_image(tmp_path_factory: pytest.TempPathFactory) -> images.Image:
    return build_image(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def empty_environment(image_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The virtual environment of images without a lock, made once and not in the user's own cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(image_cache))
    images.make_environment("", lambda _: None)
