from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.clouds.harness import Clouds, fake_dns, no_route53, open_clouds


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clouds]:
    """Empty clouds whose zone answers what the test says."""
    # Nothing is killed here, so nothing has to reach the disk: most of a test's time would go there.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    opened = open_clouds(tmp_path, no_route53)
    opened.world.lookup = fake_dns(opened)
    yield opened
    opened.world.store.journal.close()
