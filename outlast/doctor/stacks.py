"""What a set of stack files names: accounts, regions, the domain, certificates. Read from the files, no cloud asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.secrets import VARIABLE as KEY_FILE
from outlast.doctor.checks import Finding, fine, unknown, wrong
from sandbox import keys, stack_files
from sandbox.agreement import agree
from sandbox.layout import Layout
from sandbox.stack_files import StackSet
from service.errors import InvalidInput

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Subjects:
    """A set of stacks and what each file says; `encrypted` are the stacks with a passphrase of their own."""

    root: Path
    stacks: StackSet
    configs: Mapping[str, Config]
    encrypted: tuple[str, ...] = ()

    @property
    def accounts(self) -> set[str]:
        """The AWS accounts that every stack which pins any may touch."""
        pinned = [set(map(str, config["aws:allowedAccountIds"])) for config in self._with("aws:allowedAccountIds")]
        return set.intersection(*pinned) if pinned else set()

    @property
    def domain(self) -> str:
        return str(self.configs[self.stacks.zone].get("outlast:domain", ""))

    @property
    def host(self) -> str:
        return str(self.configs[self.stacks.zone].get("outlast:host", ""))

    @property
    def zone_region(self) -> str:
        return str(self.configs[self.stacks.zone].get("aws:region", "us-east-1"))

    def sites(self, kind: str) -> dict[str, Config]:
        """The sites of a cloud: stack -> its settings."""
        found = {stack: self.configs[stack] for stack in self.stacks.sites}
        return {stack: config for stack, config in found.items() if config.get("outlast:kind") == kind}

    def places(self, kind: str, account: str, region: str) -> dict[tuple[str, str], list[Config]]:
        """(account, region) -> the sites there, by the settings that hold the two."""
        found: dict[tuple[str, str], list[Config]] = {}
        for config in self.sites(kind).values():
            found.setdefault((str(config.get(account, "")), str(config.get(region, ""))), []).append(config)
        return found

    def has_base(self, cloud: str) -> bool:
        """Whether a base stack is on that cloud."""
        return any(self.configs[base].get("outlast:cloud") == cloud for base in self.stacks.bases)

    def _with(self, key: str) -> Iterator[Config]:
        return (config for config in self.configs.values() if key in config)


def read_subjects(root: Path, name: str | None) -> Subjects:
    """The set of that name; None: the one that the sandbox of this folder was brought up with. Raises InvalidInput."""
    stacks = stack_files.find(root, name) if name else stack_files.load(Layout.of(root))
    paths = {stack: stack_files.path_of(root, stack) for stack in stacks.stacks}
    documents = {stack: stack_files.read_yaml(path) for stack, path in paths.items()}
    configs = {stack: stack_files.read_config(root, stack) for stack in stacks.stacks}
    return Subjects(
        root, stacks, configs, tuple(s for s, document in documents.items() if "encryptionsalt" in document)
    )


def look_at_files(subjects: Subjects) -> Finding:
    """What the programs would refuse before anything is made, and what contradicts between the files."""
    try:
        agree(subjects.root, subjects.stacks, keys=keys.sample())
    except InvalidInput as error:
        places = "; ".join(f"{mistake.place}: {mistake.what}" for mistake in error.mistakes[:3])
        return wrong(f"{len(error.mistakes)} mistakes: {places}", "`outlast up --stacks` shows each with what to write")
    return fine(f"{len(subjects.configs)} files, which agree with each other")


def look_for_keys(subjects: Subjects, environ: Mapping[str, str]) -> Finding:
    """A site without keys of its own would open for nobody; the sandbox gives its sites their own."""
    sites = [
        stack for kind in stack_files.SITE_KINDS for stack in subjects.sites(kind)
    ]  # a private one has its own way
    lacking = [stack for stack in sites if not _has_keys(subjects.configs[stack])]
    if not lacking:
        return fine("every site has its API keys")
    if environ.get(KEY_FILE) or subjects.stacks == stack_files.COMMITTED:
        return unknown("the sandbox gives its sites the keys that it drew; real accounts need outlast:apiKeys")
    return wrong(f"no outlast:apiKeys in {', '.join(lacking)}", 'docs/guides/keys.md, "Real accounts"')


def _has_keys(config: Config) -> bool:
    variables = json.dumps(config.get("outlast:environment", {}))
    return "outlast:apiKeys" in config or "OUTLAST_API_KEYS" in variables or '"OUTLAST_AUTH": "off"' in variables
