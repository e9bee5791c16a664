"""Pulumi's state, by its own CLI: here a script that prints what the CLI does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outlast.doctor.checks import FINE, UNKNOWN, WRONG
from outlast.doctor.stacks import Subjects
from outlast.doctor.state import look_at_backend, look_at_passphrase, look_at_stacks
from sandbox.engine import cli
from service.errors import Unavailable

STACKS = ("prod-zone", "prod-aws", "prod-azure", "prod-gcp", "prod-traffic")


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], dict[str, str]]:
    """The environment in which `pulumi` prints that document; None: in which it fails."""

    def make(document: Any) -> dict[str, str]:
        command = tmp_path / "bin" / "pulumi"
        command.parent.mkdir(exist_ok=True)
        fails = "echo 'error: no credentials for the bucket' >&2; exit 255"
        command.write_text(f"#!/bin/sh\n{fails if document is None else f'echo {json.dumps(json.dumps(document))}'}\n")
        command.chmod(0o755)
        pulumi = cli.Pulumi(command.parent, "3.259.0", "PATH", "Pulumi's own")
        monkeypatch.setattr(cli, "find", lambda environ: pulumi)
        return {"PATH": "/usr/bin:/bin"}

    return make


@pytest.mark.parametrize(
    ("url", "state"), [("s3://our-state", FINE), ("file:///home/ada", UNKNOWN), ("https://api.pulumi.com", FINE)]
)
def test_where_the_state_lies(subjects: Any, environ: Any, url: str, state: str) -> None:
    found = look_at_backend(environ({"user": "ada", "url": url}), subjects())
    assert (found.state, url in found.what) == (state, True)


def test_stacks_that_were_not_made_yet(subjects: Any, environ: Any) -> None:
    names = [{"name": f"organization/outlast/{stack}"} for stack in STACKS]
    assert look_at_stacks(environ(names), subjects()).state == FINE
    found = look_at_stacks(environ(names[1:]), subjects())
    assert (found.state, found.what) == (UNKNOWN, "not made yet: prod-zone")


def test_a_backend_that_refuses(subjects: Any, environ: Any) -> None:
    with pytest.raises(Unavailable, match="no credentials for the bucket"):
        look_at_backend(environ(None), subjects())


def test_no_cli(subjects: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find", lambda environ: None)
    with pytest.raises(Unavailable, match="not here yet"):
        look_at_backend({}, subjects())


def test_a_passphrase_that_is_not_given(subjects: Callable[..., Subjects]) -> None:
    encrypted = replace(subjects(), encrypted=("prod-aws",))
    assert look_at_passphrase({}, subjects()).state == FINE
    assert look_at_passphrase({"PULUMI_CONFIG_PASSPHRASE": "x"}, encrypted).state == FINE
    assert (found := look_at_passphrase({}, encrypted)).state == WRONG and "prod-aws" in found.what
