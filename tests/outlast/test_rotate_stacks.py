"""Rotation in real accounts: what is asked of `pulumi`, in which order, and what is said where it cannot go on."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.key_set import KeySet, draw
from outlast.rotate import rotate, rotate_receipts
from outlast.rotate_stacks import StackFiles, pulumi_in
from service.errors import Refused, Unavailable

NOW, SITES = 1_790_000_000.0, ("prod-aws", "prod-gcp")


@dataclass
class Pulumi:
    """The settings of each stack, and the updates in their order, each with the settings that it found."""

    config: dict[str, dict[str, str]]
    updates: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def run(self, arguments: Sequence[str], text: str) -> str:
        stack = arguments[-1]
        if arguments[0] == "up":
            self.updates.append((stack, dict(self.config[stack])))
        elif arguments[1] == "set":
            assert "--secret" in arguments and text not in arguments, "a secret is no argument: others see those"
            self.config[stack][arguments[3]] = text
        return json.dumps({key: {"value": value, "secret": True} for key, value in self.config[stack].items()})


def deployment(keys: KeySet) -> tuple[Pulumi, StackFiles]:
    pulumi = Pulumi({site: dict(keys.settings()) for site in SITES})
    return pulumi, StackFiles(SITES, pulumi.run, lambda line: None)


def test_every_file_has_the_new_set_before_the_first_site_changes() -> None:
    keys, old = draw("clinic", NOW)
    pulumi, sites = deployment(keys)
    new = rotate(sites, "clinic", overlap_seconds=3600, now=NOW)
    assert [stack for stack, _ in pulumi.updates] == list(SITES)
    for _, found in pulumi.updates:
        served = KeySet.of_settings(found)
        assert served.opens(old, NOW) and served.opens(new, NOW)
    assert pulumi.config[SITES[0]] == pulumi.config[SITES[1]]


def test_receipts_take_two_rounds_of_updates() -> None:
    pulumi, sites = deployment(draw("clinic", NOW)[0])
    signing = rotate_receipts(sites, now=NOW)
    rounds = [KeySet.of_settings(found).receipt_keys for _, found in pulumi.updates]
    assert len(rounds) == 4 and rounds[0] == rounds[1] == (rounds[2][1], rounds[2][0])
    assert rounds[3][0].startswith(f"{signing}:")


def test_a_setting_that_nobody_gave_is_not_written() -> None:
    pulumi, sites = deployment(KeySet())
    rotate(sites, "clinic", overlap_seconds=3600, now=NOW)
    assert pulumi.config[SITES[0]]["outlast:receiptKeys"] == ""


def test_sites_with_different_keys_are_refused_before_anything_is_written() -> None:
    pulumi, sites = deployment(draw("clinic", NOW)[0])
    pulumi.config["prod-gcp"] = dict(draw("clinic", NOW)[0].settings())
    before = json.dumps(pulumi.config)
    with pytest.raises(Refused, match="prod-gcp have other keys than prod-aws") as caught:
        rotate(sites, "clinic", overlap_seconds=3600, now=NOW)
    assert caught.value.hint and (json.dumps(pulumi.config), pulumi.updates) == (before, [])


def test_the_pulumi_of_the_path_is_run_with_the_secret_on_its_input(tmp_path: Path) -> None:
    program = tmp_path / "pulumi"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:3], sys.stdin.read())\n")
    program.chmod(0o755)
    run = pulumi_in(tmp_path, {"PATH": str(tmp_path)})
    assert run(["config", "set"], "the secret") == "['config', 'set'] the secret\n"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('error: no credentials')\n")
    with pytest.raises(Unavailable, match="left with 1: error: no credentials") as caught:
        run(["up"], "")
    assert "rotate again" in caught.value.hint


def test_without_pulumi_it_is_said_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no `pulumi` on the PATH"):
        pulumi_in(tmp_path, {"PATH": str(tmp_path)})
