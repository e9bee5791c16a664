"""A base stack's file says for which sites it holds what; every mistake in it is said."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings.kinds import BaseSettings
from infra.stack_file import parse
from service.errors import InvalidInput
from tests.infra.harness import configuration


def read(stack: str, **changed: Any) -> BaseSettings:
    found = parse(stack, configuration(stack, **changed))
    assert isinstance(found, BaseSettings)
    return found


def test_sites_are_held_by_the_names_and_days_of_the_file() -> None:
    found = read("base-aws", holdsFor=["a", "b"], holdsSecrets=["api-keys"], prefix="acme", logRetentionDays=90)
    assert (found.holds_for, found.holds_secrets) == (("a", "b"), ("OUTLAST_API_KEYS",))
    assert (found.prefix, found.log_days) == ("acme", 90)


def test_a_base_stack_holds_nothing_unasked() -> None:
    assert read("base-gcp").holds_for == ()


@pytest.mark.parametrize(
    ("stack", "changed", "told"),
    [
        ("base-azure", {"holdsFor": ["a"], "holdsSecrets": ["api-keys"]}, "lie in a Key Vault that no stack has"),
        ("base-aws", {"holdsSecrets": ["api-keys"]}, "outlast:holdsFor names no site"),
        ("base-aws", {"prefix": "acme"}, "outlast:holdsFor names no site"),
        ("base-aws", {"holdsFor": ["a"], "holdsSecrets": ["passwords"]}, "api-keys"),
        ("base-aws", {"holdsFor": ["a"], "logRetentionDays": 31}, "CloudWatch Logs takes"),
        ("base-aws", {"holdsFor": ["a" * 60]}, "cannot be the name of a"),
        ("base-aws", {"holdsFor": ["No Stack"]}, "the name of a stack"),
    ],
)
def test_what_cannot_be_is_refused_by_name(stack: str, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(stack, **changed)
    assert any(told in f"{m.what} {m.hint}" for m in caught.value.mistakes), caught.value.mistakes
