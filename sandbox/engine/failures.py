"""What a failed `pulumi` means: its known last words, as what, why and a hint. Pure."""

from __future__ import annotations

import contextlib
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.errors import InvalidInput, Mistake, OutlastError, Refused, Unavailable


class Locked(Unavailable):
    """Another command holds the stack's lock, or one was killed while it did; see `recover`."""


@dataclass(frozen=True)
class _Known:
    """`words` is a pattern in what the CLI says; {stack} and the pattern's groups may stand in the texts."""

    words: str
    error: Callable[..., OutlastError]
    what: str
    hint: str


_KNOWN = (
    _Known(
        r"the stack is currently locked by \d+ lock.*?created by (?P<owner>.+? \(pid \d+\)) at (?P<since>\S+)",
        Locked,
        "the stack {stack} is locked by {owner} since {since}: another command works on it, or was killed",
        "wait for it; if it is gone, `pulumi cancel --yes {stack}` removes its lock",
    ),
    _Known(
        r"incorrect passphrase",
        Refused,
        "the passphrase does not fit the stack {stack}",
        "set PULUMI_CONFIG_PASSPHRASE to the one that the stack was made with; the sandbox's is set in `make shell`",
    ),
    _Known(
        r"passphrase must be set",
        Refused,
        "no passphrase is set, so the secrets of the stack {stack} can neither be read nor written",
        "set PULUMI_CONFIG_PASSPHRASE, or work in `make shell`, which sets it",
    ),
    _Known(
        r"the sandbox does not answer for (?P<package>[\w-]+)",
        Unavailable,
        "the sandbox does not answer for {package}",
        "start it with `make up`; `make status` shows whether it runs",
    ),
    _Known(
        r"did not begin responding to RPC connections",
        Unavailable,
        "a provider of the sandbox named a port at which nobody answers",
        "restart it with `make down` and `make up`",
    ),
    _Known(
        r"pulumi-resource-(?P<package>[\w-]+) exited prematurely",
        Unavailable,
        "the sandbox's provider of {package} went away in the middle of the command on the stack {stack}",
        "`make up` starts the sandbox again, finds what was half made, and goes on; its log is in .sandbox/logs",
    ),
    _Known(
        r"no stack named '(?P<name>[^']+)' found",
        InvalidInput,
        "there is no stack {name}",
        "`pulumi stack ls` lists those that are there; `make up` makes the sandbox's",
    ),
    _Known(
        r"unknown stack \"?(?P<name>[^\"\s]+)",
        InvalidInput,
        "the stack {stack} reads the stack {name}, which is not there",
        "bring that one up first",
    ),
    _Known(
        r"PULUMI_ACCESS_TOKEN must be set for login",
        Refused,
        "Pulumi is not logged in, so it has no state to look at",
        "work in `make shell`, which has the sandbox's; elsewhere `pulumi login` (docs/guides/deploy-for-real.md)",
    ),
    _Known(
        r"could not unmarshal '(?P<file>[^']+)': (?:invalid YAML file: )?(?P<why>[^\n]+)",
        InvalidInput,
        "{file} cannot be read: {why}",
        "mend the line, or `git checkout -- {file}` brings back the committed one",
    ),
    _Known(
        r"no Pulumi\.yaml project file found",
        InvalidInput,
        "this is not the folder of a Pulumi project",
        "go to the folder with Pulumi.yaml",
    ),
)


# What the engine says when it has said all else.
_EMPTY_WORDS = {"", "update failed", "preview failed", "1 error occurred:"}


def explain(arguments: Sequence[str], stack: str, code: int, said: str) -> OutlastError:
    """The error for a command that failed. `said` is all that it wrote: for people, or with `--json`.

    What it does not know it passes on in Pulumi's own words, with the resource that each is about.
    """
    if broken := read_violations(said):
        return _refused(stack, broken)
    errors = _json_errors(said) or _text_errors(said)
    text = {"stack": stack or "(unnamed)"}
    for known in _KNOWN:
        found = re.search(known.words, "\n".join([*(error.words for error in errors), said]), re.DOTALL)
        if found:
            text |= found.groupdict()
            return known.error(known.what.format(**text), hint=known.hint.format(**text))
    command = " ".join(["pulumi", *arguments[:1], *([stack] if stack else [])])
    shown = [line for error in dict.fromkeys(errors) for line in str(error).splitlines()]
    what = f"`{command}` failed (exit code {code})" + "".join(f"\n  {line}" for line in shown)
    return OutlastError(what, hint="" if shown else "it did not say why; run it by hand in `make shell`")


