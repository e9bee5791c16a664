"""The CLI's last words, as it said them, and what they become."""

from __future__ import annotations

import json

import pytest

from sandbox.engine.failures import Locked, explain
from service.errors import InvalidInput, OutlastError, Refused, Unavailable

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
        (
            "error: Detected that /x/pulumi-resource-gcp exited prematurely. This is *always* a bug in the provider.",
            Unavailable,
            "provider of gcp went away",
            "make up",
        ),
        ("error: no stack named 'nope' found", InvalidInput, "there is no stack nope", "stack ls"),
        (
            'error: unknown stack "organization/outlast/zone"',
            InvalidInput,
            "reads the stack organization/outlast/zone",
            "first",
        ),
        (
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            Refused,
            "is not logged in",
            "make shell",
        ),
        (
            "error: could not unmarshal '/p/Pulumi.yaml': invalid YAML file: yaml: line 10: did not find expected node",
            InvalidInput,
            "/p/Pulumi.yaml cannot be read: yaml: line 10",
            "git checkout -- /p/Pulumi.yaml",
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


TEXT = """Updating (dev):
 +  aws:route53:Zone ill **creating failed** error: shown while it ran
Diagnostics:
  pulumi:pulumi:Stack (toy-dev):
    error: update failed

  aws:route53:Zone (ill):
    error: 1 error occurred:
    \t* the probe never answered
    hint: read its log
    error: aws:route53/zone:Zone resource 'ill' has a problem: name: missing

Resources:
    error: not this
"""


def test_other_words_are_passed_on_with_their_resource_and_hint() -> None:
    assert str(explain(["up", "--yes"], "dev", 1, TEXT)).splitlines() == [
        "`pulumi up dev` failed (exit code 1)",
        "  aws:route53:Zone (ill): the probe never answered",
        "  hint: read its log",
        "  aws:route53/zone:Zone resource 'ill' has a problem: name: missing",
    ]


def test_a_traceback_is_passed_on_whole() -> None:
    trace = "Program failed with an unhandled exception:\n    Traceback (most recent):\n      File x\n    ValueError: y"
    said = f"\nDiagnostics:\n  pulumi:pulumi:Stack (toy-dev):\n    error: {trace}\n\nResources:\n    1 unchanged\n"
    assert str(explain(["up"], "dev", 1, said)).splitlines()[1:] == [
        "  Program failed with an unhandled exception:",
        "  Traceback (most recent):",
        "    File x",
        "  ValueError: y",
    ]


def event(severity: str, message: str, urn: str = "") -> dict[str, str]:
    return {"urn": urn, "prefix": f"{severity}: ", "message": message, "color": "never", "severity": severity}


ZONE = "urn:pulumi:dev::toy::my:component:Type$aws:route53/zone:Zone::ill"


@pytest.mark.parametrize("command", ["up", "preview"])
def test_json_is_read_as_well(command: str) -> None:
    diagnostics = [
        event("debug", "error: not this"),
        event(
            "error", "<{%reset%}>1 error occurred:\n\t* the probe never answered\nhint: read its log\n<{%reset%}>", ZONE
        ),
        event("error", "update failed\n"),
    ]
    events = "\n".join(json.dumps({"sequence": 1, "diagnosticEvent": each}) for each in diagnostics)
    document = json.dumps({"steps": [], "diagnostics": diagnostics}, indent=4)
    said = events + '\n{"cut off' if command == "up" else document + "\nwarning: on stderr\n"
    assert str(explain([command, "--json"], "dev", 1, said)).splitlines() == [
        f"`pulumi {command} dev` failed (exit code 1)",
        "  aws:route53/zone:Zone (ill): the probe never answered",
        "  hint: read its log",
    ]


def test_known_words_are_found_in_json_too() -> None:
    said = json.dumps({"diagnosticEvent": event("error", 'unknown stack "organization/outlast/zone"')})
    assert "reads the stack organization/outlast/zone" in explain(["up", "--json"], "traffic", 1, said).what


def test_no_words_at_all() -> None:
    explained = explain(["stack", "ls"], "", 2, "")
    assert explained.what == "`pulumi stack` failed (exit code 2)"
    assert "run it by hand in `make shell`" in explained.hint


def policy_event(level: str, rule: str, wrong: str) -> str:
    event = {
        "resourceUrn": "urn:pulumi:dev::outlast::aws:lb/loadBalancer:LoadBalancer::front",
        "message": f"headers smuggle requests. To mend it: drop them\n{wrong}\n",
        "policyName": rule,
        "enforcementLevel": level,
    }
    return json.dumps({"policyEvent": event})


def test_what_a_policy_pack_refuses_is_a_guards_no_with_every_rule() -> None:
    events = [
        policy_event("mandatory", "drops-headers", "it passes them on"),
        policy_event("mandatory", "drops-headers", "it passes them on"),
        policy_event("mandatory", "is-logged", "it keeps no log"),
        policy_event("advisory", "excused", "something else"),
    ]
    explained = explain(["up", "--json"], "dev", 1, "\n".join(events))
    assert isinstance(explained, Refused)
    assert [str(mistake) for mistake in explained.mistakes] == [
        "aws:lb/loadBalancer:LoadBalancer (front): it passes them on: headers smuggle requests (rule drops-headers)\n"
        "  hint: drop them",
        "aws:lb/loadBalancer:LoadBalancer (front): it keeps no log: headers smuggle requests (rule is-logged)\n"
        "  hint: drop them",
    ]
    assert "outlast:exceptions of stacks/Pulumi.dev.yaml" in explained.hint
