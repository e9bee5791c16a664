"""What a drain switch says, and what is made of one that somebody wrote by hand."""

from __future__ import annotations

import pytest

from failover.oncall.switch_note import SwitchNote


@pytest.mark.parametrize("note", [SwitchNote("2026-11-23T12:00:00+00:00"), SwitchNote("now", "ann", "the disk")])
def test_what_is_written_is_read(note: SwitchNote) -> None:
    assert SwitchNote.parse(note.to_bytes()) == note


def test_only_what_is_known_is_written() -> None:
    assert SwitchNote("now").to_bytes() == b'{"since": "now"}'


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"3", b"\xff", b"null"])
def test_one_that_somebody_wrote_by_hand_says_nothing(content: bytes) -> None:
    assert SwitchNote.parse(content) == SwitchNote()
