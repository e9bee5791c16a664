"""The folder in which `pulumi` is run: the project's own, or for a set of one's own stack files one in the state.

Such files belong to a passphrase or a key that the sandbox does not have, and the CLI writes into what it works with.
So it is given copies that differ in that alone; the program that it runs is the project's own.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import yaml

from sandbox import stack_files
from sandbox.layout import Layout
from service.bundle.writing import write_whole

PASSPHRASE = "outlast-sandbox"
"""Public on purpose: what a file keeps secret is left out of its copy, and the sandbox's own keys are in its state."""

SALT = "v1:h2heDPfbPFE=:v1:nT1sqVgs3eu9pn10:zJSoZEoWgbnbp+dLnU7mRNRfRtBbDQ=="
"""Of that passphrase, as the committed stack files have it."""

_SECRETS = re.compile(r"^(encryptionsalt|secretsprovider|encryptedkey):.*\n?", re.MULTILINE)
_KEYS = re.compile(r"^( *)outlast:(apiKeys|receiptKeys):.*(?:\n\1 +.*)*(?:\n|\Z)", re.MULTILINE)
_BESIDE = ("infra", ".venv")
"""What `--policy-pack infra/policy` means in the project's own folder, and where the pack looks for its interpreter."""
_HEADER = "# A copy for the sandbox, made anew by each command: what is changed here is lost. The file itself: {}\n"


def folder(layout: Layout) -> Path:
    """Where `pulumi` is run for the stacks of this sandbox."""
    return layout.root if stack_files.load(layout) == stack_files.COMMITTED else _folder(layout)


def refresh(layout: Layout) -> Path:
    """Copy the stack files as they are now, where they have to be copies; the folder to run `pulumi` in."""
    stacks = stack_files.load(layout)
    if stacks == stack_files.COMMITTED:
        return layout.root
    target = _folder(layout)
    (target / "stacks").mkdir(parents=True, exist_ok=True)
    write_whole(target / "Pulumi.yaml", _project(layout.root))
    sources = {path.name: path for path in (layout.root / "stacks").glob(f"Pulumi.{stacks.name}-*.yaml")}
    for name, source in sources.items():
        write_whole(target / "stacks" / name, _copy(source))
    for gone in (path for path in (target / "stacks").iterdir() if path.name not in sources):
        gone.unlink()
    for name in _BESIDE:
        _link(target / name, layout.root / name)
    return target


def write_command(layout: Layout, pulumi: Path, python: str) -> Path:
    """A `pulumi` for people's shells, which copies the stack files first; the folder to put before others on PATH."""
    binaries = layout.state / "bin"
    binaries.mkdir(parents=True, exist_ok=True)
    script = f"""#!/bin/sh
# `pulumi` on the stack files that this sandbox was brought up with ({stack_files.load(layout)}).
OUTLAST_STATE={shlex.quote(str(layout.state))} PYTHONPATH={shlex.quote(str(layout.root))} \\
  {shlex.quote(python)} -m sandbox.project || exit
exec {shlex.quote(str(pulumi))} -C {shlex.quote(str(_folder(layout)))} "$@"
"""
    write_whole(binaries / "pulumi", script, mode=0o755)
    return binaries


def _folder(layout: Layout) -> Path:
    return layout.state / "project"


def _link(link: Path, source: Path) -> None:
    if not link.is_symlink() or link.readlink() != source:
        link.unlink(missing_ok=True)
        link.symlink_to(source)


def _copy(source: Path) -> str:
    """The file with the sandbox's passphrase in the place of whatever keeps its secrets, and without those."""
    text = _KEYS.sub("", _SECRETS.sub("", source.read_text()))
    return f"{_HEADER.format(source)}encryptionsalt: {SALT}\n{text}"


def _project(root: Path) -> str:
    """Pulumi.yaml, with the program and its interpreter where they are."""
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())
    project["main"] = str(root)
    options = project["runtime"]["options"]
    options["virtualenv"] = str(root / options["virtualenv"])
    return yaml.safe_dump(project, sort_keys=False)


if __name__ == "__main__":
    refresh(Layout.of(Path(__file__).resolve().parent.parent))
