from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.clouds.harness import Clouds, fake_dns, no_route53, open_clouds


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Clouds]:
    """Empty clouds whose zone answers what the test says."""
    opened = open_clouds(tmp_path, no_route53)
    opened.world.lookup = fake_dns(opened)
    yield opened
    opened.world.journal.close()
