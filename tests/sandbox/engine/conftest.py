"""The real CLI, obtained once, and a place for a small project to run in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import cli, commands, plugins
from sandbox.engine.cli import Pulumi
from sandbox.engine.provider import Server
from tests.sandbox.engine.toy_cloud import ToyCloud

PROJECT = "name: toy\nruntime:\n  name: python\n  options: {toolchain: pip}\n"


@pytest.fixture(scope="session")
def pulumi() -> Pulumi:
    """From PATH or the user's cache. Obtained there first if need be, in a process that may reach the network."""
    if cli.find() is None:
        subprocess.run([sys.executable, "-c", "from sandbox.engine import cli; cli.obtain()"], check=True)
    return cli.obtain()


@dataclass
class Bench:
    """A project of one file, its stack, its state, and the toy cloud behind every provider."""

    pulumi: Pulumi
    root: Path
    cloud: ToyCloud
    servers: dict[str, Server] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def environ(self) -> dict[str, str]:
        return cli.environment(self.pulumi, self.home, self.state, "toy")

    def write(self, program: str) -> None:
        self.project.mkdir(exist_ok=True)
        (self.project / "Pulumi.yaml").write_text(PROJECT)
        (self.project / "__main__.py").write_text(program)

    def run(self, *arguments: str, stack: str = "dev") -> str:
        return commands.run(
            self.pulumi, arguments, environ=self.environ, directory=self.project, stack=stack, show=self.shown.append
        )

    def up(self, *more: str) -> str:
        return self.run("up", *commands.UNATTENDED, *more)

    def deployment(self, stack: str = "dev") -> dict[str, Any]:
        """The state as the engine wrote it: type -> resource."""
        content = json.loads((self.state / ".pulumi" / "stacks" / "toy" / f"{stack}.json").read_text())
        return {resource["type"]: resource for resource in content["checkpoint"]["latest"]["resources"]}


@pytest.fixture(scope="session")
def fresh_stacks(pulumi: Pulumi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stacks where nothing exists yet, to copy: `stack init` takes 0.4 s."""
    made = Bench(pulumi, tmp_path_factory.mktemp("fresh"), ToyCloud())
    made.home.mkdir()
    made.write("")
    for stack in ("dev", "two"):
        made.run("stack", "init", stack=stack)
    return made.root


@pytest.fixture
def bench(pulumi: Pulumi, fresh_stacks: Path, tmp_path: Path) -> Iterator[Bench]:
    shutil.copytree(fresh_stacks, tmp_path, dirs_exist_ok=True)
    made = Bench(pulumi, tmp_path, ToyCloud())
    plugins.make_home(made.home)
    with plugins.running(made.cloud, made.home) as made.servers:
        yield made
    shutil.rmtree(tmp_path, ignore_errors=True)
