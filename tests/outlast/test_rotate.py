"""Rotation: no valid key is refused by any site at any moment, whichever sites have the new set already."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.key_set import KeySet, draw
from outlast.__main__ import main
from outlast.rotate import rotate, rotate_receipts
from service.server.settings.keys import parse_receipt_keys

NOW, HOUR = 1_790_000_000.0, 3600.0


@dataclass
class Sites:
    """Three sites that are given a set one after the other; `moments` are the sets that served side by side."""

    keys: KeySet
    moments: list[list[KeySet]] = field(default_factory=list)

    def load(self) -> KeySet:
        return self.keys

    def roll(self, keys: KeySet) -> None:
        self.moments += [[keys] * changed + [self.keys] * (3 - changed) for changed in range(4)]
        self.keys = keys


def test_the_old_key_opens_every_site_while_they_change_and_the_new_one_once_they_have() -> None:
    keys, old = draw("clinic", NOW)
    sites = Sites(keys)
    new = rotate(sites, "clinic", overlap_seconds=HOUR, now=NOW)
    assert all(one.opens(old, NOW + HOUR - 1) for moment in sites.moments for one in moment)
    assert all(one.opens(new, NOW) for one in sites.moments[-1])
    assert not sites.load().opens(old, NOW + HOUR)


def test_every_site_verifies_what_any_other_signs_at_every_moment() -> None:
    keys, _ = draw("clinic", NOW)
    sites = Sites(keys)
    signing = rotate_receipts(sites, now=NOW)
    for moment in sites.moments:
        parsed = [parse_receipt_keys(one.settings()["outlast:receiptKeys"]) for one in moment]
        assert all(signer[0] in verifier for signer in parsed for verifier in parsed)
    (first, second) = parse_receipt_keys(sites.load().settings()["outlast:receiptKeys"])
    assert first.name == signing and f"{second.name}:" in keys.receipt_keys[0]


@pytest.mark.parametrize("words", [[], ["--receipts"]])
def test_without_a_sandbox_there_is_nothing_to_rotate(tmp_path: Path, words: list[str]) -> None:
    runner = CliRunner(env={"OUTLAST_STATE": str(tmp_path / "state")})
    done = runner.invoke(main, ["keys", "rotate", *words])
    assert done.exit_code == 4
    assert "no keys to rotate" in done.stderr and "hint: make up" in done.stderr
    assert not (tmp_path / "state").exists()
