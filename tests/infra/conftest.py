"""Each inventory is run once, however many tests look at it: importing the SDKs is what takes time."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from tests.infra.goldens import run_golden
from tests.infra.harness import Run

RunOf = Callable[[str], Run]


@pytest.fixture(scope="session")
def run_of() -> RunOf:
    """The run of a committed stack, or of a site at production's size (`aws-production`), by name."""
    return functools.cache(run_golden)