# -- the policy pack -------------------------------------------------------------------------------------------------


def read_violations(said: str) -> list[Mistake]:
    """The rules of a policy pack that refuse something, of the events that `--json` streams; each of them once."""
    events = [event for event in read_events(said, "policyEvent") if event.get("enforcementLevel") == "mandatory"]
    return list(dict.fromkeys(map(_violation, events)))


def _violation(event: Mapping[str, Any]) -> Mistake:
    """The pack describes a rule as why and what to do, and says below what is wrong."""
    *_, type_, name = ["", "", *str(event.get("resourceUrn") or "").split("::", 3)]
    told, _, wrong = str(event.get("message", "")).strip().partition("\n")
    why, _, mend = told.partition(". To mend it: ")
    place = f"{type_.rpartition('$')[2]} ({name})" if type_ and type_ != "pulumi:pulumi:Stack" else "the stack"
    return Mistake(place, f"{wrong.strip()}: {why} (rule {event.get('policyName')})", mend.strip())


def _refused(stack: str, broken: Sequence[Mistake]) -> Refused:
    hint = f"mend it, or excuse the rule in outlast:exceptions of stacks/Pulumi.{stack}.yaml, with a reason and an end"
    return Refused(f"the policy pack refuses what the stack {stack} would become", broken, hint=hint)


@dataclass(frozen=True)
class _Error:
    """What went wrong, and with which resource: `type (name)`, or "" for the program and the stack."""

    resource: str
    words: str

    def __str__(self) -> str:
        named = not self.resource or " resource '" in self.words  # then the words say it themselves
        return self.words if named else f"{self.resource}: {self.words}"


def _error(type_: str, name: str, words: str) -> list[_Error]:
    """At most one: nothing for what says nothing. Marks of lists of one, and of colours, are left out."""
    plain = re.sub(r"<\{%.*?%\}>", "", words).removeprefix("error:")
    lines = [re.sub(r"^\s*\* ", "", line).rstrip() for line in plain.strip().splitlines()]
    kept = [line for line in lines if line.strip() not in _EMPTY_WORDS]
    resource = "" if not type_ or type_ == "pulumi:pulumi:Stack" else f"{type_} ({name})"
    return [_Error(resource, "\n".join(kept))] if kept else []


def _text_errors(said: str) -> list[_Error]:
    """Those under `Diagnostics:`, or of the whole output if it has none."""
    _, found, diagnostics = said.partition("\nDiagnostics:\n")
    body = re.split(r"^(?:Outputs|Resources):$", diagnostics if found else said, maxsplit=1, flags=re.MULTILINE)[0]
    errors, type_, name = list[_Error](), "", ""
    for block in re.split(r"\n(?=  \S+ \(.*\):$|\s*error:)|\n\n", f"\n{body}", flags=re.MULTILINE):
        header = re.fullmatch(r"\s*(\S+) \((.*)\):\s*", block)
        if header:
            type_, name = header.groups()
        elif block.lstrip().startswith("error:"):
            errors += _error(type_, name, textwrap.dedent(block.strip("\n")))
    return errors


def _json_errors(said: str) -> list[_Error]:
    """Those of `--json`: events of an update line by line, or one document of a preview."""
    errors = list[_Error]()
    for diagnostic in _diagnostics(said):
        if diagnostic.get("severity") == "error":
            *_, type_, name = ["", "", *str(diagnostic.get("urn") or "").split("::", 3)]
            errors += _error(type_.rpartition("$")[2], name, diagnostic.get("message") or "")
    return errors


def read_events(said: str, kind: str) -> Iterator[dict[str, Any]]:
    """The events of one kind, of those that `--json` streams."""
    for line in said.splitlines():
        if line.startswith('{"'):
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if kind in event:
                    yield event[kind]


def _diagnostics(said: str) -> Iterator[dict[str, Any]]:
    yield from read_events(said, "diagnosticEvent")
    if said.lstrip().startswith("{\n"):
        with contextlib.suppress(ValueError):
            yield from json.JSONDecoder().raw_decode(said.lstrip())[0].get("diagnostics") or ()
