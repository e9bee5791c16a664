"""Each committed stack is run once, however many tests look at it: importing the SDKs is what takes time."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from tests.infra.harness import Run, run_stack

RunOf = Callable[[str], Run]


@pytest.fixture(scope="session")
def run_of() -> RunOf:
    """The run of a committed stack, by name."""
    return functools.cache(lambda stack: run_stack(stack))
