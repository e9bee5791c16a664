"""Own stack files are not written into: Pulumi gets copies, with the sandbox's passphrase."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox import project, stack_files
from sandbox.clouds.accounts import Accounts
from sandbox.layout import Layout
from tests.sandbox.own_set import ROOT, own_set, write


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A project with a set of one's own, which a sandbox has been brought up with."""
    root = tmp_path / "a # project"
    layout = Layout(root, root / ".sandbox")
    write(root, own_set())
    (root / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    stack_files.save(layout, stack_files.find(root, "prod"), Accounts())
    return layout


def test_the_committed_stacks_are_run_where_they_are(tmp_path: Path) -> None:
    layout = Layout(ROOT, tmp_path)
    assert project.refresh(layout) == project.folder(layout) == ROOT


def test_the_program_and_its_environment_are_the_projects_own(layout: Layout) -> None:
    found = yaml.safe_load((project.refresh(layout) / "Pulumi.yaml").read_text())
    assert found["main"] == str(layout.root)
    assert found["runtime"]["options"]["virtualenv"] == str(layout.root / ".venv")
    assert (found["name"], found["stackConfigDir"]) == ("outlast", "stacks")


@pytest.mark.parametrize(
    "secrets",
    ["", "encryptionsalt: v1:other:v1:salt\n", "secretsprovider: awskms://alias/x\nencryptedkey: AQIB\n"],
    ids=["none", "passphrase", "key"],
)
def test_whatever_keeps_the_files_secrets_is_the_sandboxs_in_the_copy(layout: Layout, secrets: str) -> None:
    source = stack_files.path_of(layout.root, "prod-aws")
    original = secrets + source.read_text()
    source.write_text(original)
    copy = yaml.safe_load(stack_files.path_of(project.refresh(layout), "prod-aws").read_text())
    assert copy == {"encryptionsalt": project.SALT, "config": own_set()["prod-aws"]}
    assert source.read_text() == original


@pytest.mark.parametrize("text", ["{0}:\n    secure: v1:abc\n", "{0}: '[]'\n", '{0}: {{secure: "v1:abc"}}\n'])
def test_a_sites_own_keys_are_left_out_of_the_copy(layout: Layout, text: str) -> None:
    """They are encrypted for whoever brings up the real stack; here the sandbox's take their place."""
    source = stack_files.path_of(layout.root, "prod-aws")
    keys = "".join("  " + text.format(f"outlast:{key}") for key in ("apiKeys", "receiptKeys"))
    source.write_text(source.read_text().replace("config:\n", f"config:\n{keys}"))
    assert "outlast:apiKeys" in yaml.safe_load(source.read_text())["config"]
    copy = yaml.safe_load(stack_files.path_of(project.refresh(layout), "prod-aws").read_text())
    assert copy["config"] == own_set()["prod-aws"]


def test_a_key_on_the_last_line_is_left_out_whole(layout: Layout) -> None:
    """An editor may leave the last line without an end."""
    source = stack_files.path_of(layout.root, "prod-aws")
    source.write_text(source.read_text().rstrip() + "\n  outlast:apiKeys:\n    secure: v1:abc")
    copy = yaml.safe_load(stack_files.path_of(project.refresh(layout), "prod-aws").read_text())
    assert copy["config"] == own_set()["prod-aws"]


def test_files_that_come_and_go_do_so_in_the_copies(layout: Layout) -> None:
    copies = project.refresh(layout) / "stacks"
    write(layout.root, {"prod-aws-eu": own_set()["prod-aws"], "test-zone": {}})
    stack_files.path_of(layout.root, "prod-gcp").unlink()
    project.refresh(layout)
    names = {path.name.removeprefix("Pulumi.prod-").removesuffix(".yaml") for path in copies.iterdir()}
    assert names == {"zone", "aws", "aws-eu", "azure", "traffic"}


def test_the_salt_is_the_committed_one() -> None:
    assert yaml.safe_load(stack_files.path_of(ROOT, "zone").read_text())["encryptionsalt"] == project.SALT


def test_a_persons_pulumi_sees_what_was_changed_a_moment_ago(layout: Layout, tmp_path: Path) -> None:
    """`sandbox.project` itself is of this clone, so the copies that it makes are of this clone's own state."""
    told = tmp_path / "pulumi"
    told.write_text('#!/bin/sh\necho "$@"\n')
    told.chmod(0o755)
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$OUTLAST_STATE" "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    binaries = project.write_command(layout, told, str(python))
    done = subprocess.run([binaries / "pulumi", "up", "-s", "x"], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == f"{layout.state} {layout.root} -m sandbox.project"
    assert second == f"-C {project.folder(layout)} up -s x"


def test_the_module_refreshes_when_it_is_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.project"], cwd=ROOT, env={"OUTLAST_STATE": str(tmp_path)}, check=False
    )
    assert done.returncode == 0


def test_a_path_of_the_project_means_the_same_where_pulumi_is_run(layout: Layout, tmp_path: Path) -> None:
    pack = layout.root / "infra" / "policy" / "PulumiPolicy.yaml"
    pack.parent.mkdir(parents=True)
    pack.write_text("runtime: python\n")
    for _ in range(2):
        assert (project.refresh(layout) / "infra/policy/PulumiPolicy.yaml").read_text() == "runtime: python\n"
    link = project.folder(layout) / "infra"
    link.unlink()
    link.symlink_to(tmp_path)  # as after the project's folder was moved
    assert (project.refresh(layout) / "infra").resolve() == layout.root / "infra"
