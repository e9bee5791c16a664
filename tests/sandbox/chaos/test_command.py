"""What the command refuses before it breaks anything."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from sandbox.chaos.command import chaos
from service.errors import InvalidInput, Unavailable


def call(*typed: str) -> None:
    CliRunner().invoke(
        chaos, typed, env={"OUTLAST_SANDBOX_ENDPOINT": None}, catch_exceptions=False, standalone_mode=False
    )


def test_an_unknown_fault_is_named_with_all_that_there_are() -> None:
    with pytest.raises(InvalidInput, match="'storm' is no fault"):
        call("--faults", "storm")


def test_outside_of_the_sandbox_nothing_is_broken() -> None:
    with pytest.raises(Unavailable, match="faults are made in the sandbox alone"):
        call("--faults", "dark")
