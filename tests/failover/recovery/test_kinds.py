"""The kinds of clients: each says why, and its name is its own."""

from __future__ import annotations

from pathlib import Path

from failover.recovery.kinds import KINDS

CONCEPT = (Path(__file__).resolve().parents[3] / "docs/concepts/recovery-time.md").read_text()


def test_names_are_unique_and_every_kind_says_why() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) == 7
    assert all(kind.says and kind.why for kind in KINDS)


def test_every_kind_is_told_where_recovery_time_is_explained() -> None:
    assert [kind.name for kind in KINDS if f"| `{kind.name}` |" not in CONCEPT] == []
