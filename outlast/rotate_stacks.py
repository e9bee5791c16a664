"""The sites of real accounts, as `outlast keys rotate --stacks SET` reaches them: by the `pulumi` of this shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.key_set import KeySet
from infra.secrets import SETTINGS
from infra.settings.reader import NAMESPACE
from service.command_line import working
from service.errors import Refused, Unavailable

Run = Callable[[Sequence[str], str], str]
"""Runs `pulumi` with these arguments and that input, and gives what it printed. Raises Unavailable where it fails."""

_HALF_ROTATED = "sites before it have both keys, those after it the old one: mend it, rotate again"


@dataclass(frozen=True)
class StackFiles:
    """Sites whose keys are encrypted settings of their stack files, each changed by a `pulumi up` of its own."""

    sites: tuple[str, ...]
    run: Run
    report: Callable[[str], None]

    def load(self) -> KeySet:
        """The set that all the files have. Raises Refused where they have different ones."""
        found = {site: self._read(site) for site in self.sites}
        first = found[self.sites[0]]
        different = [site for site, keys in found.items() if keys != first]
        if different:
            raise Refused(
                f"{', '.join(different)} have other keys than {self.sites[0]}: a caller may be sent to any of them",
                hint="`pulumi config set --secret` with one list for all of them, `pulumi up` of each, then rotate",
            )
        return first

    def roll(self, keys: KeySet) -> None:
        """Write the set into every file, then bring one site up after the other; `pulumi up` waits until it answers."""
        for site in self.sites:
            for key, text in keys.settings().items():
                if text:
                    self.run(["config", "set", "--secret", key, "--stack", site], text)
        with working("giving the keys to one site after the other") as announce:
            for number, site in enumerate(self.sites):
                announce(number, len(self.sites))
                self.report(f"pulumi up: {site}")
                self.run(["up", "--yes", "--suppress-progress", "--stack", site], "")

    def _read(self, site: str) -> KeySet:
        config = json.loads(self.run(["config", "--json", "--show-secrets", "--stack", site], ""))
        settings = {key: str(config.get(key, {}).get("value", "")) for key in (f"{NAMESPACE}:{k}" for k in SETTINGS)}
        return KeySet.of_settings(settings)


def pulumi_in(root: Path, environ: Mapping[str, str] = os.environ, *, hint: str = _HALF_ROTATED) -> Run:
    """Runs the `pulumi` of the PATH in the project. Raises Unavailable: with `hint` where it fails."""
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        raise Unavailable("there is no `pulumi` on the PATH", hint="https://www.pulumi.com/docs/install")

    def run(arguments: Sequence[str], text: str) -> str:
        command = [program, *arguments, "--non-interactive", "--color", "never"]
        done = subprocess.run(command, cwd=root, env=environ, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            told = (done.stderr or done.stdout).strip()
            what = f"`pulumi {' '.join(arguments)}` left with {done.returncode}: {told}"
            raise Unavailable(what, hint=hint)
        return done.stdout

    return run
