"""What a failed `pulumi` means: its known last words, as what, why and a hint. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from failover.errors import InvalidInput, OutlastError, Refused, Unavailable


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
        r"no Pulumi\.yaml project file found",
        InvalidInput,
        "this is not the folder of a Pulumi project",
        "go to the folder with Pulumi.yaml",
    ),
)


_EMPTY_WORDS = {"update failed", "preview failed", "1 error occurred:"}


def explain(arguments: Sequence[str], stack: str, code: int, said: str) -> OutlastError:
    """The error for a command that failed. `said` is all that it wrote, with `error: …` lines among it.

    What it does not know it passes on in Pulumi's own words.
    """
    text = {"stack": stack or "(unnamed)"}
    for known in _KNOWN:
        found = re.search(known.words, said, re.DOTALL)
        if found:
            text |= found.groupdict()
            return known.error(known.what.format(**text), hint=known.hint.format(**text))
    words = list(dict.fromkeys(_own_words(said)))
    command = " ".join(["pulumi", *arguments[:1], *([stack] if stack else [])])
    what = f"`{command}` failed (exit code {code})" + "".join(f"\n  {line}" for line in words)
    return OutlastError(what, hint="nothing more is known here; Pulumi's whole output is above" if not words else "")


def _own_words(said: str) -> list[str]:
    """The errors under `Diagnostics:`, or of the whole output if it has none, each with the hint that came with it."""
    _, found, diagnostics = said.partition("\nDiagnostics:\n")
    words = list[str]()
    for line in (diagnostics if found else said).splitlines():
        text = line.strip()
        if text in ("Outputs:", "Resources:"):
            break
        if text.startswith(("error:", "* ", "hint:")):
            words.append(text.removeprefix("error:").removeprefix("* ").strip())
    return [word for word in words if word not in _EMPTY_WORDS]
