"""The CLI's last words, as it said them, and what they become."""

from __future__ import annotations

import pytest

from failover.errors import InvalidInput, OutlastError, Refused, Unavailable
from sandbox.engine.failures import Locked, explain

LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete "
    "the lock file with `pulumi cancel`.\n"
    "  file:///state/.pulumi/locks/organization/toy/s2/ae5c394c.json: created by root@vm (pid 29829) at "
    "2026-11-23T04:05:38Z\n"
)
PLUGIN = """Diagnostics:
  pulumi:pulumi:Stack (toy-dev):
    error: Detected that pulumi-resource-aws exited prematurely.
           STDERR streams of the plugin:error: the sandbox does not answer for azure-native: [Errno 111] refused
"""


@pytest.mark.parametrize(
    ("said", "error", "what", "hint"),
    [
        (LOCKED, Locked, "the stack dev is locked by root@vm (pid 29829) since 2026-11-23T04:05:38Z", "pulumi cancel"),
        ("error: getting secrets manager: incorrect passphrase", Refused, "passphrase does not fit", "make shell"),
        (
            "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or …",
            Refused,
            "no passphrase is set",
            "make shell",
        ),
        (PLUGIN, Unavailable, "the sandbox does not answer for azure-native", "make up"),
        (
            "error: x did not begin responding to RPC connections",
            Unavailable,
            "names? a port|named a port",
            "make down",
        ),
        ("error: no stack named 'nope' found", InvalidInput, "there is no stack nope", "stack ls"),
        (
            'error: unknown stack "organization/outlast/zone"',
            InvalidInput,
            "reads the stack organization/outlast/zone",
            "first",
        ),
        (
            "error: no Pulumi.yaml project file found (searching upwards …)",
            InvalidInput,
            "not the folder",
            "Pulumi.yaml",
        ),
    ],
)
def test_known_words_are_explained(said: str, error: type[OutlastError], what: str, hint: str) -> None:
    explained = explain(["up"], "dev", 255, said)
    assert type(explained) is error
    assert any(part in explained.what for part in what.split("|"))
    assert hint in explained.hint


def test_other_words_are_passed_on_with_their_hints_once() -> None:
    said = """Updating (dev):
    error: shown while it ran
Diagnostics:
  pulumi:pulumi:Stack (toy-dev):
    error: update failed

  aws:route53:Zone (zone):
    error: 1 error occurred:
    \t* the probe never answered
    hint: read its log

Resources:
    error: not this
"""
    assert str(explain(["up", "--yes"], "dev", 1, said)).splitlines() == [
        "`pulumi up dev` failed (exit code 1)",
        "  the probe never answered",
        "  hint: read its log",
    ]


def test_no_words_at_all() -> None:
    explained = explain(["stack", "ls"], "", 2, "")
    assert explained.what == "`pulumi stack` failed (exit code 2)"
    assert "output is above" in explained.hint
