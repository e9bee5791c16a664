"""A service that ECS rolled back is not taken for what was asked; in a preview nothing has run yet."""

from __future__ import annotations

import pulumi
import pytest

from infra.aws.rollback import refuse_rollback
from service.errors import Unavailable


def test_what_was_asked_for_is_what_runs() -> None:
    assert refuse_rollback("task:2", "task:2", "sha256:1") == "sha256:1"


def test_what_was_rolled_back_is_refused_but_in_a_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    with pytest.raises(Unavailable, match="its tasks are of task:1, asked for was task:2"):
        refuse_rollback("task:1", "task:2", "sha256:1")
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert refuse_rollback("task:1", "task:2", "sha256:1") == "sha256:1"
